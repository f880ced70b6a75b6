# SPDX-License-Identifier: Apache-2.0
"""The exit code of a run. It depends on the run alone, never on the format in which the run is shown."""

from __future__ import annotations

from hauberk.core.decision import Effect
from hauberk.core.outcome import Status
from hauberk.core.run import Run

PASSED = 0
DENIED = 1
NOTHING = 3
INCOMPLETE = 4
INTEGRITY = 5

MEANING = {
    PASSED: "passed",
    DENIED: "denied by policy",
    NOTHING: "nothing was examined",
    INCOMPLETE: "incomplete: something that was planned did not run to its end",
    INTEGRITY: "refused: a digest, a signature or the ledger does not hold",
}
"""What each exit code says, in words."""

_RAN = frozenset({Status.PASSED, Status.FINDINGS})


def exit_code(run: Run, *, integrity: bool = False) -> int:
    """Return the exit code of a run: the first that applies of 5, 1, 4, 3 and 0.

    Usage errors (2) precede everything and never get as far as a run.

    Args:
        run: the run.
        integrity: true if the ledger or a digest was found not to hold, which no outcome can express.
    """
    if integrity or _signature_broken(run):
        return INTEGRITY
    if run.decision is not None and run.decision.effect is not Effect.ALLOW:
        return DENIED
    if run.aborted or run.incomplete:
        return INCOMPLETE
    if not any(outcome.status in _RAN for outcome in run.outcomes):
        return NOTHING
    return PASSED


def _signature_broken(run: Run) -> bool:
    """True where the model's signature does not vouch for its bytes; no waiver makes such bytes acceptable."""
    return any(found.check == "HB-A001" and found.location.key == "invalid" for found in run.findings(waived=True))
