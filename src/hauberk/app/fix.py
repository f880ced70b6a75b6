# SPDX-License-Identifier: Apache-2.0
"""From a finding to proof: pick the fixes that fit it, train, and run the check that found it again on the fixed model."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from hauberk.app.decide import project_policy
from hauberk.app.fix_target import find_finding, remedy_of
from hauberk.app.harden import PRESET, Bench, HardenedModel, Wish, Worked, record, wish_of
from hauberk.app.keep import Place
from hauberk.app.plugins import known_checks
from hauberk.app.project import Project, open_project
from hauberk.assess import InProcess, Selection, Situation, plan, run_plan
from hauberk.core.decision import Effect
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome, Param, Status
from hauberk.core.ports import Clock, Progress
from hauberk.core.run import Run
from hauberk.registry import decide, facts_of
from hauberk.seal import Signer

_FRESH = 104_729
"""What is added to a seed so that the attack that proves is not the one that found."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fixed:
    """What became of a finding.

    Attributes:
        finding: as it was.
        before: the outcome that it stands in.
        after: the same check on the fixed model, with a fresh seed; None where no fix was chosen.
        remains: the finding as it is now; None if it is gone.
        model: what hardening left behind.
        exit_code: 0 where the finding is gone, or policy no longer objects to it; 4 where the check did not end; else 1.
        sentence: what came of it.
    """

    finding: Finding
    before: Outcome
    after: Outcome | None
    remains: Finding | None
    model: HardenedModel
    exit_code: int
    sentence: str


def fix_finding(
    finding: str,
    config: str | os.PathLike[str] = ".",
    *,
    run: str = "last",
    purse: float | None = None,
    max_auc_loss: float = 0.01,
    preset: str = PRESET,
    out: str | os.PathLike[str] | None = None,
    apply: bool = False,
    seed: int | None = None,
    trust: Sequence[str] = (),
    progress: Progress | None = None,
    clock: Clock | None = None,
    signer: Signer | None = None,
) -> Fixed:
    """Fix a finding, and prove it by running the check that found it again, with a fresh seed, on the fixed model.

    It counts as fixed if the finding is gone, or if the project's policy does not object to what remains of it, and no more
    area under the curve was given up on the holdout than is allowed.

    Args:
        finding: fingerprint, a beginning of one, or the id of a check, whose worst finding is meant.
        config: the project.
        run: the run that holds it: id, a beginning of one, a path, or `last`.
        purse: what an attacker can spend; by default what the finding counts.
        max_auc_loss: area under the ROC curve that may be given up.
        preset: `quick`, `standard` or `thorough`.
        out: folder for the fixed model and a report.
        apply: make the fixed model the project's, if the finding is fixed.
        seed: master seed; what the project says by default.
        trust: digests of model files that may be opened although their format can run code.
        progress: told how far it is.
        clock: where the time comes from.
        signer: key for the ledger's checkpoints; the user's own by default.

    Raises:
        UsageError: no such finding, one that training cannot mend (the next step says what can), or as for `harden_model`.
        NothingToExamine: as for `harden_model`.
    """
    project = open_project(config, flags={"project.seed": seed}, clock=clock, signer=signer)
    recorded = project.load_run(run)
    target = find_finding(recorded, finding)
    remedy = remedy_of(target)
    spent = remedy.purse if purse is None else purse
    wish = wish_of(project, remedy.strategies, spent, max_auc_loss, preset)
    words = (
        f"hauberk fix {target.fingerprint[:12]} --run {recorded.id} --max-auc-loss {max_auc_loss:g} --preset {preset}"
    )
    asked = "" if purse is None else f" --purse {purse:g}"
    wish = dataclasses.replace(wish, command=f"{words}{asked} --seed {project.config.project.seed}")
    place = Place.of(project, out, apply=apply)
    project.prepare()
    return _Repair(project, recorded, target, wish).run(Bench.of(project, trust), place, progress)


class _Repair:
    """One finding on its way to proof."""

    def __init__(self, project: Project, recorded: Run, target: Finding, wish: Wish) -> None:
        self._project = project
        self._recorded = recorded
        self._target = target
        self._wish = wish
        self._before = next(
            item for item in recorded.outcomes if any(one.fingerprint == target.fingerprint for one in item.findings)
        )

    def run(self, bench: Bench, place: Place, progress: Progress | None) -> Fixed:
        """Harden, run the check again, judge, and record."""
        worked = bench.harden(self._wish, progress)
        after = None
        if worked.hardening.hardened is not None:
            if progress is not None:
                progress(stage=f"run {self._target.check} again with a fresh seed", done=0, total=0)
            after, seconds = self._again(worked.situation)
            worked = dataclasses.replace(
                worked, outcomes=(*worked.outcomes, after), seconds={**worked.seconds, **seconds}
            )
        code, sentence = self._judged(worked, after)
        model = record(bench, self._wish, place, worked, holds=code == 0)
        return Fixed(
            finding=self._target, before=self._before, after=after, remains=self._remains(after), model=model,
            exit_code=code, sentence=sentence,
        )  # fmt: skip

    def _again(self, situation: Situation) -> tuple[Outcome, dict[str, float]]:
        """The same check on the fixed model, with a fresh seed.

        It does no less work than is its own: a small sample would make what remains look small.
        """
        check = self._target.check
        entries = known_checks(self._project.config.plugins.allow)
        own: dict[str, Param] = next((item.params for item in entries if item.id == check), dict[str, Param]())
        params = {name: _more(value, own.get(name)) for name, value in self._before.params.items()}
        number = params.get("seed")
        if isinstance(number, int):
            params["seed"] = number + _FRESH
        chosen = Selection(select=(check,), params={check: params})
        planned = plan(entries, situation, chosen, seed=self._wish.seed + _FRESH)
        with InProcess(situation) as executor:
            results = run_plan(planned, executor, timeout_s=self._project.config.checks.timeout_s)
        return results.outcomes[0], results.seconds

    def _remains(self, after: Outcome | None) -> Finding | None:
        found = () if after is None else after.findings
        return next((item for item in found if item.fingerprint == self._target.fingerprint), None)

    def _judged(self, worked: Worked, after: Outcome | None) -> tuple[int, str]:
        done = worked.hardening.hardened
        if done is None or after is None:
            return 1, "no strategy lowers the rate for as little area under the curve as is allowed"
        if done.after.closed:
            return 0, "the fixed model reads no column that the attacker can change, so that there is nothing to attack"
        if after.status not in {Status.PASSED, Status.FINDINGS}:
            return (
                4,
                f"{after.check} did not run to its end on the fixed model ({after.reason}), so that nothing is shown",
            )
        if done.lost[0] > worked.hardening.allowance:
            allowed = worked.hardening.allowance
            return 1, f"the fix gives up {done.lost[0]:.4f} of area under the curve, and {allowed:g} is allowed"
        remains = self._remains(after)
        if remains is None:
            return 0, "the finding is gone"
        was, now = self._target.severity.value, remains.severity.value
        if self._objected(after):
            return 1, f"the finding remains, {now} where it was {was}, and policy objects to it"
        return 0, f"the finding is {now} now, where it was {was}, and policy does not object to that"

    def _objected(self, after: Outcome) -> bool:
        """Whether a rule of the policy denies because of what remains: it speaks with the finding, and not without."""
        with_it = self._denying(after)
        return bool(with_it - self._denying(dataclasses.replace(after, findings=(), status=Status.PASSED)))

    def _denying(self, outcome: Outcome) -> set[str]:
        """The rules that deny a run in which nothing else was found."""
        others = [
            dataclasses.replace(item, findings=(), status=Status.PASSED if item.findings else item.status)
            for item in self._recorded.outcomes
            if item.check != outcome.check
        ]
        now = self._project.clock.now_us()
        run = dataclasses.replace(self._recorded, outcomes=(*others, outcome), waived=(), ended_us=now)
        facts = facts_of(run, signature=None, now_us=now, actor=self._project.actor)
        decision = decide(facts, project_policy(self._project), now)
        return {reason.rule for reason in decision.reasons if reason.effect is Effect.DENY}


def _more(value: Param, own: Param) -> Param:
    """The larger of two numbers; the recorded value where it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not isinstance(own, int):
        return value
    return max(value, own)


def paired(before: Outcome, after: Outcome) -> list[tuple[Measurement, Measurement]]:
    """The measurements that both outcomes have, in the order of the later one."""
    known = {(item.name, item.at): item for item in before.measurements}
    return [(known[item.name, item.at], item) for item in after.measurements if (item.name, item.at) in known]
