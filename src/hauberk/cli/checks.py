# SPDX-License-Identifier: Apache-2.0
"""`hauberk checks`."""

from __future__ import annotations

import click

from hauberk.cli.output import write_bytes


@click.command()
@click.argument("check", default="")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
def checks(check: str, *, format_: str) -> int:
    """List the checks, or print the page of one.

    \b
    Examples:
      hauberk checks
      hauberk checks HB-E001
      hauberk checks --format json
    """
    from hauberk.app.checks import check_page, list_checks

    content = check_page(check, format=format_) if check else list_checks(format=format_)
    write_bytes(content.encode())
    return 0
