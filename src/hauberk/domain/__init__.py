# SPDX-License-Identifier: Apache-2.0
"""What a valid record is.

One declaration of types, ranges, choices, mutability, direction, cost of change, derived columns and rules; it
validates, projects, samples and prices. Nothing else in the code knows what 'valid' means.
"""
