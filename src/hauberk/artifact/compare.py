# SPDX-License-Identifier: Apache-2.0
"""What differs between a signed manifest and what lies there now, in words."""

from __future__ import annotations

from hauberk.artifact.manifest import Entry, Manifest


def compare(signed: Manifest, found: Manifest) -> list[str]:
    """Name what differs between a signed manifest and what lies there now, one phrase a difference."""
    if signed.folder != found.folder:
        return ["a folder was signed, this is a file" if signed.folder else "a file was signed, this is a folder"]
    before = {entry.name: entry for entry in signed.entries}
    now = {entry.name: entry for entry in found.entries}
    if not signed.folder and before.keys() != now.keys():
        # One file alone: that its content changed matters more than that it has another name too.
        return [*_changes(signed.entries[0], found.entries[0]), f"{signed.name!r} was renamed to {found.name!r}"]
    changed = _changed(before, now)
    missing, added = sorted(before.keys() - now.keys()), sorted(now.keys() - before.keys())
    twins = _twins([before[name] for name in missing], [now[name] for name in added])
    return [*changed, *_comings(missing, added, twins)]


def _changed(before: dict[str, Entry], now: dict[str, Entry]) -> list[str]:
    return [phrase for name in sorted(before.keys() & now.keys()) for phrase in _changes(before[name], now[name])]


def _comings(missing: list[str], added: list[str], twins: dict[str, str]) -> list[str]:
    renamed = [f"{old!r} was renamed to {new!r}" for old, new in twins.items()]
    gone = [f"{name!r} is missing" for name in missing if name not in twins]
    come = [f"{name!r} was added" for name in added if name not in twins.values()]
    return renamed + gone + come


def _twins(missing: list[Entry], added: list[Entry]) -> dict[str, str]:
    """Pair the files that are gone with those that appeared with the same content."""
    homes: dict[str, list[str]] = {}
    for entry in added:
        homes.setdefault(entry.digest, []).append(entry.name)
    return {entry.name: homes[entry.digest].pop(0) for entry in missing if entry.digest and homes.get(entry.digest)}


def _changes(before: Entry, now: Entry) -> list[str]:
    if before.digest != now.digest:
        size = f" ({before.size} bytes before, {now.size} now)" if before.size != now.size else ""
        return [f"the content of {now.name!r} was changed{size}"]
    if before.executable != now.executable:
        return [f"{now.name!r} was made {'executable' if now.executable else 'not executable'}"]
    return []
