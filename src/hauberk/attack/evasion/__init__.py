# SPDX-License-Identifier: Apache-2.0
"""Given records that the model catches, find the cheapest valid record that gets through."""
