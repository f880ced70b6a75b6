# SPDX-License-Identifier: Apache-2.0
"""`hauberk attack`."""

from __future__ import annotations

import click

from hauberk.cli.output import config_option, output_options, run_and_emit
from hauberk.core.ports import Progress
from hauberk.core.run import Run


@click.group()
def attack() -> None:
    """Attack your own model inside the domain."""


@attack.command()
@config_option
@click.option(
    "--preset",
    type=click.Choice(["quick", "standard", "thorough"]),
    default="standard",
    show_default=True,
    help="How many records and questions.",
)
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

    \b
    Examples:
      hauberk attack evade --preset quick
      hauberk attack evade --rows 500 --queries 2000 --output html=evasion.html
    """

    def job(progress: Progress) -> Run:
        from hauberk.app.evade import evade as run_attack

        return run_attack(
            config,
            preset=preset,
            rows=rows,
            queries=queries,
            seed=seed,
            workers=workers,
            trust=trust,
            progress=progress,
        )

    return run_and_emit(ctx, job, config, format_=format_, outputs=outputs, show_values=show_values)
