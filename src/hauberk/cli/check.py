# SPDX-License-Identifier: Apache-2.0
"""`hauberk check`."""

from __future__ import annotations

import click

from hauberk.cli.output import config_option, output_options, run_and_emit
from hauberk.core.ports import Progress
from hauberk.core.run import Run


@click.command()
@config_option
@click.option(
    "--select", multiple=True, metavar="ID", help="Run only these checks; an id or its beginning; repeatable."
)
@click.option("--ignore", multiple=True, metavar="ID", help="Leave these checks out; shown as skipped; repeatable.")
@click.option("--since", default="", metavar="RUN", help="Deny regressions since this run; `last` for the newest.")
@click.option("--seed", type=click.IntRange(min=0), help="Master seed.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), help="Seconds for each check.")
@click.option("--workers", type=click.IntRange(0, 64), help="Processes that run checks; 0 for none.")
@click.option("--trust", multiple=True, metavar="DIGEST", help="Open this model file although its format can run code.")
@output_options
@click.pass_context
def check(
    ctx: click.Context,
    *,
    config: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    since: str,
    seed: int | None,
    timeout_s: float | None,
    workers: int | None,
    trust: tuple[str, ...],
    format_: str,
    outputs: tuple[str, ...],
    show_values: bool,
) -> int:
    """Run everything that hauberk.toml declares, judge it by policy, and record it.

    \b
    Examples:
      hauberk check
      hauberk check --select HB-E --format json > run.json
      hauberk check --since last --output sarif=hauberk.sarif --output html=report.html
    """

    def job(progress: Progress) -> Run:
        from hauberk.app.check import check as run_check

        return run_check(
            config,
            select=select,
            ignore=ignore,
            since=since,
            seed=seed,
            timeout_s=timeout_s,
            workers=workers,
            trust=trust,
            progress=progress,
        )

    return run_and_emit(ctx, job, config, format_=format_, outputs=outputs, show_values=show_values)
