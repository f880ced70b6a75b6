# SPDX-License-Identifier: Apache-2.0
"""Inference: from data to a proposed domain, with a reason for each proposal and questions for what data cannot tell."""

from hauberk.domain.infer.propose import Proposal, infer_domain

__all__ = ["Proposal", "infer_domain"]
