# SPDX-License-Identifier: Apache-2.0
"""`hauberk attack`."""

from __future__ import annotations

import click

from hauberk.cli.live import LiveTable
from hauberk.cli.output import config_option, output_options, run_and_emit
from hauberk.core.ports import Progress
from hauberk.core.run import Run

WAYS = ("scores", "labels", "trees", "transfer")
"""What the attacker works with, named here so that help costs nothing; a test holds it equal to `hauberk.app.evade`."""


@click.group()
def attack() -> None:
    """Attack your own model inside the domain."""


@attack.command()
@config_option
@click.option(
    "--preset",
    type=click.Choice(["quick", "standard", "thorough"]),
    default="quick",
    show_default=True,
    help="How much work: that of `hauberk check`, some six times as much, or twenty times.",
)
@click.option("--by", "by", multiple=True, type=click.Choice(WAYS), help="What the attacker works with; repeatable.")
@click.option("--levels", default="", metavar="COSTS", help="Costs to tell shares at, such as 0,10,100,1000.")
@click.option("--actor", "actors", multiple=True, metavar="KIND", help="Only what this kind can change; repeatable.")
@click.option("--rows", type=click.IntRange(min=1), help="Caught records to attack.")
@click.option("--queries", type=click.IntRange(min=1), help="Questions to the model for each record.")
@click.option("--seed", type=click.IntRange(min=0), help="Master seed.")
@click.option("--workers", type=click.IntRange(0, 64), help="Processes that run checks; 0 for none.")
@click.option("--trust", multiple=True, metavar="DIGEST", help="Open this model file although its format can run code.")
@output_options
@click.pass_context
def evade(
    ctx: click.Context,
    *,
    config: str,
    preset: str,
    by: tuple[str, ...],
    levels: str,
    actors: tuple[str, ...],
    rows: int | None,
    queries: int | None,
    seed: int | None,
    workers: int | None,
    trust: tuple[str, ...],
    format_: str,
    outputs: tuple[str, ...],
    show_values: bool,
) -> int:
    """Find the cheapest valid record that gets past the model, for records that it catches.

    A self-check runs beside every attack: where the model's answers hide how it can be evaded, the figures are masked.
    Ctrl-C ends the attack and keeps what was found by then as an aborted run.

    \b
    Examples:
      hauberk attack evade
      hauberk attack evade --by labels --levels 0,10,100,1000
      hauberk attack evade --preset standard --output html=evasion.html
    """
    live = LiveTable(quiet=ctx.obj["quiet"])

    def job(progress: Progress) -> Run:
        from hauberk.app.evade import evade as run_attack

        return run_attack(
            config,
            preset=preset,
            by=by,
            levels=levels,
            actors=", ".join(actors),
            rows=rows,
            queries=queries,
            seed=seed,
            workers=workers,
            trust=trust,
            progress=progress,
            told=live.told,
        )

    return run_and_emit(ctx, job, config, format_=format_, outputs=outputs, show_values=show_values, progress=live)
