# SPDX-License-Identifier: Apache-2.0
"""Repair: from a proposed row to the nearest valid one that its origin can reach, in a bounded number of rounds.

Columns are first snapped one by one: immutable ones to the origin, the others into bounds, direction and grid; groups to
one choice; derived columns recomputed. Then each broken link is mended on the rows that break it: candidates move one column
to where the condition turns, or take one column (or all of the condition's columns) back to the origin; the nearest
candidate that mends it is kept. What is still broken after the last round is blended towards the origin, and at last becomes
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hauberk.domain.column import Direction
from hauberk.domain.declaration import Group
from hauberk.domain.space.codec import Codec, Floats
from hauberk.domain.space.judge import Bools, Constraint, Derivation, Row, recompute

MAX_ROUNDS = 6
NUDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Link:
    """A constraint with what can mend it.

    Attributes:
        constraint: the condition.
        names: every column that has to be at hand to evaluate it, derived ones and their sources included.
        blocks: movable blocks that influence it; a one-hot group is one block.
        derivations: the derived columns among `names`, in order.
    """

    constraint: Constraint
    names: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    derivations: tuple[Derivation, ...]


def make_links(
    constraints: Iterable[Constraint], derivations: Sequence[Derivation], blocks: Sequence[tuple[str, ...]]
) -> tuple[Link, ...]:
    """Say for each constraint what influences it."""
    links: list[Link] = []
    for constraint in constraints:
        names = dict.fromkeys(constraint.reads)
        for derivation in reversed(derivations):
            if derivation.name in names:
                names.update(dict.fromkeys(derivation.reads))
        inside = tuple(block for block in blocks if any(name in names for name in block))
        names.update(dict.fromkeys(name for block in inside for name in block))
        links.append(Link(constraint, tuple(names), inside, tuple(item for item in derivations if item.name in names)))
    return tuple(links)


def snap_column(codec: Codec, proposed: Floats, origin: Floats) -> Floats:
    """One changeable column into bounds, direction and grid; what cannot be snapped becomes the origin."""
    low: Floats | float = codec.low
    high: Floats | float = codec.high
    if codec.column.direction is Direction.UP:
        low = np.maximum(codec.low, origin)
    elif codec.column.direction is Direction.DOWN:
        high = np.minimum(codec.high, origin)
    snapped = codec.onto_grid(proposed, low, high)
    keep = np.isinf(proposed)
    if codec.column.direction is not Direction.BOTH:
        keep |= np.isnan(origin) | np.isnan(proposed)
    elif not codec.allows_nan:
        keep |= np.isnan(proposed)
    # a value that is within tolerance of its grid is left as it stands, so that an unchanged row stays unchanged
    return np.where(keep | (proposed == origin), origin, snapped)


def snap_group(group: Group, values: Floats, before: Floats, free: Sequence[bool]) -> Floats:
    """A one-hot group onto one choice, one that the proposal raised if there is one."""
    wish = np.where(np.isnan(values), -np.inf, values) - 0.25 * (before == 1.0)
    wish[~np.asarray(free)] = -np.inf
    best = wish.argmax(axis=0)
    chosen = (np.arange(len(values))[:, None] == best[None, :]).astype(np.float64)
    if group.empty:
        chosen[:, values.max(axis=0) < 0.5] = 0.0
    held = (before[~np.asarray(free)] == 1.0).any(axis=0)
    unchanged = ((values == before) | (np.isnan(values) & np.isnan(before))).all(axis=0)
    return np.where(held | unchanged, before, chosen)


class Mender:
    """Mends rows that break links.

    Args:
        codecs: codec of each column of the space.
        scales: for each column, the distance that counts as one when candidates are compared.
    """

    def __init__(self, codecs: dict[str, Codec], scales: dict[str, float]) -> None:
        self.codecs = codecs
        self.scales = scales

    def mend(self, link: Link, rows: dict[str, Floats], origin: dict[str, Floats]) -> dict[str, Floats]:
        """Mend rows that all break one link.

        Args:
            link: the broken link.
            rows: its columns as proposed, each of shape (m,).
            origin: the same columns of the origin.

        Returns:
            The columns after mending, the origin's where nothing else helps.
        """
        best = self._settle(link, {**rows, **{name: origin[name] for block in link.blocks for name in block}})
        distance = np.full(next(iter(rows.values())).shape, np.inf)
        for change in self._candidates(link, rows, origin):
            trial = self._settle(link, {**rows, **change})
            cost = self._distance(change, rows)
            better = self._holds(link, trial) & (cost < distance)
            if better.any():
                best = {name: np.where(better, trial[name], best[name]) for name in best}
                distance = np.where(better, cost, distance)
        return best

    def _candidates(
        self, link: Link, rows: dict[str, Floats], origin: dict[str, Floats]
    ) -> Iterator[dict[str, Floats]]:
        for block in link.blocks:
            if len(block) == 1 and not self.codecs[block[0]].coded:
                yield from self._turns(link, block[0], rows, origin)
        for block in link.blocks:
            yield {name: origin[name] for name in block}

    def _turns(
        self, link: Link, name: str, rows: dict[str, Floats], origin: dict[str, Floats]
    ) -> Iterator[dict[str, Floats]]:
        """One column moved to where the condition turns, and a little to either side of it."""
        codec = self.codecs[name]
        for turn in range(len(link.constraint.turns)):
            crossing = self._crossing(link, turn, name, rows)
            if codec.grid:
                below = codec.anchor + np.floor((crossing - codec.anchor) / codec.grid) * codec.grid
                offsets = [below + step * codec.grid for step in (0.0, 1.0, -1.0, 2.0)]
            else:
                reach = NUDGE * np.maximum(np.abs(crossing), 1.0)
                offsets = [crossing, crossing - reach, crossing + reach]
            for value in offsets:
                known = np.where(np.isfinite(value), value, origin[name])
                yield {name: snap_column(codec, known, origin[name])}

    def _crossing(self, link: Link, turn: int, name: str, rows: dict[str, Floats]) -> Floats:
        """Where the difference of the two sides is zero along one column: two Newton steps, exact where it is linear."""
        value = rows[name].copy()
        reach = self.codecs[name].grid or 1e-3 * self.scales[name]
        for _ in range(2):
            here = self._turn(link, turn, {**rows, name: value})
            slope = (self._turn(link, turn, {**rows, name: value + reach}) - here) / reach
            step = np.where(slope != 0.0, here / np.where(slope != 0.0, slope, 1.0), 0.0)
            value = np.where(np.isfinite(step), value - step, value)
        return value

    def _turn(self, link: Link, turn: int, rows: dict[str, Floats]) -> Floats:
        shape = next(iter(rows.values())).shape
        settled = self._settle(link, rows)
        values, _ = link.constraint.turns[turn](Row(self.codecs, settled))
        return np.broadcast_to(np.asarray(values, dtype=np.float64), shape)

    def _settle(self, link: Link, rows: dict[str, Floats]) -> dict[str, Floats]:
        """Recompute the derived columns of a link."""
        if not link.derivations:
            return rows
        return {**rows, **recompute(link.derivations, self.codecs, Row(self.codecs, rows))}

    def _holds(self, link: Link, rows: dict[str, Floats]) -> Bools:
        held = link.constraint.holds(Row(self.codecs, rows))
        return np.broadcast_to(held, next(iter(rows.values())).shape)

    def _distance(self, change: dict[str, Floats], rows: dict[str, Floats]) -> Floats:
        total = np.zeros(next(iter(rows.values())).shape)
        for name, values in change.items():
            gap = 1.0 * (values != rows[name]) if self.codecs[name].coded else np.abs(values - rows[name])
            total += np.where(np.isnan(gap), 1.0, gap / self.scales[name])
        return total
