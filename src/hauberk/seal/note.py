# SPDX-License-Identifier: Apache-2.0
"""C2SP signed notes (c2sp.org/signed-note): a text, an empty line, and one signature line a key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from hauberk.core.errors import IntegrityError, Unreadable, UsageError
from hauberk.seal.keys import PublicKey, Signer, check_name

MAX_NOTE = 1 << 20
"""Bytes that a note may have."""

MAX_SIGNATURES = 64
"""Signature lines that a note may have."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line.

    Attributes:
        name: name of the key.
        hash: the four bytes that hint at the key.
        signature: what the key wrote.
    """

    name: str
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ParsedNote:
    """A note that was read but not yet checked.

    Attributes:
        text: the text, with its last newline.
        signatures: its signature lines.
    """

    text: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A note that at least one trusted key signed.

    Attributes:
        text: the signed text, with its last newline.
        signers: the trusted keys whose signatures hold.
        unknown: names of the keys that signed and are not trusted.
    """

    text: str
    signers: tuple[PublicKey, ...]
    unknown: tuple[str, ...] = ()


def note_sign(text: str, signers: Signer | Sequence[Signer]) -> str:
    """Return the signed note.

    Args:
        text: the text; it ends with a newline.
        signers: one key or several.

    Raises:
        UsageError: a text that no note can hold.
    """
    if not _sound(text):
        raise UsageError("this text cannot be a signed note", why="it must end in a newline and hold no control marks")
    lines = [
        f"— {signer.name} {base64.b64encode(signer.public.hash + signer.sign(text.encode())).decode()}\n"
        for signer in ([signers] if isinstance(signers, Signer) else signers)
    ]
    return f"{text}\n{''.join(lines)}"


def note_parse(note: str) -> ParsedNote:
    """Take a note apart without checking any signature.

    Raises:
        Unreadable: it is no signed note.
    """
    if len(note) > MAX_NOTE or not _sound(note):
        raise Unreadable(
            "this is no signed note", why="it is too long, does not end in a newline or holds control marks"
        )
    body, found, tail = note.rpartition("\n\n")
    if not found or not body:
        raise Unreadable("this is no signed note", why="no empty line parts text from signatures")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Unreadable("this is no signed note", why=f"it carries {len(lines)} signatures")
    return ParsedNote(body + "\n", tuple(_line(line) for line in lines))


def note_verify(note: str, keys: Sequence[PublicKey]) -> Note:
    """Check a note against the keys that the caller trusts.

    Signatures of unknown keys are ignored, as the specification demands; a wrong signature of a known key refuses the
    whole note.

    Raises:
        Unreadable: it is no signed note.
        IntegrityError: a trusted key's signature does not hold, or no trusted key signed.
    """
    parsed = note_parse(note)
    message = parsed.text.encode()
    known = {(key.name, key.hash): key for key in keys}
    signers: dict[bytes, PublicKey] = {}
    unknown: list[str] = []
    for line in parsed.signatures:
        key = known.get((line.name, line.hash))
        if key is None:
            unknown.append(line.name)
        elif key.verify(line.signature, message):
            signers[key.raw] = key
        else:
            raise IntegrityError("the note's signature does not hold", where=line.name, why="its text was changed")
    if not signers:
        raise IntegrityError(
            "no trusted key signed this note",
            where=", ".join(unknown),
            next_step="give the public key of its signer, from a source that you trust",
        )
    return Note(parsed.text, tuple(signers.values()), tuple(unknown))


def _sound(text: str) -> bool:
    if not text.endswith("\n") or any(mark < " " and mark != "\n" for mark in text):
        return False
    return not any("\ud800" <= mark <= "\udfff" for mark in text)


def _line(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        check_name(name)
        content = base64.b64decode(encoded, validate=True)
    except (UsageError, binascii.Error, ValueError) as error:
        raise Unreadable("this is no signed note", why="a signature line is malformed") from error
    if dash != "—" or len(content) < 5 or base64.b64encode(content).decode() != encoded:
        raise Unreadable("this is no signed note", why="a signature line is malformed")
    return NoteSignature(name, content[:4], content[4:])
