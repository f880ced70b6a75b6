# SPDX-License-Identifier: Apache-2.0
"""Verify a project's ledger and everything that it vouches for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hauberk.app.artifact import trusted_keys
from hauberk.app.config import find_config
from hauberk.app.embedded import embedded_checkpoint
from hauberk.app.project import STATE
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.govern import EvidenceReport
from hauberk.govern import verify_evidence as verify_state


def verify_evidence(
    config: str | os.PathLike[str] = ".",
    *,
    keys: Sequence[str] = (),
    checkpoint: str | os.PathLike[str] | None = None,
) -> EvidenceReport:
    """Verify ledger, recorded runs, decisions and blobs of a project.

    Args:
        config: the project, or a copy of its folder.
        keys: trusted public keys, as text or files; the project's and the user's own by default.
        checkpoint: file with a checkpoint that left the machine: a checkpoint's text, or a report or run that embeds one.

    Raises:
        NothingToExamine: the project has no state yet.
        UsageError: the checkpoint's file does not exist or holds none.
    """
    state = find_config(Path(config)).resolve().parent / STATE
    if not state.is_dir():
        raise NothingToExamine("the project has no ledger yet", where=str(state), next_step="run `hauberk check` first")
    text = read_checkpoint_file(Path(checkpoint)) if checkpoint is not None else None
    return verify_state(state, trusted_keys(keys, config), text)


def read_checkpoint_file(path: Path) -> str:
    """Return the checkpoint in a file: the note itself, or the one that a JSON run or an HTML report embeds.

    Raises:
        UsageError: the file cannot be read, or holds no checkpoint.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError("the checkpoint cannot be read", where=str(path), why=why or "") from error
    found = embedded_checkpoint(text)
    if not found:
        raise UsageError(
            "the file holds no checkpoint", where=str(path), next_step="name a report, a run or a checkpoint"
        )
    return found
