# SPDX-License-Identifier: Apache-2.0
"""The verdict on a model file, with the offset and the rule that gave it.

Not built yet: the room is placed, and nothing in it answers.
"""
