# SPDX-License-Identifier: Apache-2.0
"""Randomised smoothing: any model, asked about many noisy copies of a row, with a radius in which the vote cannot turn.

**The certificate is for the smoothed model, which votes over noisy copies, and not for the model that was put in.** It holds
for every row, valid in the domain or not, that differs in the covered columns alone; noise leaves the domain, so that copies
are first settled into each column's own range and grid, which the certificate allows since it depends on the copy alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from hauberk.attack.certify.smoothing_bound import MAX_CHANGES, outcomes, reach_of
from hauberk.attack.certify.smoothing_noise import Floats, Ints, Noise, make_noise
from hauberk.core.errors import UsageError
from hauberk.domain import Space
from hauberk.model import ModelView

Bools = NDArray[np.bool_]

_BATCH = 50_000
"""Noisy copies that are scored at a time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certificates:
    """What was certified of some rows.

    Attributes:
        flagged: what the smoothed model says of each row, shape (m,); means nothing where it abstained.
        abstained: rows of which nothing is certified, since neither answer has a majority that the draws prove.
        share: lower bound of the share of votes for that answer.
        reach: shape (m, d + 1): with c changed choices and numbers that move by less than `reach[:, c]` the answer stays;
            -1 where c changed choices are too many.
        alpha: probability, over the draws, that any of these certificates is wrong.
        n0: draws that chose the answers.
        n: further draws that proved them.
    """

    flagged: Bools
    abstained: Bools
    share: Floats
    reach: Floats
    alpha: float
    n0: int
    n: int

    @property
    def radius(self) -> Floats:
        """For each row the length, in scales, by which numbers alone may move; 0 where it abstained."""
        return np.where(self.abstained, 0.0, np.maximum(self.reach[:, 0], 0.0))

    @property
    def changes(self) -> Ints:
        """For each row how many choices may change while numbers stay; 0 where it abstained."""
        held = (self.reach[:, 1:] >= 0.0).cumprod(axis=1).sum(axis=1)
        return np.where(self.abstained, 0, held).astype(np.intp)

    def covers(self, length: Floats, turned: Ints) -> Bools:
        """Whether the certificate rules out that a change of this length and so many choices turns the answer."""
        most = self.reach.shape[1] - 1
        limit = self.reach[np.arange(len(self.reach)), np.minimum(turned, most)]
        inside = ((length == 0.0) & (limit >= 0.0)) | (length < limit)
        found: Bools = np.asarray(inside & ~self.abstained & (turned <= most), dtype=np.bool_)
        return found

    @property
    def statement(self) -> str:
        """What the certificates say, in a sentence."""
        sure = 100.0 * (1.0 - self.alpha)
        return (
            f"With a confidence of {sure:g} % over the draws, all certificates of these {len(self.share)} rows hold at "
            "once, for the smoothed model and not for the model as shipped."
        )


class Smoothed:
    """A model that answers by the vote of its answers to noisy copies.

    Args:
        view: the model.
        space: the numeric view of the domain.
        noise: what is noisy.
        threshold: score from which on the model flags a row.
    """

    def __init__(self, view: ModelView, space: Space, noise: Noise, threshold: float) -> None:
        self.view = view
        self.space = space
        self.noise = noise
        self.threshold = threshold

    def votes(self, rows: Floats, n: int, rng: np.random.Generator) -> Ints:
        """How many of `n` noisy copies of each row the model flags, shape (m,).

        Raises:
            UsageError: fewer than one copy.
            Incomplete: the model failed.
        """
        if n < 1:
            raise UsageError(f"at least one draw is needed, not {n}", where="n")
        state = rng.bit_generator.state
        counts = np.zeros(len(rows), dtype=np.intp)
        step = max(_BATCH // n, 1)
        for first in range(0, len(rows), step):
            # every batch sees the same draws, so that the size of batches changes nothing
            rng.bit_generator.state = state
            part = rows[first : first + step]
            copies = self.noise.spread(part, rng, n).reshape(-1, rows.shape[1])
            frame = self.space.decode(self.space.settle(copies))
            flags = self.view.scores(frame.select(self.view.features)) >= self.threshold
            counts[first : first + step] = flags.reshape(len(part), n).sum(axis=1)
        return counts

    def as_model(self, *, n: int, seed: int) -> ModelView:
        """The smoothed model with its noise frozen, for an attack: the share of votes as a score.

        It reads every column of the space. What turns this model need not turn the smoothed one: ask that again, with fresh
        draws.

        Args:
            n: noisy copies of each row.
            seed: of the noise.
        """
        return ModelView(
            name=f"{self.view.name}, smoothed",
            digest="",
            framework=self.view.framework,
            features=self.space.names,
            scorer=_Frozen(self, n, seed),
        )

    def certify(
        self,
        rows: Floats,
        *,
        rng: np.random.Generator,
        n: int = 1000,
        alpha: float = 0.001,
        n0: int = 100,
        changes: int = 3,
    ) -> Certificates:
        """Certify rows.

        Some draws choose each row's answer, further ones prove its majority by the one-sided Clopper-Pearson bound; `alpha`
        is shared evenly among the rows, so that it is the probability that any certificate is wrong.

        Args:
            rows: the rows, shape (m, k).
            rng: where chance comes from.
            n: draws that prove.
            alpha: probability of error, above 0 and below 1.
            n0: draws that choose; they never prove.
            changes: up to how many changed choices are certified.

        Raises:
            UsageError: an `alpha` that is no probability, or no draws.
            Incomplete: the model failed.
        """
        if not 0.0 < alpha < 1.0:
            raise UsageError(f"the probability of error must be above 0 and below 1, it is {alpha}", where="alpha")
        flagged = 2 * self.votes(rows, n0, rng) > n0
        votes = self.votes(rows, n, rng)
        share = lower_bound(np.where(flagged, votes, n - votes), n, alpha / max(len(rows), 1))
        counts = sorted(self.noise.counts, reverse=True)[: min(changes, MAX_CHANGES)]
        sides = [outcomes(counts[:turned], self.noise.flip) for turned in range(len(counts) + 1)]
        reach = np.array([reach_of(share, self.noise.sigma, side) for side in sides]).reshape(len(sides), -1).T
        abstained = share <= 0.5
        return Certificates(
            flagged=flagged,
            abstained=abstained,
            share=share,
            reach=np.where(abstained[:, None], -1.0, reach),
            alpha=alpha,
            n0=n0,
            n=n,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Frozen:
    """Scores rows by votes over the same noise each time."""

    smoothed: Smoothed
    n: int
    seed: int

    def __call__(self, frame: pl.DataFrame) -> Floats:
        """Share of votes, shape (n,)."""
        rows = self.smoothed.space.encode(frame)
        return self.smoothed.votes(rows, self.n, np.random.default_rng(self.seed)) / self.n


def lower_bound(hits: Ints, n: int, alpha: float) -> Floats:
    """One-sided lower Clopper-Pearson bound of rates, shape (m,): above the true rate with probability `alpha` at most."""
    inner = np.maximum(hits, 1)
    return np.where(hits > 0, special.betaincinv(inner, n - inner + 1, alpha), 0.0)


def smooth(
    view: ModelView,
    space: Space,
    *,
    sigma: float = 0.25,
    flip: float = 0.1,
    columns: Collection[str] | None = None,
    threshold: float = 0.5,
) -> Smoothed:
    """Smooth a model over the columns that an attacker can change.

    Args:
        view: the model; scores or labels will do.
        space: the numeric view of the domain, with the attacker's columns.
        sigma: size of the Gaussian noise on numbers, in the space's scales; 0 for none.
        flip: probability with which a choice is replaced by another, below 0.5; 0 for none.
        columns: names of the columns to cover; None for all that can be changed. Certificates hold for changes of these.
        threshold: score from which on the model flags a row.

    Raises:
        UsageError: a column that nobody can change, noise of a wrong size, nothing to put noise on, or a feature of the
            model that the space lacks.
    """
    absent = [name for name in view.features if name not in space.names]
    if absent:
        raise UsageError(f"the space lacks the model's feature {absent[0]!r}", where=absent[0])
    return Smoothed(view, space, make_noise(space, columns, sigma, flip), threshold)
