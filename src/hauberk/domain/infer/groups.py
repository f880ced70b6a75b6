# SPDX-License-Identifier: Apache-2.0
"""One-hot groups: columns of 0 and 1 that share the start of their name, of which one (or at most one) is 1."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from hauberk.domain.declaration import Group

_CUT = re.compile(r"[_=.:\- ]")


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group and why it is proposed.

    Attributes:
        group: the proposal.
        why: the reason, with its support.
    """

    group: Group
    why: str


def find_groups(sample: pl.DataFrame, binary: list[str]) -> list[FoundGroup]:
    """Find one-hot groups.

    Args:
        sample: rows.
        binary: names of the columns that hold 0 and 1 (or booleans) without NULL.

    Returns:
        Groups that do not overlap, the longest common start of names first tried.
    """
    found: list[FoundGroup] = []
    taken: set[str] = set()
    for prefix, names in sorted(_prefixes(binary).items(), key=lambda item: (-len(item[0]), item[0])):
        members = [name for name in names if name not in taken]
        group = _group(sample, prefix, members) if len(members) > 1 and sample.height else None
        if group is not None:
            found.append(group)
            taken.update(members)
    return found


def _group(sample: pl.DataFrame, prefix: str, members: list[str]) -> FoundGroup | None:
    total = sample.select(pl.sum_horizontal(pl.col(name).cast(pl.Int64) for name in members)).to_series().to_numpy()
    empty = bool(total.min() == 0)
    if total.max() != 1 or not _each_used(sample, members) or (empty and len(members) < 3):
        return None
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", prefix).lstrip(".-") or "group"
    many = "at most" if empty else "exactly"
    sentence = f"group: {many} one of {len(members)} columns is 1 in all {total.size} rows"
    return FoundGroup(Group(name=name, columns=tuple(members), empty=empty), sentence)


def _prefixes(names: list[str]) -> dict[str, list[str]]:
    """Every start of a name that ends at punctuation, with the names that have it."""
    starts: dict[str, list[str]] = {}
    for name in names:
        for cut in _CUT.finditer(name):
            if cut.start():
                starts.setdefault(name[: cut.start()], []).append(name)
    return starts


def _each_used(sample: pl.DataFrame, names: list[str]) -> bool:
    used = sample.select(pl.col(name).cast(pl.Int64).max() for name in names).row(0)
    return bool(np.all(np.array(used) == 1))
