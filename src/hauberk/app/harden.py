# SPDX-License-Identifier: Apache-2.0
"""Harden the project's model: try fixes, choose one, show with fresh attacks what it is worth, and put it to use."""

from __future__ import annotations

import dataclasses
import math
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hauberk.app.check import project_frame
from hauberk.app.keep import Kept, Place, keep, model_path, shown_path
from hauberk.app.materials import is_address, project_materials
from hauberk.app.project import Project, open_project
from hauberk.app.runs import assemble
from hauberk.assess import Materials, Situation, open_situation
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.core.event import Event
from hauberk.core.outcome import Outcome, Param
from hauberk.core.ports import Clock, Progress
from hauberk.core.run import Run
from hauberk.harden import (
    OUTCOME,
    Case,
    Hardening,
    case_of,
    effort_of,
    harden,
    outcome_of,
    strategies_of,
)
from hauberk.model import ModelView, open_model
from hauberk.model.reading import read_model_file
from hauberk.seal import Signer, digest_bytes

PRESET = "quick"
"""Effort where none is named."""

_MOST_LOST = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HardenedModel:
    """What hardening left behind.

    Attributes:
        run: the record, about the hardened model; about the shipped one where no fix was chosen.
        hardening: everything that was found.
        kept: files that were written.
        exit_code: 0 where the fix holds on fresh rows under fresh attacks, else 1.
        sentence: what came of it.
    """

    run: Run
    hardening: Hardening
    kept: Kept
    exit_code: int
    sentence: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wish:
    """What is asked for.

    Attributes:
        strategy: names of strategies; all by default.
        purse: what an attacker can spend; by default the median cost of the cheapest evasions found.
        max_auc_loss: area under the ROC curve that may be given up.
        preset: name of the effort.
        seed: of everything that draws.
        command: the command line that repeats it.
    """

    strategy: tuple[str, ...]
    purse: float | None
    max_auc_loss: float
    preset: str
    seed: int
    command: str

    @property
    def params(self) -> dict[str, Param]:
        """As the record keeps it."""
        purse = None if self.purse is None or math.isinf(self.purse) else self.purse
        return {
            "strategy": list(self.strategy), "purse": "inf" if self.purse == math.inf else purse,
            "max_auc_loss": self.max_auc_loss, "preset": self.preset,
        }  # fmt: skip


def harden_model(
    config: str | os.PathLike[str] = ".",
    *,
    strategy: Sequence[str] = (),
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
) -> HardenedModel:
    """Try fixes on the project's model, choose the best, and measure it with fresh attacks on the holdout.

    Candidates are trained on three quarters of the training table and chosen on the rest; the chosen one is trained again on
    all of it. Each acts on as many rows as the shipped model does. The fix holds if on the holdout at most half as many
    caught events get through within the purse as before, beyond the intervals of both, for no more area under the curve
    than is allowed.

    Args:
        config: the project.
        strategy: names of strategies to try; all by default.
        purse: what an attacker can spend, in the domain's currency; by default what half of the evasions of the shipped
            model cost at most.
        max_auc_loss: area under the ROC curve that may be given up.
        preset: `quick`, `standard` or `thorough`.
        out: folder for the hardened model and the report; by default the model goes beside the shipped one with `apply`, and
            into the state folder without.
        apply: make the hardened model the project's, if the fix holds; the shipped file stays.
        seed: master seed; what the project says by default.
        trust: digests of model files that may be opened although their format can run code.
        progress: told how far it is.
        clock: where the time comes from.
        signer: key for the ledger's checkpoints; the user's own by default.

    Raises:
        UsageError: no training table or no model, an unknown strategy or preset, or a folder that cannot be written.
        NothingToExamine: one class, too few rows, or an attacker who can change nothing.
        Incomplete: the model fails on rows.
        KeyboardInterrupt: nothing is left but an entry in the ledger that says so.
    """
    project = open_project(config, flags={"project.seed": seed}, clock=clock, signer=signer)
    wish = wish_of(project, strategy, purse, max_auc_loss, preset)
    place = Place.of(project, out, apply=apply)
    project.prepare()
    bench = Bench.of(project, trust)
    return record(bench, wish, place, bench.harden(wish, progress))


def wish_of(project: Project, strategy: Sequence[str], purse: float | None, max_auc_loss: float, preset: str) -> Wish:
    """Check what is asked for, before any work is done."""
    strategies_of(strategy)
    effort_of(preset)
    if purse is not None and not purse >= 0.0:
        raise UsageError(f"a purse holds 0 or more, not {purse}", next_step="give --purse an amount")
    if not 0.0 <= max_auc_loss <= _MOST_LOST:
        raise UsageError(f"the area that may be given up lies between 0 and {_MOST_LOST}, not at {max_auc_loss}")
    words = ["hauberk harden", *(f"--strategy {name}" for name in strategy)]
    words += [] if purse is None else [f"--purse {purse:g}"]
    words += [f"--max-auc-loss {max_auc_loss:g}", f"--preset {preset}", f"--seed {project.config.project.seed}"]
    return Wish(
        strategy=tuple(strategy), purse=purse, max_auc_loss=max_auc_loss, preset=preset,
        seed=project.config.project.seed, command=" ".join(words),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """A project opened for hardening.

    Attributes:
        project: the project.
        materials: what it declares.
        situation: the same, opened.
        case: what is hardened.
        started_us: when it began.
    """

    project: Project
    materials: Materials
    situation: Situation
    case: Case
    started_us: int

    @classmethod
    def of(cls, project: Project, trust: Sequence[str]) -> Bench:
        """Open everything; see `harden_model` for errors."""
        now = project.clock.now_us()
        materials = project_materials(project, now_us=now, keys=project.trusted())
        materials = dataclasses.replace(materials, trust=(*materials.trust, *trust))
        situation = open_situation(materials)
        content = _content(materials, situation.model)
        return cls(
            project=project, materials=materials, situation=situation, started_us=now,
            case=case_of(situation, content, project.config.project.seed),
        )  # fmt: skip

    def harden(self, wish: Wish, progress: Progress | None) -> Worked:
        """Harden, and return what came of it."""
        begin = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="hauberk-harden-") as folder:
                hardening = harden(
                    self.case,
                    strategies_of(wish.strategy),
                    folder=Path(folder),
                    effort=effort_of(wish.preset),
                    purse=wish.purse,
                    allowance=wish.max_auc_loss,
                    seed=wish.seed,
                    progress=progress,
                )
                outcome = outcome_of(hardening, self.case, wish.params, wish.seed)
                situation = self._hardened(hardening, Path(folder))
        except (KeyboardInterrupt, SystemExit):
            self._interrupted(wish)
            raise
        seconds = {OUTCOME: time.monotonic() - begin}
        return Worked(outcomes=(outcome,), situation=situation, hardening=hardening, seconds=seconds)

    def _hardened(self, hardening: Hardening, folder: Path) -> Situation:
        """The situation with the hardened model and its threshold; as it is where none was chosen."""
        done = hardening.hardened
        if done is None:
            return self.situation
        if done.candidate.content == self.case.content:
            return dataclasses.replace(self.situation, threshold=done.threshold)
        path = folder / f"hardened{done.candidate.suffix}"
        path.write_bytes(done.candidate.content)
        name = f"{Path(self.materials.model_name).stem or 'model'}, hardened"
        view = open_model(path, features=done.candidate.features, name=name, threads=1)
        return dataclasses.replace(self.situation, model=view, threshold=done.threshold, signature=None)

    def _interrupted(self, wish: Wish) -> None:
        with self.project.ledger() as ledger:
            ledger.append(
                [
                    Event(
                        kind="hardening.aborted",
                        at_us=self.project.clock.now_us(),
                        actor=self.project.actor.name,
                        payload={"command": wish.command},
                    )
                ]
            )


def record(bench: Bench, wish: Wish, place: Place, worked: Worked, *, holds: bool | None = None) -> HardenedModel:
    """Put the record together, and write model, record, ledger entry and, where asked for, project file, in this order.

    Args:
        bench: the project.
        wish: what was asked for.
        place: where results go.
        worked: what the bench gave.
        holds: whether the fix holds, where somebody else judges that than hardening itself.
    """
    hardening = worked.hardening
    project, done = bench.project, worked.hardening.hardened
    path = model_path(project, hardening, place)
    frame = project_frame(project, bench.started_us, wish.command)
    frame = dataclasses.replace(frame, selected=tuple(item.check for item in worked.outcomes))
    if path is not None:  # a record keeps no more than the name of what lies outside the project
        inside = path.resolve().is_relative_to(project.root)
        frame = dataclasses.replace(frame, model=shown_path(project, path) if inside else path.name)
    ended = project.clock.now_us()
    run = assemble(frame, worked.situation, worked.outcomes, worked.seconds, ended_us=ended)
    good = (done is not None and done.good) if holds is None else holds
    sentence = done.verdict if done else "no strategy lowers the evasion rate for as little area as is allowed"
    kept = keep(project, run, hardening, place, apply=good and place.apply)
    return HardenedModel(run=kept.run, hardening=hardening, kept=kept, exit_code=0 if good else 1, sentence=sentence)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worked:
    """What the bench gave.

    Attributes:
        outcomes: for the record.
        situation: what the project declares, with the hardened model and its threshold.
        hardening: everything that was found.
        seconds: wall seconds by outcome.
    """

    outcomes: tuple[Outcome, ...]
    situation: Situation
    hardening: Hardening
    seconds: dict[str, float]


def _content(materials: Materials, model: ModelView | None) -> bytes:
    """Bytes of the model's file, which have to be those that were opened; none for an endpoint or a folder."""
    if model is None or not isinstance(materials.model, Path) or is_address(str(materials.model)):
        return b""
    content = read_model_file(materials.model)
    if model.digest and digest_bytes(content) != model.digest:
        raise IntegrityError("the model was exchanged while it was looked at", where=str(materials.model))
    return content
