# SPDX-License-Identifier: Apache-2.0
"""`hauberk demo`."""

from __future__ import annotations

import click

from hauberk.cli.progress import ProgressLine


@click.command()
@click.option("--folder", default="hauberk-demo", show_default=True, help="Where the demo's project is made.")
@click.option("--seed", type=click.IntRange(min=0), default=350, show_default=True, help="Seed of everything.")
@click.pass_context
def demo(ctx: click.Context, *, folder: str, seed: int) -> int:
    """Run the whole life of a credit model on 30,000 real clients, offline, in a minute.

    It exits with 0 whenever it reached a verdict, and prints the code that `hauberk check` would give.

    \b
    Examples:
      hauberk demo
      hauberk demo --folder /tmp/credit
    """
    from hauberk.app.demo.run import demo as run_demo
    from hauberk.app.demo.story import tell

    progress = ProgressLine(quiet=ctx.obj["quiet"])
    try:
        result = run_demo(folder, seed=seed, progress=progress)
    finally:
        progress.close()
    click.echo(tell(result), color=False)
    return 0
