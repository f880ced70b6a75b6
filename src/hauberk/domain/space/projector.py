# SPDX-License-Identifier: Apache-2.0
"""From proposed rows to valid ones that their origins can reach, in a bounded number of rounds.

Columns are snapped one by one, groups to one choice, derived columns recomputed. Then the constraints that are broken are
mended, family by family; only what a mending touched is judged again. Changes that make up for a wish are allowed in the
first rounds; later ones only shrink changes, which must come to an end since a valid origin keeps everything. Rows that
still break something take its columns back to the origin, constraint by constraint, and at last become the origin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hauberk.domain.space.codec import Floats
from hauberk.domain.space.family import Family
from hauberk.domain.space.limits import Bools, Ints
from hauberk.domain.space.mechanics import Mechanics, differ
from hauberk.domain.space.mend import Broken, Mender

MORE_ROUNDS = 6
ROUNDS = 12
BACK_ROUNDS = 60


class Projector:
    """Repairs proposed rows.

    Args:
        mechanics: the space's parts.
    """

    def __init__(self, mechanics: Mechanics) -> None:
        self.parts = mechanics
        self.families = mechanics.families
        self.mender = Mender(mechanics.codecs, mechanics.limits)

    def project(self, rows: Floats, origin: Floats) -> Floats:
        """Repair proposed rows, in place; matrices lie column by column, shape (k, n)."""
        with np.errstate(all="ignore"):
            self.parts.snap(rows, origin)
            ok = _Work(self, rows, origin).run() & self.parts.fits(rows) & self.parts.reachable(rows, origin)
        rows[:, ~ok] = origin[:, ~ok]
        return rows


class _Work:
    """The state of one projection: what holds where, and what has to be judged again."""

    def __init__(self, projector: Projector, rows: Floats, origin: Floats) -> None:
        self.projector = projector
        self.parts = projector.parts
        self.rows = rows
        self.origin = origin
        self.wish = differ(rows, origin)
        self.held = [self.parts.judge(family, rows) for family in projector.families]
        self.turn = 1
        self.changed = np.zeros(rows.shape, dtype=np.int32)
        self.judged = [0] * len(self.held)

    def run(self) -> Bools:
        """Mend what can be mended; whether each row now keeps every constraint."""
        for turn in range(ROUNDS):
            if not self._round(more=turn < MORE_ROUNDS):
                break
        for _ in range(BACK_ROUNDS):
            if not self._take_back():
                break
        ok = np.ones(self.rows.shape[1], dtype=np.bool_)
        for held in self.held:
            ok &= held.all(axis=0)
        return ok

    def _round(self, *, more: bool) -> bool:
        """Once over all families; whether anything was mended."""
        mended = False
        for which, family in enumerate(self.projector.families):
            self._judge_again(which)
            if not family.back or self.held[which].all():
                continue
            member, at = np.nonzero(~self.held[which])
            columns = family.index[member].T
            place = (columns, at[None, :])
            broken = Broken(self.rows[place], self.origin[place], self.wish[place], columns)
            fixed = self.projector.mender.mend(family, broken, more=more)
            changed = differ(fixed, broken.rows)
            if changed.any():
                self._write(which, columns, at, fixed, changed)
                mended = True
        return mended

    def _write(self, which: int, columns: Ints, at: Ints, fixed: Floats, changed: Bools) -> None:
        """Put mended slots in their places, with the derived columns that follow from them."""
        slot, entry = np.nonzero(changed)
        place = (columns[slot, entry], at[entry])
        self.rows[place] = fixed[slot, entry]
        self.turn += 1
        self.changed[place] = self.turn
        follow = self.projector.families[which].follow
        rows = np.unique(place[1]) if follow else at
        for item in follow:
            names = np.array([self.parts.at[name] for name in (item.name, *item.reads)])
            now, before = self.rows[names[:, None], rows], self.origin[names[:, None], rows]
            fresh = self.parts.derive_one(item, dict(zip(item.reads, now[1:], strict=True)), before[0])
            different = rows[differ(fresh, now[0])]
            self.rows[names[0], rows] = fresh
            self.changed[names[0], different] = self.turn

    def _judge_again(self, which: int) -> None:
        """Judge the members of a family on the rows of which a mending touched a column since."""
        since, self.judged[which] = self.judged[which], self.turn
        if self.turn in (since, 1):
            return
        family = self.projector.families[which]
        member, at = np.nonzero(self._newest(family) > since)
        if member.size:
            rows = self.rows[family.index[member].T, at[None, :]]
            held = family.holds(self.projector.mender.row(family, rows))
            self.held[which][member, at] = np.broadcast_to(held, member.shape)

    def _newest(self, family: Family) -> NDArray[np.int32]:
        """When a column of each member was changed last, on each row, shape (g, n)."""
        newest = self.changed[family.index[:, 0]]
        for slot in range(1, family.index.shape[1]):
            np.maximum(newest, self.changed[family.index[:, slot]], out=newest)
        return newest

    def _take_back(self) -> bool:
        """Take the columns of what is still broken back to the origin; whether anything changed."""
        changed = False
        for which, family in enumerate(self.projector.families):
            self._judge_again(which)
            if not family.back or self.held[which].all():
                continue
            member, at = np.nonzero(~self.held[which])
            columns = family.index[member].T
            place = (columns, at[None, :])
            now, fixed = self.rows[place], self.rows[place]
            back = list(family.back)
            fixed[back] = self.origin[place][back]
            different = differ(fixed, now)
            if different.any():
                self._write(which, columns, at, fixed, different)
                changed = True
        return changed
