# SPDX-License-Identifier: Apache-2.0
"""One view of a model by capability (scores, labels, trees, gradients), never by framework; one small adapter a
framework."""

from hauberk.model.opening import open_model
from hauberk.model.view import ModelView, Scorer

__all__ = ["ModelView", "Scorer", "open_model"]
