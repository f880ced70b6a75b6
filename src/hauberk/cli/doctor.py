# SPDX-License-Identifier: Apache-2.0
"""`hauberk doctor`."""

from __future__ import annotations

import dataclasses
import json

import click

from hauberk.cli.output import config_option, write_bytes


@click.command()
@config_option
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
def doctor(*, config: str, format_: str) -> int:
    """Say what this installation can and cannot do; exit 4 if something that must work does not.

    \b
    Example:
      hauberk doctor
    """
    from hauberk.app.doctor import examine_installation

    found = examine_installation(config)
    if format_ == "json":
        write_bytes(json.dumps([dataclasses.asdict(item) for item in found], indent=2).encode())
    else:
        write_bytes("\n".join(f"{item.state:<8} {item.name:<15} {item.note}" for item in found).encode())
    return 4 if any(item.state == "broken" for item in found) else 0
