# SPDX-License-Identifier: Apache-2.0
"""What a rule that says nothing, or too much, was probably meant to say.

Candidates are made from the tree by the slips that people make; one is suggested only if the data keep it and records exist
that break it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hauberk.domain.expression import Call, Literal, Node, Reach, Ref, Type, span, truth
from hauberk.domain.expression.spell import spell
from hauberk.domain.review.trial import Trial

MOST_BROKEN = 0.005
"""Largest share of the data that may break a suggestion."""
LONGEST = 2000

_STRICT = {"ge": "gt", "le": "lt"}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def likely_meant(node: Node, trial: Trial, ranges: Mapping[str, Reach]) -> str:
    """The first slip that explains a rule, as the text of the rule without it; empty if none does."""
    for candidate in _candidates(node, ranges):
        if _stands(candidate, trial):
            text = spell(candidate)
            return text if len(text) <= LONGEST else ""
    return ""


def _stands(node: Node, trial: Trial) -> bool:
    on_data = trial.on_data(node)
    kept = float(on_data.false.mean()) <= MOST_BROKEN and not on_data.null.all()
    return kept and (bool(trial.on_loose(node).false.any()) or trial.can_break(node))


def _candidates(node: Node, ranges: Mapping[str, Reach]) -> Iterator[Node]:
    if not isinstance(node, Call):
        return
    yield from _premises(node, ranges)
    if node.op in _MIRRORED:
        yield Call(_MIRRORED[node.op], node.args, Type.BOOL)
    yield from _converses(node)
    yield from _mirrored_conclusions(node)


def _premises(node: Call, ranges: Mapping[str, Reach]) -> Iterator[Node]:
    """`0 <= a OR 0 < b` for 'a > 0 implies b > 0': an alternative that is always true was meant as a premise."""
    if node.op != "or":
        return
    for at, part in enumerate(node.args):
        premise = _premise(part, ranges)
        rest = node.args[:at] + node.args[at + 1 :]
        if premise is not None and rest:
            conclusion = _mirror_to_front(rest[0]) if len(rest) == 1 else Call("or", rest, Type.BOOL)
            yield Call("or", (Call("not", (premise,), Type.BOOL), conclusion), Type.BOOL)


def _premise(part: Node, ranges: Mapping[str, Reach]) -> Node | None:
    """The strict form of a comparison that the range makes true: `a > 0` for `a >= 0` where a cannot be below 0."""
    if not isinstance(part, Call) or part.op not in _STRICT or truth(part, ranges).false:
        return None
    left, right = (span(arg, ranges) for arg in part.args)
    variable, constant = (
        (part.args if right.single else part.args[::-1]) if left.single != right.single else (None, None)
    )
    if not isinstance(variable, Ref) or not isinstance(constant, Literal):
        return None
    return _mirror_to_front(Call(_STRICT[part.op], part.args, Type.BOOL))


def _mirror_to_front(node: Node) -> Node:
    """The column on the left: `a > 0` for `0 < a`."""
    if isinstance(node, Call) and node.op in _MIRRORED and isinstance(node.args[0], Literal):
        return Call(_MIRRORED[node.op], node.args[::-1], Type.BOOL)
    return node


def _converses(node: Call) -> Iterator[Node]:
    premise, conclusion = _implication(node)
    if premise is not None and conclusion is not None:
        yield Call("or", (Call("not", (conclusion,), Type.BOOL), premise), Type.BOOL)


def _mirrored_conclusions(node: Call) -> Iterator[Node]:
    premise, conclusion = _implication(node)
    if premise is not None and isinstance(conclusion, Call) and conclusion.op in _MIRRORED:
        turned = Call(_MIRRORED[conclusion.op], conclusion.args, Type.BOOL)
        yield Call("or", (node.args[0], turned), Type.BOOL)


def _implication(node: Call) -> tuple[Node | None, Node | None]:
    if node.op == "or" and len(node.args) == 2:
        first = node.args[0]
        if isinstance(first, Call) and first.op == "not":
            return first.args[0], node.args[1]
    return None, None


def idle_part(node: Node, ranges: Mapping[str, Reach]) -> int:
    """Which alternative of an OR is always true, counted from 1; 0 for none."""
    if isinstance(node, Call) and node.op == "or":
        for at, part in enumerate(node.args, 1):
            found = truth(part, ranges)
            if not (found.false or found.null):
                return at
    return 0
