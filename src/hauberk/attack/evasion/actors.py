# SPDX-License-Identifier: Apache-2.0
"""Who attacks: a check narrowed to some kinds of attackers sees a domain in which nobody else changes anything."""

from __future__ import annotations

from dataclasses import replace

from hauberk.assess import CheckContext
from hauberk.core.errors import UsageError
from hauberk.domain import Actor

KINDS = tuple(kind.value for kind in Actor if kind is not Actor.NOBODY)
"""The kinds of attackers that a domain knows."""


def named_actors(text: str) -> frozenset[Actor]:
    """Kinds of attackers as a person wrote them, such as `applicant, merchant`; none for an empty text.

    Raises:
        UsageError: a kind that no domain knows.

    Example:
        >>> sorted(named_actors("merchant, applicant")), named_actors("") == frozenset()
        ([<Actor.APPLICANT: 'applicant'>, <Actor.MERCHANT: 'merchant'>], True)
    """
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    for name in names:
        if name not in KINDS:
            raise UsageError(
                f"{name!r} is no kind of attacker", where="actors", next_step=f"name some of {', '.join(KINDS)}"
            )
    return frozenset(Actor(name) for name in names)


def as_seen_by(ctx: CheckContext, actors: str) -> CheckContext:
    """The context with what the others can change out of reach; as it is for an empty text.

    Args:
        ctx: what the check may look at; budget, cache and limits stay shared with it.
        actors: kinds of attackers, see `named_actors`.

    Raises:
        UsageError: a kind that no domain knows.
    """
    wanted = named_actors(actors)
    if not wanted or ctx.domain is None:
        return ctx
    columns = tuple(
        column if column.changed_by in wanted else replace(column, changed_by=Actor.NOBODY)
        for column in ctx.domain.columns
    )
    ctx.limits.append(f"Only what these can change was attacked: {', '.join(sorted(wanted))}.")
    return replace(ctx, domain=replace(ctx.domain, columns=columns))
