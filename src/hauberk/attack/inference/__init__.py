# SPDX-License-Identifier: Apache-2.0
"""What a model gives away about the records that it was trained on.

Not built yet: the room is placed, and nothing in it answers.
"""
