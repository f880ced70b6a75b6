# SPDX-License-Identifier: Apache-2.0
"""An event as bytes and back. The bytes are RFC 8785 JSON; they are what the tree hashes."""

from __future__ import annotations

import re

from hauberk.core.errors import Unreadable, UsageError
from hauberk.core.event import Event
from hauberk.seal import canonical, is_digest, parse_canonical

MAX_EVENT = 1 << 20
"""Bytes that one event may have; larger facts belong in a blob that the event names by its digest."""

_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_FIELDS = {"actor", "at_us", "kind", "payload", "subject"}


def encode_event(event: Event) -> bytes:
    """Return the canonical bytes of an event.

    Raises:
        UsageError: a malformed field, a float in the payload, or more than a mebibyte.
    """
    if not _KIND.fullmatch(event.kind):
        raise UsageError(f"{event.kind[:60]!r} is no kind of event", why="it must be dotted lower-case words")
    if event.subject and not is_digest(event.subject):
        raise UsageError(f"{event.subject[:90]!r} is no subject", where=event.kind, why="a subject is a digest")
    if not event.actor or event.at_us < 0:
        raise UsageError("an event needs an actor and a time", where=event.kind)
    content = canonical({name: getattr(event, name) for name in _FIELDS})
    if len(content) > MAX_EVENT:
        raise UsageError(
            f"this event has {len(content)} bytes, at most {MAX_EVENT}",
            where=event.kind,
            next_step="store the facts as a blob and name its digest in the payload",
        )
    return content


def decode_event(content: bytes, *, where: str = "") -> Event:
    """Read an event back.

    Raises:
        Unreadable: these bytes are no event.
    """
    value = parse_canonical(content, where=where)
    if not isinstance(value, dict) or set(value) != _FIELDS:
        raise Unreadable("this is no event", where=where, why="its fields are not those of an event")
    kind, at_us, actor = value["kind"], value["at_us"], value["actor"]
    subject, payload = value["subject"], value["payload"]
    if not (isinstance(kind, str) and isinstance(actor, str) and isinstance(subject, str)):
        raise Unreadable("this is no event", where=where, why="kind, actor and subject must be text")
    if not isinstance(at_us, int) or isinstance(at_us, bool) or not isinstance(payload, dict):
        raise Unreadable("this is no event", where=where, why="at_us must be an integer and payload an object")
    return Event(kind=kind, at_us=at_us, actor=actor, subject=subject, payload=payload)
