# SPDX-License-Identifier: Apache-2.0
"""Threats, controls and duties as pinned, versioned data files with their source and licence, and the few functions
that read them.

Data never stands in code.
"""
