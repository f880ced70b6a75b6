# SPDX-License-Identifier: Apache-2.0
"""Members of a zip archive, one by one: a bad one is a finding and never ends the scan of the others."""

from __future__ import annotations

import re
from collections.abc import Callable

from hauberk.artifact.formats.inflate import unpacked
from hauberk.artifact.formats.source import FormatError, LimitError, Source
from hauberk.artifact.formats.zip_reader import Archive, Member, crc_holds, encrypted, read_archive, stored_bytes
from hauberk.artifact.scan.streams import storage_bytes
from hauberk.artifact.scan.verdict import ScanFinding, rules

Inner = Callable[[Source, str, bool], tuple[str, list[tuple[object, ...]]]]
"""Inspects a member: content, name, whether persistent ids name storages; returns format and storages."""

MAX_TOTAL = 1 << 32
"""Bytes that all members together may unpack to."""

_STORAGE = re.compile(r"[^/]+/data/[0-9]+")
_PLAIN = re.compile(r"[^/]+/(version|byteorder|\.format_version|\.storage_alignment|\.data/(serialization_id|version))")
_CODE = re.compile(r"[^/]+/(code/.*|constants\.pkl|extra/.*)|__torch_package__/.*")


class _Zip:
    """One archive under inspection."""

    def __init__(self, source: Source, where: str, findings: list[ScanFinding], inner: Inner) -> None:
        self.source = source
        self.where = where
        self.findings = findings
        self.inner = inner
        self.left = MAX_TOTAL

    def note(self, rule: str, detail: str, at: int, name: str = "") -> None:
        """Add a finding that belongs to no opcode."""
        member = f"{self.where}!{name}".strip("!")
        self.findings.append(ScanFinding(rule=rules()[rule], detail=detail, at=at, member=member))

    def torch(self, archive: Archive) -> str:
        """The folder of a torch file; empty if this is none."""
        names = {each.name for each in archive.members}
        roots = [each[: -len("/data.pkl")] for each in names if each.endswith("/data.pkl") and each.count("/") == 1]
        return roots[0] if len(roots) == 1 and f"{roots[0]}/version" in names else ""

    def try_member(self, member: Member, root: str, sizes: dict[str, int]) -> None:
        """Read one member; what is wrong with it is a finding."""
        try:
            self.member(member, root, sizes)
        except LimitError as error:
            self.note("HB-LM001", error.what, error.at, member.name)
        except FormatError as error:
            self.note("HB-ZP002", error.what, error.at, member.name)

    def member(self, member: Member, root: str, sizes: dict[str, int]) -> None:
        """Read one member as far as it goes."""
        name, at = member.name, member.header
        if member.differs:
            self.note("HB-ZP001", f"{name!r}: {member.differs}", at, name)
        if _escapes(name) or member.link:
            self.note("HB-ZP003", f"{name!r} leads out of the archive", at, name)
        if not member.data:
            return
        if encrypted(member) or member.method not in {0, 8}:
            self.note("HB-ZP004", f"{name!r} is encrypted or packed by method {member.method}", at, name)
            return
        packed = stored_bytes(self.source, member)
        if member.method == 0:
            self.content(packed, member, root, sizes)
            return
        with unpacked("deflate", packed, self.left) as content:
            self.left -= content.size
            self.content(content, member, root, sizes)

    def content(self, content: Source, member: Member, root: str, sizes: dict[str, int]) -> None:
        """Judge the bytes of one member."""
        if not crc_holds(content, member):
            self.note("HB-ZP001", f"{member.name!r} has another size or CRC than the directory says", member.header)
        if member.name.endswith("/") and not member.size:
            return
        if root and member.name == f"{root}/data.pkl":
            _, storages = self.inner(content, member.name, True)
            self.storages(storages, root, sizes)
        elif self.raw(content, member, root):
            return
        elif _CODE.fullmatch(member.name):
            self.note("HB-FM004", f"{member.name!r} is code that torch runs", member.header, member.name)
        else:
            self.inner(content, member.name, False)

    def raw(self, content: Source, member: Member, root: str) -> bool:
        """Whether a member is a storage or a short mark that torch reads as bytes."""
        if not root or not member.name.startswith(f"{root}/"):
            return False
        if _PLAIN.fullmatch(member.name):
            if content.size > 256 or not content.read(0, 256).isascii():
                self.note("HB-ZP002", f"{member.name!r} is longer than it ever is", member.header)
            return True
        return _STORAGE.fullmatch(member.name) is not None

    def storages(self, storages: list[tuple[object, ...]], root: str, sizes: dict[str, int]) -> None:
        """Compare what tensors claim with what the archive holds."""
        for each in storages:
            held = sizes.get(f"{root}/data/{each[2]}")
            if held is None or storage_bytes(each) > held:
                self.note("HB-PK012", f"storage {each[2]!r} claims {storage_bytes(each)} bytes of {held or 0}", -1)


def _escapes(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or name[1:2] == ":" or "\x00" in name


def inspect_zip(source: Source, where: str, findings: list[ScanFinding], inner: Inner) -> str:
    """Inspect an archive; returns its format. Never raises for what is in a member.

    Raises:
        FormatError: there is no directory.
    """
    archive = read_archive(source)
    each = _Zip(source, where, findings, inner)
    for what, at in archive.deceives:
        each.note("HB-ZP001", what, at)
    root = each.torch(archive)
    sizes = {member.name: member.size for member in archive.members}
    for member in archive.members:
        each.try_member(member, root, sizes)
    if not archive.members:
        each.note("HB-FM001", "the archive is empty", 0)
    if root:
        return "zip/torch"
    return "zip/npz" if all(name.endswith(".npy") for name in sizes) and sizes else "zip"
