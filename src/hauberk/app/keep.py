# SPDX-License-Identifier: Apache-2.0
"""Write what hardening gave: model, record, ledger entry, and at last the project file. The shipped model stays."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from hauberk.app.materials import is_address
from hauberk.app.project import HARDENING, Project, write_atomically
from hauberk.app.report import render_report
from hauberk.app.rewrite import lines_of, with_values
from hauberk.core.errors import UsageError
from hauberk.core.event import Event, Plain
from hauberk.core.run import Run
from hauberk.harden import Hardening
from hauberk.report import dump_run
from hauberk.seal import digest_bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where results go.

    Attributes:
        folder: where the hardened model is written.
        report: where the report is written; None for none.
        apply: whether the project shall use the model.
    """

    folder: Path
    report: Path | None
    apply: bool

    @classmethod
    def of(cls, project: Project, out: str | os.PathLike[str] | None, *, apply: bool) -> Place:
        """Decide, and refuse what cannot be written, before any work is done.

        Raises:
            UsageError: a folder that cannot be made or written, or an endpoint that would have to be applied to.
        """
        shipped = project.config.model.path
        if apply and is_address(shipped):
            raise UsageError(
                "an endpoint is hardened where it is served, not in the project file",
                where="[model] path",
                next_step="leave --apply out, and put the written model behind the address yourself",
            )
        beside = project.path(shipped).parent if shipped and apply else project.state / HARDENING
        folder = Path(out).absolute() if out is not None else beside
        _writable(folder)
        return cls(folder=folder, report=folder / "hardening.html" if out is not None else None, apply=apply)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was written.

    Attributes:
        run: the record, with its checkpoint.
        record: its file.
        model: file of the hardened model; None where there is none.
        report: file of the report; None if none was asked for.
        applied: whether the project uses the model now.
        lines: what has to stand in the project file for that.
        sentence: why it was not applied although that was asked for; empty otherwise.
    """

    run: Run
    record: Path
    model: Path | None
    report: Path | None
    applied: bool
    lines: tuple[str, ...]
    sentence: str = ""


def keep(project: Project, run: Run, hardening: Hardening, place: Place, *, apply: bool) -> Kept:
    """Write everything, each file whole or not at all, the project file last.

    Args:
        project: the project.
        run: the record.
        hardening: what was found.
        place: where to.
        apply: whether the project shall use the model from now on.

    Raises:
        UsageError: a file cannot be written; what was written before it is complete, and nothing refers to it.
    """
    model = _write_model(project, hardening, place)
    values = _values(project, hardening, model)
    text, problem = _changed(project, values) if apply and values else ("", "")
    run = _recorded(project, run, hardening, applied=bool(text))
    if place.report is not None:
        _write(place.report, render_report(run, format="html"))
    if text:
        write_atomically(project.file, text.encode())
    return Kept(
        run=run, record=_record(project, run), model=model, report=place.report, applied=bool(text),
        lines=lines_of(_table(project), values) if values else (), sentence=problem,
    )  # fmt: skip


def _recorded(project: Project, run: Run, hardening: Hardening, *, applied: bool) -> Run:
    """Write the record with a checkpoint of the ledger, then the ledger's entry that vouches for it."""
    with project.ledger() as ledger:
        run = dataclasses.replace(run, checkpoint=ledger.checkpoint())
        content = dump_run(run)
        path = _record(project, run)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomically(path, content, private=True)
        name = f"{HARDENING}/{path.name}"
        payload: dict[str, Plain] = {
            "run": digest_bytes(content),
            "files": {name: digest_bytes(content)},
            "applied": applied,
            **_facts(project, hardening),
        }
        done = hardening.hardened
        subject = digest_bytes(done.candidate.content) if done and done.candidate.content else ""
        ledger.append(
            [
                Event(
                    kind="model.hardened",
                    at_us=project.clock.now_us(),
                    actor=project.actor.name,
                    subject=subject,
                    payload=payload,
                )
            ]
        )
        checkpoint = ledger.checkpoint()
    write_atomically(project.state / "checkpoint", checkpoint.note.encode(), private=True)
    return run


def _facts(project: Project, hardening: Hardening) -> dict[str, Plain]:
    done = hardening.hardened
    facts: dict[str, Plain] = {"shipped": project.config.model.path, "purse": f"{hardening.purse:g}"}
    if done is None:
        return {**facts, "strategy": ""}
    before, after = done.before.through(hardening.purse), done.after.through(hardening.purse)
    return {
        **facts,
        "strategy": done.candidate.strategy,
        "threshold": f"{done.threshold:g}",
        "holds": done.good,
        "evasion_before": f"{before.hits}/{before.n}" if before else "",
        "evasion_after": f"{after.hits}/{after.n}" if after else "",
        "auc_lost": f"{done.lost[0]:.4f}",
    }


def model_path(project: Project, hardening: Hardening, place: Place) -> Path | None:
    """Where the hardened model goes: a name that its own digest makes, so that the shipped file is never written to.

    None where there is none, or where a threshold moved and there is no file; the shipped file where a threshold moved.
    """
    done = hardening.hardened
    shipped = project.config.model.path
    if done is None or not done.candidate.content:
        return None
    if not done.candidate.suffix:
        return project.path(shipped)
    stem = "model" if is_address(shipped) else Path(shipped).stem
    digest = digest_bytes(done.candidate.content).removeprefix("sha256:")
    return place.folder / f"{stem}-hardened-{digest[:8]}{done.candidate.suffix}"


def shown_path(project: Project, path: Path) -> str:
    """A path as the project file writes it: relative where it lies in the project."""
    inside = path.resolve().is_relative_to(project.root)
    return os.path.relpath(path.resolve(), project.root) if inside else str(path)


def _write_model(project: Project, hardening: Hardening, place: Place) -> Path | None:
    done, target = hardening.hardened, model_path(project, hardening, place)
    if done is None or target is None:
        return None
    if not target.exists() or target.read_bytes() != done.candidate.content:
        _write(target, done.candidate.content)
    return target


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    except OSError as error:
        raise UsageError(
            "the result cannot be written",
            where=str(target),
            why=error.strerror or "",
            next_step="name a folder that has room and that you may write to with --out",
        ) from error


def _values(project: Project, hardening: Hardening, model: Path | None) -> dict[str, str | float]:
    """Path and threshold as the project file writes them."""
    done = hardening.hardened
    if done is None or model is None:
        return {}
    return {"path": shown_path(project, model), "threshold": done.threshold}


def _changed(project: Project, values: dict[str, str | float]) -> tuple[str, str]:
    """The project file's new text, or why it cannot be changed."""
    try:
        return with_values(project.file.read_text(encoding="utf-8"), _table(project), values), ""
    except UsageError as error:
        return "", f"{error.what}: {error.why}"


def _table(project: Project) -> str:
    return "tool.hauberk.model" if project.file.name == "pyproject.toml" else "model"


def _record(project: Project, run: Run) -> Path:
    return project.state / HARDENING / f"{run.id}.json"


def _writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, as far as that can be told beforehand."""
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(
            "the folder for the hardened model cannot be written",
            where=str(folder),
            why=f"{nearest} is no folder that you may write to",
            next_step="name another one with --out",
        )
