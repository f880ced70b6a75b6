# SPDX-License-Identifier: Apache-2.0
"""Bounds that hold against every attack of a stated kind."""

from hauberk.attack.certify.bracket import bracket, bracket_many
from hauberk.attack.certify.choices import Accept, Block, Bracket, Choices, Total
from hauberk.attack.certify.norms import norm_choices

__all__ = ["Accept", "Block", "Bracket", "Choices", "Total", "bracket", "bracket_many", "norm_choices"]
