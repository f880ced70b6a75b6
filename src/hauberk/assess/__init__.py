# SPDX-License-Identifier: Apache-2.0
"""The engine: plan, run, collect.

It decides which checks apply, runs them inside their budgets on an executor, gives each exactly one outcome, and
imports no check.
"""

from hauberk.assess.baseline import Comparison, Worsened, compare, known_fingerprints
from hauberk.assess.budget import Budget, TimedOut
from hauberk.assess.context import CheckContext, Money, Situation
from hauberk.assess.executor import InProcess
from hauberk.assess.materials import Materials, open_situation, pinned
from hauberk.assess.needs import missing_needs
from hauberk.assess.plan import Plan, Planned, Selection, plan
from hauberk.assess.plugins import Installed, installed_checks, plugin_entries, refuse_unallowed
from hauberk.assess.pool import ProcessPool
from hauberk.assess.replay import replay_plan, result_bytes, same_findings
from hauberk.assess.run import TIMEOUT_S, Results, run_plan
from hauberk.assess.seed import shared_seed
from hauberk.assess.standing import Standing, Told
from hauberk.assess.task import Executor, Reply, Task
from hauberk.assess.waive import Waiving, apply_waivers, is_expired, parse_waivers
from hauberk.core.asset import SignatureState

__all__ = [
    "TIMEOUT_S",
    "Budget",
    "CheckContext",
    "Comparison",
    "Executor",
    "InProcess",
    "Installed",
    "Materials",
    "Money",
    "Plan",
    "Planned",
    "ProcessPool",
    "Reply",
    "Results",
    "Selection",
    "SignatureState",
    "Situation",
    "Standing",
    "Task",
    "TimedOut",
    "Told",
    "Waiving",
    "Worsened",
    "apply_waivers",
    "compare",
    "installed_checks",
    "is_expired",
    "known_fingerprints",
    "missing_needs",
    "open_situation",
    "parse_waivers",
    "pinned",
    "plan",
    "plugin_entries",
    "refuse_unallowed",
    "replay_plan",
    "result_bytes",
    "run_plan",
    "same_findings",
    "shared_seed",
]
