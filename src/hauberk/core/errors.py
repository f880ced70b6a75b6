# SPDX-License-Identifier: Apache-2.0
"""The error tree. Every error says what, where, why and the next step, and knows its exit code.

```
HauberkError
├─ UsageError        2  the command or call cannot mean anything
│  └─ ConfigError    2  the configuration cannot mean anything
├─ NothingToExamine  3  no rows, no files, no checks
├─ Incomplete        4  something that had to be read or run was not
│  └─ Unreadable     4  an input exists and cannot be read as what it claims to be
├─ Denied            1  policy or a state machine says no
├─ IntegrityError    5  a digest, signature or chain does not hold
└─ OverBudget        4  a check used up its work units or its time
```
"""

from __future__ import annotations

from typing import ClassVar


class HauberkError(Exception):
    """Root of all errors that Hauberk raises on purpose.

    Args:
        what: what went wrong, in one sentence without a final stop.
        where: the file, column, key or address concerned; empty if there is none.
        why: the cause, as far as it is known.
        next_step: what the reader can do now.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"where: {self.where}")
        if self.why:
            parts.append(f"why: {self.why}")
        if self.next_step:
            parts.append(f"next: {self.next_step}")
        return "\n  ".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep every part when the error crosses a process border."""
        return _rebuild, (type(self), self.what, self.where, self.why, self.next_step)


def _rebuild(kind: type[HauberkError], what: str, where: str, why: str, next_step: str) -> HauberkError:
    return kind(what, where=where, why=why, next_step=next_step)


class UsageError(HauberkError):
    """The command or call cannot mean anything."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration cannot mean anything."""


class NothingToExamine(HauberkError):
    """There are no rows, no files or no checks to look at."""

    exit_code = 3


class Incomplete(HauberkError):
    """Something that had to be read or run was not."""

    exit_code = 4


class Unreadable(Incomplete):
    """An input exists and cannot be read as what it claims to be."""


class OverBudget(Incomplete):
    """A check used up its work units or its time."""


class Denied(HauberkError):
    """Policy or a state machine says no."""

    exit_code = 1


class IntegrityError(HauberkError):
    """A digest, a signature or a chain does not hold."""

    exit_code = 5
