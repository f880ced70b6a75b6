# SPDX-License-Identifier: Apache-2.0
"""Incidents as a state machine: playbooks, orders, and the hand-off to SIEM, ticketing and firewalls.

Not built yet: the room is placed, and nothing in it answers.
"""
