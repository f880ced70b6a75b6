# SPDX-License-Identifier: Apache-2.0
"""Readers of model files that can never execute what they read.

Not built yet: the room is placed, and nothing in it answers.
"""
