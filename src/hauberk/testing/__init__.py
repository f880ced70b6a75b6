# SPDX-License-Identifier: Apache-2.0
"""What users and plug-in authors test with.

The conformance suite for checks, assertions about a model, the pytest plug-in.
"""

from hauberk.testing.conformance import Case, check_check, conformance

__all__ = ["Case", "check_check", "conformance"]
