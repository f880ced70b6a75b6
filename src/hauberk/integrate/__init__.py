# SPDX-License-Identifier: Apache-2.0
"""The client library and the plug-ins for other systems.

Not built yet: the room is placed, and nothing in it answers.
"""
