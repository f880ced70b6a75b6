# SPDX-License-Identifier: Apache-2.0
"""HB-D021: subgroups whose event rate is far from that of all others."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.evidence import Evidence, View
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.groups import Apart, Tally, check_size, group_key, merge_tallies, standing_apart, tally
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.specimen import situation
from hauberk.stats import rate_interval
from hauberk.table import Scan, State


@check(
    id="HB-D021",
    title="A subgroup's event rate is far from that of all others",
    threats=("AML.T0020", "ML02:2023", "ML08:2023"),
    needs=(Need.DATA, Need.LABEL, Need.GROUPS),
    stage=Stage.ADMIT,
)
def group_label_rates(ctx: CheckContext, *, ratio: float = 3.0, least: int = 50, most_groups: int = 1000) -> Scan:
    """Poison is often aimed at one group, and so is prejudice.

    **What it finds.** Groups of the columns named in `[data] groups` whose event rate is at least `ratio` times that of all
    other rows, or at most its inverse.

    **Why an attacker or an accident does it.** Flipping the labels of one merchant or region makes the model blind there and
    hardly changes any total. By accident one branch never reports its defaults.

    **How it decides.** All rows are counted. A group of at least `least` rows stands apart if its exact interval and that of
    all others do not meet, at a level that holds for all groups at once, and the ratio is reached. Every group's rate is
    measured with its interval, whether or not it stands apart.

    **False alarms.** Groups that truly differ: a product for bad risks. Waive the finding with that reason.

    **Remedy.** Ask how the group's labels came about; compare with an earlier period before training.

    **Reference.** Clopper and Pearson, Biometrika 26, 1934; NIST AI 100-2 E2025, section 2.3.

    **Example.** No loan of the region "east" is labelled as defaulted: key `east`.
    """
    reporter = Reporter(spec=spec_of(group_label_rates), situation=ctx)

    def _map(block: pl.DataFrame, _: int) -> State:
        return {name: tally(block[name], block[ctx.label]) for name in ctx.groups}

    def _merge(first: State, second: State) -> State:
        merged = {name: merge_tallies(first[name], second[name]) for name in ctx.groups}
        for name, counts in merged.items():
            check_size(counts, name, most_groups)
        return merged

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        for name in ctx.groups:
            check_size(state[name], name, most_groups)
            for group, (hits, n) in state[name].items():
                yield reporter.rate("event_rate", hits, n, at=f"{name} = {group}", better=Better.NEITHER)
            for apart in standing_apart(state[name], ratio, least):
                yield _finding(reporter, name, apart, state[name])

    return Scan(
        map=_map,
        merge_map=_merge,
        finish=_finish,
        columns=(*ctx.groups, ctx.label),
        state_size=f"two numbers a group, at most {most_groups} groups a column",
    )


def _finding(reporter: Reporter, column: str, apart: Apart, counts: Tally) -> Finding:
    rows = [(group, hits / n, *rate_interval(hits, n)) for group, (hits, n) in list(counts.items())[:50]]
    evidence = Evidence(
        title=f"Event rate by {column}",
        columns=(column, "event rate", "low", "high"),
        rows=tuple(rows),
        view=View.BARS,
        holds=(column, None, None, None),
        note="With 95 % intervals.",
    )
    wording = Wording(
        title=f"{column}: one group's event rate is far from all others",
        message=f"A group of {apart.n:,} rows has an event rate of {apart.hits / apart.n:.2%}, {apart.ratio:.2g} times "
        "that of all other rows.",
        remedy="Ask how this group's labels came about, and compare them with an earlier period before training.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM,
        Place(column=column, key=group_key(apart.group, column, reporter.personal)),
        confidence=Confidence.MEDIUM,
        measurements=(
            reporter.rate("event_rate", apart.hits, apart.n, at=f"{column} = {apart.group}", better=Better.NEITHER),
        ),
        evidence=(evidence,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    silent = pl.col("region") == "east"
    return frame.with_columns(default=pl.when(silent).then(0).otherwise(pl.col("default")))


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
