# SPDX-License-Identifier: Apache-2.0
"""Rules that say nothing, or too much: vacuous, silent and contradictory ones, judged on data and on loose records.

A loose record takes each column by itself, from another row of the data or from the column's own range and choices, so that
nothing but the columns' own declarations binds it. A rule that no loose record breaks forbids nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import NothingToExamine
from hauberk.domain.declaration import Domain, Rule
from hauberk.domain.expression import Call, Node, columns_of, to_polars
from hauberk.domain.space import Space

LOOSE_RECORDS = 20_000
"""How many loose records are drawn; the same ones every time."""

Bools = NDArray[np.bool_]


class Standing(StrEnum):
    """What a rule is worth on the data at hand."""

    SOUND = "sound"
    BROKEN = "broken"
    SILENT = "silent"
    VACUOUS = "vacuous"
    CONTRADICTORY = "contradictory"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReview:
    """What became of one rule.

    Attributes:
        rule: its name.
        standing: the verdict.
        rows: rows of data that it was tried on.
        broken: rows of data that break it.
        silent: rows of data on which it is NULL and says nothing.
        loose: loose records that it was tried on.
        loose_broken: loose records that break it.
        sentence: the verdict in plain words.
    """

    rule: str
    standing: Standing
    rows: int
    broken: int
    silent: int
    loose: int
    loose_broken: int
    sentence: str


def review_rules(domain: Domain, frame: pl.DataFrame) -> tuple[RuleReview, ...]:
    """Review every rule of a domain.

    Args:
        domain: the domain.
        frame: rows that show what records look like, at least one.

    Returns:
        One review a rule, in the domain's order.

    Raises:
        NothingToExamine: no rows.
        ConfigError: a column's data type cannot hold its kind.
    """
    if not frame.height:
        raise NothingToExamine("there are no rows to review rules on", next_step="pass rows of data")
    ready = [rule for rule in domain.rules if set(columns_of(domain.rule_node(rule))) <= set(frame.columns)]
    loose = _loose_records(domain, ready, frame)
    tried = {
        rule.name: (_answers(domain.rule_node(rule), frame), _answers(domain.rule_node(rule), loose)) for rule in ready
    }
    clashes = _clashes(tried)
    return tuple(
        _review(rule, domain.rule_node(rule), tried[rule.name], loose, clashes.get(rule.name, ""))
        if rule.name in tried
        else _untested(rule)
        for rule in domain.rules
    )


def _untested(rule: Rule) -> RuleReview:
    return RuleReview(
        rule=rule.name,
        standing=Standing.UNTESTED,
        rows=0,
        broken=0,
        silent=0,
        loose=0,
        loose_broken=0,
        sentence="the data lack a column that it reads",
    )


def _loose_records(domain: Domain, rules: list[Rule], frame: pl.DataFrame) -> pl.DataFrame:
    names = list(dict.fromkeys(name for rule in rules for name in columns_of(domain.rule_node(rule))))
    space = Space(domain, names, frame)
    known = space.encode(frame)
    rng = np.random.default_rng(7)
    records = np.empty((LOOSE_RECORDS, len(space.names)))
    for j in range(len(space.names)):
        # the ends, choices and quantiles of a column, and values of other rows, half and half
        level = rng.choice(space.levels(j), LOOSE_RECORDS)
        records[:, j] = np.where(rng.random(LOOSE_RECORDS) < 0.5, level, rng.choice(known[:, j], LOOSE_RECORDS))
    return space.decode(records)


def _answers(node: Node, frame: pl.DataFrame) -> tuple[Bools, Bools]:
    """Rows on which a condition is FALSE, and rows on which it is NULL."""
    answer = frame.select(frame_height=pl.int_range(pl.len()), answer=to_polars(node, dict(frame.schema)))["answer"]
    return answer.not_().fill_null(False).to_numpy(), answer.is_null().to_numpy()


def _clashes(tried: dict[str, tuple[tuple[Bools, Bools], tuple[Bools, Bools]]]) -> dict[str, str]:
    """Rule to a rule that is broken by every record, of the data and loose, that keeps the first."""
    names = list(tried)
    if not names:
        return {}
    kept = np.array([~np.concatenate([data[0], loose[0]]) for data, loose in tried.values()]).astype(np.float32)
    together = kept @ kept.T
    alone = together.diagonal()
    found: dict[str, str] = {}
    for left, right in _pairs(np.triu(together == 0.0, 1)):
        if alone[left] and alone[right]:
            found.setdefault(names[left], names[right])
            found.setdefault(names[right], names[left])
    return found


def _pairs(table: Bools) -> list[tuple[int, int]]:
    left, right = np.nonzero(table)
    return [(int(a), int(b)) for a, b in zip(left, right, strict=True)]


def _review(
    rule: Rule, node: Node, tried: tuple[tuple[Bools, Bools], tuple[Bools, Bools]], loose: pl.DataFrame, clash: str
) -> RuleReview:
    (data_broken, data_silent), (loose_broken, _) = tried
    rows, broken, silent = len(data_broken), int(data_broken.sum()), int(data_silent.sum())
    if broken == rows and loose_broken.all():
        standing, sentence = Standing.CONTRADICTORY, "no record keeps it, neither in the data nor among loose ones"
    elif clash:
        standing, sentence = Standing.CONTRADICTORY, f"no record keeps it together with the rule {clash}"
    elif not broken and not loose_broken.any():
        standing, sentence = Standing.VACUOUS, _vacuous(node, loose)
    elif broken:
        standing, sentence = Standing.BROKEN, f"{broken} of {rows} rows break it: correct the rule or the rows"
    elif silent * 2 >= rows:
        standing, sentence = Standing.SILENT, f"it is NULL on {silent} of {rows} rows and says nothing there"
    else:
        standing, sentence = Standing.SOUND, _sound(node, loose)
    return RuleReview(
        rule=rule.name,
        standing=standing,
        rows=rows,
        broken=broken,
        silent=silent,
        loose=len(loose_broken),
        loose_broken=int(loose_broken.sum()),
        sentence=sentence,
    )


def _vacuous(node: Node, loose: pl.DataFrame) -> str:
    sentence = f"it forbids nothing: none of {loose.height} records within the columns' own ranges breaks it"
    if isinstance(node, Call) and node.op == "or":
        for at, part in enumerate(node.args, 1):
            broken, silent = _answers(part, loose)
            if not (broken | silent).any():
                return f"{sentence}, since alternative {at} of {len(node.args)} is always true"
    return sentence


def _sound(node: Node, loose: pl.DataFrame) -> str:
    if isinstance(node, Call) and node.op == "and":
        idle = [at for at, part in enumerate(node.args, 1) if not _answers(part, loose)[0].any()]
        if idle:
            return f"it holds, but condition {idle[0]} of {len(node.args)} forbids nothing"
    return "it holds in the data and forbids something"
