# SPDX-License-Identifier: Apache-2.0
"""Threats, controls and duties as pinned, versioned data files.

Each file stands with its source and licence, beside the few functions that read it. Data never stands in code.
"""
