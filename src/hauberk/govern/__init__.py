# SPDX-License-Identifier: Apache-2.0
"""Controls linked to evidence, applicability decisions, the evidence pack, its offline verifier and the model card."""
