# SPDX-License-Identifier: Apache-2.0
"""One view of a model by capability, never by framework.

Scores, labels, trees or gradients; one small adapter a framework.
"""

from hauberk.model.view import ModelView, Scorer

__all__ = ["ModelView", "Scorer"]
