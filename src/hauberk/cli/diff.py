# SPDX-License-Identifier: Apache-2.0
"""`hauberk diff`."""

from __future__ import annotations

import click

from hauberk.cli.output import coloured, config_option, width, write_bytes


@click.command()
@click.argument("before")
@click.argument("after", default="last")
@config_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Format.",
)
def diff(before: str, after: str, *, config: str, format_: str) -> int:
    """Compare two recorded runs: findings that are new, gone or the same, measurements that moved, other assets.

    It exits with 0 whatever it finds; `hauberk check --since RUN` is the one that denies regressions.

    \b
    Examples:
      hauberk diff 20260101T120000Z-a1b2c3
      hauberk diff RUN1 RUN2 --format markdown
    """
    from hauberk.app.diff import compare_runs
    from hauberk.report import render_diff

    found = compare_runs(before, after, config=config)
    write_bytes(render_diff(found, format_, width=width(), color=coloured()))
    return 0
