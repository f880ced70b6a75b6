# SPDX-License-Identifier: Apache-2.0
"""Pure numbers: intervals for rates and medians, two-sample distances, sketches and counting kernels.

It takes arrays and returns arrays; it knows nothing of models, tables or files.
"""

from hauberk.stats.delong import auc_difference
from hauberk.stats.distance import ks_distance, ks_margin, total_variation, variation_margin
from hauberk.stats.interval import quantile_interval, rate_interval
from hauberk.stats.ladder import RUNGS, count_rungs, edges, rung_quantile, rungs
from hauberk.stats.rank import auc, auc_interval

__all__ = [
    "RUNGS",
    "auc",
    "auc_difference",
    "auc_interval",
    "count_rungs",
    "edges",
    "ks_distance",
    "ks_margin",
    "quantile_interval",
    "rate_interval",
    "rung_quantile",
    "rungs",
    "total_variation",
    "variation_margin",
]
