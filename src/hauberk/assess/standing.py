# SPDX-License-Identifier: Apache-2.0
"""How a check stands while it runs: what a reader watches, and what is kept of it if the run is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hauberk.core.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a check knows so far. It is never a result: a check that ends tells its result in its outcome.

    Attributes:
        check: id of the check; filled in on the way.
        part: which part of its work this is about, such as one attack.
        done: steps of that part that are over.
        total: how many there are.
        measurements: what was measured over those that are.
    """

    part: str
    done: int
    total: int
    measurements: tuple[Measurement, ...] = ()
    check: str = ""


Told = Callable[[Standing], None]
"""Who is told; called from any thread."""


def nobody(standing: Standing) -> None:
    """Tell nobody."""
    del standing
