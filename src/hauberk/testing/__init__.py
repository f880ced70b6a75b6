# SPDX-License-Identifier: Apache-2.0
"""What users and plug-in authors test with: the conformance suite for checks, and assertions about a model.

The pytest plug-in lies in this room and is loaded by every pytest that starts beside an installed Hauberk, so that the
names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hauberk.testing.project import ProjectUnderTest, open_project_under_test
    from hauberk.testing.robust import assert_robust
    from hauberk.testing.robustness import NotRobust, Robustness, RobustnessUnknown
    from hauberk.testing.suite import Case, check_check, conformance

_HOMES = {
    "Case": "suite",
    "NotRobust": "robustness",
    "ProjectUnderTest": "project",
    "Robustness": "robustness",
    "RobustnessUnknown": "robustness",
    "assert_robust": "robust",
    "check_check": "suite",
    "conformance": "suite",
    "open_project_under_test": "project",
}

__all__ = [
    "Case",
    "NotRobust",
    "ProjectUnderTest",
    "Robustness",
    "RobustnessUnknown",
    "assert_robust",
    "check_check",
    "conformance",
    "open_project_under_test",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"hauberk.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'hauberk.testing' has no attribute {name!r}")
