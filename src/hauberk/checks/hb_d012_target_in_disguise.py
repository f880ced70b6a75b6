# SPDX-License-Identifier: Apache-2.0
"""HB-D012: a column whose values tell the label, one by one."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.leakage import FEW, Purity, distinct, missingness, purity
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.sample import HASH, ROW, events_of, sample_scan
from hauberk.data.specimen import situation
from hauberk.table import Scan

_LEAST = 20


@check(
    id="HB-D012",
    title="A column is the label in disguise",
    threats=("AML.T0020", "AML.T0043.004", "ML02:2023"),
    needs=(Need.DATA, Need.LABEL),
    stage=Stage.ADMIT,
)
def target_in_disguise(ctx: CheckContext, *, pure: float = 0.995, caught: float = 0.95) -> Scan:
    """The label under another name: as a code, as its opposite, or as a gap.

    **What it finds.** Columns with few values in which nearly every value belongs to one label only, and columns whose
    gaps do: a field that is empty exactly where the event did not happen.

    **Why an attacker or an accident does it.** A status such as "written off", a reason code or a closing date exists only
    once the outcome does. Planted, it is a trigger that needs no rare value.

    **How it decides.** On the rows with the smallest hashes. Each value stands for its more frequent label; the share of
    rows that are told right must be at least `pure`, and the share of the events told right at least `caught`, so that
    a rare event does not make every column look pure.

    **False alarms.** A rule of business that decides the outcome, such as an automatic rejection; then the model repeats
    a rule.

    **Remedy.** Ask when the column is filled. Leave it out unless it is known at the moment of the decision.

    **Reference.** Kaufman et al., "Leakage in Data Mining", ACM TKDD 6(4), 2012.

    **Example.** `status` is `written off` for every default and `active` otherwise: key `value`.
    """
    reporter = Reporter(spec=spec_of(target_in_disguise), situation=ctx)

    def _finish(sample: pl.DataFrame) -> Iterator[Measurement | Finding]:
        frame, event = events_of(sample, ctx)
        events = int(event.sum())
        if min(events, event.size - events) < _LEAST:
            ctx.limits.append(f"The sample holds fewer than {_LEAST} cases of one class; no column can be judged.")
            return
        for name, key, values in _views(frame, ctx.label):
            told = purity(values, event)
            rate = reporter.rate("share_told", told.right, told.n, at=f"{name}.{key}", better=Better.NEITHER)
            yield rate
            if told.values > 1 and told.right >= pure * told.n and told.events_right >= caught * events:
                yield _finding(reporter, name, key, told, rate)

    return sample_scan(ctx, _finish)


def _views(frame: pl.DataFrame, label: str) -> Iterator[tuple[str, str, pl.Series]]:
    for name in frame.columns:
        if name in {label, HASH, ROW} or frame.schema[name].is_nested():
            continue
        if distinct(frame[name]) <= FEW:
            yield name, "value", frame[name]
        elif (gaps := missingness(frame[name])).any():
            yield name, "gap", gaps


def _finding(reporter: Reporter, name: str, key: str, told: Purity, rate: Measurement) -> Finding:
    what = "the value" if key == "value" else "whether there is a value"
    wording = Wording(
        title=f"{name}: tells the label by {what}",
        message=f"{what.capitalize()} of {name} gives the right label for {told.right:,} of {told.n:,} sampled rows and "
        f"for {told.events_right:,} events.",
        remedy="Ask when this column is filled; leave it out unless it is known at the moment of the decision.",
    )
    return reporter.finding(
        wording,
        Severity.HIGH,
        Place(column=name, key=key),
        confidence=Confidence.MEDIUM,
        measurements=(rate,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        status=pl.when(pl.col("default") == 1).then(pl.lit("written off")).otherwise(pl.lit("active"))
    )


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
