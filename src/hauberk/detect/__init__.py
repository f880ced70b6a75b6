# SPDX-License-Identifier: Apache-2.0
"""Online detectors with one shape: fit on a reference, update on a block, evidence out.

Used by the gateway and by watch alike.

Not built yet: the room is placed, and nothing in it answers.
"""
