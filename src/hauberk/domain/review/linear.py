# SPDX-License-Identifier: Apache-2.0
"""What rules say together, as far as they are sums of columns: proofs by linear programs.

A rule, or the opposite of one, is a list of alternatives; each alternative's comparisons of sums are the rows of a linear
program over the columns' ranges. Whatever is no such comparison is left out, and integers may be anything between, so that a
program without a solution proves that no record exists, and one with a solution proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from hauberk.domain.column import Kind
from hauberk.domain.declaration import Domain, Rule
from hauberk.domain.expression import Node, Reach, Span, Truth, Type, columns_of, span, truth, walk
from hauberk.domain.expression.affine import Affine, affine
from hauberk.domain.expression.formula import Alternatives, Comparison, alternatives, substitute
from hauberk.domain.ranges import column_range

_WIDE = 1e15
"""Bounds further out count as none: the solver works in doubles."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison of a sum with zero.

    Attributes:
        op: `le`, `lt` or `eq`.
        sum: what is compared.
    """

    op: str
    sum: Affine


Ways = tuple[tuple[Row, ...], ...]


class Logic:
    """Proves things about the rules of a domain.

    Args:
        domain: the domain.
    """

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        found = {column.name: column_range(column) for column in domain.columns}
        self.ranges: dict[str, Reach] = {name: part for name, part in found.items() if part is not None}
        self.whole = {column.name for column in domain.columns if column.kind in {Kind.INTEGER, Kind.ONE_HOT}}
        self.inlined: dict[str, Node] = {}
        for name in domain.derivation_order:
            self.inlined[name] = substitute(domain.derived_node(domain.column(name)), self.inlined)
        self.single = {rule.name: ways[0] for rule in domain.rules if len(ways := self.ways(rule)) == 1 and ways[0]}
        self.groups = [self._group(group.columns, empty=group.empty) for group in domain.groups]

    def truth(self, rule: Rule) -> Truth:
        """What a rule can become over the declared ranges, by interval arithmetic."""
        return truth(self.domain.rule_node(rule), self.ranges)

    def never_false(self, rule: Rule) -> bool:
        """Whether it is proved that no record within the ranges breaks a rule."""
        if not self.truth(rule).false:
            return True
        return not self._may_be_nan(rule) and not self._possible(self.ways(rule, wanted=False), ())

    def never_held(self, rule: Rule) -> bool:
        """Whether it is proved that every record within the ranges breaks a rule."""
        found = self.truth(rule)
        if not (found.true or found.null):
            return True
        return not found.null and not self._possible(self.ways(rule), ())

    def implied(self, rule: Rule, without: Collection[str] = ()) -> tuple[str, ...]:
        """Names of rules that together leave nothing for a rule to forbid; empty if that is not proved.

        Args:
            rule: the rule.
            without: names of rules that do not count.
        """
        near = tuple(name for name in self._near(rule) if name not in without)
        if not near or self._may_be_nan(rule):
            return ()
        against = self.ways(rule, wanted=False)
        if self._possible(against, near):
            return ()
        return self._refuting(against, near)

    def conflict(self) -> tuple[str, ...]:
        """Names of rules that no record can keep together; empty if there is no proof of such rules."""
        names = tuple(self.single)
        if self._possible(((),), names):
            return self._clash_of_ways()
        return self._refuting(((),), names)

    def _clash_of_ways(self) -> tuple[str, ...]:
        """A rule of several alternatives, and its neighbours that leave it none."""
        for rule in self.domain.rules:
            ways = self.ways(rule)
            near = self._near(rule)
            if len(ways) > 1 and near and not self.truth(rule).null and not self._possible(ways, near):
                return (rule.name, *self._refuting(ways, near))
        return ()

    def _refuting(self, ways: Ways, names: tuple[str, ...]) -> tuple[str, ...]:
        return self._least(names, lambda some: not self._possible(ways, some))

    def _near(self, rule: Rule) -> tuple[str, ...]:
        """Rules of one alternative that share a column with a rule, and can never be NULL."""
        mine = set(columns_of(substitute(self.domain.rule_node(rule), self.inlined)))
        return tuple(
            name
            for name, rows in self.single.items()
            if name != rule.name and any(not mine.isdisjoint(row.sum.factors) for row in rows)
        )

    def ways(self, rule: Rule, *, wanted: bool = True) -> Ways:
        """The alternatives of a rule, or of its opposite, each with its comparisons of sums."""
        node = substitute(self.domain.rule_node(rule), self.inlined)
        split = alternatives(node, sign=self._sign, wanted=wanted)
        if wanted and self.truth(rule).null:
            return ((),)
        return tuple(self._rows(split, at) for at in range(len(split)))

    def _rows(self, split: Alternatives, at: int) -> tuple[Row, ...]:
        found: list[Row] = []
        for atom in split[at]:
            total = affine(atom.value) if isinstance(atom, Comparison) else None
            if isinstance(atom, Comparison) and total is not None and _in_scale(total):
                found.append(self._sharpened(Row(atom.op, total)))
        return tuple(found)

    def _sharpened(self, row: Row) -> Row:
        """Below zero is at most -1 where everything is whole."""
        numbers = (row.sum.constant, *row.sum.factors.values())
        if row.op == "lt" and all(name in self.whole for name in row.sum.factors) and all(map(_is_whole, numbers)):
            return Row("le", row.sum.plus(Affine(1.0)))
        return row

    def _sign(self, node: Node) -> int:
        found = span(node, self.ranges)
        return 1 if found.low > 0.0 else -1 if found.high < 0.0 else 0

    def _may_be_nan(self, rule: Rule) -> bool:
        """Whether a number in a rule may be NaN, where a comparison and its opposite are both false."""
        node = substitute(self.domain.rule_node(rule), self.inlined)
        numbers = [part for part in walk(node) if part.type in {Type.NUMBER, Type.DATE}]
        return any(span(part, self.ranges).nan for part in numbers)

    def _group(self, columns: Sequence[str], *, empty: bool) -> Row:
        return Row("le" if empty else "eq", Affine(-1.0, dict.fromkeys(columns, 1.0)))

    def _possible(self, ways: Ways, names: Iterable[str]) -> bool:
        """Whether a record within the ranges may keep one of several alternatives together with some rules."""
        rows = [row for name in names for row in self.single[name]]
        return any(_solvable([*way, *rows, *self.groups], self.ranges) for way in ways)

    def _least(self, names: tuple[str, ...], proves: Callable[[tuple[str, ...]], bool]) -> tuple[str, ...]:
        """A smallest part of some rules that still proves it: what can be left out is left out, by halves."""
        kept, size = list(names), max(len(names) // 2, 1)
        while True:
            at = 0
            while at < len(kept):
                rest = kept[:at] + kept[at + size :]
                if proves(tuple(rest)):
                    kept = rest
                else:
                    at += size
            if size == 1:
                return tuple(kept)
            size = max(size // 2, 1)


def _in_scale(total: Affine) -> bool:
    """Whether the solver can tell its numbers apart; what it cannot is left out."""
    sizes = [abs(factor) for factor in total.factors.values()]
    return abs(total.constant) < _WIDE and all(1.0 / _WIDE < size < _WIDE for size in sizes)


def _is_whole(number: float) -> bool:
    return float(number).is_integer()


def _solvable(rows: Sequence[Row], ranges: Mapping[str, Reach]) -> bool:
    """Whether the comparisons may hold together."""
    if not all(row.sum.factors or _constant_holds(row) for row in rows):
        return False
    rows = [row for row in rows if row.sum.factors]
    return not rows or _solved(rows, ranges)


def _solved(rows: Sequence[Row], ranges: Mapping[str, Reach]) -> bool:
    """By a linear program; strict comparisons share a distance from zero, which must be above it."""
    names = tuple(dict.fromkeys(name for row in rows for name in row.sum.factors))
    below, equal = (_table([row for row in rows if (row.op == "eq") is wanted], names) for wanted in (False, True))
    answer = linprog(
        np.array([0.0] * len(names) + [-1.0]),
        A_ub=below[0],
        b_ub=below[1],
        A_eq=equal[0],
        b_eq=equal[1],
        bounds=[*(_bounds(ranges.get(name)) for name in names), (0.0, 1.0)],
        method="highs",
    )
    return answer.status != 2 and not (any(row.op == "lt" for row in rows) and _touching(answer))


def _touching(answer: Any) -> bool:
    """Whether the best distance of strict comparisons from zero is none at all."""
    return answer.status == 0 and bool(answer.x[-1] <= 0.0)


def _constant_holds(row: Row) -> bool:
    value = row.sum.constant
    return value == 0.0 if row.op == "eq" else value < 0.0 or (row.op == "le" and value == 0.0)


def _table(rows: Sequence[Row], names: Sequence[str]) -> tuple[Any, Any]:
    """Factors and right-hand sides; strict comparisons share a distance, the last column. Nothing for no rows."""
    if not rows:
        return None, None
    at = {name: j for j, name in enumerate(names)}
    entries = [(i, at[name], factor) for i, row in enumerate(rows) for name, factor in row.sum.factors.items()]
    entries += [(i, len(names), 1.0) for i, row in enumerate(rows) if row.op == "lt"]
    i, j, factors = (np.array(part) for part in zip(*entries, strict=True))
    table = csr_matrix((factors, (i, j)), shape=(len(rows), len(names) + 1))
    return table, np.array([-row.sum.constant for row in rows])


def _bounds(reach: Reach | None) -> tuple[float | None, float | None]:
    if not isinstance(reach, Span):
        return None, None
    low, high = reach.low, reach.high
    return (low if low > -_WIDE else None), (high if high < _WIDE else None)
