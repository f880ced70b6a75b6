# SPDX-License-Identifier: Apache-2.0
"""The demo: real clients of a real bank, from the table to a verdict that can be proved."""
