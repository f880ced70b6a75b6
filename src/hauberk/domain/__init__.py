# SPDX-License-Identifier: Apache-2.0
"""What a valid record is.

One declaration of types, ranges, choices, mutability, direction, cost of change, derived columns and rules; it
validates, projects, samples and prices. Nothing else in the code knows what 'valid' means.
"""

from hauberk.domain.column import Actor, Choice, Column, Cost, Direction, Kind
from hauberk.domain.declaration import Domain, Group, Rule
from hauberk.domain.infer import Proposal, infer_domain
from hauberk.domain.read import load_domain, loads_domain
from hauberk.domain.space import Space
from hauberk.domain.validate import Verdict, validate, violations
from hauberk.domain.write import dumps_domain

__all__ = [
    "Actor",
    "Choice",
    "Column",
    "Cost",
    "Direction",
    "Domain",
    "Group",
    "Kind",
    "Proposal",
    "Rule",
    "Space",
    "Verdict",
    "dumps_domain",
    "infer_domain",
    "load_domain",
    "loads_domain",
    "validate",
    "violations",
]
