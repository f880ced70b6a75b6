# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of the house: the records that every room speaks in, and the contracts between rooms.

Assets, measurements, findings, evidence, outcomes, runs, decisions, events, principals, the contract of a check,
the error tree and the ports. It imports the standard library alone, and it decides nothing.
"""
