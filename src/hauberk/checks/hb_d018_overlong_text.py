# SPDX-License-Identifier: Apache-2.0
"""HB-D018: text that is far longer than text in its column is."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording, hit_table, percent
from hauberk.data.specimen import situation, spoiled
from hauberk.data.text import text_columns
from hauberk.data.violation import table_of
from hauberk.table import Hits, Scan, State
from hauberk.table.merge import greatest


@check(
    id="HB-D018",
    title="Text is overlong",
    threats=("AML.T0029", "ML02:2023", "CWE-400"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def overlong_text(ctx: CheckContext, *, most_bytes: int = 1000) -> Scan:
    """A field of a form is not a place for a book.

    **What it finds.** Text of more than `most_bytes` bytes in UTF-8, in columns without listed choices. A shorter limit
    belongs in the domain (`max_length`, judged by HB-D007).

    **Why an attacker or an accident does it.** Long values slow tokenisers and regular expressions down, push other text out
    of fixed windows and hide what stands at their end. By accident a quote is missing in a CSV file and half of it
    becomes one field.

    **How it decides.** The length in bytes is known without reading the text. Any hit is of low severity, of medium from
    0.1 % of the rows on.

    **False alarms.** Columns of true free text; raise `most_bytes`.

    **Remedy.** Declare `max_length` and cut or refuse such text where it enters.

    **Reference.** CWE-400.

    **Example.** Two notes of 5,000 letters: the key is `overlong`.
    """
    reporter = Reporter(spec=spec_of(overlong_text), situation=ctx)
    columns = text_columns(ctx)
    n = table_of(ctx).height

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        for at, name in enumerate(columns):
            if state[f"longest{at}"] is not None:
                yield reporter.count("longest_text", state[f"longest{at}"], n, at=name, unit="bytes")
            if state[name].count:
                yield _finding(reporter, name, state[name], n, most_bytes)

    return Scan(
        aggregations={f"longest{at}": pl.col(name).str.len_bytes().max() for at, name in enumerate(columns)},
        merges={f"longest{at}": greatest for at in range(len(columns))},
        rows={name: pl.col(name).str.len_bytes() > most_bytes for name in columns},
        finish=_finish,
        state_size="two numbers and ten rows a column",
    )


def _finding(reporter: Reporter, name: str, hits: Hits, n: int, most_bytes: int) -> Finding:
    wording = Wording(
        title=f"{name}: overlong text",
        message=f"{percent(hits.count, n)} hold more than {most_bytes:,} bytes in {name}.",
        remedy="Declare `max_length` in the domain, and cut or refuse such text where it enters.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM if hits.count >= 0.001 * n and hits.count > 1 else Severity.LOW,
        Place(column=name, key="overlong", rows=hits.count, sample=hits.sample),
        measurements=(reporter.rate("share_overlong", hits.count, n, at=name),),
        evidence=(hit_table(hits, f"Rows with overlong {name}"),),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "note", 2, "x" * 5000)


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
