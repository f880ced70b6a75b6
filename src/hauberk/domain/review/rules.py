# SPDX-License-Identifier: Apache-2.0
"""Rules that say nothing, or too much, judged by proof, on the data, on loose records and on records made to measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import polars as pl

from hauberk.core.errors import NothingToExamine
from hauberk.domain.declaration import Domain, Rule
from hauberk.domain.expression import Call, Node, columns_of
from hauberk.domain.review.intended import idle_part, likely_meant
from hauberk.domain.review.linear import Logic
from hauberk.domain.review.trial import Answers, Bools, Trial
from hauberk.domain.validate import readable

MOST_IMPLIED = 300
"""More rules than this are not tried against one another for what they imply; contradictions always are."""


class Standing(StrEnum):
    """What a rule is worth on the data at hand."""

    SOUND = "sound"
    BROKEN = "broken"
    SILENT = "silent"
    VACUOUS = "vacuous"
    CONTRADICTORY = "contradictory"
    IMPLIED = "implied"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReview:
    """What became of one rule.

    Attributes:
        rule: its name.
        standing: the verdict.
        proved: the verdict follows from the declarations alone, by interval arithmetic or a linear program; otherwise it
            rests on the records that were tried.
        others: rules that it contradicts, or that imply it.
        rows: rows of data that it was tried on.
        broken: rows of data that break it.
        silent: rows of data on which it is NULL and says nothing.
        loose: loose records that it was tried on.
        loose_broken: loose records that break it.
        instead: what it was probably meant to say; empty if nothing suggests itself.
        sentence: the verdict in plain words.
    """

    rule: str
    standing: Standing
    proved: bool = False
    others: tuple[str, ...] = ()
    rows: int
    broken: int
    silent: int
    loose: int
    loose_broken: int
    instead: str = ""
    sentence: str


def review_rules(domain: Domain, frame: pl.DataFrame) -> tuple[RuleReview, ...]:
    """Review every rule of a domain.

    Args:
        domain: the domain.
        frame: rows that show what records look like, at least one.

    Returns:
        One review a rule, in the domain's order. A rule that reads a column which the rows lack, or whose data type cannot
        hold the column's kind, is untested.

    Raises:
        NothingToExamine: no rows.
    """
    if not frame.height:
        raise NothingToExamine("there are no rows to review rules on", next_step="pass rows of data")
    usable = [
        column.name
        for column in domain.columns
        if column.name in frame.columns and readable(column, frame.schema[column.name])
    ]
    frame = frame.select(usable)
    ready = [rule for rule in domain.rules if set(columns_of(domain.rule_node(rule))) <= set(frame.columns)]
    review = _Review(domain, ready, frame)
    names = {rule.name for rule in ready}
    return tuple(review.of(rule) if rule.name in names else _untested(rule) for rule in domain.rules)


def _untested(rule: Rule) -> RuleReview:
    return RuleReview(
        rule=rule.name,
        standing=Standing.UNTESTED,
        rows=0,
        broken=0,
        silent=0,
        loose=0,
        loose_broken=0,
        sentence="the data lack a column that it reads, or hold it in a type that does not fit",
    )


class _Review:
    """The review of one domain on one frame."""

    def __init__(self, domain: Domain, rules: list[Rule], frame: pl.DataFrame) -> None:
        self.domain = domain
        self.logic = Logic(domain)
        self.trial = Trial(domain, rules, frame)
        self.tried = {
            rule.name: (self.trial.on_data(node), self.trial.on_loose(node))
            for rule in rules
            for node in [domain.rule_node(rule)]
        }
        self.nodes = {rule.name: domain.rule_node(rule) for rule in rules}
        self.conflict = self.logic.conflict()
        self.clashes = self._clashes()
        self.implied = self._find_implied(rules) if len(rules) <= MOST_IMPLIED and not self.conflict else {}

    def _find_implied(self, rules: list[Rule]) -> dict[str, tuple[str, ...]]:
        """Later rules first, and never by a rule that is implied itself: of two that say the same the first one stays."""
        found: dict[str, tuple[str, ...]] = {}
        for rule in reversed(rules):
            others = self.logic.implied(rule, found)
            if others:
                found[rule.name] = others
        return found

    def of(self, rule: Rule) -> RuleReview:
        """The review of one rule; the first thing that is wrong with it is its standing."""
        data, loose = self.tried[rule.name]
        plain = RuleReview(
            rule=rule.name,
            standing=Standing.SOUND,
            rows=len(data.false),
            broken=int(data.false.sum()),
            silent=int(data.null.sum()),
            loose=len(loose.false),
            loose_broken=int(loose.false.sum()),
            sentence=self._sound(self.nodes[rule.name]),
        )
        for judge in (self._contradictory, self._vacuous, self._broken, self._silent, self._implied):
            found = judge(rule, plain)
            if found is not None:
                return found
        return plain

    def _contradictory(self, rule: Rule, plain: RuleReview) -> RuleReview | None:
        alone = replace(plain, standing=Standing.CONTRADICTORY)
        if self.logic.never_held(rule):
            meant = self._meant(rule)
            return replace(alone, proved=True, instead=meant, sentence="no record within the columns' ranges keeps it")
        if rule.name in self.conflict:
            others = tuple(name for name in self.conflict if name != rule.name)
            sentence = f"no record keeps it together with {_listed(others)}"
            meant = self._meant(rule) if plain.broken else ""
            return replace(alone, proved=True, others=others, instead=meant, sentence=sentence)
        if plain.broken == plain.rows and plain.loose_broken == plain.loose and not self._found([rule.name]):
            sentence = "no record keeps it, neither in the data nor among those made to keep it"
            return replace(alone, instead=self._meant(rule), sentence=sentence)
        clash = self.clashes.get(rule.name, "")
        if clash:
            sentence = f"no record was found that keeps it together with the rule {clash}"
            return replace(alone, others=(clash,), sentence=sentence)
        return None

    def _vacuous(self, rule: Rule, plain: RuleReview) -> RuleReview | None:
        if plain.broken or plain.loose_broken:
            return None
        node = self.nodes[rule.name]
        proved = self.logic.never_false(rule)
        if not proved and self.trial.can_break(node):
            return None
        idle = idle_part(node, self.logic.ranges)
        parts = len(node.args) if isinstance(node, Call) else 0
        why = f", since alternative {idle} of {parts} is always true" if idle else ""
        how = "no record within the columns' own ranges breaks it" if proved else (
            f"none of {plain.loose} records within the columns' own ranges breaks it, nor any made to break it"
        )  # fmt: skip
        return replace(
            plain,
            standing=Standing.VACUOUS,
            proved=proved,
            instead=self._meant(rule),
            sentence=f"it forbids nothing: {how}{why}",
        )

    def _broken(self, rule: Rule, plain: RuleReview) -> RuleReview | None:
        if not plain.broken:
            return None
        meant = self._meant(rule) if plain.broken * 2 > plain.rows else ""
        sentence = f"{plain.broken} of {plain.rows} rows break it: correct the rule or the rows"
        return replace(plain, standing=Standing.BROKEN, instead=meant, sentence=sentence)

    def _silent(self, _rule: Rule, plain: RuleReview) -> RuleReview | None:
        if plain.silent * 2 < plain.rows:
            return None
        sentence = f"it is NULL on {plain.silent} of {plain.rows} rows and says nothing there"
        return replace(plain, standing=Standing.SILENT, sentence=sentence)

    def _implied(self, rule: Rule, plain: RuleReview) -> RuleReview | None:
        others = self.implied.get(rule.name, ())
        if not others:
            return None
        sentence = f"it holds, and {_listed(others)} and the columns' ranges say the same without it"
        return replace(plain, standing=Standing.IMPLIED, proved=True, others=others, sentence=sentence)

    def _meant(self, rule: Rule) -> str:
        return likely_meant(self.nodes[rule.name], self.trial, self.logic.ranges)

    def _sound(self, node: Node) -> str:
        if isinstance(node, Call) and node.op == "and":
            parts = enumerate(node.args, 1)
            idle = [at for at, part in parts if not self.trial.on_loose(part).false.any()]
            if idle:
                return f"it holds, but condition {idle[0]} of {len(node.args)} forbids nothing"
        return "it holds in the data and forbids something"

    def _found(self, names: list[str]) -> bool:
        return self.trial.can_hold([self.nodes[name] for name in names])

    def _clashes(self) -> dict[str, str]:
        """Rule to a rule that is broken by every record, of the data, loose or made, that keeps the first."""
        names = list(self.tried)
        if not names:
            return {}
        kept = np.array([_kept(data, loose) for data, loose in self.tried.values()]).astype(np.float32)
        together = kept @ kept.T
        alone = together.diagonal()
        found: dict[str, str] = {}
        for left, right in np.argwhere(np.triu(together == 0.0, 1)).tolist():
            pair: list[str] = [names[left], names[right]]
            if alone[left] and alone[right] and not self._found(pair):
                found.setdefault(pair[0], pair[1])
                found.setdefault(pair[1], pair[0])
        return found


def _kept(data: Answers, loose: Answers) -> Bools:
    return ~np.concatenate([data.false, loose.false])


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"the rule{'s' if len(names) > 1 else ''} {shown}"
