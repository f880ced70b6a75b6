# SPDX-License-Identifier: Apache-2.0
"""Robust boosting: trees fitted to the worst that each row can be made into, instead of to the row.

Each row has a box that an attacker can move it in. With m the sum of each tree's worst leaf over the box, a lower bound
of the row's margin wherever it is moved, the next tree lowers the mean of the loss at m. The bound is exact for one
tree, and becomes tight in training. Rows weigh what the loss's slope at m is: exp(-m) for the exponential loss,
sigmoid(-m) for the logistic one, which the tree's exponential loss bounds from above (Collins, Schapire and Singer 2002).
So either loss falls with every tree.
Source: Andriushchenko and Hein, NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from hauberk.core.errors import UsageError
from hauberk.harden.boost.bins import MOST, Bins, bins_of
from hauberk.harden.boost.bound import worst_margins
from hauberk.harden.boost.calibrate import scale_and_shift
from hauberk.harden.boost.grow import Shape, grow_tree
from hauberk.harden.boost.model import RobustBoosting, cover_of, forest_of_trees
from hauberk.harden.boost.request import Rows, mixed, rows_of
from hauberk.model.forest.grow import Tree

Loss = Literal["logistic", "exponential"]
"""What is lowered: the logistic loss bears wrong labels better, the exponential one is that of the source."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """Rows that decide nothing but how many trees are kept.

    Attributes:
        x: rows, shape (m, k).
        y: labels 0 and 1, both present, shape (m,).
        down: how far each value can be lowered, as in `fit_robust`.
        up: how far each can be raised.
        weight: what each row counts, shape (m,); 1 by default.
        patience: trees without a lower robust loss after which fitting ends.
    """

    x: Any
    y: Any
    down: Any
    up: Any
    weight: Any = None
    patience: int = 20


def fit_robust(
    x: Any,
    y: Any,
    *,
    down: Any,
    up: Any,
    trees: int = 100,
    depth: int = 4,
    eta: float = 0.1,
    min_child: int = 5,
    reg: float = 1.0,
    loss: Loss = "logistic",
    weight: Any = None,
    class_weight: tuple[float, float] = (1.0, 1.0),
    integer: Sequence[int] = (),
    names: Sequence[str] = (),
    validation: Validation | None = None,
    bins: int = 256,
    column_share: float = 1.0,
    robust_share: float = 1.0,
    calibrate: bool = True,
    seed: int = 0,
) -> RobustBoosting:
    """Fit boosted trees to the worst case over each row's box [x - down, x + up].

    Args:
        x: rows, shape (n, k), finite numbers; NaN is a missing value, and stays missing under attack.
        y: labels 0 and 1, 1 for the event, shape (n,).
        down: how far an attacker can lower each value: 0 for not at all, infinity allowed; a number, one for each
            column, or one for each value. Rows whose owner attacks nothing get 0.
        up: how far it can be raised, likewise.
        trees: how many trees, at most.
        depth: tests on a tree's longest path.
        eta: share of each tree's values that is taken, above 0 up to 1.
        min_child: rows that must be able to reach each leaf.
        reg: rows of either class that each leaf is given in thought, above 0; more draws values to 0.
        loss: `logistic` or `exponential`.
        weight: what each row counts, shape (n,).
        class_weight: factors of the weights of label 0 and label 1.
        integer: columns of whole numbers: boxes shrink to whole numbers.
        names: the columns' names, for the exported models.
        validation: rows that decide how many trees are kept.
        bins: candidate thresholds a column, at most.
        column_share: share of the columns that each tree may test, drawn anew.
        robust_share: share of each row's weight that counts at its worst, above 0; the rest counts at the row as it is. A
            smaller share gives up less accuracy where rows can be moved far.
        calibrate: scale and shift the margins so that scores are probabilities (on the validation rows if there are
            any); otherwise they are the boosting's own sums, whose sign is its decision.
        seed: for the drawn columns.

    Returns:
        The model; the same arguments give the same bytes.

    Raises:
        UsageError: an argument cannot mean anything.
        NothingToExamine: there are no rows or columns.
    """
    rows = rows_of(x, y, down, up, weight=weight, integer=integer)
    named = _names(names, rows.x.shape[1])
    _check(trees=trees, depth=depth, eta=eta, min_child=min_child, reg=reg, bins=bins, column_share=column_share)
    _check(robust_share=robust_share)
    if loss not in ("logistic", "exponential"):
        raise _wrong(f"there is no loss {loss!r}", "it is 'logistic' or 'exponential'")
    course = _Course(mixed(_weighted(rows, class_weight), robust_share), loss)
    if validation is not None:
        given = _held_of(validation, rows.x.shape[1], integer)
        course.hold(mixed(_weighted(given, class_weight), robust_share), validation.patience)
    shape = Shape(depth=depth, least=min_child, extra=reg)
    course.run(bins_of(course.rows, bins), shape, trees=trees, eta=eta, share=column_share, seed=seed)
    return _finished(course, eta, named, calibrate=calibrate)


class _Course:
    """The state of boosting: trees so far, and what the rows' margins can be brought to."""

    def __init__(self, rows: Rows, loss: Loss) -> None:
        self.rows, self.loss = rows, loss
        event = rows.sign > 0
        odds = float(np.log(rows.weight[event].sum() / rows.weight[~event].sum()))
        self.start = odds if loss == "logistic" else odds / 2
        self.worst = rows.sign * self.start
        self.trees: list[Tree] = []
        self.bound = [self.mean_loss(self.worst, rows)]
        self.held: Rows | None = None
        self.held_worst, self.held_bound, self.patience = np.zeros(0), list[float](), 0

    def hold(self, held: Rows, patience: int) -> None:
        """Let rows that are not fitted decide how many trees are kept."""
        self.held, self.patience = held, patience
        self.held_worst = held.sign * self.start
        self.held_bound = [self.mean_loss(self.held_worst, held)]

    def mean_loss(self, worst: NDArray[np.float64], rows: Rows) -> float:
        """The weighted mean of the loss at the given margins."""
        each = np.logaddexp(0, -worst) if self.loss == "logistic" else np.exp(-worst)
        return float(np.average(each, weights=rows.weight))

    def run(self, bins: Bins, shape: Shape, *, trees: int, eta: float, share: float, seed: int) -> None:
        """Add trees until there are enough, none helps, or the validation rows have had no good of them for long."""
        rng = np.random.default_rng(seed)
        for _ in range(trees):
            slope = expit(-self.worst) if self.loss == "logistic" else np.exp(-self.worst)
            facts = self.rows.sign, self.rows.weight * slope
            tree, worst = grow_tree(bins, facts, shape, _drawn(bins.counts, share, rng))
            if not len(tree.left) and share == 1.0 and abs(float(tree.values[0, 0])) < 1e-9:
                break
            self.trees.append(tree)
            self.worst = self.worst + eta * worst
            self.bound.append(self.mean_loss(self.worst, self.rows))
            if self.held is not None and self._had_enough(tree, eta):
                break

    def _had_enough(self, tree: Tree, eta: float) -> bool:
        held = self.held
        assert held is not None
        forest = forest_of_trees([tree], held.x.shape[1], scale=eta, start=0.0)
        self.held_worst = self.held_worst + worst_margins(forest, held.low, held.high, held.sign)
        self.held_bound.append(self.mean_loss(self.held_worst, held))
        return len(self.held_bound) - 1 - int(np.argmin(self.held_bound)) >= self.patience

    @property
    def kept(self) -> int:
        """How many trees the validation rows want."""
        return int(np.argmin(self.held_bound)) if self.held else len(self.trees)


def _held_of(validation: Validation, width: int, integer: Sequence[int]) -> Rows:
    given = rows_of(
        validation.x, validation.y, validation.down, validation.up, weight=validation.weight, integer=integer,
        where="validation",
    )  # fmt: skip
    if given.x.shape[1] != width:
        raise _wrong(f"validation rows have {given.x.shape[1]} columns", f"the rows have {width}")
    return given


def _finished(course: _Course, eta: float, names: tuple[str, ...], *, calibrate: bool) -> RobustBoosting:
    rows, kept = course.rows, course.trees[: course.kept]
    width = rows.x.shape[1]
    scale, shift = 1.0, 0.0
    if calibrate:
        own = forest_of_trees(kept, width, scale=eta, start=course.start)
        judge = course.held or rows
        scale, shift = scale_and_shift(own.margins(judge.x)[:, 0], judge.sign, judge.weight)
    forest = forest_of_trees(kept, width, scale=eta * scale, start=course.start * scale + shift)
    return RobustBoosting(
        forest=forest,
        cover=cover_of(forest, rows.x, rows.weight),
        names=names,
        bound=tuple(course.bound[: len(kept) + 1]),
        validation=tuple(course.held_bound),
        scale=scale,
        shift=shift,
    )


def _drawn(counts: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    if share == 1.0:
        return counts
    chosen = rng.choice(len(counts), max(1, round(share * len(counts))), replace=False)
    return np.where(np.isin(np.arange(len(counts)), chosen), counts, 0)


def _weighted(rows: Rows, class_weight: tuple[float, float]) -> Rows:
    factors = np.asarray(class_weight, dtype=np.float64)
    if factors.shape != (2,) or not ((factors > 0) & np.isfinite(factors)).all():
        raise _wrong(f"class_weight is {class_weight!r}", "it is two finite numbers above 0")
    weight = rows.weight * factors[(rows.sign > 0).astype(np.int64)]
    return Rows(x=rows.x, low=rows.low, high=rows.high, sign=rows.sign, weight=weight)


def _names(names: Sequence[str], width: int) -> tuple[str, ...]:
    named = tuple(str(name) for name in names)
    if named and len(named) != width:
        raise _wrong(f"there are {len(named)} names for {width} columns", "each column has one name")
    if len(set(named)) != len(named):
        raise _wrong("two columns have one name", "names are told apart by XGBoost and LightGBM")
    # LightGBM's text separates names by spaces, and its JSON cannot hold these
    odd = [name for name in named if not name or any(letter.isspace() or letter in '[]{}",:<' for letter in name)]
    if odd:
        raise _wrong(f"the name {odd[0]!r} cannot be written", "XGBoost or LightGBM refuses such a letter or no letter")
    return named


def _check(**given: Any) -> None:
    limits: dict[str, tuple[float, float]] = {
        "trees": (1, 100_000),
        "depth": (1, 16),
        "eta": (1e-6, 1),
        "min_child": (1, 2**31),
        "reg": (1e-9, 1e9),
        "bins": (1, MOST),
        "column_share": (1e-6, 1),
        "robust_share": (1e-6, 1),
    }
    for name, value in given.items():
        low, high = limits[name]
        whole = name in {"trees", "depth", "min_child", "bins"}
        if isinstance(value, bool) or (whole and not isinstance(value, (int, np.integer))) or not low <= value <= high:
            raise _wrong(f"{name} is {value!r}", f"it is {'a whole number ' if whole else ''}from {low:g} to {high:g}")


def _wrong(what: str, why: str) -> UsageError:
    return UsageError(what, where="fit_robust", why=why, next_step="correct the call")
