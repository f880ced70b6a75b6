# SPDX-License-Identifier: Apache-2.0
"""The index of the built-in checks: current, complete, sorted, and read without importing any check."""

import json
import subprocess
import sys

import pytest

from hauberk.checks import entry_from, index, load
from hauberk.checks.generate import INDEX, generated, main
from hauberk.core.check import Examples
from hauberk.core.entry import entry_of
from hauberk.core.errors import UsageError


def test_the_index_is_current():
    assert INDEX.read_text(encoding="utf-8") == generated()
    assert main(["--check"]) == 0


def test_the_index_is_sorted_and_one_to_one_with_the_files():
    ids = [entry.id for entry in index()]
    assert ids == sorted(set(ids))
    assert len(ids) == len(list(INDEX.parent.glob("hb_*.py")))


@pytest.mark.parametrize("entry", index(), ids=lambda entry: entry.id)
def test_each_entry_loads_the_check_that_it_describes(entry):
    spec = load(entry.id)
    assert entry_of(spec) == entry
    assert isinstance(sys.modules[entry.module].EXAMPLES, Examples)


def test_an_entry_survives_its_row():
    rows = json.loads(INDEX.read_text(encoding="utf-8"))
    assert tuple(entry_from(check, rows[check]) for check in sorted(rows)) == index()


def test_an_unknown_check_is_refused():
    with pytest.raises(UsageError, match="HB-D999"):
        load("HB-D999")


def test_listing_imports_no_check_and_no_numeric_library():
    code = (
        "import sys, hauberk.checks; hauberk.checks.index();"
        "heavy = {'numpy', 'polars', 'hauberk.assess'} & set(sys.modules);"
        "checks = [name for name in sys.modules if name.startswith('hauberk.checks.hb_')];"
        "sys.exit(f'{heavy} {checks}' if heavy or checks else 0)"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=True, timeout=60)


def test_loading_one_check_imports_no_other_one():
    code = (
        "import sys, hauberk.checks; hauberk.checks.load('HB-A001');"
        "checks = sorted(name for name in sys.modules if name.startswith('hauberk.checks.hb_'));"
        "sys.exit(0 if checks == ['hauberk.checks.hb_a001_unsigned_model'] else str(checks))"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=True, timeout=60)


def test_a_stale_index_is_told(tmp_path, monkeypatch, capsys):
    stale = tmp_path / "index.json"
    monkeypatch.setattr("hauberk.checks.generate.INDEX", stale)
    assert main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
