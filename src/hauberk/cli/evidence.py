# SPDX-License-Identifier: Apache-2.0
"""`hauberk evidence`."""

from __future__ import annotations

import dataclasses
import json

import click

from hauberk.cli.output import config_option, write_bytes


@click.group()
def evidence() -> None:
    """Verify the ledger and everything that it vouches for."""


@evidence.command()
@config_option
@click.option("--checkpoint", metavar="FILE", help="A checkpoint that left the machine: a report, a run, or its text.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Trusted public key, as text or file; repeatable.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
def verify(*, config: str, checkpoint: str | None, keys: tuple[str, ...], format_: str) -> int:
    """Name every entry, run, decision or blob that was changed, deleted or reordered; exit 5 if there is one.

    Without a checkpoint that left the machine nobody can tell whether the newest entries are missing: it then says
    "consistent, tail not provable".

    \b
    Examples:
      hauberk evidence verify
      hauberk evidence verify --checkpoint report.html --key release.pub
    """
    from hauberk.app.evidence import verify_evidence

    found = verify_evidence(config, keys=keys, checkpoint=checkpoint)
    if format_ == "json":
        body = {
            "schema_version": "1.0",
            "ok": found.ok,
            "tail_proved": found.ledger.tail_proved,
            "entries": found.ledger.size,
            "files": found.files,
            "blobs": found.blobs,
            "problems": [dataclasses.asdict(problem) for problem in found.problems],
            "notes": list(found.notes),
        }
        write_bytes(json.dumps(body, indent=2).encode())
    else:
        lines = [found.summary, *[f"  - {problem.sentence}" for problem in found.problems], *found.notes]
        write_bytes("\n".join(lines).encode())
    return found.exit_code
