# SPDX-License-Identifier: Apache-2.0
"""Mends one constraint on the rows that break it: by less of the change that broke it, or by a change that makes up for it.

*Less*: every atom of one way in which the constraint can hold is approached from where the row stands towards its
origin, where it held; columns that push against it give way in equal shares. *More*: columns that nobody wished to change
make up for the wish, the least entangled first, as far as their ranges and directions reach; choices are tried one by one.
Of what leaves at least half of the wished change the nearest is taken, less before more; of the rest, what holds at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hauberk.domain.space.codec import Codec, Floats
from hauberk.domain.space.family import Family, Step
from hauberk.domain.space.judge import Row, recompute
from hauberk.domain.space.limits import Bools, Ints, Limits

KEEP = 0.5
"""Share of the wished changes that must be left for a mending to be as good as one that leaves them all."""
STEPS = 5
MARGIN = 1e-9
MAX_PICKS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """Rows that break constraints of one family; everything of shape (p, e), one column an entry.

    Attributes:
        rows: the slots as they stand.
        origin: the slots of the origin.
        wish: slots that the proposal changed.
        columns: which column of the matrix each slot is.
    """

    rows: Floats
    origin: Floats
    wish: Bools
    columns: Ints

    def take(self, some: Ints) -> Broken:
        """Some of the entries."""
        return Broken(self.rows[:, some], self.origin[:, some], self.wish[:, some], self.columns[:, some])


class Mender:
    """Mends entries of a family.

    Args:
        codecs: codec of each column.
        limits: what each column allows.
    """

    def __init__(self, codecs: Mapping[str, Codec], limits: Limits) -> None:
        self.codecs = codecs
        self.by_column = tuple(codecs.values())
        self.limits = limits

    def mend(self, family: Family, broken: Broken, *, more: bool) -> Floats:
        """The slots after mending, shape (p, e); all taken back to the origin where nothing else helps.

        Args:
            family: the constraint.
            broken: entries that break it.
            more: changes that make up for the wish may be tried.
        """
        best = broken.rows.copy()
        best[list(family.back)] = broken.origin[list(family.back)]
        contest = _Contest(self, family, broken, self.settle(family, best))
        if more:
            # what earlier mendings moved is left alone at first, or two constraints would undo each other's work for ever
            for way in family.ways:
                if any(broken.wish[list(step.back)].any() for step in way):
                    contest.offer(self._less(family, way, broken, broken.wish), contest.everything)
            self._more(family, broken, contest)
        for way in family.ways:
            some = contest.lost()
            if some.size:
                part = broken.take(some)
                contest.offer(self._less(family, way, part, np.ones_like(part.wish)), some)
        return contest.best

    def settle(self, family: Family, rows: Floats) -> Floats:
        """Recompute the derived columns among the slots."""
        if not family.inside:
            return rows
        matrix = {name: rows[at] for at, name in enumerate(family.slots)}
        fresh = recompute(family.inside, self.codecs, Row(self.codecs, matrix))
        return np.array([fresh.get(name, matrix[name]) for name in family.slots])

    def row(self, family: Family, rows: Floats) -> Row:
        """Slots as inputs of the family's programs."""
        return Row(self.codecs, {name: rows[at] for at, name in enumerate(family.slots)})

    def _more(self, family: Family, broken: Broken, contest: _Contest) -> None:
        for further in (False, True):
            for way in family.ways:
                some = contest.poor() if further else contest.everything
                if some.size and any(step.moves for step in way):
                    part = broken.take(some)
                    contest.offer(self._makeup(family, way, part, part.wish & (not further)), some)
        self._other_choices(family, broken, contest)

    def _other_choices(self, family: Family, broken: Broken, contest: _Contest) -> None:
        tried = 0
        for block in family.picks:
            codec = self.codecs[family.slots[block[0]]]
            count = len(block) if len(block) > 1 else len(codec.tokens or (0, 1))
            for choice in range(count if tried + count <= MAX_PICKS else 0):
                some = contest.poor()
                if some.size:
                    contest.offer(self._pick(block, choice, broken.take(some)), some)
            tried += count

    def _pick(self, block: tuple[int, ...], choice: int, broken: Broken) -> Floats:
        """Another choice where the wish was not about this choice and the direction allows it."""
        rows = broken.rows.copy()
        slots = list(block)
        wanted = np.zeros((len(slots), rows.shape[1]))
        wanted[choice if len(slots) > 1 else 0] = 1.0 if len(slots) > 1 else float(choice)
        low, high = self.limits.ends(broken.columns[slots], broken.origin[slots])
        fine = ((wanted >= low) & (wanted <= high)).all(axis=0) & ~broken.wish[slots].any(axis=0)
        rows[slots] = np.where(fine, wanted, rows[slots])
        return rows

    def _less(self, family: Family, way: tuple[Step, ...], broken: Broken, free: Bools) -> Floats:
        rows = broken.rows.copy()
        for step in way:
            if step.measure is None:
                fails = ~np.broadcast_to(step.holds(self.row(family, rows)), rows.shape[1:])
                for slot in step.back:
                    rows[slot] = np.where(fails & free[slot], broken.origin[slot], rows[slot])
            else:
                self._shrink(family, step, rows, broken, free)
        return rows

    def _shrink(self, family: Family, step: Step, rows: Floats, broken: Broken, free: Bools) -> None:
        """Less of the changes that push against an atom: equal shares first, then one after the other."""
        for attempt in range(STEPS):
            gap = self._gap(family, step, rows, first=attempt == 0)
            if gap is None:
                return
            need, slots, slopes = gap
            pushes = np.fmax(slopes * (rows[slots] - broken.origin[slots]), 0.0) * free[slots]
            some = np.flatnonzero(pushes.any(axis=1))
            slots, slopes, pushes = slots[some], slopes[some], pushes[some]
            if not some.size:
                return
            if attempt == 0:
                total = pushes.sum(axis=0)
                share = np.clip(need / np.where(total > 0.0, total, 1.0), 0.0, 1.0)
                rows[slots] = self._shorter(rows, np.where(pushes > 0.0, share, 0.0), broken, slots)
                continue
            for slot, slope, push in zip(slots[:, None], slopes, pushes, strict=True):
                share = np.where(push > 0.0, np.clip(need / np.where(push > 0.0, push, 1.0), 0.0, 1.0), 0.0)
                moved = self._shorter(rows, share[None, :], broken, slot)
                need = np.fmax(need - slope * (rows[slot] - moved)[0], 0.0)
                rows[slot] = moved

    def _shorter(self, rows: Floats, share: Floats, broken: Broken, slots: Ints) -> Floats:
        """Slots moved by a share of their way back, at least to the next value of their grid."""
        value, origin = rows[slots], broken.origin[slots]
        way = (value - origin) * (1.0 - share)
        grid = self.limits.grid[broken.columns[slots]]
        steps = way / np.where(grid > 0.0, grid, 1.0)
        whole = np.trunc(steps + np.copysign(1e-9, steps)) * grid
        back = np.where(share >= 1.0, origin, origin + np.where(grid > 0.0, whole, way))
        return np.where(share > 0.0, back, value)

    def _gap(self, family: Family, step: Step, rows: Floats, *, first: bool) -> tuple[Floats, Ints, Floats] | None:
        """How far an atom is from holding, the slots that matter, and how fast each widens the gap; None if it holds."""
        assert step.measure is not None
        row = self.row(family, rows)
        held = np.broadcast_to(step.holds(row), rows.shape[1:])
        if held.all():
            return None
        (value, _), slopes = step.measure(row)
        sign = np.where(value < 0.0, -1.0, 1.0)
        slack = MARGIN * np.maximum(np.abs(value), 1.0) if step.op == "lt" or (step.op == "le" and not first) else 0.0
        need = np.where(held | ~np.isfinite(value), 0.0, np.abs(value) + slack)
        known = [(slot, slopes[name]) for slot, name in step.moves if name in slopes]
        table = np.empty((len(known), need.size))
        for at, (_, slope) in enumerate(known):
            table[at] = slope
        table *= sign
        table[~np.isfinite(table)] = 0.0
        return need, np.array([slot for slot, _ in known], dtype=np.intp), table

    def _makeup(self, family: Family, way: tuple[Step, ...], broken: Broken, fixed: Bools) -> Floats:
        rows = broken.rows.copy()
        for step in way:
            if step.measure is not None:
                self._push(family, step, rows, broken, fixed)
        return rows

    def _push(self, family: Family, step: Step, rows: Floats, broken: Broken, fixed: Bools) -> None:
        """Columns that are not fixed close the gap, as far as they reach."""
        for attempt in range(STEPS):
            gap = self._gap(family, step, rows, first=attempt == 0)
            if gap is None:
                return
            need, slots, slopes = gap
            before = need
            for slot, slope in zip(slots.tolist(), slopes, strict=True):
                size = need * ~fixed[slot]
                if not size.any():
                    continue
                moved = self._pushed(rows[slot], slope, size, broken, slot, exact=step.op == "eq")
                need = np.fmax(need - slope * (rows[slot] - moved), 0.0)
                rows[slot] = moved
            if not (need < before).any():
                return

    def _pushed(self, value: Floats, slope: Floats, need: Floats, broken: Broken, slot: int, *, exact: bool) -> Floats:
        limits, columns = self.limits, broken.columns[slot]
        low, high = limits.ends(columns, broken.origin[slot])
        room = np.where(slope > 0.0, value - low, high - value)
        # what an earlier mending moved is not moved back, or two constraints would undo each other's work for ever
        undone = slope * (broken.rows[slot] - broken.origin[slot]) > 0.0
        usable = (need > 0.0) & (slope != 0.0) & (room > 0.0) & ~undone
        wanted = need / np.where(slope != 0.0, np.abs(slope), 1.0)
        grid = np.where(limits.grid[columns] > 0.0, limits.grid[columns], 1.0)
        steps = np.floor(wanted / grid + 1e-9) if exact else np.ceil(wanted / grid - 1e-10)
        whole = np.minimum(steps, np.floor(room / grid + 1e-9)) * grid
        size = np.where(limits.grid[columns] > 0.0, whole, np.minimum(wanted, room))
        moved = value - np.copysign(size, slope)
        if not limits.plain[columns[0]]:
            moved = self.by_column[int(columns[0])].onto_grid(moved, low, high)
        return np.where(usable & np.isfinite(moved), moved, value)


class _Contest:
    """The best of several offers for each entry: whole, then near."""

    def __init__(self, mender: Mender, family: Family, broken: Broken, fallback: Floats) -> None:
        self.mender = mender
        self.family = family
        self.broken = broken
        self.best = fallback
        self.back = list(family.back)
        self.scale = mender.limits.scale[broken.columns[self.back]]
        self.discrete = mender.limits.discrete[broken.columns[self.back]]
        self.cost = np.full(broken.rows.shape[1], np.inf)
        self.kept = np.zeros(broken.rows.shape[1], dtype=np.bool_)
        self.everything: Ints = np.arange(broken.rows.shape[1], dtype=np.intp)

    def poor(self) -> Ints:
        """Entries of which too little is left so far."""
        return np.flatnonzero(~self.kept | np.isinf(self.cost))

    def lost(self) -> Ints:
        """Entries for which nothing holds so far."""
        return np.flatnonzero(np.isinf(self.cost))

    def offer(self, rows: Floats, some: Ints) -> None:
        """Take what holds and is better than the best so far."""
        rows = self.mender.settle(self.family, rows)
        holds = np.broadcast_to(self.family.holds(self.mender.row(self.family, rows)), some.shape)
        cost = self._gap(rows, self.broken.rows[:, some], some)
        kept = self._left(rows, some) >= KEEP
        better = holds & ((kept & ~self.kept[some]) | ((kept == self.kept[some]) & (cost < self.cost[some])))
        chosen = some[better]
        self.best[:, chosen] = rows[:, better]
        self.cost[chosen], self.kept[chosen] = cost[better], kept[better]

    def _left(self, rows: Floats, some: Ints) -> Floats:
        """Mean share of the wished changes that is left; 1 where nothing was wished."""
        origin, before = self.broken.origin[self.back][:, some], self.broken.rows[self.back][:, some]
        wish = self.broken.wish[self.back][:, some]
        size = np.where(wish, np.abs(before - origin), 1.0)
        share = np.where(np.isfinite(size), np.abs(rows[self.back] - origin) / size, 1.0)
        share = np.where(wish, np.minimum(np.where(np.isnan(share), 1.0, share), 1.0), 0.0)
        count = wish.sum(axis=0)
        return np.where(count > 0, share.sum(axis=0) / np.maximum(count, 1), 1.0)

    def _gap(self, left: Floats, right: Floats, some: Ints) -> Floats:
        gap = np.abs(left[self.back] - right[self.back])
        gap = np.where(self.discrete[:, some], 1.0 * (gap != 0.0), gap / self.scale[:, some])
        total: Floats = np.where(
            np.isnan(gap), 1.0 * (np.isnan(left[self.back]) != np.isnan(right[self.back])), gap
        ).sum(axis=0)
        return total
