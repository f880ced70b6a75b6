# SPDX-License-Identifier: Apache-2.0
"""Every built-in check keeps the contract."""

import sys

import pytest

from hauberk.checks import index, load
from hauberk.testing import conformance


def cases():
    for entry in index():
        spec = load(entry.id)
        examples = sys.modules[entry.module].EXAMPLES
        for case in conformance(spec.function, examples=examples):
            yield pytest.param(case, id=f"{entry.id}-{case.name.replace(' ', '-')}")


@pytest.mark.parametrize("case", list(cases()))
def test_check(case):
    case.run()
