# SPDX-License-Identifier: Apache-2.0
"""`hauberk artifact`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from hauberk.cli.output import config_option
from hauberk.core.errors import UsageError


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
@click.option("--private-key", metavar="PATH", help="ECDSA private key (PEM) instead of your own; with --certificate.")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="PATH",
    help="Certificate of that key, then of its issuers (PEM); repeatable.",
)
@config_option
def sign(path: str, *, out: str | None, private_key: str | None, certificates: tuple[str, ...], config: str) -> int:
    """Sign a model with the project's key, and record it in the ledger.

    The signature is a bundle of OpenSSF Model Signing v1.0.

    \b
    Example:
      hauberk artifact sign model.txt
    """
    from hauberk.app.artifact import sign_artifact

    written = sign_artifact(path, out=out, private_key=private_key, certificates=certificates, config=config)
    click.echo(f"signed: {written}")
    return 0


@artifact.command()
@click.argument("path")
@click.option("--signature", metavar="PATH", help="Signature file; the one beside the model by default.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Trusted public key, as text or file; repeatable.")
@click.option("--root", "roots", multiple=True, metavar="PATH", help="Trusted root certificate (PEM); repeatable.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which certificates must be valid; today by default.",
)
@click.option("--pass-over", is_flag=True, help="Accept files that a foreign signature passes over; name them.")
@config_option
def verify(
    path: str,
    *,
    signature: str | None,
    keys: tuple[str, ...],
    roots: tuple[str, ...],
    at: datetime | None,
    pass_over: bool,
    config: str,
) -> int:
    """Verify a model against its signature; one changed byte is refused with exit code 5.

    Reads the bundles of OpenSSF Model Signing v1.0, whoever wrote them.

    \b
    Examples:
      hauberk artifact verify model.txt --key release.pub
      hauberk artifact verify model --signature model.sig --root ca.pem
    """
    from hauberk.app.artifact import verify_artifact

    day = at.replace(tzinfo=UTC) if at is not None else None
    found = verify_artifact(
        path, signature=signature, keys=keys, roots=roots, at=day, pass_over=pass_over, config=config
    )
    click.echo(f"verified: {found.digest} signed by {found.signer}")
    for phrase in found.uncovered:
        click.echo(f"not covered: {phrase}")
    for phrase in found.attestations:
        click.echo(f"attested: {phrase}")
    return 0


@artifact.command()
@click.argument("kind", type=click.Choice(("scan", "assessment", "training", "vex")))
@click.argument("path")
@click.option("--run", default="last", show_default=True, metavar="RUN", help="The assessment that is attested.")
@click.option("--out", metavar="PATH", help="Attestation file; beside the model by default.")
@config_option
def attest(kind: str, path: str, *, run: str, out: str | None, config: str) -> int:
    """Sign what the project's records say of a model, as an in-toto statement beside it.

    \b
    Examples:
      hauberk artifact attest scan model.txt
      hauberk artifact attest assessment model.txt --run last
    """
    from hauberk.app.attest import attest_artifact

    click.echo(f"attested: {attest_artifact(kind, path, run=run, out=out, config=config)}")
    return 0


@artifact.command()
@click.argument("path", required=False)
@click.option(
    "--format",
    "kind",
    type=click.Choice(("cyclonedx-1.6", "cyclonedx-1.7", "spdx-3.0.1")),
    default="cyclonedx-1.6",
    show_default=True,
    help="Format of the bill on stdout.",
)
@click.option(
    "--run", default="last", show_default=True, metavar="RUN", help="The assessment whose metrics it carries."
)
@click.option("--check", "checked", metavar="FILE", help="Read a bill instead, against the model if PATH names one.")
@click.option("--diff", nargs=2, metavar="A B", help="Say what differs between two bills instead; 1 if anything does.")
@config_option
def bom(
    path: str | None, *, kind: str, run: str, checked: str | None, diff: tuple[str, str] | None, config: str
) -> int:
    """Write a model's bill of materials from the project's records, read one, or compare two.

    \b
    Examples:
      hauberk artifact bom model.txt > model.cdx.json
      hauberk artifact bom model.txt --check model.cdx.json
      hauberk artifact bom --diff before.cdx.json after.cdx.json
    """
    from hauberk.app.bom import check_bom, compare_boms, render_bom
    from hauberk.cli.output import write_bytes

    if diff is not None:
        lines = compare_boms(*diff)
        click.echo("\n".join(lines) or "nothing differs")
        return 1 if lines else 0
    if checked is not None:
        click.echo("\n".join(check_bom(checked, model=path)))
        return 0
    if path is None:
        raise UsageError("no model is named", next_step="name one, or use --check or --diff")
    write_bytes(render_bom(path, kind=kind, run=run, config=config))
    return 0


@artifact.command()
@config_option
def key(*, config: str) -> int:
    """Print the public key that other verifiers of model signatures take, as PEM.

    \b
    Example:
      hauberk artifact key > release.pem
    """
    from hauberk.app.artifact import model_key

    click.echo(model_key(config=config).pem, nl=False)
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
