# SPDX-License-Identifier: Apache-2.0
"""Looks at one source, whatever it is: recognise, read, judge. What is not read is unknown, and never clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hauberk.artifact.formats import plain
from hauberk.artifact.formats.inflate import DECODERS, unpacked
from hauberk.artifact.formats.machine import Budget
from hauberk.artifact.formats.recognise import recognise
from hauberk.artifact.formats.source import FormatError, LimitError, PartSource, Source
from hauberk.artifact.formats.ubjson import ubjson
from hauberk.artifact.formats.zip_reader import find_end
from hauberk.artifact.scan import archive
from hauberk.artifact.scan.streams import MAX_DEPTH, Streams, starts_stream
from hauberk.artifact.scan.verdict import ScanFinding, rules


@dataclass(slots=True)
class Inspection:
    """One source under inspection.

    Attributes:
        source: the bytes.
        budget: opcodes left for everything in the file.
        member: where the source lies; empty for the file itself.
        depth: how deep it is nested.
        findings: what was seen.
    """

    source: Source
    budget: Budget
    member: str = ""
    depth: int = 0
    findings: list[ScanFinding] = field(default_factory=list[ScanFinding])

    def note(self, rule: str, detail: str, at: int = -1) -> None:
        """Add a finding that belongs to no opcode."""
        self.findings.append(ScanFinding(rule=rules()[rule], detail=detail, at=at, member=self.member))

    def run(self) -> str:
        """Inspect the source; returns its format. Never raises for what is in the bytes."""
        if self.depth > MAX_DEPTH:
            self.note("HB-LM001", f"nested deeper than {MAX_DEPTH}")
            return "unknown"
        stream = starts_stream(self.source.read(0, 2))
        name = self._recognised(stream)
        if name != "zip" and find_end(self.source) >= 0:
            self.note("HB-FM003", f"a zip archive ends where this {name or 'file'} ends", find_end(self.source))
        try:
            name = self._read(name)
        except LimitError as error:
            self.note("HB-LM001", error.what, error.at)
        except FormatError as error:
            self.note("HB-FM002", error.what, error.at)
        if stream and not name.startswith(("pickle", "joblib", "torch/legacy")):
            self._probe(name)
        return name or "unknown"

    def _recognised(self, stream: bool) -> str:
        """The format by content; a pickle where two marks fit and the bytes are one to the end."""
        name = recognise(self.source)
        if stream and (not name or (name == "xz" and self._is_stream())):
            return "pickle"
        return name

    def _is_stream(self) -> bool:
        probe = Streams(self.source, self.budget)
        probe.scan()
        return not any(each.rule.id == "HB-PK010" for each in probe.findings)

    def _probe(self, name: str) -> None:
        """Read the file as a pickle too where an unpickler would begin to: it may reach no danger as that."""
        probe = Streams(self.source, self.budget, self.member, self.depth)
        probe.scan()
        if any(each.rule.id in {"HB-PK001", "HB-PK007"} for each in probe.findings):
            self.note("HB-FM003", f"this {name or 'file'} runs as a pickle", 0)
            self.findings.extend(probe.findings)

    def _read(self, name: str) -> str:
        if name == "pickle":
            streams = Streams(self.source, self.budget, self.member, self.depth)
            streams.scan()
            self.findings.extend(streams.findings)
            return streams.format
        if name in DECODERS:
            with unpacked(name, self.source) as content:
                return f"{name}/{self._inner(content, name)}"
        if name == "zip":
            return archive.inspect_zip(self.source, self.member, self.findings, self._member)
        reader = _READERS.get(name)
        if reader is None:
            self.note("HB-FM001", f"{name or 'this content'} is not read")
            return name
        return reader(self)

    def _inner(self, content: Source, name: str) -> str:
        inner = Inspection(content, self.budget, f"{self.member}!{name}".lstrip("!"), self.depth + 1)
        found = inner.run()
        self.findings.extend(inner.findings)
        return found

    def _member(self, content: Source, name: str, stored: bool) -> tuple[str, list[tuple[object, ...]]]:
        """Inspect a member of an archive; torch's own stream is told by the archive."""
        inner = Inspection(content, self.budget, f"{self.member}!{name}".lstrip("!"), self.depth + 1)
        if not stored:
            found = inner.run()
            self.findings.extend(inner.findings)
            return found, []
        streams = Streams(content, self.budget, inner.member, self.depth + 1, stored=True)
        streams.scan()
        self.findings.extend(streams.findings)
        return streams.format, streams.storages


def _npy(inspection: Inspection) -> str:
    source = inspection.source
    start, objects = plain.npy(source)
    if objects:
        streams = Streams(
            PartSource(source, start, source.size - start),
            inspection.budget,
            f"{inspection.member}!objects".lstrip("!"),
            inspection.depth + 1,
        )
        streams.scan()
        inspection.findings.extend(streams.findings)
    return "npy/objects" if objects else "npy"


def _json(inspection: Inspection) -> str:
    found = plain.document(inspection.source, 0, inspection.source.size)
    if set(found) == {"learner", "version"}:
        return "xgboost/json"
    inspection.note("HB-FM001", "this JSON document is not read")
    return "json"


def _ubjson(inspection: Inspection) -> str:
    keys = ubjson(inspection.source)
    if not set(keys) <= {"learner", "version", "Config", "Model"} or len(set(keys)) != len(keys):
        inspection.note("HB-FM002", "the document has other keys than a model")
    return "xgboost/ubj"


def _checked(name: str, check: Callable[[Source], None]) -> Callable[[Inspection], str]:
    def read(inspection: Inspection) -> str:
        check(inspection.source)
        return name

    return read


def _script(inspection: Inspection) -> str:
    inspection.note("HB-FM004", "the file is a program")
    return recognise(inspection.source)


_READERS: dict[str, Callable[[Inspection], str]] = {
    "npy": _npy,
    "json": _json,
    "xgboost/ubj": _ubjson,
    "safetensors": _checked("safetensors", plain.safetensors),
    "lightgbm": _checked("lightgbm", plain.lightgbm),
    "catboost": _checked("catboost", plain.catboost),
    "executable": _script,
    "script": _script,
}
