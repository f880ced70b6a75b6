# SPDX-License-Identifier: Apache-2.0
"""What the scanner says of a file: one verdict, and the findings that gave it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


class Verdict(StrEnum):
    """The verdicts, worst first. What is not understood is never clean."""

    MALICIOUS = "malicious"
    SUSPICIOUS = "suspicious"
    CARRIES_CODE = "carries-code"
    MALFORMED = "malformed"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    CLEAN = "clean"

    @property
    def exit_code(self) -> int:
        """0 clean, 1 a hostile or code-carrying file, 4 a file that was not read to its end as what it claims to be."""
        if self is Verdict.CLEAN:
            return 0
        return 1 if self in {Verdict.MALICIOUS, Verdict.SUSPICIOUS, Verdict.CARRIES_CODE} else 4


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; clean if there are none."""
    order = list(Verdict)
    return min(verdicts, key=order.index, default=Verdict.CLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the scanner.

    Attributes:
        id: stable id.
        verdict: what it makes of a file.
        title: one short line.
        threats: CVE, CWE and ATLAS ids.
        remedy: what to do.
    """

    id: str
    verdict: Verdict
    title: str
    threats: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFinding:
    """One thing that the scanner saw.

    Attributes:
        rule: what it means.
        detail: what exactly was seen; one line.
        at: byte offset in the file or, with `member`, in the member as it is unpacked; -1 if it concerns all of it.
        opcode: index of the opcode in its stream; -1 outside a pickle.
        callable: module and name that would be reached; empty if none is.
        arguments: the arguments it would get, shortened.
        member: where inside an archive or nested stream, outermost first and joined by `!`; empty for the file itself.
    """

    rule: Rule
    detail: str
    at: int = -1
    opcode: int = -1
    callable: str = ""
    arguments: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerdict:
    """What is said of one file.

    Attributes:
        path: the file, as it was asked for.
        format: what its content is, such as `pickle`, `zip/torch`, `npy`.
        verdict: the worst of its findings.
        findings: what was seen, at most a few hundred, in the order of the file.
    """

    path: str
    format: str
    verdict: Verdict
    findings: tuple[ScanFinding, ...] = ()


@cache
def rules() -> MappingProxyType[str, Rule]:
    """Every rule by id, from the data file."""
    text = files("hauberk.artifact.scan").joinpath("data/rules.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = {key: each for key, each in tomllib.loads(text).items() if key != "schema_version"}
    return MappingProxyType(
        {
            key: Rule(
                id=key,
                verdict=Verdict(each["verdict"]),
                title=each["title"],
                threats=tuple(each["threats"]),
                remedy=each["remedy"],
            )
            for key, each in table.items()
        }
    )
