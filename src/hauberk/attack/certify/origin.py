# SPDX-License-Identifier: Apache-2.0
"""Single choices, asked about from Python."""

from __future__ import annotations

from typing import Any

from hauberk.attack.certify.decide import cost_of
from hauberk.attack.certify.nets import compiled
from hauberk.attack.certify.weave import evades, margin_of


@compiled
def evades_at(chosen: Any, woods: Any, ways: Any) -> Any:
    """Whether one class a block evades, the margin summed as the library sums it."""
    return evades(margin_of(chosen, woods, ways), woods)


@compiled
def cost_at(chosen: Any, ways: Any) -> Any:
    """What one class a block costs."""
    return cost_of(chosen, ways)
