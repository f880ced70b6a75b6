# SPDX-License-Identifier: Apache-2.0
"""Expressions of rules and derivations: parsed once, compiled to Polars for batches and to numpy for attack loops."""

from hauberk.domain.expression.interpret import evaluate
from hauberk.domain.expression.interval import Reach, Truth, reach, span, truth
from hauberk.domain.expression.parse import parse
from hauberk.domain.expression.spans import Span
from hauberk.domain.expression.to_numpy import Inputs, Pair, Program, to_numpy
from hauberk.domain.expression.to_polars import divide, read_column, to_polars
from hauberk.domain.expression.tree import Call, Literal, Node, Ref, Type, columns_of, walk

__all__ = [
    "Call",
    "Inputs",
    "Literal",
    "Node",
    "Pair",
    "Program",
    "Reach",
    "Ref",
    "Span",
    "Truth",
    "Type",
    "columns_of",
    "divide",
    "evaluate",
    "parse",
    "reach",
    "read_column",
    "span",
    "to_numpy",
    "to_polars",
    "truth",
    "walk",
]
