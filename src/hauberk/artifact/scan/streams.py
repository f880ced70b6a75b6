# SPDX-License-Identifier: Apache-2.0
"""Scans the streams of a pickle file: raw, joblib with arrays between opcodes, several in a row, torch's legacy layout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from hauberk.artifact.formats.machine import Budget, Machine
from hauberk.artifact.formats.opcode import opcodes
from hauberk.artifact.formats.source import FormatError, LimitError, MemorySource, PartSource, Source
from hauberk.artifact.formats.step import STEPS
from hauberk.artifact.formats.symbol import Items, Made, Name, Span
from hauberk.artifact.scan.joblib_array import pass_over
from hauberk.artifact.scan.judge import Judge
from hauberk.artifact.scan.verdict import ScanFinding, rules

MAX_DEPTH = 8
"""How deep streams and archives may be nested."""

MAX_STREAMS = 10_000
"""Streams of one file."""

_MAGIC = 0x1950A86A20F9469CFC6C


@cache
def _widths() -> dict[str, int]:
    text = files("hauberk.artifact.scan").joinpath("data/storages.json").read_text(encoding="utf-8")
    widths: dict[str, int] = json.loads(text)["bytes"]
    return widths


def storage_bytes(identity: tuple[object, ...]) -> int:
    """Bytes that a torch storage claims, from its persistent id.

    Raises:
        FormatError: it cannot be told.
    """
    kind, count = identity[1], identity[4]
    width = _widths().get(kind.name.rpartition(".")[2]) if isinstance(kind, Name) else None
    if width is None or not isinstance(count, int) or count < 0:
        raise FormatError("the size of a storage cannot be told")
    return width * count


@dataclass(slots=True)
class Streams:
    """What the streams of a source hold.

    Attributes:
        source: the bytes.
        budget: opcodes left.
        member: where the source lies.
        depth: how deep it is nested.
        stored: whether persistent ids name storages.
        format: what it turned out to be.
        findings: what was seen.
        storages: persistent ids of the storages asked for.
    """

    source: Source
    budget: Budget
    member: str = ""
    depth: int = 0
    stored: bool = False
    format: str = "pickle"
    findings: list[ScanFinding] = field(default_factory=list[ScanFinding])
    storages: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])

    def note(self, rule: str, detail: str, at: int) -> None:
        """Add a finding that belongs to no opcode."""
        self.findings.append(ScanFinding(rule=rules()[rule], detail=detail, at=at, member=self.member))

    def scan(self) -> None:
        """Follow every stream to the last byte; never raises for what is in the bytes."""
        try:
            self._all()
        except LimitError as error:
            self.note("HB-LM001", error.what, error.at)
        except FormatError as error:
            self.note("HB-PK010", error.what, error.at)
        if self.format == "joblib":
            self._as_plain_pickle()

    def _all(self) -> None:
        at, results = 0, list[object]()
        while at < self.source.size:
            if len(results) >= MAX_STREAMS:
                raise LimitError(f"more than {MAX_STREAMS} streams", at)
            if results and not starts_stream(self.source.read(at, 2)):
                self.note("HB-PK011", f"{self.source.size - at} bytes behind the last stream", at)
                return
            at = self._stream(at, results)
            if len(results) == 5 and results[0] == _MAGIC:
                at = self._legacy(at, results[4])

    def _stream(self, at: int, results: list[object]) -> int:
        stored = self.stored or (len(results) == 3 and results[0] == _MAGIC)
        judge = Judge(self._nested, arrays=self._array, stored=stored, member=self.member)
        machine = Machine(self.source, at, judge, self.budget)
        try:
            return machine.run(STEPS)
        finally:
            self.findings.extend(judge.findings)
            self.storages.extend(judge.storages)
            results.append(machine.result)

    def _array(self, machine: Machine, wrapper: Made) -> None:
        self.format = "joblib"
        if not pass_over(machine, wrapper):
            return
        judge = Judge(self._nested, member=self.member)
        inner = Machine(self.source, machine.cursor.tell(), judge, self.budget)
        try:
            machine.cursor.seek(inner.run(STEPS))
        finally:
            self.findings.extend(judge.findings)

    def _as_plain_pickle(self) -> None:
        """Read a joblib file as a plain unpickler would, through the arrays: it may not reach a danger there either."""
        judge = Judge(lambda _: (), member=self.member)
        with suppress(FormatError):  # an honest array is no pickle; only what was reached before it breaks counts
            Machine(self.source, 0, judge, self.budget).run(STEPS)
        reached = {(each.rule.id, each.at) for each in self.findings}
        found = [each for each in judge.findings if each.rule.id in {"HB-PK001", "HB-PK007"}]
        self.findings.extend(each for each in found if (each.rule.id, each.at) not in reached)

    def _nested(self, content: bytes | Span) -> Sequence[ScanFinding]:
        held: Source
        if isinstance(content, Span):
            held, at = PartSource(self.source, content.at, content.size), content.at
        else:
            held, at = MemorySource(content), 0
        inner = Streams(held, self.budget, f"{self.member}!nested@{at}".lstrip("!"), self.depth + 1)
        if self.depth >= MAX_DEPTH:
            inner.note("HB-LM001", f"nested deeper than {MAX_DEPTH}", 0)
        elif not starts_stream(held.read(0, 2)):
            inner.note("HB-PK005", "the bytes of a nested loader are no stream", 0)
        else:
            inner.scan()
        return inner.findings

    def _legacy(self, at: int, keys: object) -> int:
        """Account for the storages that torch writes behind its fifth stream; returns the offset behind them."""
        self.format = "torch/legacy"
        known = {identity[2]: identity for identity in self.storages}
        if not isinstance(keys, Items) or not keys.whole:
            raise LimitError("the list of storages cannot be told", at)
        for key in keys.held:
            if not isinstance(key, str) or key not in known:
                raise FormatError("a storage that no tensor uses", at)
            claimed = storage_bytes(known[key])
            count = int.from_bytes(self.source.read(at, 8), "little")
            asked = known[key][4]
            if count != asked or at + 8 + claimed > self.source.size:
                self.note("HB-PK012", f"storage {key!r} claims {asked} elements and has {count}", at)
                return self.source.size
            at += 8 + claimed
        return at


def starts_stream(head: bytes) -> bool:
    """Whether these bytes may begin a pickle: PROTO with a version, or an opcode that begins a stream of protocol 0 or 1."""
    if head[:1] == b"\x80":
        return len(head) > 1 and head[1] <= 5
    return head[:1] in {b"(", b"c", b"]", b"}", b")", b"I", b"K", b"N", b"S", b"V", b"L", b"J", b"F", b"G"} and (
        len(head) > 1 and (head[1] in opcodes() or 0x20 <= head[1] < 0x7F)
    )
