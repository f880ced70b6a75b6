# SPDX-License-Identifier: Apache-2.0
"""Runs that the ledger vouches for: a run's file is evidence only if a signed entry names the digest of its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hauberk.core.errors import IntegrityError
from hauberk.core.run import Run
from hauberk.ledger import read_events, verify_ledger
from hauberk.report import dump_run
from hauberk.seal import PublicKey, digest_bytes


def refuse_unrecorded(state: Path, runs: Iterable[Run], *, keys: Sequence[PublicKey]) -> None:
    """Pass if the ledger holds and names every one of these runs; nothing is written.

    Args:
        state: the project's state folder.
        runs: what was read from files.
        keys: public keys whose signatures of the ledger count.

    Raises:
        IntegrityError: the ledger does not hold, or does not name one of them.
    """
    verdict = verify_ledger(state, keys=keys)
    if not verdict.ok:
        raise IntegrityError(
            "the ledger that should vouch for this run does not hold",
            where=str(state),
            why=verdict.summary,
            next_step="`hauberk evidence verify` names everything that was changed",
        )
    known = {str(event.payload.get("run")) for _, event in read_events(state) if event.kind in _KINDS}
    for run in runs:
        if digest_bytes(dump_run(run)) not in known:
            raise IntegrityError(
                "the ledger does not know this run",
                where=f"{run.id}.json",
                why="its file was changed or made by hand",
                next_step="`hauberk evidence verify` names what was changed; run `hauberk check` again",
            )


_KINDS = frozenset({"run.completed", "run.aborted", "model.hardened"})
