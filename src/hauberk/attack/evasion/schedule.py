# SPDX-License-Identifier: Apache-2.0
"""Keeps batches full: rows leave when they are done, waiting rows take their places."""

from __future__ import annotations

import numpy as np

from hauberk.attack.evasion.problem import Rows
from hauberk.attack.evasion.search import Search


def run(search: Search, rows: Rows, *, width: int = 256) -> None:
    """Run a search over rows, at most `width` of them at a time.

    Args:
        search: the route and its account; the results stand on its board afterwards.
        rows: which rows of the problem, each once.
        width: rows at work at a time; it bounds memory and changes no result.

    Raises:
        TimedOut: the deadline has passed.
    """
    waiting = np.sort(rows)
    active = waiting[:0]
    while active.size or waiting.size:
        room = width - active.size
        active = np.sort(np.concatenate([active, waiting[:room]]))
        waiting = waiting[room:]
        search.step(active)
        over = search.done(active)
        search.leave(active[over])
        active = active[~over]
