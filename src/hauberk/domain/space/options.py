# SPDX-License-Identifier: Apache-2.0
"""What each column of a row can become and at which price, reduced to what a reader of intervals can tell apart.

A model of trees tells two values of a column apart only where an edge lies between them. So of all values that the domain
allows between two neighbouring edges the one nearest to the row's own stands for the others: it is the cheapest, since
prices grow with distance. Choices and one-hot groups are listed whole. Columns that a derivation ties to others are listed
together with what they derive from, if there are few such values; otherwise they are called loose.

Values of steps lie on the grid; the tolerance with which the domain compares steps is not used as a way around an edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hauberk.domain.column import Kind
from hauberk.domain.declaration import Domain
from hauberk.domain.space.codec import Codec, Floats
from hauberk.domain.space.judge import Constraint, make_constraints
from hauberk.domain.space.mechanics import Mechanics
from hauberk.domain.space.offers import Ladder, Listing, Offer, rate

MOST = 4096
"""Values, or combinations of values, up to which columns are listed whole."""


class Options:
    """What rows of a space can become, for a reader that tells values apart at edges alone.

    Args:
        mechanics: the space's parts.
        domain: what is valid.
        edges: for each column that is read, the values from which on it is read otherwise, ascending; a value equal to an
            edge belongs above it. Columns that are not named are not read.
        most: values, or combinations of values, up to which columns are listed whole.

    Attributes:
        loose: columns that follow from what can change, whose values no offer tells; their indices, ascending.
    """

    def __init__(self, mechanics: Mechanics, domain: Domain, edges: Mapping[str, Floats], *, most: int = MOST) -> None:
        self._mechanics, self._hour, self._edges = mechanics, domain.hour, edges
        self._constraints = make_constraints(domain, mechanics.codecs, mechanics.derivations)
        read = {mechanics.at[name] for name in edges}
        ties = _ties(mechanics, read)
        parts = _joined(mechanics.blocks, ties)
        loose: set[int] = set()
        self._parts: list[Ladder | Listing] = []
        for blocks, derived in parts:
            if derived and self._many(blocks) <= most:
                self._parts.append(self._part(blocks, derived))
                continue
            loose |= derived
            self._parts += [self._part((block,), frozenset[int]()) for block in blocks if read & {*block}]
        self.loose: tuple[int, ...] = tuple(sorted(loose & read))

    def of(self, origin: Floats) -> list[Offer]:
        """What one row, shape (k,), can become; columns outside all offers and `loose` stay as they are."""
        offers = [part.offer(origin) for part in self._parts]
        return [offer for offer in offers if len(offer.cost) > 1]

    def codes(self, j: int) -> Floats:
        """The codes of a column of choices, ascending; empty for a column of numbers."""
        codec = self._mechanics.codecs[self._mechanics.names[j]]
        return np.arange(len(codec.tokens or ()) if codec.coded else 0, dtype=np.float64)

    def _many(self, blocks: tuple[tuple[int, ...], ...]) -> float:
        """How many combinations of values blocks have; infinite for free numbers."""
        many = 1.0
        for block in blocks:
            codec = self._mechanics.codecs[self._mechanics.names[block[0]]]
            many *= len(block) + 1 if len(block) > 1 else _size(codec)
        return many

    def _part(self, blocks: tuple[tuple[int, ...], ...], derived: frozenset[int]) -> Ladder | Listing:
        mechanics = self._mechanics
        first = blocks[0][0]
        codec = mechanics.codecs[mechanics.names[first]]
        if derived or len(blocks[0]) > 1 or codec.coded or codec.column.kind is Kind.ONE_HOT:
            columns = tuple(sorted({*derived, *(j for block in blocks for j in block)}))
            names = {mechanics.names[j] for j in columns}
            return Listing(
                columns,
                blocks,
                tuple(item for item in mechanics.derivations if item.name in names),
                tuple(item for item in self._constraints if self._decided(item, names)),
                mechanics,
                self._hour,
            )
        return self._ladder(first, codec)

    def _decided(self, constraint: Constraint, names: set[str]) -> bool:
        """Whether the listed columns, and what never changes, decide a constraint."""
        mechanics = self._mechanics
        still = {
            name for j, name in enumerate(mechanics.names) if not mechanics.mutable[j] and name not in mechanics.derived
        }
        return bool(names & {*constraint.reads}) and {*constraint.reads} <= names | still

    def _ladder(self, j: int, codec: Codec) -> Ladder:
        edges = np.unique(self._edges[self._mechanics.names[j]])
        edges = edges[np.isfinite(edges)]
        floor, ceiling = np.append(-np.inf, edges), np.append(edges, np.inf)
        low, high = np.maximum(floor, codec.low), np.minimum(np.nextafter(ceiling, -np.inf), codec.high)
        with np.errstate(all="ignore"):
            first = codec.onto_grid(low, low, codec.high)
            last = codec.onto_grid(high, codec.low, high)
        inside = [(ends >= low) & (ends <= high) for ends in (first, last)]
        first, last = (np.where(ok, ends, np.nan) for ok, ends in zip(inside, (first, last), strict=True))
        return Ladder(j, codec, edges, first, last, rate(codec, self._hour))


def _size(codec: Codec) -> float:
    if codec.coded:
        return len(codec.tokens or ()) + 1.0
    return (codec.high - codec.low) / codec.grid + 2.0 if codec.grid else np.inf


def _ties(mechanics: Mechanics, read: set[int]) -> dict[int, frozenset[int]]:
    """For each derived column that is read, or read by such a one, the movable columns that it follows."""
    follows: dict[str, frozenset[int]] = {}
    for item in mechanics.derivations:
        sources = [follows.get(name) or _movable(mechanics, name) for name in item.reads]
        follows[item.name] = frozenset[int]().union(*sources)
    needed = {mechanics.names[j] for j in read}
    for item in reversed(mechanics.derivations):
        if item.name in needed:
            needed |= {*item.reads}
    return {mechanics.at[name]: moved for name, moved in follows.items() if moved and name in needed}


def _movable(mechanics: Mechanics, name: str) -> frozenset[int]:
    j = mechanics.at[name]
    if name in mechanics.derived or not mechanics.mutable[j]:
        return frozenset()
    return frozenset({j})


def _joined(
    blocks: Iterable[tuple[int, ...]], ties: Mapping[int, frozenset[int]]
) -> list[tuple[tuple[tuple[int, ...], ...], frozenset[int]]]:
    """Blocks that feed one derived column, or several that share a block, with these columns; other blocks alone."""
    parts: list[tuple[set[tuple[int, ...]], set[int]]] = [({block}, set()) for block in blocks]
    for column, sources in ties.items():
        touched = [part for part in parts if any(sources & {*block} for block in part[0])]
        rest = [part for part in parts if part not in touched]
        together = set[tuple[int, ...]]().union(*(part[0] for part in touched))
        parts = [*rest, (together, {column}.union(*(part[1] for part in touched)))]
    return [(tuple(sorted(members)), frozenset(derived)) for members, derived in parts]
