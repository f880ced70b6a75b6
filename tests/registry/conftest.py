# SPDX-License-Identifier: Apache-2.0
"""The default policy, and a judge."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "parts"))

from registry_runs import NOW, SIGNED

from hauberk.registry import decide, default_policy, facts_of


@pytest.fixture(scope="session")
def policy():
    return default_policy()


@pytest.fixture
def judge(policy):
    """Judge a run by the default policy, or by another one."""

    def judge(run, policy=policy, now_us=NOW, signature=SIGNED, **more):
        return decide(facts_of(run, signature=signature, now_us=now_us, **more), policy, now_us)

    return judge
