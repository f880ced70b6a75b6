# SPDX-License-Identifier: Apache-2.0
"""The enforcement point in front of a served model.

Protocol, identity, decision, domain, detectors, model, output, record, in that order.

Not built yet: the room is placed, and nothing in it answers.
"""
