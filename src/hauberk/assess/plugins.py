# SPDX-License-Identifier: Apache-2.0
"""Checks of other distributions: they register under `hauberk.checks`, and load only if a project allows them by name.

```toml
[project.entry-points."hauberk.checks"]
ACME-D001 = "acme_checks.country:impossible_country"
```
The name of an entry point is the id of its check. Listing them imports nothing; loading one runs its code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions

from hauberk.assess.params import suggestion
from hauberk.core.check import spec_of
from hauberk.core.entry import Entry, entry_of
from hauberk.core.errors import ConfigError

GROUP = "hauberk.checks"
"""Entry-point group of third-party checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A third-party check that is installed, as its distribution describes it.

    Attributes:
        name: its id.
        value: where its function is, `module:function`.
        distribution: the distribution that brings it.
        version: version of that distribution.
        allowed: the project allows it.
    """

    name: str
    value: str
    distribution: str
    version: str
    allowed: bool = False


def installed_checks(allow: Collection[str] = ()) -> tuple[Installed, ...]:
    """List the third-party checks that are installed, in order of name, importing none of them."""
    found = [_described(point, source, allow) for source in distributions() for point in _points(source)]
    return tuple(sorted(set(found), key=lambda item: (item.name, item.distribution)))


def plugin_entries(allow: Collection[str]) -> tuple[Entry, ...]:
    """Load the third-party checks that are allowed, and no other one.

    Args:
        allow: their names, from the project's own configuration.

    Raises:
        ConfigError: a name that no distribution offers, or that two offer; a check that cannot be imported, has another
            id than its name, or claims an id of Hauberk's own.
    """
    found = installed_checks(allow) if allow else ()
    return tuple(_loaded(_only(name, found)) for name in sorted(set(allow)))


def refuse_unallowed(patterns: Iterable[str], allow: Collection[str]) -> None:
    """Refuse a selection that names an installed third-party check which the project does not allow.

    Raises:
        ConfigError: it says which distribution brings the check, and what to write to allow it.
    """
    wanted = {pattern.upper() for pattern in patterns}
    for item in installed_checks(allow) if wanted else ():
        if item.name.upper() in wanted and not item.allowed:
            raise ConfigError(
                f"the check {item.name} is not allowed",
                where="[plugins] allow",
                why=f"it is code of {item.distribution} {item.version}, which would run with your rights",
                next_step=f'if you trust it, write allow = ["{item.name}"]',
            )


def _points(source: Distribution) -> list[EntryPoint]:
    return [point for point in source.entry_points if point.group == GROUP]


def _described(point: EntryPoint, source: Distribution, allow: Collection[str]) -> Installed:
    return Installed(
        name=point.name,
        value=point.value,
        distribution=source.name or "an unnamed distribution",
        version=source.version or "",
        allowed=point.name in allow,
    )


def _only(name: str, found: Collection[Installed]) -> Installed:
    offers = [item for item in found if item.name == name]
    if not offers:
        raise ConfigError(
            f"no installed distribution offers the check {name!r}",
            where="[plugins] allow",
            next_step=suggestion(name, [item.name for item in found]) or "install it, or remove it from the list",
        )
    if len(offers) > 1:
        sources = " and ".join(item.distribution for item in offers)
        raise ConfigError(
            f"the check {name} is offered twice",
            where="[plugins] allow",
            why=f"{sources} both bring it, and only one of them can be meant",
            next_step="remove one of the distributions",
        )
    return offers[0]


def _loaded(item: Installed) -> Entry:
    where = f"{item.distribution} {item.version}: {item.value}"
    if item.name.upper().startswith("HB-"):
        raise ConfigError(
            f"the id {item.name} belongs to Hauberk", where=where, next_step="its author has to rename it"
        )
    try:
        spec = spec_of(EntryPoint(name=item.name, value=item.value, group=GROUP).load())
    except Exception as error:  # broad: importing foreign code can raise anything
        raise ConfigError(
            f"the check {item.name} cannot be loaded",
            where=where,
            why=f"{type(error).__name__}: {error}",
            next_step="repair the distribution, or remove the check from [plugins] allow",
        ) from error
    if spec.id != item.name:
        raise ConfigError(f"the check {item.name} declares the id {spec.id}", where=where)
    return entry_of(spec, origin=f"{item.distribution} {item.version}")
