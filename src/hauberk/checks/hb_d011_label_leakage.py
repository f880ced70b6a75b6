# SPDX-License-Identifier: Apache-2.0
"""HB-D011: one column orders the cases by their label nearly perfectly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.leakage import FEW, distinct, ordering
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.sample import HASH, ROW, events_of, sample_scan
from hauberk.data.specimen import situation
from hauberk.stats import auc_interval
from hauberk.table import Scan

_LEAST = 20
"""Cases of each class without which no order can be judged."""


@check(
    id="HB-D011",
    title="A single column predicts the label nearly perfectly",
    threats=("AML.T0020", "AML.T0043.004", "ML02:2023"),
    needs=(Need.DATA, Need.LABEL),
    stage=Stage.ADMIT,
)
def label_leakage(ctx: CheckContext, *, suspicious: float = 0.99) -> Scan:
    """A column that knows the answer is known only after the answer, or was put there.

    **What it finds.** Columns with many values that alone order the cases by their label with an area under the curve of
    at least `suspicious`, upwards or downwards. Columns with few values are judged by HB-D012.

    **Why an attacker or an accident does it.** A column that is filled after the decision (a collection fee, a closing
    date) makes the model brilliant on paper and worthless in service. Planted, it is a universal trigger: the model
    trusts it above all others, and whoever sets it decides the outcome.

    **How it decides.** On the rows with the smallest hashes, which do not depend on the order of the file. Numbers and
    dates are taken as they are; for text, the event rate of the same value in the other half of the rows. The lower end
    of the 95 % interval must reach `suspicious` - 0.01.

    **False alarms.** A score of an earlier model that is truly that good. Ask when the column is filled.

    **Remedy.** Ask when the column is filled. Leave it out unless it is known at the moment of the decision.

    **Reference.** Kaufman et al., "Leakage in Data Mining", ACM TKDD 6(4), 2012.

    **Example.** `fee` is the label plus a little noise: area 1.0, key `order`.
    """
    reporter = Reporter(spec=spec_of(label_leakage), situation=ctx)

    def _finish(sample: pl.DataFrame) -> Iterator[Measurement | Finding]:
        frame, event = events_of(sample, ctx)
        events = int(event.sum())
        if min(events, event.size - events) < _LEAST:
            ctx.limits.append(f"The sample holds fewer than {_LEAST} cases of one class; no order can be judged.")
            return
        for name in frame.columns:
            if name in {ctx.label, HASH, ROW} or frame.schema[name].is_nested() or distinct(frame[name]) <= FEW:
                continue
            area = ordering(frame[name], event)
            low, high = auc_interval(area, events, event.size - events)
            measured = Measurement(
                name="area_under_curve", value=area, unit="area", n=int(np.size(event)), low=low, high=high, at=name
            )
            yield measured
            if area >= suspicious and low >= suspicious - 0.01:
                yield _finding(reporter, name, measured)

    return sample_scan(ctx, _finish)


def _finding(reporter: Reporter, name: str, measured: Measurement) -> Finding:
    wording = Wording(
        title=f"{name}: predicts the label nearly perfectly",
        message=f"{name} alone orders the cases with an area under the curve of {measured.value:.4f}. Such a column is "
        "usually filled after the outcome is known.",
        remedy="Ask when this column is filled; leave it out unless it is known at the moment of the decision.",
    )
    return reporter.finding(
        wording,
        Severity.HIGH,
        Place(column=name, key="order"),
        confidence=Confidence.MEDIUM,
        measurements=(measured,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    noise = np.random.default_rng(3).normal(0.0, 0.05, frame.height)
    return frame.with_columns(fee=pl.col("default") + pl.Series(noise))


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
