# SPDX-License-Identifier: Apache-2.0
"""Materials: what a situation is opened from, in a form that can be sent to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hauberk.assess.context import Money, Situation
from hauberk.assess.params import suggestion
from hauberk.core.asset import SignatureState
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.core.run import Waived
from hauberk.domain import loads_domain
from hauberk.model import open_model
from hauberk.table import Table, open_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """Where everything that a run looks at can be found.

    Attributes:
        data: training data: a path or a frame; None for none.
        holdout: labelled rows that the model was not trained on.
        reference: rows that a person trusts.
        label: name of the label column.
        time: name of the time column.
        groups: columns whose values name subgroups.
        domain: the domain as TOML text; empty for none.
        domain_path: where that text was read, for messages.
        model: a path, a URL or a model in memory; None for none.
        model_name: what people call it.
        features: columns that the model reads, where it does not say so itself.
        trust: digests of pickled models that may be loaded.
        token_env: name of the environment variable that holds an endpoint's bearer token; empty for none.
        positive: what the event is called among the model's classes.
        model_timeout_s: seconds that an endpoint or a separate process may take for one call.
        threshold: score from which on the business acts.
        money: how a missed event becomes an amount.
        provenance: what is recorded of the data's origin.
        signature: what is known of the model's signature.
        waivers: waivers declared by the project, expired ones included.
        now_us: the run's start in UTC microseconds.
        digests: role (`train`, `holdout`, `reference`, `model`) to the digest that the asset must have; see `pinned`.
    """

    data: Any = None
    holdout: Any = None
    reference: Any = None
    label: str = ""
    time: str = ""
    groups: tuple[str, ...] = ()
    domain: str = ""
    domain_path: str = ""
    model: Any = None
    model_name: str = ""
    features: tuple[str, ...] | None = None
    trust: tuple[str, ...] = ()
    token_env: str = ""
    positive: str | int | bool = 1
    model_timeout_s: float = 30.0
    threshold: float = 0.5
    money: Money = field(default_factory=Money)
    provenance: dict[str, str] = field(default_factory=dict)
    signature: SignatureState | None = None
    waivers: tuple[Waived, ...] = ()
    now_us: int = 0
    digests: Mapping[str, str] = field(default_factory=dict[str, str])


def pinned(materials: Materials, situation: Situation) -> Materials:
    """Return the materials with the digests of what was opened, so that whoever opens them again gets the same bytes.

    A process that opens the files later refuses others: the digests that a run records are those of the very bytes that
    its checks looked at, whichever process did. What is in memory has no file that could change, and is not digested.
    """
    found = {role: _digest(situation, role) for role in ("train", "holdout", "reference", "model")}
    return replace(materials, digests={role: digest for role, digest in found.items() if digest})


def open_situation(materials: Materials) -> Situation:
    """Open everything that the materials name.

    Raises:
        UsageError: a missing file, a column that was named and that no table holds, a feature that the data lack, or a
            pickled model whose digest is not trusted.
        ConfigError: a domain that cannot mean anything.
        Unreadable: a file that is not what it claims to be.
        IntegrityError: a file that is not the one that the digests or the model's signature stand for.
    """
    data, holdout, reference = (
        _table(source, role)
        for source, role in (
            (materials.data, "train"),
            (materials.holdout, "holdout"),
            (materials.reference, "reference"),
        )
    )
    tables = [table for table in (data, holdout) if table is not None]
    for key, name in _named(materials):
        _refuse_unknown_column(key, name, tables)
    model = None
    if materials.model is not None:
        model = open_model(
            materials.model,
            features=materials.features or _columns(tables, materials.label),
            trust=materials.trust,
            name=materials.model_name,
            positive=materials.positive,
            timeout_s=materials.model_timeout_s,
            token_env=materials.token_env,
            threads=1,  # checks run side by side; threads that wait for one another would cost more than they give
        )
    situation = Situation(
        data=data,
        holdout=holdout,
        reference=reference,
        label=materials.label,
        time=materials.time,
        groups=materials.groups,
        domain=loads_domain(materials.domain, where=materials.domain_path) if materials.domain else None,
        model=model,
        threshold=materials.threshold,
        money=materials.money,
        provenance=dict(materials.provenance),
        signature=materials.signature,
        waivers=materials.waivers,
        now_us=materials.now_us,
    )
    _refuse_others(materials, situation)
    return situation


def _refuse_others(materials: Materials, situation: Situation) -> None:
    """Refuse files that were exchanged between the look that named their digest and this one."""
    wanted = dict(materials.digests)
    if materials.signature is not None and materials.signature.valid and materials.signature.digest:
        wanted.setdefault("model", materials.signature.digest)
    for role, digest in sorted(wanted.items()):
        found = _digest(situation, role)
        if found != digest:
            raise IntegrityError(
                f"the {role} was exchanged while it was looked at",
                why=f"it was {digest}, it is {found or 'absent'}",
                next_step="repeat the run when nobody writes to the file",
            )


def _digest(situation: Situation, role: str) -> str:
    """Digest of what was opened from a file; empty for what is absent, in memory or behind an address."""
    if role == "model":
        return situation.model.digest if situation.model is not None else ""
    table = {"train": situation.data, "holdout": situation.holdout, "reference": situation.reference}[role]
    return table.digest if table is not None and table.path is not None else ""


def _columns(tables: list[Table], label: str) -> tuple[str, ...] | None:
    """The columns of the first table but the label: what a model that does not name its features may read."""
    return tuple(name for name in tables[0].columns if name != label) if tables else None


def _table(source: Any, role: str) -> Table | None:
    if source is None:
        return None
    if isinstance(source, Table):
        return source
    name = Path(source).stem if isinstance(source, str | Path) else role
    return open_table(source, name=name)


def _named(materials: Materials) -> list[tuple[str, str]]:
    named = [("label", materials.label), ("time", materials.time)]
    return [item for item in [*named, *(("groups", group) for group in materials.groups)] if item[1]]


def _refuse_unknown_column(key: str, name: str, tables: list[Table]) -> None:
    if not tables or any(name in table.columns for table in tables):
        return
    columns = tables[0].columns
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    raise UsageError(
        f"no table holds the {key} column {name!r}",
        where=f"[data] {key}",
        why=f"the columns are {shown}",
        next_step=suggestion(name, columns) or f"name one of them as {key}",
    )
