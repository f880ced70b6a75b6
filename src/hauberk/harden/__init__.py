# SPDX-License-Identifier: Apache-2.0
"""Training and repair that make attacks dear: robust training, sanitised retraining, constraints, output hardening.

Each returns a new model with evidence.

Not built yet: the room is placed, and nothing in it answers.
"""
