# SPDX-License-Identifier: Apache-2.0
"""What rules are worth: vacuous, silent, contradictory, implied and broken ones, by proof and on the user's own data.

Not imported with `hauberk.domain`, since its proofs load a solver.
"""

from hauberk.domain.review.rules import RuleReview, Standing, review_rules

__all__ = ["RuleReview", "Standing", "review_rules"]
