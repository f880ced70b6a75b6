# SPDX-License-Identifier: Apache-2.0
"""What an adapter knows of a model once it is open, and what it is told on opening."""

from __future__ import annotations

from dataclasses import dataclass

from hauberk.model.classes import Label
from hauberk.model.trees import TreeReader
from hauberk.model.view import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller says about a model.

    Attributes:
        where: how messages name it.
        features: column names that the caller knows; see `hauberk.model.classes.column_names`.
        positive: what the event is called.
        threads: threads that scoring may use; 0 leaves it to the library.
    """

    where: str
    features: tuple[str, ...] | None = None
    positive: Label = 1
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A model that is open.

    Attributes:
        framework: for display.
        features: names of the columns it reads, in its order.
        scorer: P(event) of a frame with exactly these columns.
        labels_only: true if it answers hard labels alone.
        objective: what it was trained for, in the framework's words; empty if unknown.
        trees: reads its trees when they are first asked for; None where it is not made of trees that are read.
    """

    framework: str
    features: tuple[str, ...]
    scorer: Scorer
    labels_only: bool = False
    objective: str = ""
    trees: TreeReader | None = None
