# SPDX-License-Identifier: Apache-2.0
"""Hauberk secures a predictive machine-learning model over its whole life.

Every verb of the command line is a function of this package with the same name and the same parameters. Names are
loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hauberk.app.artifact import (
        digest_artifact as digest_artifact,
    )
    from hauberk.app.artifact import (
        model_key as model_key,
    )
    from hauberk.app.artifact import (
        sign_artifact as sign_artifact,
    )
    from hauberk.app.artifact import (
        verify_artifact as verify_artifact,
    )
    from hauberk.app.attest import attest_artifact as attest_artifact
    from hauberk.app.bom import (
        check_bom as check_bom,
    )
    from hauberk.app.bom import (
        compare_boms as compare_boms,
    )
    from hauberk.app.bom import (
        render_bom as render_bom,
    )
    from hauberk.app.check import check as check
    from hauberk.app.checks import list_checks as list_checks
    from hauberk.app.data import (
        check_data as check_data,
    )
    from hauberk.app.data import (
        quarantine_data as quarantine_data,
    )
    from hauberk.app.data import (
        restore_data as restore_data,
    )
    from hauberk.app.demo.run import demo as demo
    from hauberk.app.diff import compare_runs as compare_runs
    from hauberk.app.doctor import examine_installation as examine_installation
    from hauberk.app.evade import evade as evade
    from hauberk.app.evidence import verify_evidence as verify_evidence
    from hauberk.app.fix import fix_finding as fix_finding
    from hauberk.app.gate import judge_release as judge_release
    from hauberk.app.gate import rehearse_policy as rehearse_policy
    from hauberk.app.harden import harden_model as harden_model
    from hauberk.app.init import init_project as init_project
    from hauberk.app.replay import replay as replay
    from hauberk.app.report import recorded_run as recorded_run
    from hauberk.app.report import render_report as render_report
    from hauberk.app.scan import scan_artifact as scan_artifact

__version__ = "0.1.0"

_PUBLIC = {
    "attest_artifact": "hauberk.app.attest",
    "check": "hauberk.app.check",
    "check_bom": "hauberk.app.bom",
    "check_data": "hauberk.app.data",
    "compare_boms": "hauberk.app.bom",
    "compare_runs": "hauberk.app.diff",
    "demo": "hauberk.app.demo.run",
    "digest_artifact": "hauberk.app.artifact",
    "evade": "hauberk.app.evade",
    "examine_installation": "hauberk.app.doctor",
    "fix_finding": "hauberk.app.fix",
    "harden_model": "hauberk.app.harden",
    "init_project": "hauberk.app.init",
    "judge_release": "hauberk.app.gate",
    "list_checks": "hauberk.app.checks",
    "model_key": "hauberk.app.artifact",
    "quarantine_data": "hauberk.app.data",
    "recorded_run": "hauberk.app.report",
    "rehearse_policy": "hauberk.app.gate",
    "render_bom": "hauberk.app.bom",
    "render_report": "hauberk.app.report",
    "replay": "hauberk.app.replay",
    "restore_data": "hauberk.app.data",
    "scan_artifact": "hauberk.app.scan",
    "sign_artifact": "hauberk.app.artifact",
    "verify_artifact": "hauberk.app.artifact",
    "verify_evidence": "hauberk.app.evidence",
}

__all__ = [
    "__version__",
    "attest_artifact",
    "check",
    "check_bom",
    "check_data",
    "compare_boms",
    "compare_runs",
    "demo",
    "digest_artifact",
    "evade",
    "examine_installation",
    "fix_finding",
    "harden_model",
    "init_project",
    "judge_release",
    "list_checks",
    "model_key",
    "quarantine_data",
    "recorded_run",
    "rehearse_policy",
    "render_bom",
    "render_report",
    "replay",
    "restore_data",
    "scan_artifact",
    "sign_artifact",
    "verify_artifact",
    "verify_evidence",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hauberk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
