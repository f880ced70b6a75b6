# SPDX-License-Identifier: Apache-2.0
"""Synthetic streams of transactions with known truth, for drills and tests.

Not built yet: the room is placed, and nothing in it answers.
"""
