# SPDX-License-Identifier: Apache-2.0
"""`hauberk artifact`."""

from __future__ import annotations

import click

from hauberk.cli.output import config_option


@click.group()
def artifact() -> None:
    """Scan, digest, sign and verify a model file or folder; nothing in it is ever executed."""


@artifact.command()
@click.argument("path")
def digest(path: str) -> int:
    """Print the digest of a model file or folder.

    \b
    Example:
      hauberk artifact digest model.txt
    """
    from hauberk.app.artifact import digest_artifact

    click.echo(f"{digest_artifact(path)}  {path}")
    return 0


@artifact.command()
@click.argument("path")
@click.option("--out", metavar="PATH", help="Signature file; beside the model by default.")
@config_option
def sign(path: str, *, out: str | None, config: str) -> int:
    """Sign a model with the project's key, and record it in the ledger.

    \b
    Example:
      hauberk artifact sign model.txt
    """
    from hauberk.app.artifact import sign_artifact

    click.echo(f"signed: {sign_artifact(path, out=out, config=config)}")
    return 0


@artifact.command()
@click.argument("path")
@click.option("--signature", metavar="PATH", help="Signature file; the one beside the model by default.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Trusted public key, as text or file; repeatable.")
@config_option
def verify(path: str, *, signature: str | None, keys: tuple[str, ...], config: str) -> int:
    """Verify a model against its signature; one changed byte is refused with exit code 5.

    \b
    Example:
      hauberk artifact verify model.txt --key release.pub
    """
    from hauberk.app.artifact import verify_artifact

    found = verify_artifact(path, signature=signature, keys=keys, config=config)
    click.echo(f"verified: {found.digest} signed by {found.signer}")
    return 0


@artifact.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "json", "sarif")),
    default="text",
    show_default=True,
    help="Format of the result on stdout.",
)
def scan(paths: tuple[str, ...], *, format_: str) -> int:
    """Say of each file whether it can run code, by its content alone.

    \b
    Examples:
      hauberk artifact scan model.pkl
      hauberk artifact scan models --format json
    """
    from hauberk.app.scan import render_scan, scan_artifact, scan_exit_code
    from hauberk.cli.output import write_bytes

    verdicts = scan_artifact(paths)
    write_bytes(render_scan(verdicts, format_))
    return scan_exit_code(verdicts)
