# SPDX-License-Identifier: Apache-2.0
"""The proposal of a whole domain: columns, groups and relations, checked against all rows before it is handed out."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from hauberk.core.errors import UsageError
from hauberk.domain.column import Actor, Column, Cost, Direction, Kind
from hauberk.domain.declaration import Domain, Group, Rule
from hauberk.domain.infer.columns import Draft, draft_column
from hauberk.domain.infer.facts import Facts, Source, gather
from hauberk.domain.infer.groups import find_groups
from hauberk.domain.infer.relations import (
    MAX_COLUMNS,
    MIN_ROWS,
    Floats,
    find_orders,
    find_ratios,
    find_sums,
    quoted,
)
from hauberk.domain.validate import violations
from hauberk.domain.write import dumps_domain
from hauberk.table import Table

_NUMBERS = frozenset({Kind.NUMERIC, Kind.INTEGER, Kind.STEP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A domain that the data suggest.

    Attributes:
        domain: the domain, not confirmed.
        why: reasons by column name, `group.NAME` and `rule.NAME`.
        questions: what only a person can answer.
    """

    domain: Domain
    why: dict[str, tuple[str, ...]]
    questions: tuple[str, ...]

    @property
    def toml(self) -> str:
        """The domain file, with the reasons as comments."""
        return dumps_domain(self.domain, self.why)


def infer_domain(source: Source, *, exclude: Collection[str] = (), name: str = "") -> Proposal:
    """Propose a domain from data.

    Ranges, NULL, integers and choices rest on all rows; steps, groups and relations are found on at most 100,000 rows, taken
    at even distances, and then checked on all rows: what any row breaks is left out, and asked about.

    Args:
        source: a table or a frame.
        exclude: columns to leave out, such as the label.
        name: name of the domain; the table's own if empty.

    Raises:
        UsageError: no column is left.
    """
    names = [column for column in source.columns if column not in exclude]
    if not names:
        raise UsageError("no column is left to learn from", where=", ".join(exclude), next_step="exclude fewer columns")
    facts, sample = gather(source, names)
    drafts = {column: draft_column(facts[column], sample[column]) for column in names}
    reasons: dict[str, list[str]] = {}
    groups = _adopt_groups(drafts, facts, sample, reasons)
    questions = [question for draft in drafts.values() for question in draft.questions]
    rules = _adopt_relations(drafts, sample, reasons, questions)
    title = name or (source.name if isinstance(source, Table) else "") or "domain"
    columns = tuple(draft.column for draft in drafts.values())
    domain = Domain(name=title, columns=columns, groups=tuple(groups), rules=tuple(rules))
    domain = _keep_what_holds(domain, source, questions)
    return Proposal(domain=domain, why=_why(domain, drafts, reasons), questions=(*questions, *_actor_question(domain)))


def _why(domain: Domain, drafts: dict[str, Draft], reasons: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """The reasons of everything that stayed in the proposal."""
    why = {column: tuple(draft.why) for column, draft in drafts.items()}
    kept = [f"group.{group.name}" for group in domain.groups] + [f"rule.{rule.name}" for rule in domain.rules]
    return why | {key: tuple(reasons[key]) for key in kept if key in reasons}


def _adopt_groups(
    drafts: dict[str, Draft], facts: dict[str, Facts], sample: pl.DataFrame, why: dict[str, list[str]]
) -> list[Group]:
    binary = [
        column
        for column, draft in drafts.items()
        if draft.column.kind is Kind.BOOLEAN and not facts[column].nulls and not facts[column].nans
    ]
    groups: list[Group] = []
    for found in find_groups(sample, binary):
        for member in found.group.columns:
            draft = drafts[member]
            draft.column = dataclasses.replace(draft.column, kind=Kind.ONE_HOT, choices=())
            draft.why[0] = f"one_hot: one of the columns of group {found.group.name}"
        groups.append(found.group)
        why[f"group.{found.group.name}"] = [found.why]
    return groups


def _adopt_relations(
    drafts: dict[str, Draft], sample: pl.DataFrame, why: dict[str, list[str]], questions: list[str]
) -> list[Rule]:
    numeric = [column for column, draft in drafts.items() if draft.column.kind in _NUMBERS]
    if len(numeric) > MAX_COLUMNS:
        questions.append(
            f"relations were sought among the first {MAX_COLUMNS} of {len(numeric)} numeric columns alone: any others?"
        )
    numeric = numeric[:MAX_COLUMNS]
    if len(numeric) < 2 or sample.height < MIN_ROWS:
        return []
    matrix = sample.select(pl.col(column).cast(pl.Float64).fill_null(float("nan")) for column in numeric).to_numpy()
    matrix = np.where(np.isfinite(matrix), matrix, np.nan)
    followers = _adopt_equations(drafts, numeric, matrix)
    rules: list[Rule] = []
    for order in find_orders(matrix):
        if order.low in followers or order.high in followers:
            continue
        low, high = numeric[order.low], numeric[order.high]
        if order.share < 1.0:
            questions.append(f"{low} <= {high} in {order.share:.3%} of {order.rows} rows: is it a rule?")
            continue
        rule = Rule(name=_rule_name(low, high, rules), says=f"{quoted(low)} <= {quoted(high)}")
        why[f"rule.{rule.name}"] = [
            f"holds in all {order.rows} rows; by chance {order.chance:.0%} of them would break it"
        ]
        rules.append(rule)
    return rules


def _adopt_equations(drafts: dict[str, Draft], numeric: list[str], matrix: Floats) -> set[int]:
    """Make columns derived that follow from others; return them."""
    filled = np.isnan(matrix).mean(axis=0) < 0.5
    skip = frozenset(np.flatnonzero(~filled).tolist())
    complete = matrix[~np.isnan(matrix[:, filled]).any(axis=1)]
    complete = np.where(np.isnan(complete), 0.0, complete)
    sums = find_sums(complete, numeric, skip)
    taken = {equation.target for equation in sums}
    ratios = [item for item in find_ratios(complete, numeric, skip | frozenset(taken)) if item.target not in taken]
    for equation in (*sums, *ratios):
        draft = drafts[numeric[equation.target]]
        draft.column = dataclasses.replace(
            draft.column, derived=equation.says, changed_by=Actor.NOBODY, direction=Direction.BOTH, cost=Cost()
        )
        draft.why = [line for line in draft.why if not line.startswith("changed_by")]
        draft.why.append(f"derived: it equals {equation.says} in all {equation.rows} complete rows")
    return {equation.target for equation in (*sums, *ratios)}


def _rule_name(low: str, high: str, rules: list[Rule]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", f"{low}_at_most_{high}")[:80]
    return plain if all(rule.name != plain for rule in rules) else f"{plain}_{len(rules)}"


def _keep_what_holds(domain: Domain, source: Source, questions: list[str]) -> Domain:
    """Take out of a proposal whatever a row breaks, and ask about it; infinities stay forbidden."""
    broken = _count_broken(domain, source)
    questions += [
        f"{key}: found in a sample, and {count} rows of the whole break it: left out; is it a rule?"
        for key, count in sorted(broken.items())
        if not key.endswith(".finite")
    ]
    rules = tuple(rule for rule in domain.rules if f"rule.{rule.name}" not in broken)
    groups = tuple(group for group in domain.groups if f"group.{group.name}" not in broken)
    lost = {name for group in domain.groups if group not in groups for name in group.columns}
    columns = tuple(_relaxed(column, broken, ungrouped=column.name in lost) for column in domain.columns)
    return dataclasses.replace(domain, columns=columns, rules=rules, groups=groups)


def _count_broken(domain: Domain, source: Source) -> dict[str, int]:
    """Rows that break each key, for the keys that any row breaks."""
    expressions = {key: rows.sum() for key, rows in violations(domain, dict(source.schema)).items()}
    broken: dict[str, int] = {}
    if not expressions:
        return broken
    for batch in source.batches(domain.names) if isinstance(source, Table) else iter([source]):
        for key, count in batch.select(**expressions).row(0, named=True).items():
            broken[key] = broken.get(key, 0) + int(count or 0)
    return {key: count for key, count in broken.items() if count}


def _relaxed(column: Column, bad: Collection[str], *, ungrouped: bool) -> Column:
    if ungrouped:
        column = dataclasses.replace(column, kind=Kind.BOOLEAN, choices=(0, 1))
    if f"{column.name}.step" in bad:
        column = dataclasses.replace(column, kind=Kind.NUMERIC, step=None)
    if f"{column.name}.derived" in bad:
        column = dataclasses.replace(column, derived=None)
    if f"{column.name}.range" in bad:
        column = dataclasses.replace(column, low=None, high=None)
    return column


def _actor_question(domain: Domain) -> list[str]:
    names = domain.changeable_by()
    if not names:
        return []
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    question = f"Who can change {listed} (nobody, applicant, merchant, insider), in which direction, and at what cost?"
    return [f"{question} Proposed: as written, both ways, free of charge."]
