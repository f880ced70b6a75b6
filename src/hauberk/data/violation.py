# SPDX-License-Identifier: Apache-2.0
"""What the domain forbids, counted: one row expression for each declared property, one finding for each that is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.errors import UsageError
from hauberk.core.finding import Confidence, Finding
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording, by_share, hit_table, percent
from hauberk.domain import Domain, violations
from hauberk.table import Hits, Scan, State, Table

WHOLE = frozenset({"missing", "type"})
"""Properties that concern a column as a whole, except the `type` of dates written as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A property that the domain declares.

    Attributes:
        key: its stable key, such as `age.range` or `rule.bill_after_payment`.
        column: the column; empty for groups and rules.
        kind: `range`, `choices`, `null`, …, `group` or `rule`.
        expression: true for each row that breaks it.
    """

    key: str
    column: str
    kind: str
    expression: pl.Expr


def broken_properties(domain: Domain, schema: Mapping[str, pl.DataType]) -> Iterator[Broken]:
    """Everything that a row can break, in the domain's order."""
    for key, expression in violations(domain, schema).items():
        column, _, kind = key.rpartition(".")
        if column in domain.index:
            yield Broken(key=key, column=column, kind=kind, expression=expression)
        else:
            yield Broken(key=key, column="", kind=key.partition(".")[0], expression=expression)


def table_of(ctx: Situation) -> Table:
    """The training data.

    Raises:
        UsageError: there is none.
    """
    if ctx.data is None:
        raise UsageError("this check needs data", next_step="declare [data] train")
    return ctx.data


def domain_of(ctx: Situation) -> Domain:
    """The domain.

    Raises:
        UsageError: there is none.
    """
    if ctx.domain is None:
        raise UsageError("this check needs a domain", next_step="declare [domain] path, or run `hauberk init`")
    return ctx.domain


def violation_scan(
    ctx: CheckContext, reporter: Reporter, kinds: frozenset[str], word: Callable[[Broken, str], Wording]
) -> Scan:
    """Scan for the rows that break properties of some kinds.

    Args:
        ctx: the check's context, with data and domain.
        reporter: writes the findings.
        kinds: which properties.
        word: property and share in words to the wording of its finding.
    """
    table, domain = table_of(ctx), domain_of(ctx)
    wanted = {item.key: item for item in broken_properties(domain, table.schema) if item.kind in kinds}
    wanted = {key: item for key, item in wanted.items() if not (item.kind in WHOLE and _is_whole(item))}
    if not wanted:
        ctx.limits.append(f"The domain declares nothing of this kind ({', '.join(sorted(kinds))}).")

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        n = table.height
        yield reporter.count("broken_properties", sum(state[key].count > 0 for key in wanted), n, unit="count")
        for key, item in wanted.items():
            hits: Hits = state[key]
            if hits.count:
                yield _finding(reporter, domain, item, hits, word(item, percent(hits.count, n)))

    return Scan(
        rows={key: item.expression for key, item in wanted.items()},
        finish=_finish,
        state_size="a count and ten row samples a declared property",
    )


def _is_whole(item: Broken) -> bool:
    """True where the expression does not look at the rows: the column is missing or of a wrong type altogether."""
    return not item.expression.meta.root_names()


def whole_columns(domain: Domain, schema: Mapping[str, pl.DataType]) -> list[Broken]:
    """The columns that are missing or of a type that cannot hold what the domain declares."""
    return [item for item in broken_properties(domain, schema) if item.kind in WHOLE and _is_whole(item)]


def _finding(reporter: Reporter, domain: Domain, item: Broken, hits: Hits, wording: Wording) -> Finding:
    n = table_of(reporter.situation).height
    return reporter.finding(
        wording,
        by_share(hits.count, n),
        Place(column=item.column, key=item.key, rows=hits.count, sample=hits.sample),
        confidence=Confidence.HIGH if domain.confirmed else Confidence.MEDIUM,
        measurements=(reporter.rate("share_broken", hits.count, n, at=item.key),),
        evidence=(hit_table(hits, f"Rows that break {item.key}"),),
        inferred=not domain.confirmed,
    )
