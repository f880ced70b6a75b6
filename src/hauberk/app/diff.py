# SPDX-License-Identifier: Apache-2.0
"""Compare two recorded runs."""

from __future__ import annotations

import os

from hauberk.app.project import open_project
from hauberk.report import RunDiff, diff_runs


def compare_runs(before: str, after: str = "last", *, config: str | os.PathLike[str] = ".") -> RunDiff:
    """Return what is new, gone and changed from one recorded run to another.

    Args:
        before: id, unique beginning of one, path, or `last`.
        after: the same, for the later one.
        config: the project.
    """
    project = open_project(config)
    return diff_runs(project.load_run(before), project.load_run(after))
