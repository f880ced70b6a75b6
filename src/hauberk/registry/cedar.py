# SPDX-License-Identifier: Apache-2.0
"""A policy: Cedar text that was parsed, validated and checked for what Hauberk asks of it, once."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

import cedarpy

from hauberk.core.decision import Effect
from hauberk.core.errors import ConfigError
from hauberk.registry.sentence import places
from hauberk.registry.statement import Source, statements
from hauberk.seal import canonical, digest_bytes

MAX_AGE_DAYS = 30
"""How old evidence may be unless the configuration says otherwise."""

MAX_STATEMENT = 16_384
"""Characters of one rule."""

MAX_NESTING = 32
"""Brackets inside one another in one rule."""

_UNTYPED: Any = cedarpy  # its own stubs hold bare dicts
_CHECK = re.compile(r"HB-[A-Z]\d+")
_NAME = re.compile(r"(?m)^\s+([a-z_]+): (?:Long|Bool|String|Set<String>),$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One statement of a policy.

    Attributes:
        id: its `@id`.
        effect: what it says when it applies.
        sentence: its `@sentence`.
        obligation: its `@obligation`; empty if none.
        measurements: the measurements that it names and that must have been made.
        line: where it begins.
    """

    id: str
    effect: Effect
    sentence: str
    obligation: str
    measurements: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that can decide.

    Attributes:
        text: the Cedar text.
        where: where it was read.
        digest: `sha256:` over text, schema and age limit: everything that decides.
        max_age_days: how old evidence may be.
        rules: its statements by the engine's own names for them, in order.
        whole: handle of all rules.
        permits: handle of the rules that permit.
        schema: handle of the schema.
    """

    text: str
    where: str
    digest: str
    max_age_days: int
    rules: dict[str, Rule]
    whole: cedarpy.PolicySet
    permits: cedarpy.PolicySet
    schema: cedarpy.Schema


def default_policy(max_age_days: int = MAX_AGE_DAYS) -> Policy:
    """Return the policy that ships with Hauberk."""
    return parse_policy(_shipped("default.cedar"), where="the default policy", max_age_days=max_age_days)


def default_policy_text() -> str:
    """Return the commented text of the policy that ships with Hauberk, for a project to start from."""
    return _shipped("default.cedar")


def schema_text() -> str:
    """Return the commented schema: what a policy may speak of."""
    return _shipped("hauberk.cedarschema")


def parse_policy(
    text: str, *, where: str = "policy", max_age_days: int = MAX_AGE_DAYS, checks: Collection[str] = ()
) -> Policy:
    """Parse and validate a policy, so that nothing but facts is left to go wrong.

    Args:
        text: Cedar text.
        where: where it was read, for messages.
        max_age_days: how old evidence may be, 0 or more.
        checks: ids of the checks there are; a rule that names another one is refused. Empty to leave that out.

    Raises:
        ConfigError: it does not parse, does not fit the schema, holds a template, or a rule lacks `@id` or `@sentence`,
            shares its id, names an unknown check, or puts an unknown fact into its sentence. It says on which line.
    """
    if max_age_days < 0:
        raise ConfigError(f"evidence cannot be {max_age_days} days old", where="[policy] max_age_days")
    sources = list(statements(text))
    for source in sources:
        _refuse_bulk(source, where)
        _refuse_garbage(source, where)
    schema_source = schema_text()
    schema = cedarpy.Schema.from_str(schema_source)
    for source in sources:
        _refuse_misfit(source, schema, where)
        _refuse_unknown_checks(source, checks, where)
    document = _document(text, where)
    static: dict[str, dict[str, Any]] = document["staticPolicies"]
    if document["templates"] or len(static) != len(sources):
        raise ConfigError("a policy may hold no templates", where=where, next_step="write ?principal and ?resource out")
    names = [f"policy{number}" for number in range(len(sources))]
    rules = {name: _rule(static[name], source, where) for name, source in zip(names, sources, strict=True)}
    _refuse_doubles(rules, where)
    document["staticPolicies"] = {name: static[name] for name in names if rules[name].effect is Effect.ALLOW}
    return Policy(
        text=text,
        where=where,
        digest=digest_bytes(canonical({"policy": text, "schema": schema_source, "max_age_days": max_age_days})),
        max_age_days=max_age_days,
        rules=rules,
        whole=cedarpy.PolicySet.from_str(text),
        permits=_permits(document, where),
        schema=schema,
    )


def _document(text: str, where: str) -> dict[str, Any]:
    """The whole text as the engine's JSON. It may fail where no statement did: at a character that is no blank to Cedar."""
    try:
        return cast("dict[str, Any]", json.loads(cedarpy.policies_to_json_str(text)))
    except (ValueError, RecursionError) as error:
        raise _unfit(where, error) from error


def _permits(document: dict[str, Any], where: str) -> cedarpy.PolicySet:
    try:
        return cedarpy.PolicySet.from_json_str(json.dumps(document))
    except (ValueError, RecursionError) as error:
        raise _unfit(where, error) from error


def _unfit(where: str, error: Exception) -> ConfigError:
    return ConfigError(
        "this text is not Cedar, or not Cedar that can be evaluated",
        where=where,
        why=str(error)[:200],
        next_step="remove control characters between the rules, and split rules of very many terms",
    )


def _refuse_bulk(source: Source, where: str) -> None:
    """The engine follows nesting by recursion in native code: it would not raise, it would end the process."""
    depth = deepest = 0
    for char in source.text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if len(source.text) > MAX_STATEMENT or deepest > MAX_NESTING:
        raise ConfigError(
            "this rule is too large to be read",
            where=_at(where, source.line),
            why=f"a rule has at most {MAX_STATEMENT} characters and {MAX_NESTING} brackets in one another",
            next_step="split it into several rules",
        )


def _shipped(name: str) -> str:
    return resources.files("hauberk.registry").joinpath("policy", name).read_text(encoding="utf-8")


def _at(where: str, line: int) -> str:
    return f"{where}, line {line}"


def _refuse_garbage(source: Source, where: str) -> None:
    try:
        cedarpy.PolicySet.from_str(source.text)
    except ValueError as error:
        begin = source.text.splitlines()[0][:60]
        raise ConfigError(
            f"this rule is not Cedar: {begin}",
            where=_at(where, source.line),
            why=str(error),
            next_step="the default policy shows the form of a rule: `hauberk gate --default-policy`",
        ) from error


def _refuse_misfit(source: Source, schema: cedarpy.Schema, where: str) -> None:
    result = _UNTYPED.validate_policies(source.text, schema)
    if result.validation_passed:
        return
    why = "; ".join(error.error.removeprefix("for policy `policy0`, ") for error in result.errors)
    asked = re.search(r"attribute `(\w+)`", why)
    known: list[str] = _NAME.findall(schema_text())
    near: list[str] = difflib.get_close_matches(asked[1], known, n=1) if asked else []
    raise ConfigError(
        "this rule asks for what a policy may not speak of",
        where=_at(where, source.line),
        why=why,
        next_step=f"did you mean {near[0]!r}?" if near else "`hauberk gate --policy-facts` lists every fact",
    )


def _refuse_unknown_checks(source: Source, checks: Collection[str], where: str) -> None:
    for name in _CHECK.findall(source.text) if checks else ():
        if name not in checks:
            near = difflib.get_close_matches(name, list(checks), n=1)
            raise ConfigError(
                f"this rule names the check {name}, which does not exist",
                where=_at(where, source.line),
                next_step=f"did you mean {near[0]!r}?" if near else "`hauberk checks` lists the checks",
            )


def _rule(parsed: dict[str, Any], source: Source, where: str) -> Rule:
    annotations: dict[str, str | None] = parsed.get("annotations", {})
    for needed in ("id", "sentence"):
        if not annotations.get(needed):
            raise ConfigError(
                f"this rule has no @{needed}",
                where=_at(where, source.line),
                why="every reason of a decision names its rule and says why in a sentence",
                next_step=f'write @{needed}("...") before it',
            )
    tags = tuple(sorted(set(_tags(parsed["conditions"]))))
    sentence = annotations["sentence"] or ""
    _refuse_unknown_places(sentence, tags, _at(where, source.line))
    return Rule(
        id=annotations["id"] or "",
        effect=Effect.ALLOW if parsed["effect"] == "permit" else Effect.DENY,
        sentence=sentence,
        obligation=annotations.get("obligation") or "",
        measurements=() if "if_measured" in annotations else tags,
        line=source.line,
    )


def _refuse_unknown_places(sentence: str, tags: Collection[str], where: str) -> None:
    known = {*_NAME.findall(schema_text()), "max_age_days", *tags}
    try:
        unknown = [place.name for place in places(sentence) if place.name not in known]
    except ValueError as error:
        raise ConfigError("the @sentence of this rule cannot be filled", where=where, why=str(error)) from error
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        raise ConfigError(
            f"the @sentence of this rule names the unknown fact {unknown[0]!r}",
            where=where,
            next_step=f"did you mean {near[0]!r}?" if near else "`hauberk gate --policy-facts` lists every fact",
        )


def _refuse_doubles(rules: dict[str, Rule], where: str) -> None:
    seen: dict[str, Rule] = {}
    for rule in rules.values():
        other = seen.setdefault(rule.id, rule)
        if other is not rule:
            raise ConfigError(
                f"two rules have the id {rule.id!r}",
                where=_at(where, rule.line),
                why=f"the other begins on line {other.line}",
                next_step="give each rule an id of its own",
            )


def _tags(tree: object) -> Iterator[str]:
    """Yield the tag names in a parsed condition; a name that is computed stands as `*`, which no run measures."""
    if isinstance(tree, list):
        for item in cast("list[object]", tree):
            yield from _tags(item)
    if isinstance(tree, dict):
        for key, value in cast("dict[str, Any]", tree).items():
            if key in {"hasTag", "getTag"}:
                yield str(value["right"].get("Value", "*"))
            yield from _tags(value)
