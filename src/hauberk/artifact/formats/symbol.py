# SPDX-License-Identifier: Apache-2.0
"""What a pickle would build, as symbols: no class is looked up and nothing is called.

Short numbers and texts stand for themselves. Long ones are `Span`s of the source; values nobody asks for are `OPAQUE`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

KEPT_ITEMS: Final = 4096
"""Items of a list or dict that are kept; beyond, `whole` is False and every judgement that needs them fails closed."""


class Opaque:
    """A number, text or truth value that was passed over."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "…"


OPAQUE: Final = Opaque()


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes or text that stay where they are.

    Attributes:
        at: offset in the source.
        size: bytes.
        text: whether it is a text.
    """

    at: int
    size: int
    text: bool = False

    def __repr__(self) -> str:
        return f"<{self.size} bytes of {'text' if self.text else 'data'} at {self.at}>"


@dataclass(frozen=True, slots=True)
class Name:
    """A global: what `find_class` would be asked for, after the mapping of old names."""

    module: str
    name: str

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Items:
    """A list, set or frozenset under construction."""

    kind: str
    held: list[object] = field(default_factory=list[object])
    whole: bool = True

    def add(self, values: list[object]) -> None:
        """Put values at the end, up to what is kept."""
        room = KEPT_ITEMS - len(self.held)
        if len(values) > room:
            self.whole = False
            values = values[: max(room, 0)]
        self.held.extend(values)

    def __repr__(self) -> str:
        return f"<{self.kind} of {len(self.held)}{'' if self.whole else ' or more'}>"


@dataclass(slots=True, eq=False)
class Pairs:
    """A dict under construction; only text and small numbers as keys are told apart."""

    held: dict[object, object] = field(default_factory=dict[object, object])
    whole: bool = True
    plain: bool = True

    def put(self, key: object, value: object) -> None:
        """Set one item, up to what is kept."""
        if not isinstance(key, str | int):
            self.plain = False
        elif len(self.held) < KEPT_ITEMS or key in self.held:
            self.held[key] = value
        else:
            self.whole = False

    def __repr__(self) -> str:
        return f"<dict of {len(self.held)}{'' if self.whole else ' or more'}>"


@dataclass(slots=True, eq=False)
class Made:
    """The result of a call: an instance, or whatever the callable gives back.

    Attributes:
        callee: what was called.
        arguments: with which arguments.
        state: what BUILD gave it last.
        role: what a judge says that it is, such as `instance`, `callable`, `tensor`.
    """

    callee: object
    arguments: tuple[object, ...]
    state: object = None
    role: str = "instance"

    def __repr__(self) -> str:
        return f"<{self.callee!r}(…)>"


@dataclass(frozen=True, slots=True)
class Persistent:
    """What a persistent id stands for."""

    identity: object


def parts(value: object) -> tuple[object, ...] | None:
    """A tuple's items; None if it is no tuple."""
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else None


def shown(value: object, depth: int = 2) -> str:
    """A short, safe text of a symbol for people; at most 160 characters.

    >>> shown((1, Name("os", "system")))
    '(1, os.system)'
    """
    items = parts(value)
    if items is not None:
        inner = ", ".join(shown(part, depth - 1) for part in items[:6]) if depth else "…"
        text = f"({inner}{', …' if len(items) > 6 else ''})"
    elif isinstance(value, int) and value.bit_length() > 256:
        text = f"<integer of {value.bit_length()} bits>"
    elif isinstance(value, str | bytes):
        text = repr(value[:80]) + ("…" if len(value) > 80 else "")
    else:
        text = repr(value)
    return text if len(text) <= 160 else text[:159] + "…"
