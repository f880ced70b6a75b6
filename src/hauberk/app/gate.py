# SPDX-License-Identifier: Apache-2.0
"""Judge recorded runs: again by the project's policy, or by another one to see what would change."""

from __future__ import annotations

import os

from hauberk.app.decide import judge
from hauberk.app.materials import signature_state
from hauberk.app.project import open_project
from hauberk.core.decision import Decision


def judge_release(run: str = "last", *, config: str | os.PathLike[str] = ".") -> Decision:
    """Judge a recorded run by the project's policy as of now; evidence that has grown too old denies.

    Args:
        run: id, unique beginning of one, path, or `last`.
        config: the project.
    """
    project = open_project(config)
    recorded = project.load_run(run)
    return judge(project, recorded, signature=signature_state(project, project.trusted())).decision
