# SPDX-License-Identifier: Apache-2.0
"""Waivers: a finding that a person accepts for a while. Each has a reason, an owner and an end.

A waiver that has run out hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hauberk.assess.params import suggestion
from hauberk.core.errors import ConfigError
from hauberk.core.finding import Finding
from hauberk.core.run import Waived

_KEYS = ("fingerprint", "reason", "owner", "expires")
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiving:
    """What the waivers of a project do to a run.

    Attributes:
        active: waivers in force that match a finding; they alone hide one.
        expired: waivers that have run out.
        unmatched: waivers in force that match no finding.
        notes: a sentence for each waiver that hides nothing, for the reader of the run.
    """

    active: tuple[Waived, ...]
    expired: tuple[Waived, ...]
    unmatched: tuple[Waived, ...]
    notes: tuple[str, ...]


def parse_waivers(tables: Iterable[Mapping[str, object]], where: str = "hauberk.toml") -> tuple[Waived, ...]:
    """Read the `[[waiver]]` tables of a configuration.

    Raises:
        ConfigError: a missing, empty or unknown key, a fingerprint that is not 32 hexadecimal digits, an end that is no
            ISO date, or two waivers of one finding.
    """
    waivers = tuple(_waiver(table, f"{where}, waiver {number}") for number, table in enumerate(tables, 1))
    seen: set[str] = set()
    for number, item in enumerate(waivers, 1):
        if item.fingerprint in seen:
            raise ConfigError(
                f"two waivers name the finding {item.fingerprint}",
                where=f"{where}, waiver {number}",
                next_step="keep the one that holds",
            )
        seen.add(item.fingerprint)
    return waivers


def is_expired(item: Waived, now_us: int) -> bool:
    """Return whether a waiver's last day, in UTC, is over."""
    return date.fromisoformat(item.expires) < datetime.fromtimestamp(now_us / 1_000_000, tz=UTC).date()


def apply_waivers(
    waivers: Iterable[Waived], findings: Iterable[Finding], now_us: int, *, narrowed: bool = False
) -> Waiving:
    """Sort a project's waivers by what they do to these findings at this time.

    Args:
        waivers: what the project declares.
        findings: what a run found.
        now_us: UTC microseconds.
        narrowed: whether the run left checks out, so that it cannot tell that a finding is gone.
    """
    known = {found.fingerprint: found for found in findings}
    ordered = sorted(waivers, key=lambda item: item.fingerprint)
    expired = tuple(item for item in ordered if is_expired(item, now_us))
    holding = [item for item in ordered if not is_expired(item, now_us)]
    active = tuple(item for item in holding if item.fingerprint in known)
    unmatched = tuple(item for item in holding if item.fingerprint not in known)
    notes = [f"the waiver of {item.fingerprint} ({item.owner}) ran out on {item.expires}" for item in expired]
    notes += [
        f"the waiver of {item.fingerprint} ({item.owner}) matches no finding of this run:"
        " remove it, or find out why the finding is gone"
        for item in (() if narrowed else unmatched)
    ]
    return Waiving(active=active, expired=expired, unmatched=unmatched, notes=tuple(notes))


def _waiver(table: Mapping[str, object], where: str) -> Waived:
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"a waiver has no key {key!r}", where=where, next_step=suggestion(key, _KEYS))
    values = {key: _text(table.get(key)) for key in _KEYS}
    for key, value in values.items():
        if not value:
            raise ConfigError(
                f"this waiver has no {key}",
                where=where,
                why="a waiver says which finding, why, who accepts it and until when",
                next_step=f"add {key} = ...",
            )
    if not _FINGERPRINT.fullmatch(values["fingerprint"]):
        raise ConfigError(
            f"{values['fingerprint']!r} is no fingerprint",
            where=where,
            why="it has 32 hexadecimal digits; the text report shows the first 12 alone",
            next_step="copy it from `hauberk report --format csv`, whose last column it is",
        )
    try:
        end = date.fromisoformat(values["expires"])
    except ValueError as error:
        raise ConfigError(
            f"{values['expires']!r} is no date", where=where, next_step="write it like 2030-12-31"
        ) from error
    return Waived(**{**values, "expires": end.isoformat()})


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.strip() if isinstance(value, str) else ""
