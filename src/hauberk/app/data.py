# SPDX-License-Identifier: Apache-2.0
"""Admit a table: check it, rule on it, set rows aside with reasons, bring them back."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hauberk.app.plugins import known_checks
from hauberk.app.runs import Frame, assemble
from hauberk.assess import InProcess, Materials, Selection, Situation, open_situation, plan, run_plan
from hauberk.core.decision import Decision, Effect, Reason
from hauberk.core.errors import UsageError
from hauberk.core.outcome import Outcome, Status
from hauberk.core.ports import Clock, Progress, SystemClock
from hauberk.core.run import Run
from hauberk.data import Admission, Quarantined, Ruling, admit, quarantine, restore
from hauberk.domain import infer_domain, load_domain
from hauberk.seal import canonical, digest_bytes, plain
from hauberk.table import Table

POLICY = "hauberk.data.admit"
"""What rules on a table: not the project's policy, but the fixed rule that the function of that name documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A table that was ruled on.

    Attributes:
        run: the data checks, with the ruling as its decision.
        admission: the ruling with the reason codes of rows.
        table: the table.
    """

    run: Run
    admission: Admission
    table: Table


def check_data(
    table: str | os.PathLike[str],
    *,
    label: str = "",
    domain: str | os.PathLike[str] = "",
    reference: str | os.PathLike[str] = "",
    time: str = "",
    groups: Sequence[str] = (),
    provenance: Mapping[str, str] | None = None,
    select: Sequence[str] = ("HB-D",),
    ignore: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Admitted:
    """Run the data checks on a table and rule: accept, quarantine or reject. No project is needed, none is changed.

    Args:
        table: Parquet or CSV file.
        label: name of the label column; 1 is the event.
        domain: the declaration of valid records; inferred from the reference, else from the table itself, without one.
        reference: rows that a person trusts.
        time: name of the time column.
        groups: columns whose values name subgroups.
        provenance: what is known of the origin: `owner`, `licence`, `origin`, `collected`, `digest`.
        select: ids or prefixes of checks to run.
        ignore: ids or prefixes to leave out.
        seed: seed of checks that sample.
        progress: told how far it is.
        clock: where the time comes from.
    """
    watch = clock or SystemClock()
    materials = Materials(
        data=_file(table, "the table"),
        reference=_file(reference, "--reference") if reference else None,
        label=label,
        time=time,
        groups=tuple(groups),
        provenance=dict(provenance or {}),
        now_us=watch.now_us(),
    )
    situation = _with_domain(open_situation(materials), domain)
    planned = plan(known_checks(), situation, Selection(select=tuple(select), ignore=tuple(ignore)), seed=seed)
    with InProcess(situation) as executor:
        results = run_plan(planned, executor, progress=progress)
    assert situation.data is not None
    admission = admit(situation.data, situation, outcomes=results.outcomes)
    frame = Frame(
        project=situation.data.name,
        command=_command(table, materials, domain=domain, reference=reference, ignore=ignore, seed=seed),
        started_us=materials.now_us,
        seed=seed,
        root=Path(table).resolve().parent,
    )
    run = assemble(frame, situation, results.outcomes, results.seconds, ended_us=watch.now_us())
    run = dataclasses.replace(run, decision=_decision(admission, situation.data, results.outcomes, watch.now_us()))
    return Admitted(run=run, admission=admission, table=situation.data)


def quarantine_data(admitted: Admitted, out: str | os.PathLike[str]) -> Quarantined:
    """Split an admitted table into `clean.parquet` and `quarantined.parquet`, reversibly.

    Args:
        admitted: from `check_data`.
        out: folder that does not exist yet or is empty.

    Raises:
        UsageError: the folder holds something, or the table was rejected for reasons that no row carries.
    """
    reasons = admitted.admission.reasons
    if reasons is None:
        raise UsageError(
            "the table cannot be split",
            why="; ".join(admitted.admission.because),
            next_step="fetch or correct the table",
        )
    return quarantine(admitted.table, reasons, Path(out))


def restore_data(folder: str | os.PathLike[str], out: str | os.PathLike[str]) -> Table:
    """Put the rows set aside back: the table as it was, in its order; see `hauberk.data.restore`."""
    if not Path(folder).is_dir():
        raise UsageError("the folder does not exist", where=str(folder), next_step="name what `data quarantine` wrote")
    return restore(Path(folder), Path(out))


def _command(
    table: str | os.PathLike[str],
    said: Materials,
    *,
    domain: str | os.PathLike[str],
    reference: str | os.PathLike[str],
    ignore: Sequence[str],
    seed: int,
) -> str:
    """The command line that gives the same ruling, with paths as they were given."""
    named = {"label": said.label, "domain": domain, "reference": reference, "time": said.time}
    named |= {name: said.provenance.get(name, "") for name in ("owner", "licence", "origin")}
    words = ["hauberk", "data", "check", os.fspath(table)]
    for name, value in named.items():
        words += [f"--{name}", os.fspath(value)] if value else []
    words += [word for group in said.groups for word in ("--group", group)]
    words += [word for name in ignore for word in ("--ignore", name)]
    return shlex.join([*words, *(["--seed", str(seed)] if seed else [])])


def _file(path: str | os.PathLike[str], what: str) -> Path:
    found = Path(path)
    if not found.exists():
        raise UsageError(f"{what} does not exist", where=str(path), next_step="correct the path")
    return found


def _with_domain(situation: Situation, domain: str | os.PathLike[str]) -> Situation:
    """Declared, or inferred from rows that a person trusts; a table that vouches for itself is the last resort."""
    if domain:
        return dataclasses.replace(situation, domain=load_domain(Path(domain)))
    source = situation.reference or situation.data
    assert source is not None
    exclude = (situation.label,) if situation.label else ()
    if not source.height:
        return situation
    return dataclasses.replace(situation, domain=infer_domain(source, exclude=exclude, name=source.name).domain)


def _decision(admission: Admission, table: Table, outcomes: Sequence[Outcome], now_us: int) -> Decision:
    allowed = admission.ruling is Ruling.ACCEPT
    effect = Effect.ALLOW if allowed else Effect.DENY
    sentences = admission.because or (_clean(outcomes),)
    facts = {"ruling": admission.ruling.value, "rows": admission.rows, "counts": dict(admission.counts)}
    return Decision(
        effect=effect,
        action="admit",
        resource=table.digest,
        reasons=tuple(Reason(rule=admission.ruling.value, effect=effect, sentence=text) for text in sentences),
        policy=POLICY,
        inputs=digest_bytes(canonical(plain(facts))),
        at_us=now_us,
    )


def _clean(outcomes: Sequence[Outcome]) -> str:
    """What stands behind an acceptance, and what was left out of it."""
    ran = sum(outcome.status in {Status.PASSED, Status.FINDINGS} for outcome in outcomes)
    left_out = [outcome.check for outcome in outcomes if outcome.status is Status.SKIPPED]
    rest = f"; left out on request: {', '.join(left_out)}" if left_out else ""
    return f"{ran} of {len(outcomes)} data checks ran, and no row carries a reason to set it aside{rest}"
