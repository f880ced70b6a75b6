# SPDX-License-Identifier: Apache-2.0
"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person, service or job.

    Attributes:
        name: the enrolled name, or `unverified:user@host`.
        verified: true only where a key proved it.
        key: fingerprint of that key; empty if unverified.
    """

    name: str
    verified: bool = False
    key: str = ""
