# SPDX-License-Identifier: Apache-2.0
"""What happened, provably.

One append-only event log hashed into an RFC 6962 Merkle tree with signed checkpoints, and one content-addressed store
for evidence, models and data. SQL lives here and nowhere else. Names are loaded when they are first used, since the
database library takes a quarter of a second to import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hauberk.ledger.blobs import Blobs
    from hauberk.ledger.checkpoint import read_checkpoint
    from hauberk.ledger.log import Ledger, open_ledger
    from hauberk.ledger.problem import Problem, ProblemKind, Verification, say_problems
    from hauberk.ledger.tree import leaf_hash, verify_consistency, verify_inclusion
    from hauberk.ledger.verify import read_events, verify_ledger

__all__ = [
    "Blobs",
    "Ledger",
    "Problem",
    "ProblemKind",
    "Verification",
    "leaf_hash",
    "open_ledger",
    "read_checkpoint",
    "read_events",
    "say_problems",
    "verify_consistency",
    "verify_inclusion",
    "verify_ledger",
]

_HOMES = {
    "Blobs": "blobs",
    "Ledger": "log",
    "Problem": "problem",
    "ProblemKind": "problem",
    "Verification": "problem",
    "leaf_hash": "tree",
    "open_ledger": "log",
    "read_checkpoint": "checkpoint",
    "read_events": "verify",
    "say_problems": "problem",
    "verify_consistency": "tree",
    "verify_inclusion": "tree",
    "verify_ledger": "verify",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"hauberk.ledger.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'hauberk.ledger' has no attribute {name!r}")
