# SPDX-License-Identifier: Apache-2.0
"""What several checks need of the same block is computed once: hashes of rows, parts of the shared sample."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")

_KEPT = 12
"""Four results for each of three blocks at a time."""
_NAME = "data:memo"


@dataclass(slots=True)
class BlockMemo:
    """The latest results by key; the key names the table, the block and what was computed.

    An entry that was dropped is computed again: the memo saves time and never changes a result. It is safe to use from the
    threads of one scan.
    """

    entries: OrderedDict[tuple[Any, ...], Any] = field(default_factory=OrderedDict[tuple[Any, ...], Any])
    lock: Lock = field(default_factory=Lock)

    def get(self, key: tuple[Any, ...], compute: Callable[[], T]) -> T:
        """The result under this key, computed if it is not there."""
        with self.lock:
            if key in self.entries:
                return cast("T", self.entries[key])
        value = compute()
        with self.lock:
            self.entries[key] = value
            while len(self.entries) > _KEPT:
                self.entries.popitem(last=False)
        return value


def memo_of(cache: dict[str, Any]) -> BlockMemo:
    """The memo that the checks of one run share through their cache."""
    memo = cache.setdefault(_NAME, BlockMemo())
    if not isinstance(memo, BlockMemo):
        raise TypeError(f"the cache entry {_NAME!r} is taken")
    return memo
