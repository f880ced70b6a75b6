# SPDX-License-Identifier: Apache-2.0
"""One view of a model by capability, never by framework.

A capability is scores, labels, trees or gradients. One small adapter a framework stands in `adapters`, model servers in
`endpoint`, files that run code in `load`.
"""

from hauberk.model.describe import describe
from hauberk.model.opening import open_model
from hauberk.model.view import ModelView, Scorer

__all__ = ["ModelView", "Scorer", "describe", "open_model"]
