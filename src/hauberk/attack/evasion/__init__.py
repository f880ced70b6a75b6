# SPDX-License-Identifier: Apache-2.0
"""Given records that the model catches, find the cheapest valid record that gets through."""

from hauberk.attack.evasion.assessment import Assessment, assess_evasion
from hauberk.attack.evasion.attack import attack
from hauberk.attack.evasion.cases import Cases, choose_cases
from hauberk.attack.evasion.problem import Ground, Problem
from hauberk.attack.evasion.result import Method, Result

__all__ = ["Assessment", "Cases", "Ground", "Method", "Problem", "Result", "assess_evasion", "attack", "choose_cases"]
