# SPDX-License-Identifier: Apache-2.0
"""The sample checks, importable by name in this process and in its workers."""

import importlib
import sys
from pathlib import Path

import polars as pl
import pytest

from hauberk.assess import Situation
from hauberk.core.entry import entry_of
from hauberk.table import open_table

PARTS = Path(__file__).parent / "parts"


@pytest.fixture
def samples(monkeypatch):
    """The module of sample checks."""
    monkeypatch.syspath_prepend(str(PARTS))
    yield importlib.import_module("sample_checks")
    sys.modules.pop("sample_checks", None)


@pytest.fixture
def entries(samples):
    """Entries of sample checks, by function name."""

    def get(*names):
        return [entry_of(getattr(samples, name).__hauberk__) for name in names]

    return get


@pytest.fixture
def frame():
    return pl.DataFrame({"x": [1.0, None, 3.0], "y": [0, 1, 0]})


@pytest.fixture
def parquet(frame, tmp_path):
    path = tmp_path / "rows.parquet"
    frame.write_parquet(path)
    return path


@pytest.fixture
def situation(frame):
    return Situation(data=open_table(frame, name="train"), label="y")
