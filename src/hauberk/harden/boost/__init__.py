# SPDX-License-Identifier: Apache-2.0
"""Robust boosting: trees fitted to the worst that each row can be made into, in XGBoost's and LightGBM's plain formats."""

from hauberk.harden.boost.bound import worst_margins
from hauberk.harden.boost.fit import Validation, fit_robust
from hauberk.harden.boost.model import RobustBoosting

__all__ = ["RobustBoosting", "Validation", "fit_robust", "worst_margins"]
