# SPDX-License-Identifier: Apache-2.0
"""Scans a file or a folder: the same verdict either way, whatever the files are called."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hauberk.artifact.formats.machine import MAX_OPCODES, Budget
from hauberk.artifact.formats.source import FileSource
from hauberk.artifact.scan.inspect import Inspection
from hauberk.artifact.scan.judge import MAX_FINDINGS
from hauberk.artifact.scan.verdict import FileVerdict, ScanFinding, Verdict, rules, worst
from hauberk.core.errors import NothingToExamine, UsageError


def scan_path(path: str | Path, *, opcodes: int = MAX_OPCODES) -> tuple[FileVerdict, ...]:
    """Scan a file, or every file under a folder in the order of their names. Nothing is executed or imported.

    Args:
        path: the file or folder.
        opcodes: budget for each file; beyond it the verdict is `incomplete`.

    Raises:
        UsageError: there is nothing at this path.
        NothingToExamine: a folder without files.
    """
    root = Path(path)
    if not root.exists() and not root.is_symlink():
        raise UsageError("there is no such file or folder", where=str(root), next_step="check the path")
    if not root.is_dir():
        return (_file(root, opcodes),)
    found = [_file(each, opcodes) for each in _listed(root)]
    if not found:
        raise NothingToExamine("this folder holds no file", where=str(root))
    return tuple(found)


def _listed(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, inner, names in os.walk(root, followlinks=False):
        inner.sort()
        linked = [name for name in inner if (Path(folder) / name).is_symlink()]
        found.extend(Path(folder) / name for name in sorted([*names, *linked]))
    return sorted(found)


def _file(path: Path, opcodes: int) -> FileVerdict:
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _unread(shown, os.strerror(error.errno or 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return _unread(shown, "it is no regular file")
        inspection = Inspection(FileSource(descriptor, 0, status.st_size), Budget(opcodes))
        name = inspection.run()
    except OSError as error:
        return _unread(shown, os.strerror(error.errno or 0))
    finally:
        os.close(descriptor)
    verdict = worst([each.rule.verdict for each in inspection.findings])
    return FileVerdict(path=shown, format=name, verdict=verdict, findings=tuple(inspection.findings[:MAX_FINDINGS]))


def _unread(path: str, why: str) -> FileVerdict:
    finding = ScanFinding(rule=rules()["HB-IO001"], detail=why)
    return FileVerdict(path=path, format="unknown", verdict=Verdict.INCOMPLETE, findings=(finding,))
