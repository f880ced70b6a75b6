# SPDX-License-Identifier: Apache-2.0
"""What is known of a check without importing it: one entry of an index."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from hauberk.core.check import CheckSpec, Cost, Need, Order, Stage, spec_of
from hauberk.core.errors import Incomplete
from hauberk.core.outcome import Param


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One check as an index lists it; everything that planning needs, and where the function is.

    Attributes:
        id: id of the check.
        title: one line that states what is wrong when it fires.
        module: name of the module that holds the function.
        function: name of the function in that module.
        stage: where it belongs.
        needs: what it cannot run without.
        threats: catalogue ids.
        cost: order of magnitude of its duration.
        since: release in which it appeared.
        order: whether row order may matter.
        params: name to default of each parameter.
        origin: distribution that it comes from.
    """

    id: str
    title: str
    module: str
    function: str
    stage: Stage
    needs: tuple[Need, ...]
    threats: tuple[str, ...] = ()
    cost: Cost = Cost.SECONDS
    since: str = "0.1"
    order: Order = Order.IRRELEVANT
    params: dict[str, Param] = field(default_factory=dict)
    origin: str = "hauberk"

    def load(self) -> CheckSpec:
        """Import the one module that holds the check, which is code execution, and return its declaration.

        Raises:
            Incomplete: the module or function is missing, or declares a check of another id.
        """
        where = f"{self.module}:{self.function}"
        try:
            spec = spec_of(getattr(importlib.import_module(self.module), self.function))
        except (ImportError, AttributeError, TypeError) as error:
            raise Incomplete(f"check {self.id} cannot be loaded", where=where, why=str(error)) from error
        if spec.id != self.id:
            raise Incomplete(f"check {self.id} cannot be loaded", where=where, why=f"it declares the id {spec.id}")
        return spec


def entry_of(spec: CheckSpec, origin: str = "hauberk") -> Entry:
    """Return the index entry of a declared check.

    Raises:
        TypeError: a parameter's default is none of str, int, float, bool, None or a sequence of str.
    """
    return Entry(
        id=spec.id,
        title=spec.title,
        module=spec.function.__module__,
        function=spec.function.__name__,
        stage=spec.stage,
        needs=spec.needs,
        threats=spec.threats,
        cost=spec.cost,
        since=spec.since,
        order=spec.order,
        params={name: _plain(spec.id, name, value) for name, value in spec.params.items()},
        origin=origin,
    )


def _plain(check: str, name: str, value: object) -> Param:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list):
        items = list(cast("Iterable[object]", value))
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) == len(items):
            return texts
    raise TypeError(f"{check}: the default of {name!r} is not a string, number, truth value or list of strings")
