# SPDX-License-Identifier: Apache-2.0
"""The web pages and the REST interface of the three roles.

Not built yet: the room is placed, and nothing in it answers.
"""
