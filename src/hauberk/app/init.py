# SPDX-License-Identifier: Apache-2.0
"""`hauberk init`: a commented project file and a proposed domain for somebody's own table and model."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hauberk.app.materials import is_address
from hauberk.app.project import write_atomically
from hauberk.app.template import project_text
from hauberk.core.errors import HauberkError, NothingToExamine, UsageError
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Proposal, infer_domain
from hauberk.model import open_model
from hauberk.table import Table, open_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What `init` wrote, and what it could not know.

    Attributes:
        files: the files written.
        domain: the proposed domain.
        questions: what only a person can tell.
        notes: what the reader should know of the model.
    """

    files: tuple[Path, ...]
    domain: Domain
    questions: tuple[str, ...]
    notes: tuple[str, ...]


def init_project(
    data: str | os.PathLike[str],
    *,
    label: str,
    model: str = "",
    holdout: str = "",
    folder: str | os.PathLike[str] = ".",
    name: str = "",
    positive: str = "event",
    currency: str = "",
    threshold: float = 0.5,
    changeable: Sequence[str] = (),
    trust: Sequence[str] = (),
    force: bool = False,
    ask: Callable[[tuple[str, ...]], Sequence[str]] | None = None,
) -> Proposed:
    """Write `hauberk.toml` and `domain.toml`.

    Args:
        data: training data.
        label: name of the label column; 1 is the event.
        model: model file, folder or address; empty for none yet.
        holdout: labelled rows that the model was not trained on.
        folder: where the two files go.
        name: name of the project; the folder's by default.
        positive: what the event is, in a word.
        currency: currency code of amounts.
        threshold: score from which on the business acts.
        changeable: columns that the subject of a record can change: `NAME`, `NAME:up`, `NAME:down:0.5` (cost per unit).
            All others are then declared as fixed; without any, the cautious proposal stands.
        trust: digests of model files that may be opened although their format can run code.
        force: replace the two files if they exist.
        ask: where `changeable` is empty, called with the columns that could be changed; it returns what `changeable` holds.

    Raises:
        UsageError: a file is missing, the label is not in the data or not 0 and 1, or the files exist.
        NothingToExamine: the table has no rows.
        Unreadable: the table cannot be read.
    """
    root = Path(folder).resolve()
    targets = (root / "hauberk.toml", root / "domain.toml")
    _refuse_existing(root, targets, force)
    table = open_table(Path(data))
    _refuse_label(table, label)
    called = name or root.name
    proposal = infer_domain(table, exclude=(label,), name=called)
    proposal = dataclasses.replace(proposal, domain=dataclasses.replace(proposal.domain, currency=currency))
    words = tuple(changeable) or tuple(ask(proposal.domain.changeable_by()) if ask is not None else ())
    if words:
        proposal = _settled(proposal, words)
    notes = _model_notes(model, table, label, tuple(trust)) if model else ()
    text = project_text(
        name=called,
        positive=positive,
        currency=currency,
        train=_relative(str(data), root),
        holdout=_relative(holdout, root) if holdout else "",
        label=label,
        model=model if is_address(model) else _relative(model, root) if model else "",
        threshold=threshold,
        trust=tuple(trust),
    )
    write_atomically(targets[0], text.encode())
    write_atomically(targets[1], proposal.toml.encode())
    return Proposed(files=targets, domain=proposal.domain, questions=tuple(proposal.questions), notes=notes)


def _refuse_existing(root: Path, targets: tuple[Path, ...], force: bool) -> None:
    if not root.is_dir():
        raise UsageError("the folder does not exist", where=str(root), next_step="make it first")
    existing = [path.name for path in targets if path.exists()]
    if existing and not force:
        raise UsageError(
            f"{' and '.join(existing)} exists already", where=str(root), next_step="use --force to replace, or --folder"
        )


def _refuse_label(table: Table, label: str) -> None:
    if table.height == 0:
        raise NothingToExamine("the table has no rows", where=table.name, next_step="name a table that has some")
    if label not in table.columns:
        shown = ", ".join(table.columns[:12]) + (", …" if len(table.columns) > 12 else "")
        raise UsageError(f"the table has no column {label!r}", where="--label", why=f"its columns are {shown}")
    values = table.frame([label])[label].drop_nulls().unique().sort()
    if not set(values.cast(pl.String).to_list()) <= {"0", "1", "0.0", "1.0", "true", "false"}:
        raise UsageError(
            f"the label column {label!r} holds more than 0 and 1",
            where=table.name,
            why=f"it has {len(values)} different values",
            next_step="name a column in which 1 is the event and 0 is not",
        )


def _settled(proposal: Proposal, words: Sequence[str]) -> Proposal:
    """Declare the columns that were named as changeable by the subject of the record, and all others as fixed."""
    domain = proposal.domain
    terms = {name: term for word in words for name, term in _terms(domain, word).items()}
    columns: list[Column] = []
    why = dict(proposal.why)
    for column in domain.columns:
        actor, direction, cost = terms.get(column.name, (Actor.NOBODY, Direction.BOTH, Cost()))
        if column.name in terms or column.mutable:
            columns.append(dataclasses.replace(column, changed_by=actor, direction=direction, cost=cost))
            said = "as you said" if column.name in terms else "not among the columns that you named"
            kept = [line for line in why.get(column.name, ()) if not line.startswith("changed_by")]
            why[column.name] = (*kept, f"changed_by: {said}")
        else:
            columns.append(column)
    open_questions = tuple(question for question in proposal.questions if not question.startswith("Who can change "))
    return Proposal(domain=dataclasses.replace(domain, columns=tuple(columns)), why=why, questions=open_questions)


def _terms(domain: Domain, word: str) -> dict[str, tuple[Actor, Direction, Cost]]:
    """Read `NAME:DIRECTION:COST`; a one-hot column opens its whole group, since one change moves two of them."""
    name, _, rest = word.partition(":")
    direction, _, cost = rest.partition(":")
    domain.column(name)
    try:
        term = (Actor.APPLICANT, Direction(direction or "both"), Cost(per_unit=float(cost)) if cost else Cost())
    except ValueError as error:
        raise UsageError(
            f"--changeable {word!r} cannot be read", why=str(error), next_step="write NAME, NAME:up or NAME:down:0.5"
        ) from error
    members = next((group.columns for group in domain.groups if name in group.columns), (name,))
    return dict.fromkeys(members, term)


def _model_notes(model: str, table: Table, label: str, trust: tuple[str, ...]) -> tuple[str, ...]:
    """Try to open the model and score five rows; what fails is said, and does not keep the files from being written."""
    if not is_address(model) and not Path(model).exists():
        raise UsageError("the model does not exist", where=model, next_step="correct the path after --model")
    columns = [name for name in table.columns if name != label]
    try:
        view = open_model(model, features=columns, trust=trust)
        view.scores(table.frame().head(5))
    except HauberkError as error:
        return (f"the model was not opened: {error}",)
    return (f"the model is {view.framework}, reads {len(view.features)} columns, and scores the first rows",)


def _relative(path: str, root: Path) -> str:
    target = Path(path).resolve()
    return os.path.relpath(target, root) if target.is_relative_to(root) else str(target)
