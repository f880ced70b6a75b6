# SPDX-License-Identifier: Apache-2.0
"""Interaction constraints: what is cheap to change must not decide what else counts."""

from __future__ import annotations

from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.provoke import read_by
from hauberk.harden.setting import Setting


def separate(setting: Setting) -> Candidate:
    """Train trees in which a column that an attacker can change stands alone: it neither gates others nor is gated.

    Its effect on the margin is then one curve, the same for every record, and bounded by that curve's height.

    Raises:
        NotSuited: the attacker can change nothing, or everything that the model reads.
    """
    cheap = read_by(setting.domain, setting.features)
    rest = tuple(name for name in setting.features if name not in cheap)
    if not cheap:
        raise NotSuited("the attacker can change no column that the model reads")
    if not rest:
        raise NotSuited(
            "the attacker can change every column that the model reads, so that there is nothing to keep apart"
        )
    apart = (*((name,) for name in cheap), rest)
    done = (f"{', '.join(cheap)}: each stands in trees of its own, and interacts with no other column",)
    return setting.candidate("interaction", setting.lesson(apart=apart), done)
