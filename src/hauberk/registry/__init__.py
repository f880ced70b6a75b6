# SPDX-License-Identifier: Apache-2.0
"""The states of an asset, folded from events; the gate, approvals, waivers and retirement.

Pure: events and policy in, decision and next events out.
"""
