# SPDX-License-Identifier: Apache-2.0
"""Controls linked to evidence, applicability decisions, the evidence pack, its offline verifier and the model card."""

from hauberk.govern.verify import EvidenceReport, verify_evidence

__all__ = ["EvidenceReport", "verify_evidence"]
