# SPDX-License-Identifier: Apache-2.0
"""Who may do what, to which version, in which circumstances.

Identity, context, the decision point, quotas and information budgets. Pure: state in, decision out.

Not built yet: the room is placed, and nothing in it answers.
"""
