# SPDX-License-Identifier: Apache-2.0
"""`hauberk demo`: the whole life of a model on real data, up to a verdict that can be proved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import polars as pl

from hauberk.app.attest import attest_artifact
from hauberk.app.bom import render_bom
from hauberk.app.check import check
from hauberk.app.data import check_data, quarantine_data
from hauberk.app.demo.train import LABEL, Trained, split, train
from hauberk.app.project import open_project, write_atomically
from hauberk.app.report import render_report
from hauberk.artifact import sign_model
from hauberk.core.errors import UsageError
from hauberk.core.event import Event
from hauberk.core.ports import Clock, Progress, SystemClock
from hauberk.core.run import Run
from hauberk.data import Admission
from hauberk.seal import Signer, digest_bytes, ephemeral_signer
from hauberk.table import open_table

SEED = 350
"""Number of the data set at UCI; nothing depends on the choice."""

HOLDOUT_SHARE = 0.3
MARKER = "made-by-hauberk-demo"

BILL = "model.cdx.json"
"""File of the model's bill of materials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo leaves behind.

    Attributes:
        run: the assessment, judged.
        folder: the project that it made.
        report: the HTML report.
        bill: the model's bill of materials.
        admission: what admitting the data gave.
        trained: what training gave.
        key: public key of the throw-away key that signed.
    """

    run: Run
    folder: Path
    report: Path
    bill: Path
    admission: Admission
    trained: Trained
    key: str


def demo(
    folder: str | os.PathLike[str] = "hauberk-demo",
    *,
    seed: int = SEED,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Demo:
    """Admit the credit data, train a model, sign it, assess and judge it, write ledger, report and bill of materials.

    Args:
        folder: where the project is made; an earlier demo there is replaced, anything else is left alone.
        seed: seed of split, training and assessment.
        progress: told how far it is.
        clock: where the time comes from.

    Raises:
        UsageError: the folder exists and is not an earlier demo's, or cannot be written.
    """
    root = Path(folder).resolve()
    say = progress or _silent
    time = clock or SystemClock()
    signer = ephemeral_signer("demo")
    with _fresh(root):
        say(stage="unpack 30,000 clients", done=0, total=0)
        _unpack(root, seed)
        say(stage="admit the data", done=0, total=0)
        admission = _admit(root, seed)
        say(stage="train", done=0, total=0)
        trained = train(root / "train.parquet", root / "holdout.parquet", seed=seed)
        write_atomically(root / "model.txt", trained.text.encode())
        _write_project(root, seed, trained, signer)
        sign_model(root / "model.txt", signer)
        _record_life(root, signer, time, admission, trained)
        say(stage="assess", done=0, total=0)
        run = check(root, progress=progress, clock=time, signer=signer)
        say(stage="write the report", done=0, total=0)
        report = root / "report.html"
        write_atomically(report, render_report(run, format="html"))
        _state(root, signer, time)
    return Demo(
        run=run,
        folder=root,
        report=report,
        bill=root / BILL,
        admission=admission,
        trained=trained,
        key=signer.public.vkey,
    )


def _state(root: Path, signer: Signer, clock: Clock) -> None:
    """Sign what the records say of the model, and write its bill of materials."""
    model = root / "model.txt"
    for kind in ("scan", "training", "assessment"):
        attest_artifact(kind, model, config=root, signer=signer, clock=clock)
    write_atomically(root / BILL, render_bom(model, config=root, signer=signer, clock=clock))


def _silent(*, stage: str, done: int, total: int, note: str = "") -> None:
    del stage, done, total, note


@contextmanager
def _fresh(root: Path) -> Generator[None]:
    """Make the folder; replace an earlier demo, and touch nothing else."""
    if root.exists() and (not root.is_dir() or (any(root.iterdir()) and not (root / MARKER).is_file())):
        raise UsageError(
            "the folder exists and is not an earlier demo's",
            where=str(root),
            next_step="name another one with --folder",
        )
    if root.exists():
        shutil.rmtree(root)
    try:
        root.mkdir(parents=True)
        (root / MARKER).touch()
    except OSError as error:
        raise UsageError(
            "the demo's folder cannot be made",
            where=str(root),
            why=error.strerror or "",
            next_step="name one that you may write to with --folder",
        ) from error
    yield


def _unpack(root: Path, seed: int) -> None:
    source = resources.files("hauberk.app.demo")
    for name in ("credit.md", "domain.toml"):
        write_atomically(root / name, source.joinpath(name).read_bytes())
    with resources.as_file(source.joinpath("credit.parquet")) as path:
        clients = pl.read_parquet(path)
    collected, holdout = split(clients, share=HOLDOUT_SHARE, seed=seed)
    collected.write_parquet(root / "collected.parquet", compression="zstd")
    holdout.write_parquet(root / "holdout.parquet", compression="zstd")


def _admit(root: Path, seed: int) -> Admission:
    """Train on what was admitted; what was set aside stays in a file of its own, with reasons."""
    admitted = check_data(root / "collected.parquet", label=LABEL, domain=root / "domain.toml", seed=seed)
    quarantine_data(admitted, root / "quarantine")
    shutil.copyfile(root / "quarantine" / "clean.parquet", root / "train.parquet")
    return admitted.admission


def _write_project(root: Path, seed: int, trained: Trained, signer: Signer) -> None:
    template = resources.files("hauberk.app.demo").joinpath("hauberk.toml").read_text(encoding="utf-8")
    text = template.replace("@SEED@", str(seed)).replace("@THRESHOLD@", f"{trained.threshold:g}")
    write_atomically(root / "hauberk.toml", text.replace("@KEY@", signer.public.vkey).encode())


def _record_life(root: Path, signer: Signer, clock: Clock, admission: Admission, trained: Trained) -> None:
    """Write to the ledger what happened before the assessment: admission, training, signature."""
    project = open_project(root, clock=clock, signer=signer)
    model = digest_bytes(trained.text.encode())
    with project.ledger() as ledger:
        ledger.append(
            [
                Event(
                    kind="data.admitted",
                    at_us=clock.now_us(),
                    actor=project.actor.name,
                    subject=open_table(root / "train.parquet").digest,
                    payload={
                        "ruling": admission.ruling.value,
                        "rows": admission.rows,
                        "quarantined": admission.marked,
                        "source": open_table(root / "collected.parquet").digest,
                    },
                ),
                Event(
                    kind="model.trained",
                    at_us=clock.now_us(),
                    actor=project.actor.name,
                    subject=model,
                    payload={
                        "rows": trained.rows,
                        "holdout_auc": f"{trained.auc:.4f}",
                        "threshold": f"{trained.threshold:g}",
                    },
                ),
                Event(
                    kind="model.signed",
                    at_us=clock.now_us(),
                    actor=project.actor.name,
                    subject=model,
                    payload={"key": signer.public.vkey},
                ),
            ]
        )
