# SPDX-License-Identifier: Apache-2.0
"""What a verifier says: problems, each with the entry it names, and one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class ProblemKind(StrEnum):
    """The ways in which evidence can fail to hold."""

    FLIPPED = "flipped"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    FORKED = "forked"
    SIGNATURE = "signature"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that does not hold.

    Attributes:
        kind: in which way.
        sentence: what is wrong, in plain words.
        index: number of the entry concerned (0-based), or of the first of a run; None if no entry can be named.
        last: number of the last entry of the run; equal to `index` for one entry.
        where: the file or part concerned.
    """

    kind: ProblemKind
    sentence: str
    index: int | None = None
    last: int | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdict on a log.

    Attributes:
        size: entries that it holds.
        problems: everything that does not hold, in the order of the entries.
        origin: name of the log; empty if it could not be read.
        root: root over its entries as 64 hexadecimal digits; empty if there are problems.
        proved: how many entries, from the first on, an outside checkpoint proves; 0 without one.
        signers: names of the trusted keys that signed entries, sorted.
        reached: false where the log could not be looked at: missing, no permission, no connection.
    """

    size: int
    problems: tuple[Problem, ...] = field(default_factory=tuple)
    origin: str = ""
    root: str = ""
    proved: int = 0
    signers: tuple[str, ...] = ()
    reached: bool = True

    @property
    def ok(self) -> bool:
        """True where nothing is wrong. It does not say that the tail is proved."""
        return not self.problems

    @property
    def tail_proved(self) -> bool:
        """True where an outside checkpoint proves the last entry."""
        return self.ok and 0 < self.size == self.proved

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        if not self.ok:
            return say_problems(self.problems)
        if self.tail_proved:
            return f"consistent: the checkpoint proves all {_count(self.size)}"
        if self.proved:
            return (
                f"consistent: the checkpoint proves the first {_count(self.proved)}; "
                f"of the {self.size - self.proved} after them, tail not provable"
            )
        return f"consistent, tail not provable: {_count(self.size)}, and no checkpoint that left the machine was given"


def say_problems(problems: Sequence[Problem]) -> str:
    """Say the first problem, and how many more there are."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"not consistent: {problems[0].sentence}{more}"


def _count(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"
