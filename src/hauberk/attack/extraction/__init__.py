# SPDX-License-Identifier: Apache-2.0
"""What a copy of the model costs an attacker who may only ask it.

Not built yet: the room is placed, and nothing in it answers.
"""
