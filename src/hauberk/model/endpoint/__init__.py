# SPDX-License-Identifier: Apache-2.0
"""Models behind an address: Open Inference Protocol v2 and MLflow scoring, over HTTP from the standard library."""
