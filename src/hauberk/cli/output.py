# SPDX-License-Identifier: Apache-2.0
"""Options and output that several commands share: results to stdout, files where asked, everything else to stderr."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hauberk.cli.progress import ProgressLine
from hauberk.core.errors import UsageError
from hauberk.core.ports import Progress

if TYPE_CHECKING:
    from hauberk.cli.live import LiveTable
    from hauberk.core.run import Run

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json", "sarif", "junit", "markdown", "html", "csv", "gitlab")
"""The formats of `hauberk.report`, named here so that help costs nothing; a test holds the two equal."""


def config_option(command: F) -> F:
    """`--config PATH`: the project file or its folder."""
    return click.option(
        "--config", default=".", show_default=True, metavar="PATH", help="hauberk.toml, or the folder that holds it."
    )(command)


def output_options(command: F) -> F:
    """`--format`, `--output FORMAT=PATH` and `--show-values`."""
    command = click.option(
        "--show-values", is_flag=True, help="Show values of personal columns; the ledger records it."
    )(command)
    command = click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="FORMAT=PATH",
        help="Also write this format to a file; repeatable.",
    )(command)
    return click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="Format of the result on stdout.",
    )(command)


def parse_outputs(outputs: Sequence[str]) -> list[tuple[str, Path]]:
    """Read `FORMAT=PATH` words, before any work is done.

    Raises:
        UsageError: an unknown format, no path, or a folder, a pipe or a device there.
    """
    parsed: list[tuple[str, Path]] = []
    for word in outputs:
        name, sign, path = word.partition("=")
        if name not in FORMATS or not sign or not path:
            raise UsageError(f"--output {word!r} is not FORMAT=PATH", next_step=f"formats: {', '.join(FORMATS)}")
        if not Path(path).absolute().parent.is_dir():
            raise UsageError(
                f"the folder of {path} does not exist", where=f"--output {word}", next_step="make it first"
            )
        if Path(path).exists() and not Path(path).is_file():
            raise UsageError(f"{path} is no file that could be replaced", where=f"--output {word}")
        parsed.append((name, Path(path)))
    return parsed


def coloured() -> bool:
    """True if stdout is a terminal that wants colour (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def width() -> int:
    """Columns of the terminal; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def write_bytes(content: bytes) -> None:
    """Write one document to stdout as it is, never wrapped or coloured on the way.

    A reader that went away (`| head`) ends the command with 141, as the shell reports it; 1 would mean a denial.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content if content.endswith(b"\n") or not content else content + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None


def emit(run: Run, format_: str, outputs: Sequence[tuple[str, Path]], *, show_values: bool = False) -> None:
    """Write a run to stdout in one format and to files in others."""
    from hauberk.app.report import render_report

    emit_files(run, outputs, show_values=show_values)
    write_bytes(render_report(run, format=format_, show_values=show_values, width=width(), color=coloured()))


def emit_files(run: Run, outputs: Sequence[tuple[str, Path]], *, show_values: bool = False) -> None:
    """Write a run to files, each in its format."""
    from hauberk.app.project import write_atomically
    from hauberk.app.report import render_report

    for name, path in outputs:
        write_atomically(path, render_report(run, format=name, show_values=show_values))
        click.echo(f"wrote {path}", err=True)


def run_and_emit(
    ctx: click.Context,
    job: Callable[[Progress], Run],
    config: str,
    *,
    format_: str,
    outputs: Sequence[str],
    show_values: bool,
    progress: ProgressLine | LiveTable | None = None,
) -> int:
    """Do a job that gives a run, with progress, write the run, and return its exit code.

    Usage errors in the options come before any work.
    """
    targets = parse_outputs(outputs)
    from hauberk.app.report import project_inputs, record_reveal, refuse_overwriting
    from hauberk.report import exit_code

    if targets:
        refuse_overwriting([path for _, path in targets], project_inputs(config))
    progress = progress or ProgressLine(quiet=ctx.obj["quiet"])
    try:
        run = job(progress)
    finally:
        progress.close()
    if show_values:
        record_reveal(run, config)
    emit(run, format_, targets, show_values=show_values)
    return exit_code(run)
