# SPDX-License-Identifier: Apache-2.0
"""Bounds that hold against every attack of a stated kind.

Not built yet: the room is placed, and nothing in it answers.
"""
