# SPDX-License-Identifier: Apache-2.0
"""The admission of data: validation, quarantine with reason codes, and the way back."""
