# SPDX-License-Identifier: Apache-2.0
"""The contract of a check: one decorated function in one file, whose docstring is its documentation page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

_ID = re.compile(r"HB-[DEPXIAGW]\d{3}|[A-Z]{2,8}-[A-Z]\d{3}")


class Need(StrEnum):
    """What a check cannot run without. A missing need ends in `not_applicable` before the call."""

    DATA = "data"
    LABEL = "label"
    REFERENCE = "reference"
    TIME = "time"
    GROUPS = "groups"
    DOMAIN = "domain"
    MODEL = "model"
    SCORES = "scores"
    LABELS = "labels"
    TREES = "trees"
    GRADIENTS = "gradients"
    PROVENANCE = "provenance"
    SIGNATURE = "signature"
    WAIVERS = "waivers"


class Stage(StrEnum):
    """Where in the life of a model a check belongs."""

    ADMIT = "admit"
    ASSESS = "assess"
    ARTIFACT = "artifact"
    GATE = "gate"
    WATCH = "watch"


class Cost(StrEnum):
    """How long a check takes on 100,000 rows, by order of magnitude."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"


class Order(StrEnum):
    """Whether row order and batch size may change a check's result."""

    IRRELEVANT = "irrelevant"
    MATTERS = "matters"


@dataclass(frozen=True, slots=True)
class Examples:
    """The two examples that every check file carries for the conformance suite.

    Attributes:
        bad: a function of no arguments that returns a situation in which the check fires.
        clean: the same for a situation in which it stays silent.
        The returned situation is a `hauberk.assess.Situation`.
    """

    bad: Callable[[], Any]
    clean: Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """What the engine knows of a check without running it.

    Attributes:
        id: `HB-` and a letter for the family and three digits; never reused.
        title: one line that states what is wrong when it fires.
        threats: catalogue ids.
        needs: what it cannot run without.
        stage: where it belongs.
        cost: order of magnitude.
        since: release in which it appeared.
        order: whether row order may matter.
        function: the check itself.
        params: name to default of each keyword parameter: its configuration schema.
    """

    id: str
    title: str
    threats: tuple[str, ...]
    needs: tuple[Need, ...]
    stage: Stage
    cost: Cost
    since: str
    order: Order
    function: Callable[..., Any]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def doc(self) -> str:
        """The documentation page, in Markdown."""
        return inspect.getdoc(self.function) or ""


F = TypeVar("F", bound=Callable[..., Any])


def check(
    *,
    id: str,  # noqa: A002 - the contract names it so; a check has an id, and the builtin is not needed here
    title: str,
    needs: tuple[Need, ...],
    stage: Stage,
    threats: tuple[str, ...] = (),
    cost: Cost = Cost.SECONDS,
    since: str = "0.1",
    order: Order = Order.IRRELEVANT,
) -> Callable[[F], F]:
    """Declare a function to be a check.

    The function takes the context first and keyword-only parameters with defaults after it. At stage ADMIT it returns a
    `hauberk.table.Scan`; at every other stage it yields `Measurement` and `Finding` records.

    Raises:
        ValueError: a malformed id, no docstring, or a parameter without a default.
    """

    def decorate(function: F) -> F:
        if not _ID.fullmatch(id):
            raise ValueError(f"check id {id!r} is not of the form HB-D001")
        if not function.__doc__:
            raise ValueError(f"{id}: a check's docstring is its documentation page, and it has none")
        params: dict[str, Any] = {}
        for parameter in list(inspect.signature(function).parameters.values())[1:]:
            if parameter.kind is not parameter.KEYWORD_ONLY or parameter.default is parameter.empty:
                raise ValueError(f"{id}: parameter {parameter.name!r} must be keyword-only and have a default")
            params[parameter.name] = parameter.default
        spec = CheckSpec(
            id=id,
            title=title,
            threats=threats,
            needs=needs,
            stage=stage,
            cost=cost,
            since=since,
            order=order,
            function=function,
            params=params,
        )
        vars(function)["__hauberk__"] = spec
        return function

    return decorate


def spec_of(function: Callable[..., Any]) -> CheckSpec:
    """Return the declaration of a check.

    Raises:
        TypeError: the function was not declared with `check`.
    """
    spec = getattr(function, "__hauberk__", None)
    if not isinstance(spec, CheckSpec):
        raise TypeError(f"{function!r} is not a check: decorate it with hauberk.core.check.check")
    return spec
