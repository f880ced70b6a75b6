# SPDX-License-Identifier: Apache-2.0
"""`assert_robust`: a test that passes only where the interval of the evasion rate stays within what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hauberk.assess import CheckContext
from hauberk.attack.evasion import Assessment, Method, assess_evasion
from hauberk.attack.evasion.carriers import carriers
from hauberk.attack.evasion.symptoms import Symptom
from hauberk.attack.evasion.symptoms_examine import examine
from hauberk.attack.evasion.wording import carried_by, state_limits
from hauberk.core.errors import HauberkError, Incomplete, NothingToExamine, UsageError
from hauberk.model.view import ModelView
from hauberk.stats.interval import rate_interval
from hauberk.testing.again import Call, again
from hauberk.testing.robustness import NotRobust, Robustness, RobustnessUnknown
from hauberk.testing.subject import Subject, read_subject
from hauberk.testing.told import before_and_after, not_robust, unknown

_EXAMINED, _QUESTIONS = 20, 240
"""Cases that the self-check attacks before a test passes, and questions for each."""

_SHADES = frozenset({Symptom.COARSE, Symptom.SATURATED})
"""Symptoms that cannot mislead an attacker who sees decisions alone."""


def assert_robust(
    model: Any,
    X: Any,
    y: Any,
    domain: Any,
    *,
    max_evasion: float,
    at_cost: float | None = None,
    threshold: float = 0.5,
    rows: int = 200,
    queries: int = 1000,
    seed: int = 0,
    by: str = "scores",
    positive: str | int = 1,
    features: Sequence[str] | None = None,
    trust: Sequence[str] = (),
) -> Robustness:
    """Attack a sample of the events that the model catches, and fail unless few enough get through.

    It passes only if the *upper* end of the exact 95 % interval of the evasion rate is at most `max_evasion`, so that a
    sample which is too small cannot pass. Where nothing was found for a record, that reads 'not evaded within this budget'.

    Args:
        model: a path, an address, a fitted estimator, a function from a polars frame to P(event), or a `ModelView`.
        X: rows, best those that the model was not trained on: a path, a frame of polars, pandas or pyarrow, or a numpy
            array whose columns are the domain's, in its order.
        y: labels: name of a column of `X`, a path to a table of one column, or a sequence as long as `X`.
        domain: what is valid and what a change costs: a `Domain`, a path, or the text of a domain file.
        max_evasion: largest share of caught events that may get through, above 0 and below 1.
        at_cost: the attacker's purse, in the domain's money; None for any cost.
        threshold: score from which on the business acts.
        rows: most events to attack.
        queries: questions to the model allowed for each of them; a random search with as many runs beside the attack.
        seed: of the search; the same seed gives the same result.
        by: what the attacker has: the model's `trees`, `scores`, `labels` (decisions alone), a copy that he trains
            (`transfer`), or `random` for the random search alone.
        positive: what the event is called among the labels and the model's classes.
        features: columns that the model reads, in its order; all columns of `X` but the label by default.
        trust: digests of model files that may be opened although their format can run code.

    Returns:
        What was found, where the test passes.

    Raises:
        NotRobust: too many get through, or the sample is too small to tell. It is an AssertionError.
        RobustnessUnknown: nothing could be said: a constant model, one class, no column that the attacker can change, no
            caught event, scores that are no probabilities, a model that raises, answers that mislead an attack, a domain
            that nobody has confirmed. It is an AssertionError too.
        UsageError: the terms of the test cannot mean anything.

    Example:
        >>> from hauberk.attack.evasion.specimen import FEATURES, book, declared
        >>> believes_income = lambda rows: rows["income"].to_numpy() < 3000  # noqa: E731
        >>> assert_robust(
        ...     believes_income, book(), "default", declared(), features=FEATURES, max_evasion=0.5, by="labels", queries=50
        ... )
        Traceback (most recent call last):
        hauberk.testing.robustness.NotRobust: ...
    """
    __tracebackhide__ = True
    purse = math.inf if at_cost is None else float(at_cost)
    method = _terms(max_evasion, purse, threshold, rows, queries, by)
    call = Call(
        words=("model", "X", "y", "domain"), max_evasion=max_evasion, at_cost=at_cost, threshold=threshold, rows=rows,
        queries=queries, seed=seed, by=by, positive=positive, features=features, trust=trust,
    )  # fmt: skip
    try:
        subject = read_subject(model, X, y, domain, positive=positive, features=features, trust=trust)
        call = replace(call, words=subject.words)
        found = _measured(subject, call, method, purse)
    except HauberkError as error:
        raise RobustnessUnknown(unknown(error, again(call)), error) from error
    if not found.holds:
        raise NotRobust(not_robust(found), found)
    return found


def _terms(max_evasion: float, purse: float, threshold: float, rows: int, queries: int, by: str) -> Method:
    """Refuse terms under which a test could not fail, or could not pass."""
    if not 0.0 < max_evasion < 1.0:
        raise UsageError(
            f"max_evasion={max_evasion} makes no test",
            why="no finite sample shows that nothing gets through, and a rate of 1 or more allows everything",
            next_step="give a share above 0 and below 1, such as 0.05",
        )
    if math.isnan(purse) or purse < 0.0:
        raise UsageError(f"at_cost={purse} is no purse", next_step="give an amount from 0 up, or None for any cost")
    if not 0.0 < threshold <= 1.0:
        raise UsageError(f"threshold={threshold} is no score that a record could fall below")
    if rows < 1 or queries < 1:
        raise UsageError(f"rows={rows} and queries={queries}: an attack needs at least one of each")
    if by not in tuple(Method):
        raise UsageError(f"by={by!r} is no way to attack", next_step=f"choose one of {', '.join(Method)}")
    return Method(by)


def _measured(subject: Subject, call: Call, method: Method, purse: float) -> Robustness:
    try:
        _refuse_vacuous(subject.model, subject, call.threshold)
        ctx = CheckContext(
            holdout=subject.table,
            label=subject.label,
            domain=subject.domain,
            model=subject.model,
            threshold=call.threshold,
            rng=np.random.default_rng(call.seed),
        )
        found = _attacked(ctx, call, method)
        state_limits(ctx, found.cases, call.queries)
        within = _within(found, purse)
        evaded = int(within.evaded.sum())
        low, high = rate_interval(evaded, found.n)
        figures = Robustness(
            evaded=evaded, n=found.n, low=low, high=high, max_evasion=call.max_evasion, at_cost=purse,
            currency=subject.domain.currency, threshold=call.threshold, caught=found.cases.caught, by=str(method),
            queries=call.queries, seed=call.seed, columns=carried_by(carriers(within)),
            example=before_and_after(within, subject.domain, call.threshold), limits=tuple(ctx.limits), again=again(call),
        )  # fmt: skip
        _refuse_doubtful(ctx, figures, method)
        return figures
    finally:
        if subject.opened:
            subject.model.close()


def _refuse_doubtful(ctx: CheckContext, found: Robustness, method: Method) -> None:
    """Too many evasions are a result however they were found; everything kinder has to be beyond doubt.

    Raises:
        Incomplete: the model failed on some records, its answers mislead attacks, or nobody has confirmed the domain.
    """
    if found.rate > found.max_evasion:
        return
    if ctx.gaps:
        raise Incomplete("some events could not be examined", why="; ".join(ctx.gaps))
    if not found.holds:
        return
    if ctx.domain is not None and not ctx.domain.confirmed:
        raise Incomplete(
            "few enough got through, but nobody has confirmed the domain",
            why="what an attacker can change, and at what cost, may be a guess",
            next_step="read the domain line by line and set confirmed = true in it",
        )
    blind = frozenset[Symptom]() if method is Method.SCORES else _SHADES
    signs = [
        sign for sign in examine(ctx, rows=_EXAMINED, queries=_QUESTIONS, seed=found.seed).signs if sign not in blind
    ]
    if signs:
        raise Incomplete(
            f"the result is masked: {', '.join(signs)}",
            why="few got through, but the model's answers show signs that mislead an attack",
            next_step="test what stands behind the layer that hides; check HB-E006 tells more",
        )


def _refuse_vacuous(model: ModelView, subject: Subject, threshold: float) -> None:
    """A model that decides everything alike cannot be evaded, or not be caught up with, whatever it is worth."""
    try:
        caught = model.scores(subject.table.frame()) >= threshold
    except Incomplete:
        return  # it fails on some rows: the attack finds out on which events
    if caught.all():
        raise NothingToExamine(
            f"the model catches every one of the {caught.size} rows, events or not",
            where=model.name,
            why=f"no row of X scores below the threshold of {threshold:g}: a model that lets nobody through is not robust",
            next_step="set the threshold at which the business acts",
        )


def _attacked(ctx: CheckContext, call: Call, method: Method) -> Assessment:
    """The attack with the random search beside it: the cheaper evasion of the two counts."""
    clever = assess_evasion(ctx, method=method, rows=call.rows, queries=call.queries, seed=call.seed)
    if method is Method.RANDOM:
        return clever
    floor = assess_evasion(ctx, method=Method.RANDOM, rows=call.rows, queries=call.queries, seed=call.seed)
    return clever.joined(floor)


def _within(found: Assessment, purse: float) -> Assessment:
    """What was found, without the evasions that the purse does not pay for."""
    cost = np.where(found.result.cost <= purse, found.result.cost, np.inf)
    return replace(found, result=replace(found.result, cost=cost))
