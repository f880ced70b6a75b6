# SPDX-License-Identifier: Apache-2.0
"""What a row of the matrix must meet, compiled once: columns, groups, derivations and rules.

Inside the space, matrices lie column by column: shape (k, n), so that each column is contiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain.column import Column
from hauberk.domain.declaration import Domain, Group
from hauberk.domain.expression import Call, Literal, Node, Pair, Program, Ref, Type, columns_of, to_numpy
from hauberk.domain.space.codec import Codec, Floats

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derived column, compiled.

    Attributes:
        name: the column.
        reads: the columns that its expression reads.
        program: its expression.
    """

    name: str
    reads: tuple[str, ...]
    program: Program


@dataclass(frozen=True, slots=True)
class Constraint:
    """A condition that links columns.

    Attributes:
        key: its key in a verdict, such as `rule.low_below_high`.
        reads: the columns that it reads.
        holds: whether it holds, from the columns by name.
        node: the condition as an expression, for repair; None where there is nothing to steer by.
    """

    key: str
    reads: tuple[str, ...]
    holds: Callable[[Row], Bools]
    node: Node | None = None


class Row(dict[str, Pair]):
    """Columns by name as inputs of programs, made from the matrix when they are first asked for.

    Args:
        codecs: codec of each column.
        matrix: values by column name, each of shape (n,).
    """

    def __init__(self, codecs: Mapping[str, Codec], matrix: Mapping[str, Floats]) -> None:
        super().__init__()
        self.codecs = codecs
        self.matrix = matrix

    def __missing__(self, name: str) -> Pair:
        pair = self.codecs[name].pair(self.matrix[name])
        self[name] = pair
        return pair


def make_derivations(domain: Domain, codecs: Mapping[str, Codec]) -> tuple[Derivation, ...]:
    """Compile the derivations whose columns are all in the space, in the order in which they must run."""
    found: list[Derivation] = []
    for name in domain.derivation_order:
        node = domain.derived_node(domain.column(name))
        reads = columns_of(node)
        if name in codecs and all(read in codecs for read in reads):
            found.append(Derivation(name, reads, _compile(node, codecs)))
    return tuple(found)


def make_constraints(
    domain: Domain, codecs: Mapping[str, Codec], derivations: Iterable[Derivation]
) -> tuple[Constraint, ...]:
    """Compile everything that links columns of the space: rules, derivations with the bounds of what they give, groups."""
    found = [_group_constraint(group) for group in domain.groups if all(name in codecs for name in group.columns)]
    found += [_derived_constraint(domain.column(item.name), item, codecs[item.name]) for item in derivations]
    for rule in domain.rules:
        node = domain.rule_node(rule)
        reads = columns_of(node)
        if reads and all(name in codecs for name in reads):
            found.append(Constraint(f"rule.{rule.name}", reads, not_false(_compile(node, codecs)), node))
    return tuple(found)


def vocabularies(node: Node, codecs: Mapping[str, Codec]) -> dict[str, list[str]]:
    """For each text column of an expression, the text behind each code."""
    return {
        name: [str(token) for token in codecs[name].tokens or ()]
        for name in columns_of(node)
        if codecs[name].column.type is Type.TEXT
    }


def _compile(node: Node, codecs: Mapping[str, Codec]) -> Program:
    # an unseen text has a code of its own beyond the last; the row is invalid anyway, so it reads as NULL
    return to_numpy(node, vocabularies(node, codecs))


def not_false(program: Program) -> Callable[[Row], Bools]:
    """Whether a condition holds or is NULL."""

    def _holds(row: Row) -> Bools:
        values, mask = program(row)
        return np.asarray(values if mask is None else values | mask, dtype=np.bool_)

    return _holds


def _group_constraint(group: Group) -> Constraint:
    def _holds(row: Row) -> Bools:
        total = np.add.reduce([row.matrix[name] for name in group.columns])
        return np.asarray((total == 1.0) | (total == 0.0) if group.empty else total == 1.0)

    return Constraint(f"group.{group.name}", group.columns, _holds)


def _derived_constraint(column: Column, derivation: Derivation, codec: Codec) -> Constraint:
    def _holds(row: Row) -> Bools:
        stored = row.matrix[derivation.name]
        return matches_derived(column, row[derivation.name], derivation.program(row)) & codec.fits(stored)

    reads = (derivation.name, *derivation.reads)
    return Constraint(f"{column.name}.derived", reads, _holds, _between(column, codec))


def _between(column: Column, codec: Codec) -> Node | None:
    """The bounds of a derived column as a condition."""
    if codec.coded:
        return None
    value = Ref(column.name, column.type)
    low, high = (Literal(end, column.type) for end in (codec.low, codec.high))
    return Call("and", (Call("le", (low, value), Type.BOOL), Call("le", (value, high), Type.BOOL)), Type.BOOL)


def matches_derived(column: Column, stored: Pair, expected: Pair) -> Bools:
    """Whether a stored derived value agrees with its expression, within the column's tolerance."""
    (value, mask), (wanted, wanted_mask) = stored, expected
    null = np.zeros(value.shape, dtype=np.bool_) if mask is None else mask
    wanted_null = np.zeros(value.shape, dtype=np.bool_) if wanted_mask is None else wanted_mask
    if column.type is Type.BOOL:
        same = value == wanted
    else:
        near = np.abs(value - wanted) <= column.tolerance * np.maximum(np.abs(wanted), 1.0)
        same = near | (value == wanted) | (np.isnan(value) & np.isnan(wanted))
    return np.asarray(np.where(null | wanted_null, null == wanted_null, same), dtype=np.bool_)


def recompute(derivations: Iterable[Derivation], codecs: Mapping[str, Codec], row: Row) -> dict[str, Floats]:
    """The derived columns as their expressions give them; written into the row and returned by name."""
    fresh: dict[str, Floats] = {}
    matrix = dict(row.matrix)
    row.matrix = matrix
    for item in derivations:
        codec = codecs[item.name]
        values, mask = item.program(row)
        shape = next(iter(matrix.values())).shape
        result = np.broadcast_to(np.asarray(values, dtype=np.float64), shape)
        if codec.coded:
            result = _codes(result, codec)
        elif codec.dtype.is_float() and not codec.grid:
            result = result.astype(np.float32).astype(np.float64) if codec.dtype == pl.Float32 else result
        else:
            result = np.where(np.isfinite(result), codec.onto_grid(result, -np.inf, np.inf), result)
        result = result if mask is None else np.where(mask, np.nan, result)
        fresh[item.name] = matrix[item.name] = result
        row.pop(item.name, None)
    return fresh


def _codes(values: Floats, codec: Codec) -> Floats:
    known = codec.numbers[:-1]
    match = values[:, None] == known[None, :]
    return np.where(match.any(axis=1), match.argmax(axis=1), -1).astype(np.float64)
