# SPDX-License-Identifier: Apache-2.0
"""A zip reader that believes nothing it cannot see twice: every member's local header is compared with the directory."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from hauberk.artifact.formats.source import CHUNK, FormatError, LimitError, PartSource, Source

MAX_MEMBERS = 100_000
"""Members of one archive."""

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = 0x8
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_ODD_FLAGS = 0x20 | 0x10 | 0x8000


@dataclass(slots=True)
class Member:
    """One member.

    Attributes:
        name: as the directory spells it.
        flags, method, crc, packed, size: as the directory says.
        header: offset of its local header.
        data: offset of its bytes.
        link: whether it is a symbolic link.
        differs: where local header and directory disagree; empty if they agree.
    """

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    data: int = 0
    link: bool = False
    differs: str = ""


@dataclass(slots=True)
class Archive:
    """What an archive holds.

    Attributes:
        members: in the order of the directory.
        deceives: shapes that readers see differently, with their offsets.
    """

    members: list[Member] = field(default_factory=list[Member])
    deceives: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


def find_end(source: Source) -> int:
    """Offset of the end record that closes this source exactly; -1 if there is none."""
    tail_at = max(0, source.size - 65557)
    tail = source.read(tail_at, 65557)
    found: int = tail.rfind(b"PK\x05\x06")
    while found >= 0:
        comment = int.from_bytes(tail[found + 20 : found + 22], "little")
        if len(tail) - found >= 22 and found + 22 + comment == len(tail):
            return tail_at + found
        found = tail.rfind(b"PK\x05\x06", 0, found)
    return -1


def read_archive(source: Source) -> Archive:
    """Read the directory and every local header.

    Raises:
        FormatError: there is no directory, or it is broken.
        LimitError: too many members.
    """
    end = find_end(source)
    if end < 0:
        raise FormatError("there is no end record, or bytes follow it", source.size)
    archive = Archive()
    start, total, length = _directory(archive, source, end)
    content = source.read(start, length)
    at = 0
    for _ in range(total):
        at = _central(archive, content, at, start)
    if at != length:
        archive.deceives.append(("the directory holds more than its members", start + at))
    for member in archive.members:
        _compare(source, member)
    _layout(archive, start)
    return archive


def _directory(archive: Archive, source: Source, end: int) -> tuple[int, int, int]:
    """Where the directory begins, its entries and its bytes."""
    _, disk, first_disk, here, total, length, start, comment = _END.unpack(source.read(end, 22))
    here, total, length, start, stop = _wide(source, end, (here, total, length, start))
    if disk or first_disk or here != total or start + length != stop:
        raise FormatError("the directory does not end where its end record begins", end)
    if total > MAX_MEMBERS:
        raise LimitError(f"more than {MAX_MEMBERS} members", end)
    if comment and b"PK" in source.read(end + 22, 65535):
        archive.deceives.append(("the comment holds another archive", end + 22))
    return start, total, length


def _wide(source: Source, end: int, narrow: tuple[int, int, int, int]) -> tuple[int, int, int, int, int]:
    """Read the zip64 end record where there is one."""
    locator = source.read(end - 20, 20) if end >= 20 else b""
    if locator[:4] != b"PK\x06\x07":
        return (*narrow, end)
    at = int.from_bytes(locator[8:16], "little")
    record = source.read(at, 56)
    if record[:4] != b"PK\x06\x06" or len(record) < 56 or at + 76 != end:
        raise FormatError("the zip64 end record is not where it belongs", end)
    here, total, length, start = struct.unpack_from("<4Q", record, 24)
    limits = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    if any(a not in {b, most} for a, b, most in zip(narrow, (here, total, length, start), limits, strict=True)):
        raise FormatError("the two end records disagree", end)
    return here, total, length, start, at


def _central(archive: Archive, content: bytes, at: int, start: int) -> int:
    if len(content) < at + 46 or content[at : at + 4] != b"PK\x01\x02":
        raise FormatError("an entry of the directory is broken", start + at)
    fields = _CENTRAL.unpack_from(content, at)
    name_size, extra_size = fields[10], fields[11]
    comment_size: int = fields[12]
    name = content[at + 46 : at + 46 + name_size]
    extra = content[at + 46 + name_size : at + 46 + name_size + extra_size]
    member = Member(
        name=name.decode("utf-8", "backslashreplace"),
        flags=fields[3],
        method=fields[4],
        crc=fields[7],
        packed=fields[8],
        size=fields[9],
        header=fields[16],
        link=fields[1] >> 8 == 3 and (fields[15] >> 16) & 0xF000 == 0xA000,
    )
    _widen(member, extra)
    archive.members.append(member)
    return at + 46 + len(name) + len(extra) + comment_size


def _widen(member: Member, extra: bytes) -> None:
    """Take sizes and offset from a zip64 field where the narrow ones are full."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        body = extra[at + 4 : at + 4 + size]
        if kind == 0x7075:
            member.differs = "a second name in an extra field"
        if kind == 1:
            _wide_sizes(member, body)
        at += 4 + size


def _wide_sizes(member: Member, body: bytes) -> None:
    for each in ("size", "packed", "header"):
        if getattr(member, each) == 0xFFFFFFFF and len(body) >= 8:
            setattr(member, each, int.from_bytes(body[:8], "little"))
            body = body[8:]


def _compare(source: Source, member: Member) -> None:
    local = source.read(member.header, 30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        member.differs = "there is no local header"
        return
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack(local)
    name = source.read(member.header + 30, name_size).decode("utf-8", "backslashreplace")
    member.data = member.header + 30 + name_size + extra_size
    pairs = (
        ("name", name, member.name, False),
        ("flags", flags, member.flags, False),
        ("method", method, member.method, False),
        ("CRC", crc, member.crc, flags & _DESCRIPTOR and not crc),
        ("packed size", packed, member.packed, _later(flags, packed)),
        ("size", size, member.size, _later(flags, size)),
    )
    for what, here, there, excused in pairs:
        if here != there and not excused:
            member.differs = f"{what} is {here!r} in the local header and {there!r} in the directory"
            return
    if flags & _ODD_FLAGS:
        member.differs = f"flag bits {flags & _ODD_FLAGS:#x} that no model writer sets"


def _later(flags: int, size: int) -> bool:
    """Whether a local header leaves this size to the descriptor behind the bytes, or to a wide field."""
    return bool(flags & _DESCRIPTOR and not size) or size == 0xFFFFFFFF


def _layout(archive: Archive, directory: int) -> None:
    """Members may neither overlap nor repeat, and no bytes may hide between them."""
    names: set[str] = set()
    at = 0
    for member in sorted(archive.members, key=lambda each: each.header):
        if member.name in names:
            archive.deceives.append((f"{member.name!r} stands twice in the directory", member.header))
        names.add(member.name)
        _gap(archive, at, member.header)
        at = member.data + member.packed
        if member.flags & _DESCRIPTOR:
            at = -at
    _gap(archive, at, directory)


def _gap(archive: Archive, at: int, following: int) -> None:
    room = 24 if at < 0 else 0
    at = abs(at)
    if following < at:
        archive.deceives.append(("two members overlap", following))
    elif following - at > room:
        archive.deceives.append((f"{following - at} bytes lie hidden between members", at))


def encrypted(member: Member) -> bool:
    """Whether a member's flags say that it is encrypted."""
    return bool(member.flags & _ENCRYPTED)


def stored_bytes(source: Source, member: Member) -> PartSource:
    """The packed bytes of a member."""
    return PartSource(source, member.data, max(0, min(member.packed, source.size - member.data)))


def crc_holds(content: Source, member: Member) -> bool:
    """Whether unpacked bytes have the size and CRC of the directory."""
    crc, at = 0, 0
    while at < content.size:
        piece = content.read(at, CHUNK * 4)
        if not piece:
            break
        crc = zlib.crc32(piece, crc)
        at += len(piece)
    return crc == member.crc and content.size == member.size
