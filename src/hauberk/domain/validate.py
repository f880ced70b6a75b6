# SPDX-License-Identifier: Apache-2.0
"""Which rows break what: one boolean Polars expression for each property that the domain declares.

Keys are stable: `age.null`, `age.type`, `age.missing`, `age.finite`, `age.range`, `age.integer`, `age.step`, `age.choices`,
`age.pattern`, `age.length`, `age.derived`, `group.NAME`, `rule.NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain.column import VALUED, WRITTEN, Column, Kind
from hauberk.domain.declaration import Domain
from hauberk.domain.expression import Node, Type, columns_of, divide, read_column, to_polars
from hauberk.domain.expression.dialect import to_rust

GRID_TOLERANCE = 1e-6
"""How far a value may lie from its grid, in steps; for large values a few units in the last place more."""
ULPS = 1e-15


@dataclass(frozen=True)
class Verdict:
    """Which rows are valid, and what the others break.

    Attributes:
        valid: for each row, whether it breaks nothing.
        broken: for each key of `violations`, the rows that break it.
    """

    valid: NDArray[np.bool_]
    broken: dict[str, NDArray[np.bool_]]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows that break each key, for the keys that any row breaks."""
        counted = {key: int(rows.sum()) for key, rows in self.broken.items()}
        return {key: count for key, count in counted.items() if count}


def validate(domain: Domain, frame: pl.DataFrame) -> Verdict:
    """Judge every row of a frame.

    Args:
        domain: what is valid.
        frame: the rows; columns that the domain does not know are ignored.

    Returns:
        The verdict, in the frame's row order.
    """
    expressions = violations(domain, dict(frame.schema))
    if not expressions:
        return Verdict(np.ones(frame.height, dtype=np.bool_), {})
    found = frame.select(**expressions)
    broken = {key: found[key].to_numpy().astype(np.bool_, copy=False) for key in expressions}
    valid = ~np.logical_or.reduce(list(broken.values()))
    return Verdict(valid, broken)


def violations(domain: Domain, schema: Mapping[str, pl.DataType]) -> dict[str, pl.Expr]:
    """What can be broken, as expressions that fuse into one pass.

    Args:
        domain: what is valid.
        schema: column to data type of the frames to come. A missing column breaks `NAME.missing` on every row; one whose
            data type cannot hold its kind breaks `NAME.type` on every row. Rules that read such a column are left out.

    Returns:
        Key to an expression that is true for each row that breaks it, never null, one value a row.
    """
    found: dict[str, pl.Expr] = {}
    unusable: set[str] = set()
    for column in domain.columns:
        dtype = schema.get(column.name)
        fault = "missing" if dtype is None else "" if readable(column, dtype) else "type"
        if dtype is None or fault:
            unusable.add(column.name)
            found[f"{column.name}.{fault}"] = pl.repeat(True, pl.len(), dtype=pl.Boolean)
            continue
        for key, expression in _column_violations(column, dtype).items():
            found[f"{column.name}.{key}"] = expression.fill_null(False)
    for key, names, expression in _linked(domain, schema, unusable):
        if not unusable.intersection(names):
            found[key] = expression.fill_null(False)
    return found


def readable(column: Column, dtype: pl.DataType) -> bool:
    """Whether a data type can hold a column's kind."""
    if column.kind is Kind.DATE:
        return isinstance(dtype, pl.Date | pl.Datetime | pl.String)
    if column.kind in VALUED or column.type in {Type.NUMBER, Type.BOOL}:
        return dtype.is_numeric() or isinstance(dtype, pl.Boolean | pl.Null)
    if column.kind is Kind.IDENTIFIER and dtype.is_integer():
        return True
    return isinstance(dtype, pl.String | pl.Null | pl.Categorical | pl.Enum)


def _column_violations(column: Column, dtype: pl.DataType) -> dict[str, pl.Expr]:
    found: dict[str, pl.Expr] = {}
    if not column.nullable:
        found["null"] = pl.col(column.name).is_null()
    if column.kind in VALUED:
        return found | _value_violations(column, dtype)
    if column.kind in WRITTEN:
        return found | _text_violations(column)
    value = read_column(column.name, Type.TEXT if column.type is Type.TEXT else Type.NUMBER, dtype)
    items = [item if isinstance(item, str) else float(item) for item in column.choices]
    found["choices"] = value.is_not_null() & ~value.is_in(items)
    return found


def _value_violations(column: Column, dtype: pl.DataType) -> dict[str, pl.Expr]:
    value = read_column(column.name, column.type, dtype)
    found: dict[str, pl.Expr] = {}
    if column.kind is Kind.DATE and dtype == pl.String:
        found["type"] = pl.col(column.name).is_not_null() & value.is_null()
    if dtype.is_float():
        found["finite"] = value.is_infinite() if column.nan else ~value.is_finite()
    ordinary = value.is_finite()
    outside = [value < column.low] if column.low is not None else []
    outside += [value > column.high] if column.high is not None else []
    if outside:
        found["range"] = value.is_not_nan() & pl.any_horizontal(outside)
    return found | _grid_violations(column, dtype, value, ordinary)


def _grid_violations(column: Column, dtype: pl.DataType, value: pl.Expr, ordinary: pl.Expr) -> dict[str, pl.Expr]:
    found: dict[str, pl.Expr] = {}
    if column.kind is Kind.ONE_HOT:
        found["choices"] = ~((value == 0.0) | (value == 1.0))
    elif column.kind is Kind.INTEGER and dtype.is_float():
        found["integer"] = ordinary & (value != value.floor())
    elif column.step is not None:
        steps = divide(value - (column.low or 0.0), pl.lit(column.step))
        found["step"] = ordinary & ((steps - (steps + 0.5).floor()).abs() > GRID_TOLERANCE + ULPS * steps.abs())
    return found


def _text_violations(column: Column) -> dict[str, pl.Expr]:
    value = pl.col(column.name).cast(pl.String, strict=False)
    found: dict[str, pl.Expr] = {}
    if column.pattern:
        found["pattern"] = ~value.str.contains(to_rust(column.pattern), literal=False)
    if column.max_length is not None:
        found["length"] = value.str.len_chars() > column.max_length
    return found


def _linked(
    domain: Domain, schema: Mapping[str, pl.DataType], unusable: set[str]
) -> list[tuple[str, tuple[str, ...], pl.Expr]]:
    """Key, columns read and expression of everything that links columns."""
    found: list[tuple[str, tuple[str, ...], pl.Expr]] = []
    for column in domain.columns:
        if column.derived is None:
            continue
        node = domain.derived_node(column)
        names = (column.name, *columns_of(node))
        if not unusable.intersection(names):
            found.append((f"{column.name}.derived", names, _derived_broken(column, node, schema)))
    for group in domain.groups:
        if not unusable.intersection(group.columns):
            total = pl.sum_horizontal(read_column(name, Type.NUMBER, schema[name]) for name in group.columns)
            broken = (total != 1.0) & (total != 0.0) if group.empty else total != 1.0
            found.append((f"group.{group.name}", group.columns, broken))
    for rule in domain.rules:
        node = domain.rule_node(rule)
        names = columns_of(node)
        if not unusable.intersection(names):
            found.append((f"rule.{rule.name}", names, to_polars(node, schema).not_()))
    return found


def _derived_broken(column: Column, node: Node, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    value = read_column(column.name, column.type, schema[column.name])
    expected = to_polars(node, schema)
    one_missing = value.is_null() != expected.is_null()
    if column.type is Type.BOOL:
        return one_missing | (value != expected)
    near = (value - expected).abs() <= column.tolerance * pl.max_horizontal(expected.abs(), pl.lit(1.0))
    same = near.fill_null(False) & value.is_not_nan() & expected.is_not_nan() | (value == expected)
    both_nan = value.is_nan() & expected.is_nan()
    return one_missing | ~(same | both_nan)
