# SPDX-License-Identifier: Apache-2.0
"""`hauberk completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    Examples:
      hauberk completion bash > ~/.local/share/bash-completion/completions/hauberk
      hauberk completion zsh > "${fpath[1]}/_hauberk"
      hauberk completion fish > ~/.config/fish/completions/hauberk.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that it completes"
    click.echo(kind(ctx.find_root().command, {}, "hauberk", "_HAUBERK_COMPLETE").source())
    return 0
