# SPDX-License-Identifier: Apache-2.0
"""Word lists that inference goes by, kept in `words.json`."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files


def words_of(name: str) -> frozenset[str]:
    """The lower-case words of a column name, split at punctuation, digits and capitals.

    Example:
        >>> sorted(words_of("CustomerID_2"))
        ['customer', 'id']
    """
    return frozenset(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


def wordlist(name: str) -> frozenset[str]:
    """One of the lists: `personal`, `fixed`, `identifier`, `merchant`, `reserved`."""
    return _lists()[name]


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    text = files("hauberk.domain.infer").joinpath("words.json").read_text(encoding="utf-8")
    return {key: frozenset(words) for key, words in json.loads(text).items()}
