# SPDX-License-Identifier: Apache-2.0
"""The admission of data: validation, quarantine with reason codes, and the way back."""

from hauberk.data.admission import Admission, Ruling, admit
from hauberk.data.quarantine import Quarantined, quarantine, restore
from hauberk.data.reasons import Reasons, row_reasons

__all__ = ["Admission", "Quarantined", "Reasons", "Ruling", "admit", "quarantine", "restore", "row_reasons"]
