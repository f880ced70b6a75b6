# SPDX-License-Identifier: Apache-2.0
"""Which checks there are: the built-in ones, and those of other distributions that the project allows by name."""

from __future__ import annotations

from collections.abc import Sequence

from hauberk.assess import plugin_entries, refuse_unallowed
from hauberk.checks import index
from hauberk.core.entry import Entry


def known_checks(allow: Sequence[str] = (), select: Sequence[str] = ()) -> tuple[Entry, ...]:
    """Return every check that may be planned.

    Args:
        allow: entry-point names of third-party checks that may be loaded; loading one runs its code.
        select: what the run asks for; an installed check that is named and not allowed is refused with the remedy.

    Raises:
        ConfigError: a name that no installed distribution offers, or one that is not allowed.
    """
    refuse_unallowed(select, allow)
    return (*index(), *plugin_entries(allow))
