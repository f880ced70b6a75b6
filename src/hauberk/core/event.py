# SPDX-License-Identifier: Apache-2.0
"""What happened. Events are only ever appended."""

from __future__ import annotations

from dataclasses import dataclass, field

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]
"""What an event's payload may hold: no floats, since two encoders may spell one float in two ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: dotted name such as `run.completed`, `model.signed`, `decision.made`.
        at_us: when, in UTC microseconds.
        actor: who: an enrolled key's name, or `unverified:user@host`.
        subject: digest of the asset concerned; empty if none.
        payload: the facts; numbers that are not integers stand as strings.
    """

    kind: str
    at_us: int
    actor: str
    subject: str = ""
    payload: dict[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed statement of how long the log is and what is in it (C2SP tlog-checkpoint).

    Attributes:
        origin: name of the log.
        size: number of entries.
        root: RFC 6962 Merkle tree hash over them, 64 hexadecimal digits.
        note: the signed note in full, as text.
    """

    origin: str
    size: int
    root: str
    note: str
