# SPDX-License-Identifier: Apache-2.0
"""Constraints of one shape over different columns, judged and mended together.

A table with hundreds of rules has few kinds of rules: the same sentence about another port, month or account. Constraints
whose expressions differ in nothing but the columns, and whose changeable columns do not overlap, form a family; its
expression is evaluated once on the columns of all members.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hauberk.domain.declaration import Domain
from hauberk.domain.expression import Call, Literal, Node, Ref, Span, Type, span, to_numpy
from hauberk.domain.expression.formula import Alternatives, Atom, Comparison, alternatives, atom_columns, substitute
from hauberk.domain.expression.slope import Sloped, to_slopes
from hauberk.domain.ranges import column_range
from hauberk.domain.space.codec import Codec
from hauberk.domain.space.judge import Constraint, Derivation, Row, not_false, vocabularies
from hauberk.domain.space.limits import Bools, Ints, Limits


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One atom of one way in which a constraint can hold, compiled.

    Attributes:
        op: `le`, `lt` or `eq`, against zero; empty for an atom that cannot be measured.
        measure: the number that is compared, with its slopes; None for an atom that cannot be measured.
        holds: whether the atom holds or is NULL.
        moves: slots that can be moved step by step, the least entangled first, with the names that slopes have.
        back: slots that can be taken back to the origin, whole groups.
    """

    op: str
    measure: Sloped | None
    holds: Callable[[Row], Bools]
    moves: tuple[tuple[int, str], ...]
    back: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Constraints of one shape.

    Attributes:
        keys: their keys.
        slots: the columns of the first member, in whose names everything is compiled.
        index: for each member and slot, the column of the matrix, shape (g, p).
        holds: whether the first member holds.
        ways: ways in which it can hold.
        back: slots that can be taken back, whole groups.
        picks: blocks of slots of which other choices can be tried; single coded columns, and one-hot groups.
        inside: derived columns among the slots, in order; only families of one member have any.
        follow: all derived columns that depend on slots that can be taken back, in order.
    """

    keys: tuple[str, ...]
    slots: tuple[str, ...]
    index: Ints
    holds: Callable[[Row], Bools]
    ways: tuple[tuple[Step, ...], ...]
    back: tuple[int, ...]
    picks: tuple[tuple[int, ...], ...]
    inside: tuple[Derivation, ...]
    follow: tuple[Derivation, ...]


@dataclass(slots=True)
class _Draft:
    """A family in the making."""

    constraint: Constraint
    slots: tuple[str, ...]
    members: list[tuple[str, tuple[str, ...]]]
    taken: set[str] = field(default_factory=set[str])


class FamilyMaker:
    """Sorts constraints into families.

    Args:
        domain: where ranges come from.
        codecs: codec of each column, in the order of the matrix.
        limits: what each column allows.
        derivations: the derived columns, in order.
        blocks: columns that change together.
    """

    def __init__(
        self,
        domain: Domain,
        codecs: Mapping[str, Codec],
        limits: Limits,
        derivations: Sequence[Derivation],
        blocks: Sequence[tuple[str, ...]],
    ) -> None:
        self.codecs = codecs
        self.limits = limits
        self.derivations = derivations
        self.at = {name: at for at, name in enumerate(codecs)}
        self.blocks = {name: block for block in blocks for name in block}
        self.inlined: dict[str, Node] = {}
        for item in derivations:
            self.inlined[item.name] = substitute(domain.derived_node(domain.column(item.name)), self.inlined)
        ranges = {name: column_range(codec.column) for name, codec in codecs.items()}
        self.ranges = {name: found for name, found in ranges.items() if found is not None}

    def families(self, constraints: Sequence[Constraint]) -> tuple[Family, ...]:
        """The families of all constraints, in the order of their first members."""
        degree = dict.fromkeys(self.codecs, 0)
        drafts: dict[str, list[_Draft]] = {}
        for constraint in constraints:
            slots = self._slots(constraint)
            for name in slots:
                degree[name] += 1
            free = {name for name in slots if name in self.blocks}
            shape = self._shape(constraint, slots)
            same = drafts.setdefault(shape or constraint.key, [])
            draft = next((item for item in same if item.taken.isdisjoint(free)), None)
            if draft is None:
                draft = _Draft(constraint, slots, [])
                same.append(draft)
            draft.members.append((constraint.key, slots))
            draft.taken |= free
        return tuple(self._finish(draft, degree) for same in drafts.values() for draft in same)

    def _slots(self, constraint: Constraint) -> tuple[str, ...]:
        """The columns that it reads, what derived ones among them read, and the rest of their blocks."""
        names = dict.fromkeys(constraint.reads)
        for item in reversed(self.derivations):
            if item.name in names:
                names.update(dict.fromkeys(item.reads))
        for name in tuple(names):
            names.update(dict.fromkeys(self.blocks.get(name, ())))
        return tuple(names)

    def _shape(self, constraint: Constraint, slots: tuple[str, ...]) -> str:
        """What members of one family have in common; empty for a constraint that stays alone."""
        alone = constraint.node is None or any(len(self.blocks.get(name, ())) > 1 for name in slots)
        if constraint.node is None or alone or any(name in self.inlined for name in slots):
            return ""
        place = {name: f"#{at}" for at, name in enumerate(slots)}
        traits = [self._traits(name) for name in slots]
        return f"{_spelt(constraint.node, place)} {traits}"

    def _traits(self, name: str) -> object:
        codec, j = self.codecs[name], self.at[name]
        sign = self.ranges.get(name)
        sides = (sign.low >= 0.0, sign.high <= 0.0) if isinstance(sign, Span) else ()
        nulls = (codec.allows_nan, codec.nan_is_null)
        return codec.tokens, str(codec.dtype), nulls, sides, bool(self.limits.mutable[j]), bool(self.limits.plain[j])

    def _finish(self, draft: _Draft, degree: Mapping[str, int]) -> Family:
        constraint, slots = draft.constraint, draft.slots
        place = {name: at for at, name in enumerate(slots)}
        moved = [name for name in slots if name in self.blocks]
        members = [names for _, names in draft.members]
        return Family(
            keys=tuple(key for key, _ in draft.members),
            slots=slots,
            index=np.array([list(map(self.at.__getitem__, names)) for names in members], dtype=np.intp),
            holds=constraint.holds,
            ways=self._ways(constraint, place, degree),
            back=tuple(place[name] for name in moved),
            picks=self._picks(moved, place),
            inside=tuple(item for item in self.derivations if item.name in place),
            follow=self._follow(set(itertools.chain(*members)).intersection(self.blocks)),
        )

    def _picks(self, moved: Sequence[str], place: Mapping[str, int]) -> tuple[tuple[int, ...], ...]:
        blocks = dict.fromkeys(self.blocks[name] for name in moved)
        discrete = [block for block in blocks if bool(self.limits.discrete[self.at[block[0]]])]
        return tuple(tuple(place[name] for name in block) for block in discrete)

    def _follow(self, moved: set[str]) -> tuple[Derivation, ...]:
        found: list[Derivation] = []
        for item in self.derivations:
            if not moved.isdisjoint(item.reads):
                moved.add(item.name)
                found.append(item)
        return tuple(found)

    def _ways(
        self, constraint: Constraint, place: Mapping[str, int], degree: Mapping[str, int]
    ) -> tuple[tuple[Step, ...], ...]:
        split: Alternatives = ()
        if constraint.node is not None:
            split = alternatives(substitute(constraint.node, self.inlined), sign=self._sign)
        return tuple(tuple(self._step(atom, place, degree) for atom in way) for way in split)

    def _sign(self, node: Node) -> int:
        found = span(node, self.ranges)
        return 1 if found.low >= 0.0 else -1 if found.high <= 0.0 else 0

    def _step(self, atom: Atom, place: Mapping[str, int], degree: Mapping[str, int]) -> Step:
        names = atom_columns(atom)
        back = tuple(dict.fromkeys(place[other] for name in names for other in self.blocks.get(name, ())))
        if not isinstance(atom, Comparison):
            node = atom.node if atom.wanted else Call("not", (atom.node,), Type.BOOL)
            return Step("", None, not_false(to_numpy(node, vocabularies(node, self.codecs))), (), back)
        smooth = [name for name in names if name in self.blocks and bool(self.limits.smooth[self.at[name]])]
        smooth.sort(key=lambda name: (degree[name], place[name]))
        node = Call(atom.op, (atom.value, Literal(0.0, Type.NUMBER)), Type.BOOL)
        words = vocabularies(node, self.codecs)
        moves = tuple((place[name], name) for name in smooth)
        return Step(atom.op, to_slopes(atom.value, words), not_false(to_numpy(node, words)), moves, back)


def _spelt(node: Node, place: Mapping[str, str]) -> str:
    if isinstance(node, Ref):
        return place[node.name]
    if isinstance(node, Literal):
        return f"{node.type}:{node.value!r}"
    return f"{node.op}{node.pattern!r}({','.join(_spelt(arg, place) for arg in node.args)})"
