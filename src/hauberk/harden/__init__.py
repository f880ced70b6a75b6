# SPDX-License-Identifier: Apache-2.0
"""Training and repair that make attacks dear: robust training, sanitised retraining, constraints, output hardening.

A strategy gives a new model in the library's plain format with what was done to get it. Candidates are trained on one part
of the rows, chosen on another and reported on a third, with fresh attacks: nothing is called robust by the attack it was
trained on.
"""

from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.case import Case, case_of
from hauberk.harden.choose import Tried
from hauberk.harden.drive import Hardened, Hardening, harden
from hauberk.harden.effort import PRESETS, Effort, effort_of
from hauberk.harden.exhibits import OUTCOME, outcome_of
from hauberk.harden.measure import Figures
from hauberk.harden.strategies import STRATEGIES, Strategy, strategies_of

__all__ = [
    "OUTCOME",
    "PRESETS",
    "STRATEGIES",
    "Candidate",
    "Case",
    "Effort",
    "Figures",
    "Hardened",
    "Hardening",
    "NotSuited",
    "Strategy",
    "Tried",
    "case_of",
    "effort_of",
    "harden",
    "outcome_of",
    "strategies_of",
]
