# SPDX-License-Identifier: Apache-2.0
"""HB-D022: subgroups on which the model errs far more often than on all others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.errors import UsageError
from hauberk.core.evidence import Evidence, View
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.groups import Apart, Tally, check_size, group_key, merge_tallies, standing_apart, tally
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.specimen import situation
from hauberk.data.violation import table_of
from hauberk.model import ModelView
from hauberk.stats import rate_interval

_ERRORS = {"missed": 1.0, "alarmed": 0.0}
"""Kind of error and the label of the rows on which it can happen."""


@check(
    id="HB-D022",
    title="The model errs far more often on one subgroup",
    threats=("AML.T0031", "ML08:2023"),
    needs=(Need.DATA, Need.LABEL, Need.GROUPS, Need.LABELS),
    stage=Stage.ASSESS,
)
def group_error_rates(
    ctx: CheckContext, *, ratio: float = 1.5, least: int = 50, most_groups: int = 1000
) -> Iterator[Measurement | Finding]:
    """A model that is good on the whole can be blind in one place, and whoever knows the place goes there.

    **What it finds.** Groups of the columns named in `[data] groups` on which the share of missed events, or of false
    alarms, is at least `ratio` times that on all other rows.

    **Why an attacker or an accident does it.** Poison aimed at one merchant or region leaves such a place behind; so does a
    group with few training rows. It is also where people are treated worse for what they belong to.

    **How it decides.** Every hold-out row (every training row where there is no hold-out, which flatters the model and is
    said) is scored and compared with its label at the project's threshold. A group of at least `least` rows stands apart
    if its exact interval and that of all others do not meet, at a level that holds for all groups at once.

    **False alarms.** Groups whose cases are harder by nature; the rate is true all the same.

    **Remedy.** Collect more cases of the group, look at its labels (HB-D021), or decide its cases by other means.

    **Reference.** Barocas, Hardt and Narayanan, "Fairness and Machine Learning", 2023, chapter 3.

    **Example.** The model scores every loan of "east" as safe: all its defaults are missed, key `missed.east`.
    """
    reporter = Reporter(spec=spec_of(group_error_rates), situation=ctx, role="holdout" if ctx.holdout else "train")
    if ctx.holdout is None:
        ctx.limits.append("There is no hold-out: the rates are those of rows that the model was trained on.")
    for (column, error), counts in _count(ctx, most_groups).items():
        for group, (hits, n) in counts.items():
            yield reporter.rate(f"{error}_rate", hits, n, at=f"{column} = {group}")
        for apart in standing_apart(counts, ratio, least):
            if apart.ratio > 1.0:
                yield _finding(reporter, column, error, apart, counts)


def _count(ctx: CheckContext, most_groups: int) -> dict[tuple[str, str], Tally]:
    model = ctx.model
    if model is None:
        raise UsageError("this check needs a model", next_step="declare [model] path")
    counts: dict[tuple[str, str], Tally] = {(column, error): {} for column in ctx.groups for error in _ERRORS}
    for block in (ctx.holdout or table_of(ctx)).batches():
        ctx.budget.spend("queries", block.height)
        acts = model.scores(block) >= ctx.threshold
        label = block[ctx.label].cast(pl.Float64, strict=False)
        for (column, error), before in counts.items():
            here = (label == _ERRORS[error]).fill_null(value=False)
            wrong = pl.Series(acts if error == "alarmed" else ~acts).cast(pl.Int64)
            merged = merge_tallies(before, tally(block[column].filter(here), wrong.filter(here)))
            check_size(merged, column, most_groups)
            counts[column, error] = merged
    return counts


def _finding(reporter: Reporter, column: str, error: str, apart: Apart, counts: Tally) -> Finding:
    rows = [(group, hits / n, *rate_interval(hits, n)) for group, (hits, n) in list(counts.items())[:50]]
    what = "misses events" if error == "missed" else "raises false alarms"
    evidence = Evidence(
        title=f"Share {error} by {column}",
        columns=(column, f"share {error}", "low", "high"),
        rows=tuple(rows),
        view=View.BARS,
        holds=(column, None, None, None),
        note="With 95 % intervals.",
    )
    wording = Wording(
        title=f"{column}: the model {what} far more often in one group",
        message=f"In a group of {apart.n:,} such rows the model errs on {apart.hits / apart.n:.1%}, {apart.ratio:.2g} times "
        "as often as elsewhere.",
        remedy="Collect more cases of this group, look at its labels, or decide its cases by other means.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM,
        Place(column=column, key=f"{error}.{group_key(apart.group, column, reporter.personal)}"),
        confidence=Confidence.HIGH,
        measurements=(reporter.rate(f"{error}_rate", apart.hits, apart.n, at=f"{column} = {apart.group}"),),
        evidence=(evidence,),
    )


def _blind_in_the_east(frame: pl.DataFrame) -> NDArray[np.float64]:
    risky = frame.select((pl.col("region") != "east") & (pl.col("amount") > 0.5 * pl.col("income")))
    return risky.to_series().to_numpy().astype(np.float64)


def _even(frame: pl.DataFrame) -> NDArray[np.float64]:
    return (frame["amount"].to_numpy() * 100.0 % 2.0 < 1.0).astype(np.float64)


def _model(name: str) -> ModelView:
    scorer = _blind_in_the_east if name == "blind" else _even
    return ModelView(name=name, digest="", framework="callable", features=("region", "amount", "income"), scorer=scorer)


def _bad() -> Situation:
    return situation(model=_model("blind"))


def _clean() -> Situation:
    return situation(model=_model("even"))


EXAMPLES = Examples(bad=_bad, clean=_clean)
