# SPDX-License-Identifier: Apache-2.0
"""`hauberk data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hauberk.cli.output import emit, output_options, parse_outputs
from hauberk.cli.progress import ProgressLine

if TYPE_CHECKING:
    from hauberk.app.data import Admitted

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def data() -> None:
    """Admit a table: check it, quarantine rows, bring them back."""


def table_options(command: F) -> F:
    """Options that say what a table is."""
    for option in reversed(
        [
            click.option("--label", default="", metavar="COLUMN", help="Label column; 1 is the event."),
            click.option(
                "--domain", default="", metavar="FILE", help="Declaration of valid records; inferred without."
            ),
            click.option("--reference", default="", metavar="TABLE", help="Rows that a person trusts."),
            click.option("--time", default="", metavar="COLUMN", help="Time column."),
            click.option("--group", "groups", multiple=True, metavar="COLUMN", help="Subgroup column; repeatable."),
            click.option("--owner", default="", help="Who answers for the data."),
            click.option("--licence", default="", help="Licence of the data."),
            click.option("--origin", default="", help="Where the data comes from."),
            click.option("--ignore", multiple=True, metavar="ID", help="Leave these checks out; repeatable."),
            click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of sampling."),
        ]
    ):
        command = option(command)
    return command


@data.command()
@click.argument("table")
@table_options
@output_options
@click.pass_context
def check(
    ctx: click.Context, /, table: str, *, format_: str, outputs: tuple[str, ...], show_values: bool, **options: Any
) -> int:
    """Run the data checks on a table and rule: accept (exit 0), quarantine or reject (exit 1).

    No project is needed, and none is changed.

    \b
    Examples:
      hauberk data check train.parquet --label default
      hauberk data check today.parquet --reference trusted.parquet --domain domain.toml --format json
    """
    targets = parse_outputs(outputs)
    from hauberk.app.report import refuse_overwriting

    inputs = [Path(name) for name in (table, options["domain"], options["reference"]) if name]
    refuse_overwriting([path for _, path in targets], inputs)
    admitted = _admitted(ctx, table, options)
    emit(admitted.run, format_, targets, show_values=show_values)
    return _code(admitted)


@data.command()
@click.argument("table")
@click.option("--out", required=True, metavar="FOLDER", help="Folder that does not exist yet or is empty.")
@table_options
@click.pass_context
def quarantine(ctx: click.Context, /, table: str, *, out: str, **options: Any) -> int:
    """Split a table into clean.parquet and quarantined.parquet, with reason codes and the way back.

    Nothing is deleted: `hauberk data restore` gives the table back as it was.

    \b
    Example:
      hauberk data quarantine train.parquet --label default --out admitted
    """
    from hauberk.app.data import quarantine_data

    admitted = _admitted(ctx, table, options)
    split = quarantine_data(admitted, out)
    click.echo(f"{split.clean:,} rows in {out}/clean.parquet, {split.set_aside:,} in {out}/quarantined.parquet")
    for code, rows in sorted(split.counts.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  {rows:>9,}  {code}")
    return _code(admitted)


@data.command()
@click.argument("folder")
@click.option("--out", required=True, metavar="FILE", help="Parquet file to write; it must not exist.")
def restore(folder: str, *, out: str) -> int:
    """Put the rows set aside back: the table as it was, in its order.

    \b
    Example:
      hauberk data restore admitted --out train-again.parquet
    """
    from hauberk.app.data import restore_data

    click.echo(f"{restore_data(folder, out).height:,} rows in {out}")
    return 0


def _admitted(ctx: click.Context, table: str, options: dict[str, Any]) -> Admitted:
    from hauberk.app.data import check_data

    names = ("owner", "licence", "origin")
    provenance = {name: options.pop(name) for name in names}
    progress = ProgressLine(quiet=ctx.obj["quiet"])
    try:
        known = {name: text for name, text in provenance.items() if text}
        return check_data(table, provenance=known, progress=progress, **options)
    finally:
        progress.close()


def _code(admitted: Admitted) -> int:
    from hauberk.report import exit_code

    return exit_code(admitted.run)
