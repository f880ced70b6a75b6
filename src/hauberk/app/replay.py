# SPDX-License-Identifier: Apache-2.0
"""Run a recorded run again, and compare what it finds byte for byte."""

from __future__ import annotations

from dataclasses import dataclass

from hauberk.core.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How a replay went.

    Attributes:
        run: the recorded run.
        equal: ids of checks that gave the same bytes.
        different: ids of checks that did not.
        changed: what is not as it was, in sentences: inputs, versions, processor.
    """

    run: Run
    equal: tuple[str, ...]
    different: tuple[str, ...]
    changed: tuple[str, ...]
