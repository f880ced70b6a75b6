# SPDX-License-Identifier: Apache-2.0
"""The `hauberk` command. A command's module is imported when it is used, so that `--help` costs nothing."""

from __future__ import annotations

import difflib
import importlib
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from hauberk import __version__
from hauberk.core.errors import HauberkError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("hauberk.cli.demo:demo", "Run the whole life of a credit model on real data, in a minute."),
    "init": ("hauberk.cli.init:init", "Write hauberk.toml and domain.toml for your own table and model."),
    "check": ("hauberk.cli.check:check", "Run everything that hauberk.toml declares and judge it by policy."),
    "data": ("hauberk.cli.data:data", "Admit a table: check it, quarantine rows, bring them back."),
    "attack": ("hauberk.cli.attack:attack", "Attack your own model inside the domain."),
    "harden": ("hauberk.cli.harden:harden", "Train the model so that evasion is dear, and prove it."),
    "fix": ("hauberk.cli.fix:fix", "Go from a finding to a model that is proved to be without it."),
    "artifact": ("hauberk.cli.artifact:artifact", "Scan, digest, sign and verify a model file or folder."),
    "gate": ("hauberk.cli.gate:gate", "Judge recorded runs by a policy, or try another policy on them."),
    "report": ("hauberk.cli.report:report", "Render a recorded run in another format."),
    "diff": ("hauberk.cli.diff:diff", "Compare two recorded runs."),
    "replay": ("hauberk.cli.replay:replay", "Run a recorded run again and compare byte for byte."),
    "evidence": ("hauberk.cli.evidence:evidence", "Verify the ledger and everything that it vouches for."),
    "checks": ("hauberk.cli.checks:checks", "List the checks, or print the page of one."),
    "completion": ("hauberk.cli.completion:completion", "Print the completion script of a shell."),
    "doctor": ("hauberk.cli.doctor:doctor", "Say what this installation can and cannot do."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of a model's life."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`hauberk --help` lists the commands"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hauberk")
@click.option("-v", "--verbose", count=True, help="Say more; twice for tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@click.pass_context
def cli(ctx: click.Context, verbose: int, quiet: bool) -> None:
    """Secure a predictive model over its whole life.

    \b
    Examples:
      hauberk demo
      hauberk init --data train.parquet --label default --model model.txt
      hauberk check

    Exit codes: 0 passed, 1 policy failed, 2 usage or configuration, 3 nothing to examine, 4 incomplete, 5 integrity
    refused, 130 interrupted.
    """
    ctx.obj = {"verbose": verbose, "quiet": quiet}


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises.

    Args:
        arguments: the words after `hauberk`.
    """
    verbose = sum(word.count("v") for word in arguments if word.startswith("-v") and not word.startswith("--"))
    try:
        code = cli.main(args=list(arguments), prog_name="hauberk", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        _show(error)
        return 2
    except (click.Abort, KeyboardInterrupt) as error:
        return _explain("\n  ".join(["interrupted; nothing half-written is left behind", *_kept(error)]), 130, 0)
    except SystemExit:
        raise
    except BaseException as error:  # broad: a defect of ours, or a panic in Rust, must still end in a documented code
        return _explain(*_told(error), verbose)
    return code if isinstance(code, int) else 0


def _kept(error: BaseException) -> list[str]:
    """What an interrupted job says of what it keeps; click wraps the interruption in an exception of its own."""
    notes = [note for part in (error, error.__cause__) for note in getattr(part, "__notes__", [])]
    return [line for note in notes for line in str(note).split("\n")]


def _told(error: BaseException) -> tuple[str, int]:
    """What is said of an error, and the exit code."""
    if isinstance(error, HauberkError):
        return str(error), error.exit_code
    if isinstance(error, PermissionError):
        return f"no permission\n  where: {error.filename}\n  next: check who owns it", 4
    if isinstance(error, OSError):
        return f"the system refused\n  where: {error.filename}\n  why: {error.strerror}", 4
    name = type(error).__name__
    return f"{name}: {error}\n  why: a defect in Hauberk\n  next: run again with -vv and report it", 4


def _show(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
    else:
        error.show(sys.stderr)


def _explain(text: str, code: int, verbose: int) -> int:
    from hauberk.report.plain import visible

    if verbose >= 2:
        traceback.print_exc()
    click.echo("\n".join(visible(line) for line in f"error: {text}".split("\n")), err=True)
    return code


def _terminated(signum: int, frame: FrameType | None) -> NoReturn:
    del signum, frame
    raise SystemExit(143)


def main() -> NoReturn:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:]))
