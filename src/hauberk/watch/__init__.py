# SPDX-License-Identifier: Apache-2.0
"""The event stream of a served model, and its sensors.

Sensors for marginals, scores, sequences, labels and integrity; an alert or silence.

Not built yet: the room is placed, and nothing in it answers.
"""
