# SPDX-License-Identifier: Apache-2.0
"""What it takes to make a model slow or silent.

Not built yet: the room is placed, and nothing in it answers.
"""
