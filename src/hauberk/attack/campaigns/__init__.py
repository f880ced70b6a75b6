# SPDX-License-Identifier: Apache-2.0
"""Attacks over time by one or many actors, played against a stream.

Not built yet: the room is placed, and nothing in it answers.
"""
