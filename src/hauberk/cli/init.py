# SPDX-License-Identifier: Apache-2.0
"""`hauberk init`."""

from __future__ import annotations

import signal
import sys

import click


@click.command()
@click.option("--data", required=True, metavar="TABLE", help="Training data: Parquet or CSV.")
@click.option("--label", required=True, metavar="COLUMN", help="Label column; 1 is the event.")
@click.option("--model", default="", metavar="PATH", help="Model file, folder or http(s) address.")
@click.option("--holdout", default="", metavar="TABLE", help="Labelled rows that the model was not trained on.")
@click.option("--folder", default=".", show_default=True, help="Where hauberk.toml and domain.toml go.")
@click.option("--name", default="", help="Name of the project; the folder's by default.")
@click.option("--positive", default="event", show_default=True, help="What a 1 in the label means, in a word.")
@click.option("--currency", default="", help="Currency code of amounts.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Score that is acted on."
)
@click.option(
    "--changeable",
    multiple=True,
    metavar="NAME[:DIRECTION[:COST]]",
    help="Column that the subject of a record can change, such as amount:down:0.5; all others are then fixed; repeatable.",
)
@click.option("--trust", multiple=True, metavar="DIGEST", help="Open this model file although its format can run code.")
@click.option("--force", is_flag=True, help="Replace the two files if they exist.")
def init(
    *,
    data: str,
    label: str,
    model: str,
    holdout: str,
    folder: str,
    name: str,
    positive: str,
    currency: str,
    threshold: float,
    changeable: tuple[str, ...],
    trust: tuple[str, ...],
    force: bool,
) -> int:
    """Write a commented hauberk.toml and domain.toml for your own files.

    The domain is proposed from the data, with a reason for each line. What data cannot tell is asked on a terminal, and
    can be given with --changeable elsewhere: what an attacker can change, and what that costs.

    \b
    Examples:
      hauberk init --data train.parquet --label default --model model.txt
      hauberk init --data train.csv --label fraud --model model.onnx --changeable amount:down --changeable hour
    """
    from hauberk.app.init import init_project

    proposed = init_project(
        data,
        label=label,
        model=model,
        holdout=holdout,
        folder=folder,
        name=name,
        positive=positive,
        currency=currency,
        threshold=threshold,
        changeable=changeable,
        trust=trust,
        force=force,
        ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
    )
    for path in proposed.files:
        click.echo(f"wrote {path}")
    for line in (*proposed.notes, *proposed.questions):
        click.echo(f"  - {line}")
    if not any(column.mutable for column in proposed.domain.columns):
        click.echo("  - No column is declared as changeable yet, so no attack has anything to move.")
    click.echo("next: read domain.toml, set confirmed = true, then run `hauberk check`")
    return 0


def _ask(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Ask what only a person knows; an empty answer leaves the question open."""
    click.echo(f"Columns of the data that somebody might change: {', '.join(columns)}.", err=True)
    click.echo("Which of them can the subject of a record change before it is scored?", err=True)
    click.echo(
        "Write NAME, NAME:up, NAME:down or NAME:both:COST-PER-UNIT, with commas between; empty to answer later.",
        err=True,
    )
    # polars' own handler restarts a read that Ctrl-C interrupts, so that the prompt would wait for one more line
    signal.siginterrupt(signal.SIGINT, True)
    answer: str = click.prompt("changeable", default="", show_default=False, err=True)
    return tuple(word.strip() for word in answer.split(",") if word.strip())
