# SPDX-License-Identifier: Apache-2.0
"""What users and plug-in authors test with.

The conformance suite for checks, assertions about a model, the pytest plug-in.
"""
