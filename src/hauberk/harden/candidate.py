# SPDX-License-Identifier: Apache-2.0
"""What a strategy gives: a model file and what was done to get it."""

from __future__ import annotations

from dataclasses import dataclass

from hauberk.core.errors import HauberkError
from hauberk.core.evidence import Evidence


class NotSuited(HauberkError):
    """A strategy cannot do anything for this model, table or domain. It is shown with its reason, and is no failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that may replace the shipped one.

    Attributes:
        strategy: name of the strategy.
        content: bytes of the model file, in the library's plain format.
        suffix: usual ending of such a file.
        features: columns that it reads.
        done: what was done, a sentence each.
        settled: what the strategy chose, in its own words, so that it can be done again on other rows without choosing.
        threshold: score from which on to act, where that is what was changed; None to keep the share of alerts.
        evidence: tables that show what was done.
    """

    strategy: str
    content: bytes
    suffix: str
    features: tuple[str, ...]
    done: tuple[str, ...]
    settled: tuple[str, ...] = ()
    threshold: float | None = None
    evidence: tuple[Evidence, ...] = ()
