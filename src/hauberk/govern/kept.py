# SPDX-License-Identifier: Apache-2.0
"""The checkpoints that a project keeps beside its log: in run files, in signed decisions, in a file of their own.

Whoever cuts the log off and forgets one of them is found out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from hauberk.core.errors import HauberkError
from hauberk.ledger import Problem, ProblemKind
from hauberk.seal import PublicKey, dsse_verify, open_regular
from hauberk.seal.digest import read_chunks

DECISIONS = "decisions"
"""Folder of the signed decisions inside the state folder."""

RUNS = "runs"
"""Folder of the run files inside the state folder."""

CHECKPOINT = "checkpoint"
"""File with the newest checkpoint inside the state folder."""


def kept_checkpoints(root: Path, keys: Sequence[PublicKey]) -> tuple[list[str], list[Problem]]:
    """Return the texts of the checkpoints in a state folder, unchecked, and the decisions that do not hold.

    Args:
        root: the state folder.
        keys: the public keys that the caller trusts.
    """
    texts: list[str] = []
    problems: list[Problem] = []
    for path in _files(root / DECISIONS):
        try:
            texts += _note_in(dsse_verify(_read(path), keys) if keys else b"")
        except HauberkError as error:
            where = f"{DECISIONS}/{path.name}"
            sentence = f"the signed decision {where!r} does not hold: {error.what}"
            problems.append(Problem(kind=ProblemKind.SIGNATURE, sentence=sentence, where=where))
    for path in _files(root / RUNS):
        texts += _note_in(_read_or_nothing(path))
    texts.append(_read_or_nothing(root / CHECKPOINT).decode(errors="replace"))
    return texts, problems


def _note_in(content: bytes) -> list[str]:
    """Return the note of the checkpoint that a run or a decision carries, if it carries one."""
    try:
        tree: object = json.loads(content)
    except (ValueError, RecursionError):
        return []
    point = cast("dict[str, object]", tree).get("checkpoint") if isinstance(tree, dict) else None
    note = cast("dict[str, object]", point).get("note") if isinstance(point, dict) else None
    return [note] if isinstance(note, str) else []


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _read(path: Path) -> bytes:
    with open_regular(path, follow=False) as descriptor:
        return b"".join(read_chunks(descriptor))


def _read_or_nothing(path: Path) -> bytes:
    try:
        return _read(path)
    except HauberkError:
        return b""
