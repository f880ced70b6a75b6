# SPDX-License-Identifier: Apache-2.0
"""The engine: plan, run, collect.

It decides which checks apply, runs them inside their budgets on an executor, gives each exactly one outcome, and
imports no check.
"""

from hauberk.assess.budget import Budget, TimedOut
from hauberk.assess.context import CheckContext, Money, SignatureState, Situation

__all__ = ["Budget", "CheckContext", "Money", "SignatureState", "Situation", "TimedOut"]
