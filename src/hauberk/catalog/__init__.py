# SPDX-License-Identifier: Apache-2.0
"""Threats, controls and duties as pinned, versioned data files, and the few functions that read them.

Each file names its source and licence. Data never stands in code.
"""

from hauberk.catalog.currency import minor_digits

__all__ = ["minor_digits"]
