# SPDX-License-Identifier: Apache-2.0
"""Threats, controls and duties as pinned, versioned data files, and the few functions that read them.

Each file names its source and licence. Data never stands in code.
"""

from hauberk.catalog.currency import minor_digits
from hauberk.catalog.threat import Threat, find_threat, threat, threats

__all__ = ["Threat", "find_threat", "minor_digits", "threat", "threats"]
