# SPDX-License-Identifier: Apache-2.0
"""Signed tree heads in the C2SP tlog-checkpoint format.

What leaves the machine is a checkpoint of three lines: origin, size, root. Beside every entry the log keeps its own
checkpoint as of that entry, with two extension lines: the entry's leaf hash, and the hash of the note before it. So
each entry is signed for itself, place included, and each signature covers all notes before it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hauberk.core.errors import Unreadable, UsageError
from hauberk.core.event import Checkpoint
from hauberk.seal import PublicKey, Signer, note_parse, note_sign, note_verify

FIRST = bytes(32)
"""What the first entry names as the hash of the note before it."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The text of a checkpoint.

    Attributes:
        origin: name of the log.
        size: number of entries.
        root: Merkle root over them, 32 bytes.
        leaf: leaf hash of the last entry; empty in a checkpoint that leaves the machine.
        previous: hash of the note of the entry before; empty likewise.
    """

    origin: str
    size: int
    root: bytes
    leaf: bytes = b""
    previous: bytes = b""

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = [self.origin, str(self.size), _base64(self.root)]
        if self.leaf:
            lines += [f"entry {_base64(self.leaf)}", f"previous {_base64(self.previous)}"]
        return "\n".join(lines) + "\n"


def check_origin(origin: str) -> str:
    """Return a log's name if a checkpoint can carry it.

    Raises:
        UsageError: empty, too long, or with control characters, spaces or a plus sign.
    """
    if not origin or len(origin) > 200 or any(mark.isspace() or mark < " " or mark == "+" for mark in origin):
        raise UsageError(f"{origin[:80]!r} cannot name a log", why="1 to 200 characters without spaces and plus signs")
    return origin


def parse_head(text: str) -> Head:
    """Read the text of a checkpoint or of an entry's note.

    Raises:
        Unreadable: it is no checkpoint.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise Unreadable("this is no checkpoint", why="it must hold origin, size and root on a line each")
    head = Head(origin=lines[0], size=int(lines[1]), root=_unbase64(lines[2]))
    extra = [line.partition(" ") for line in lines[3:]]
    if [part[0] for part in extra] != ["entry", "previous"]:
        return head
    return dataclasses.replace(head, leaf=_unbase64(extra[0][2]), previous=_unbase64(extra[1][2]))


def sign_head(head: Head, signer: Signer) -> str:
    """Return the signed note of a head."""
    return note_sign(head.text, signer)


def make_checkpoint(origin: str, size: int, root: bytes, signer: Signer) -> Checkpoint:
    """Return the checkpoint that may leave the machine."""
    note = sign_head(Head(origin=origin, size=size, root=root), signer)
    return Checkpoint(origin=origin, size=size, root=root.hex(), note=note)


def read_checkpoint(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """Check a checkpoint's signature and read it.

    Raises:
        Unreadable: it is no checkpoint.
        IntegrityError: no trusted key signed it, or a trusted key's signature does not hold.
    """
    parse_head(note_parse(note).text)
    head = parse_head(note_verify(note, keys).text)
    return Checkpoint(origin=head.origin, size=head.size, root=head.root.hex(), note=note)


def note_digest(note: bytes) -> bytes:
    """Return the hash by which the next entry's note refers to this one."""
    return hashlib.sha256(note).digest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _unbase64(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("this is no checkpoint", why="a hash is not base64") from error
    if len(content) != 32 or _base64(content) != text:
        raise Unreadable("this is no checkpoint", why="a hash must have 32 bytes")
    return content
