# SPDX-License-Identifier: Apache-2.0
"""`hauberk replay`."""

from __future__ import annotations

import click

from hauberk.cli.output import config_option, write_bytes
from hauberk.cli.progress import ProgressLine


@click.command()
@click.argument("run", default="last")
@click.option("--check", default="", metavar="ID", help="Replay this check alone.")
@click.option("--workers", type=click.IntRange(0, 64), help="Processes that run checks; 0 for none.")
@click.option("--trust", multiple=True, metavar="DIGEST", help="Open this model file although its format can run code.")
@config_option
@click.pass_context
def replay(
    ctx: click.Context, *, run: str, check: str, workers: int | None, trust: tuple[str, ...], config: str
) -> int:
    """Run a recorded run again and compare byte for byte; exit 1 if a check gives other findings.

    \b
    Examples:
      hauberk replay
      hauberk replay last --check HB-E001
    """
    from hauberk.app.replay import replay as replay_run

    progress = ProgressLine(quiet=ctx.obj["quiet"])
    try:
        found = replay_run(run, check=check, config=config, workers=workers, trust=trust, progress=progress)
    finally:
        progress.close()
    lines = [f"run {found.run.id}: {len(found.equal)} checks gave the same bytes, {len(found.different)} did not"]
    lines += [f"  different: {name}" for name in found.different]
    lines += [f"  changed: {sentence}" for sentence in found.changed]
    write_bytes("\n".join(lines).encode())
    return 1 if found.different else 0
