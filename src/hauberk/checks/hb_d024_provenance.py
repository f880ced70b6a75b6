# SPDX-License-Identifier: Apache-2.0
"""HB-D024: nobody can say where the data comes from, or it is not the data of which they say it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.specimen import situation
from hauberk.data.violation import table_of
from hauberk.table import Scan, State

_REQUIRED = ("owner", "licence", "origin", "collected")


@check(
    id="HB-D024",
    title="The data's origin is not on record",
    threats=("AML.T0010.002", "AML.T0019", "ML02:2023", "CWE-345"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def provenance(ctx: CheckContext) -> Scan:
    """Data without an owner has nobody to ask, and data with another digest is other data.

    **What it finds.** Missing entries among owner, licence, origin and time of collection, and a recorded digest that is
    not the digest of the file.

    **Why an attacker or an accident does it.** Replacing a file in a shared store is the quietest poisoning there is: the
    name stays, the path stays. By accident two versions of a file carry one name.

    **How it decides.** By the entries under `[data.provenance]` and the SHA-256 of the file's bytes. Another digest is
    critical; a missing entry is of low severity, all of them missing of medium.

    **False alarms.** None for the digest. Data that is made for a test has no licence; write that.

    **Remedy.** Fill in `[data.provenance]`, with the digest that the owner states, obtained on another way than the file.

    **Reference.** MITRE ATLAS AML.T0010.002 and AML.T0019; CWE-345; Regulation (EU) 2024/1689, article 10(2)(b).

    **Example.** The recorded digest is not that of the file: key `digest`, critical.
    """
    reporter = Reporter(spec=spec_of(provenance), situation=ctx)

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        missing = [name for name in _REQUIRED if not ctx.provenance.get(name, "").strip()]
        yield reporter.count("provenance_entries_missing", len(missing), state["rows"], unit="count")
        if missing:
            yield _missing(reporter, missing)
        recorded = ctx.provenance.get("digest", "").strip().lower()
        digest = table_of(ctx).digest
        if recorded and recorded.removeprefix("sha256:") != digest.removeprefix("sha256:"):
            yield _other(reporter, recorded, digest)

    return Scan(aggregations={"rows": pl.len()}, finish=_finish)


def _missing(reporter: Reporter, missing: list[str]) -> Finding:
    wording = Wording(
        title="The data's origin is not fully on record",
        message=f"Nothing is recorded of its {', '.join(missing)}.",
        remedy="Fill in these entries under `[data.provenance]`.",
    )
    everything = len(missing) == len(_REQUIRED)
    return reporter.finding(wording, Severity.MEDIUM if everything else Severity.LOW, Place(key="entries"))


def _other(reporter: Reporter, recorded: str, digest: str) -> Finding:
    evidence = Evidence(
        title="Digest on record and digest of the file",
        columns=("which", "digest"),
        rows=(("recorded", recorded), ("measured", digest)),
    )
    wording = Wording(
        title="This is not the file that was recorded",
        message="The SHA-256 of the file differs from the one on record: its content was changed or replaced.",
        remedy="Do not use it. Obtain the file from its owner again and compare the digest.",
    )
    return reporter.finding(wording, Severity.CRITICAL, Place(key="digest"), evidence=(evidence,))


def _bad() -> Situation:
    return situation(provenance={"owner": "lending", "digest": "sha256:" + "0" * 64})


EXAMPLES = Examples(bad=_bad, clean=situation)
