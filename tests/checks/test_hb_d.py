# SPDX-License-Identifier: Apache-2.0
"""Every data check: fires on its bad example, is silent on the clean one, whatever the batches, workers, files or order."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hauberk.checks
from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Order, Stage, spec_of
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.data.specimen import situation
from hauberk.table import Scan, Table, open_table, run_scans

FOLDER = Path(hauberk.checks.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("hb_d*.py"))
PARTS = ("What it finds.", "Why an attacker or an accident does it.", "How it decides.", "False alarms.", "Remedy.")


def load(name: str) -> tuple[Callable[..., Any], Any]:
    module = importlib.import_module(f"hauberk.checks.{name}")
    (function,) = [value for value in vars(module).values() if hasattr(value, "__hauberk__")]
    return function, module.EXAMPLES


def context(at: Situation) -> CheckContext:
    return CheckContext(
        **{part.name: getattr(at, part.name) for part in fields(Situation)}, rng=np.random.default_rng(0)
    )


def run(function: Callable[..., Any], at: Situation, **how: Any) -> list[Measurement | Finding]:
    result = function(context(at))
    if isinstance(result, Scan):
        assert at.data is not None
        result = run_scans(at.data, {"check": result}, **how)["check"]
    if isinstance(result, Exception):
        raise result
    return list(result)


def facts(records: list[Measurement | Finding]) -> list[Any]:
    """What must not depend on order or batches: everything but the rows shown as a sample."""
    plain = [
        replace(one, evidence=(), location=replace(one.location, sample=())) if isinstance(one, Finding) else one
        for one in records
    ]
    return sorted(map(repr, plain))


@pytest.fixture(params=NAMES)
def check(request: pytest.FixtureRequest) -> tuple[Callable[..., Any], Any]:
    return load(request.param)


def findings(records: list[Measurement | Finding]) -> Iterator[Finding]:
    return (one for one in records if isinstance(one, Finding))


def test_there_are_at_least_twenty_data_checks() -> None:
    specs = [spec_of(load(name)[0]) for name in NAMES]
    assert len(specs) >= 20
    assert sum(spec.stage is Stage.ADMIT for spec in specs) >= 20
    assert len({spec.id for spec in specs}) == len(specs)


def test_the_docstring_is_a_page(check: tuple[Callable[..., Any], Any]) -> None:
    page = spec_of(check[0]).doc
    assert [part for part in (*PARTS, "Reference.", "Example.") if f"**{part}**" not in page] == []


def test_the_bad_example_fires_with_evidence_of_its_size(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    spec = spec_of(function)
    found = list(findings(run(function, examples.bad())))
    assert found
    for finding in found:
        assert finding.check == spec.id
        assert finding.threats == spec.threats
        assert finding.remedy
        assert len(finding.location.sample) <= 10
        if finding.location.sample and finding.location.rows is not None:
            assert len(finding.location.sample) == min(10, finding.location.rows)
        for table in finding.evidence:
            assert not table.holds or len(table.holds) == len(table.columns)


def test_the_clean_example_is_silent(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    records = run(function, examples.clean())
    assert list(findings(records)) == []
    assert records, "a check that measures nothing shows nothing"


def test_the_untouched_specimen_is_clean_for_every_check(check: tuple[Callable[..., Any], Any]) -> None:
    function, _ = check
    if spec_of(function).stage is Stage.ADMIT and "reference" not in spec_of(function).needs:
        assert list(findings(run(function, situation()))) == []


@pytest.mark.parametrize("rows", [7, 64, 10_000])
def test_batch_size_changes_nothing(check: tuple[Callable[..., Any], Any], rows: int) -> None:
    function, examples = check
    at = examples.bad()
    if spec_of(function).stage is Stage.ADMIT:
        assert run(function, at, rows=rows) == run(function, at)


def test_workers_change_nothing(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    at = examples.bad()
    if spec_of(function).stage is Stage.ADMIT:
        assert run(function, at, rows=50, workers=3) == run(function, at, rows=50)


def test_row_order_changes_nothing_unless_declared(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    at: Situation = examples.bad()
    if spec_of(function).order is Order.MATTERS or spec_of(function).id == "HB-D024":
        return  # the digest of an in-memory table, which HB-D024 shows, is one of its bytes in their order
    assert at.data is not None
    mixed = open_table(at.data.frame().sample(fraction=1.0, shuffle=True, seed=5), name=at.data.name)
    assert facts(run(function, replace(at, data=mixed), rows=100)) == facts(run(function, at))


def test_the_input_is_left_alone(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    at = examples.bad()
    before = at.data.digest
    run(function, at)
    assert open_table(at.data.frame()).digest == before


def test_a_parquet_file_gives_what_the_frame_gives(check: tuple[Callable[..., Any], Any], tmp_path: Path) -> None:
    function, examples = check
    at = examples.bad()
    path = tmp_path / "loans.parquet"
    at.data.frame().write_parquet(path, row_group_size=100)
    told = [replace(at, data=table, provenance={}) for table in (at.data, open_table(path, name="loans"))]
    assert run(function, told[1], rows=70) == run(function, told[0], rows=70)


def test_no_rows_is_never_a_pass(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    at = examples.bad()
    empty = open_table(at.data.frame().head(0), name="loans")
    if spec_of(function).stage is Stage.ADMIT:
        with pytest.raises(Exception, match="no rows"):
            run(function, replace(at, data=empty))


def values_in(table: Table) -> set[str]:
    texts = table.frame().select(pl.col(pl.String))
    return {value for name in texts.columns for value in texts[name].drop_nulls().to_list() if len(value) > 6}


def test_no_record_value_stands_in_a_message(check: tuple[Callable[..., Any], Any]) -> None:
    function, examples = check
    at = examples.bad()
    for finding in findings(run(function, at)):
        said = f"{finding.title} {finding.message} {finding.remedy}"
        assert [value for value in values_in(at.data) if value in said] == []
