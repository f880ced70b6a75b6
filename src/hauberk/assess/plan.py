# SPDX-License-Identifier: Apache-2.0
"""The plan: which checks run, with which parameters and seeds, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hauberk.assess.context import Situation
from hauberk.assess.needs import missing_needs
from hauberk.assess.params import merged_params, suggestion
from hauberk.assess.seed import check_seed
from hauberk.core.check import Need, Stage
from hauberk.core.entry import Entry
from hauberk.core.errors import ConfigError
from hauberk.core.outcome import Outcome, Param, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which checks a run is asked for.

    Attributes:
        select: ids or beginnings of ids, such as `HB-D` or `HB-E001`; empty for all.
        ignore: the same for checks that are planned and skipped.
        params: overrides of parameters, by check id.
        stages: only checks of these stages; empty for all.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One check of a plan.

    Attributes:
        entry: the check.
        params: the parameters that it runs with, defaults included.
        seed: seed of its generator.
        run_seed: seed of the run, for work that checks share.
        verdict: None if it is to run; NOT_APPLICABLE or SKIPPED if it is not.
        reason: why it is not to run.
    """

    entry: Entry
    params: dict[str, Param]
    seed: int
    run_seed: int = 0
    verdict: Status | None = None
    reason: str = ""

    def ended(self, status: Status, reason: str = "") -> Outcome:
        """Return the outcome of this check where it has neither findings nor measurements."""
        return Outcome(
            check=self.entry.id,
            title=self.entry.title,
            stage=self.entry.stage.value,
            status=status,
            reason=reason,
            params=dict(self.params),
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every check that was asked for, in order of id; each ends in exactly one outcome.

    Attributes:
        checks: the planned checks.
    """

    checks: tuple[Planned, ...]

    @property
    def to_run(self) -> tuple[Planned, ...]:
        """The checks that are to run."""
        return tuple(item for item in self.checks if item.verdict is None)


def plan(entries: Iterable[Entry], situation: Situation, selection: Selection | None = None, *, seed: int = 0) -> Plan:
    """Plan a run.

    Args:
        entries: the checks there are.
        situation: what the run has in front of it.
        selection: what is asked for; everything by default.
        seed: seed of the run, 0 or more.

    Raises:
        ConfigError: a pattern that no check matches, an unknown check or parameter, a value of the wrong type, two
            checks with one id, or a negative seed.
    """
    wanted = selection or Selection()
    known = _by_id(entries)
    if seed < 0:
        raise ConfigError(f"the seed must be 0 or more, it is {seed}", where="[project] seed")
    _refuse_unknown(wanted, known)
    reasons = missing_needs(situation)
    chosen = [entry for check, entry in sorted(known.items()) if _chosen(check, entry, wanted)]
    return Plan(checks=tuple(_planned(entry, wanted, reasons, seed) for entry in chosen))


def _by_id(entries: Iterable[Entry]) -> dict[str, Entry]:
    known: dict[str, Entry] = {}
    for entry in entries:
        other = known.setdefault(entry.id, entry)
        if other is not entry:
            raise ConfigError(
                f"two checks have the id {entry.id}",
                why=f"one comes from {other.origin}, the other from {entry.origin}",
                next_step="remove one of the two distributions",
            )
    return known


def _refuse_unknown(wanted: Selection, known: Mapping[str, Entry]) -> None:
    for key, patterns in (("select", wanted.select), ("ignore", wanted.ignore)):
        for pattern in patterns:
            if not any(_matches(check, pattern) for check in known):
                raise ConfigError(
                    f"no check matches {pattern!r}",
                    where=f"[checks] {key}",
                    next_step=suggestion(pattern, known) or "`hauberk checks` lists the checks",
                )
    for check in wanted.params:
        if check not in known:
            raise ConfigError(
                f"there is no check {check!r}",
                where=f'[checks."{check}"]',
                next_step=suggestion(check, known) or "`hauberk checks` lists the checks",
            )
        merged_params(known[check], wanted.params[check])


def _matches(check: str, pattern: str) -> bool:
    return bool(pattern) and check.upper().startswith(pattern.upper())


def _chosen(check: str, entry: Entry, wanted: Selection) -> bool:
    if wanted.stages and entry.stage not in wanted.stages:
        return False
    return not wanted.select or any(_matches(check, pattern) for pattern in wanted.select)


def _planned(entry: Entry, wanted: Selection, missing: Mapping[Need, str], seed: int) -> Planned:
    params = merged_params(entry, wanted.params.get(entry.id, {}))
    verdict, reason = None, ""
    pattern = next((item for item in wanted.ignore if _matches(entry.id, item)), None)
    unmet = next((missing[need] for need in entry.needs if need in missing), None)
    if pattern is not None:
        verdict, reason = Status.SKIPPED, f"the configuration ignores {pattern}"
    elif unmet is not None:
        verdict, reason = Status.NOT_APPLICABLE, unmet
    own = check_seed(seed, entry.id)
    return Planned(entry=entry, params=params, seed=own, run_seed=seed, verdict=verdict, reason=reason)
