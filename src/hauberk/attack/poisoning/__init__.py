# SPDX-License-Identifier: Apache-2.0
"""Known tamperings of training data, planted on purpose to measure what they do and what is found of them.

Not built yet: the room is placed, and nothing in it answers.
"""
