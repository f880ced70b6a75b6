# SPDX-License-Identifier: Apache-2.0
"""Admission of data: what it costs to judge 10 million rows, beside Great Expectations and pandera on 1 million.

    python benchmarks/admission.py            full: three runs of each, results into benchmarks/results/admission.json
    python benchmarks/admission.py --quick    one run of each on a tenth of the rows, under two minutes

The file has 20 columns of mixed types (5 text, 8 float, 4 integer, 2 moments, 1 boolean), zstd, with planted faults and row
groups that do not fit the blocks. "Core" are the column-level instances of the kinds null, finite, range, choices, pattern
and rule that the domain below declares, run as the checks HB-D002 to HB-D007 in one pass; "all" are all data checks that
need no reference and no model. The peers judge the same properties (without finiteness), and every count of broken rows must
agree, or the run fails. CPU seconds are user and system time of the whole child process, imports included; two threads.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

SEED = 7
BLOCK = 250_000
COUNTRIES = ("DE", "FR", "GB", "US", "ES", "IT", "NL", "PL")
CHANNELS = ("web", "app", "pos", "atm")
AMOUNTS = [f"amount_{at}" for at in range(8)]
COUNTS = [f"count_{at}" for at in range(4)]
TEXTS = ["txn_id", "email", "mcc", "country", "channel"]
COLUMNS = [*TEXTS, *AMOUNTS, *COUNTS, "at", "opened", "label"]
PATTERNS = {"txn_id": r"^[0-9]{12}$", "email": r"^[a-z0-9]+@[a-z.]+$", "mcc": r"^mcc_[0-9]{4}$"}
HIGHEST = {**dict.fromkeys(AMOUNTS, 1e6), **dict.fromkeys(COUNTS, 99)}


def make(rows: int, path: Path) -> None:
    """Write the table; the same rows for the same number of rows."""
    import numpy as np
    import polars as pl
    from polars.io.plugins import register_io_source

    def block(start: int) -> Any:
        n = min(BLOCK, rows - start)
        rng = np.random.default_rng([SEED, start])

        def text(prefix: str, numbers: Any, width: int = 0) -> Any:
            return pl.Series([prefix]) + pl.Series(numbers).cast(pl.String).str.zfill(width)

        def planted(values: Any, odd: Any) -> Any:
            return pl.Series(np.where(rng.random(n) < 1e-4, odd, values))

        data = {
            "txn_id": text("", np.arange(start, start + n), 12),
            "email": text("user", rng.integers(0, 500_000, n)) + "@mail.example",
            "mcc": text("mcc_", np.where(rng.random(n) < 1e-4, 99_999, rng.integers(0, 400, n)), 4),
            "country": planted(np.array(COUNTRIES)[rng.integers(0, 8, n)], "XX"),
            "channel": pl.Series(np.array(CHANNELS)[rng.integers(0, 4, n)]),
        }
        for name in AMOUNTS:
            values = planted(rng.gamma(2.0, 50.0, n).round(2), 2e6)
            data[name] = values.set(pl.Series(rng.random(n) < 1e-4), None)
        for name in COUNTS:
            data[name] = planted(rng.integers(0, 100, n).astype(np.int32), np.int32(150)).cast(pl.Int32)
        begin = 1_700_000_000_000_000
        data["at"] = pl.Series(begin + np.arange(start, start + n) * 1_000_000).cast(pl.Datetime("us"))
        age = np.where(rng.random(n) < 1e-4, -(10**15), rng.integers(0, 10**9, n) * 1_000_000)
        data["opened"] = pl.Series(begin - age).cast(pl.Datetime("us"))
        data["label"] = pl.Series(rng.random(n) < 0.03)
        return pl.DataFrame(data)

    schema = block(0).schema
    lazy = register_io_source(lambda *_: (block(start) for start in range(0, rows, BLOCK)), schema=dict(schema))
    lazy.sink_parquet(path, compression="zstd", row_group_size=BLOCK, maintain_order=True)


def domain() -> Any:
    """What is declared of the table."""
    from hauberk.domain import Column, Domain, Kind, Rule

    columns = [
        *(
            Column(name=name, kind=Kind.TEXT, pattern=pattern, personal=name == "email")
            for name, pattern in PATTERNS.items()
        ),
        Column(name="country", kind=Kind.CATEGORY, choices=COUNTRIES),
        Column(name="channel", kind=Kind.CATEGORY, choices=CHANNELS),
        *(Column(name=name, kind=Kind.NUMERIC, low=0.0, high=1e6) for name in AMOUNTS),
        *(Column(name=name, kind=Kind.INTEGER, low=0.0, high=99.0) for name in COUNTS),
        Column(name="at", kind=Kind.DATE),
        Column(name="opened", kind=Kind.DATE),
        Column(name="label", kind=Kind.BOOLEAN),
    ]
    rule = Rule(name="opened_first", says="opened <= at")
    return Domain(name="transactions", confirmed=True, columns=tuple(columns), rules=(rule,))


def ours(path: str, which: str) -> dict[str, Any]:
    """Run our checks; the answer counts the rows that break each property."""
    import importlib
    from dataclasses import fields

    import numpy as np

    from hauberk.assess import CheckContext, Situation
    from hauberk.checks.generate import INDEX
    from hauberk.core.finding import Finding
    from hauberk.table import open_table, run_scans

    table = open_table(path)
    provenance = dict.fromkeys(("owner", "licence", "origin", "collected"), "benchmark")
    at = Situation(
        data=table,
        label="label",
        time="at",
        groups=("channel",),
        domain=domain(),
        provenance=provenance,
        now_us=2 * 10**15,
    )
    index = json.loads(INDEX.read_text())
    entries = index.get("checks", index)
    core = {f"HB-D{number:03d}" for number in range(2, 8)}
    cache: dict[str, Any] = {}
    scans = {}
    for check, entry in sorted(entries.items()):
        wanted = check in core if which == "core" else check.startswith("HB-D") and entry["stage"] == "admit"
        if wanted and "reference" not in entry["needs"]:
            function = getattr(importlib.import_module(entry["module"]), entry["function"])
            given = {part.name: getattr(at, part.name) for part in fields(Situation)}
            scans[check] = function(CheckContext(**given, rng=np.random.default_rng(SEED), cache=cache))
    found = run_scans(table, scans)
    failed = {check: str(result) for check, result in found.items() if isinstance(result, Exception)}
    if failed:
        raise SystemExit(f"checks failed: {failed}")
    broken = {
        one.location.key: one.location.rows
        for check in core & set(found)
        for one in found[check]
        if isinstance(one, Finding)
    }
    return {"checks": len(scans), "instances": sum(len(scan.rows) for scan in scans.values()), "broken": broken}


def great_expectations(path: str) -> dict[str, Any]:
    """The same properties as an expectation suite over a pandas frame."""
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    frame = pd.read_parquet(path)
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b")
    e = gx.expectations
    keyed = {f"{name}.null": e.ExpectColumnValuesToNotBeNull(column=name) for name in COLUMNS}
    for name, high in HIGHEST.items():
        keyed[f"{name}.range"] = e.ExpectColumnValuesToBeBetween(column=name, min_value=0, max_value=high)
    for name, pattern in PATTERNS.items():
        keyed[f"{name}.pattern"] = e.ExpectColumnValuesToMatchRegex(column=name, regex=pattern)
    for name, items in (("country", COUNTRIES), ("channel", CHANNELS), ("label", (True, False))):
        keyed[f"{name}.choices"] = e.ExpectColumnValuesToBeInSet(column=name, value_set=list(items))
    keyed["rule.opened_first"] = e.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="at", column_B="opened", or_equal=True
    )
    suite = gx.ExpectationSuite(name="s", expectations=list(keyed.values()))
    result = batch.get_batch({"dataframe": frame}).validate(suite, result_format="SUMMARY")
    counts = {}
    for one in result.results:
        kind, given = one.expectation_config.type, one.expectation_config.kwargs
        key = next(key for key, item in keyed.items() if item.expectation_type == kind and _same(item, given))
        counts[key] = one.result.get("unexpected_count", 0)
    return {"instances": len(keyed), "broken": {key: int(count) for key, count in counts.items() if count}}


def _same(item: Any, given: dict[str, Any]) -> bool:
    return all(getattr(item, name) == given.get(name) for name in ("column", "column_A") if hasattr(item, name))


def pandera(path: str) -> dict[str, Any]:
    """The same properties as a pandera schema over an eager Polars frame."""
    import pandera.polars as pa
    import polars as pl

    frame = pl.read_parquet(path)
    checks: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for name, high in HIGHEST.items():
        checks[name].append(pa.Check.in_range(0, high))
    for name, pattern in PATTERNS.items():
        checks[name].append(pa.Check.str_matches(pattern))
    for name, items in (("country", COUNTRIES), ("channel", CHANNELS), ("label", (True, False))):
        checks[name].append(pa.Check.isin(list(items)))
    ordered = pa.Check(lambda data: data.lazyframe.select(pl.col("opened") <= pl.col("at")), name="opened_first")
    schema = pa.DataFrameSchema(
        {name: pa.Column(checks=checks[name], nullable=False) for name in COLUMNS}, checks=[ordered]
    )
    kinds = {"not_nullable": "null", "in_range": "range", "str_matches": "pattern", "isin": "choices"}
    kinds["opened_first"] = "opened_first"
    counts: dict[str, int] = {}
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for (column, check), cases in errors.failure_cases.group_by("column", "check"):
            kind = kinds[str(check).partition("(")[0]]
            counts["rule.opened_first" if kind == "opened_first" else f"{column}.{kind}"] = cases.height
    return {"instances": sum(map(len, checks.values())) + len(COLUMNS) + 1, "broken": counts}


CHILDREN = {"great-expectations": great_expectations, "pandera": pandera}


def compare(mine: dict[str, int], theirs: dict[str, int], name: str) -> None:
    """Both must count the same rows for every property that both judge."""
    shared = {key: rows for key, rows in mine.items() if not key.endswith(".finite")}
    wrong = {key: (shared.get(key, 0), theirs.get(key, 0)) for key in shared.keys() | theirs.keys()}
    wrong = {key: pair for key, pair in wrong.items() if pair[0] != pair[1]}
    if wrong:
        raise SystemExit(f"{name} counts other rows than we do (ours, theirs): {wrong}")


def main(*, quick: bool) -> None:
    """Generate, run the children in turn, compare, print."""
    from harness import finish, peer_python, row, run_child

    runs, small, large = (1, 100_000, 1_000_000) if quick else (3, 1_000_000, 10_000_000)
    pythons = {name: peer_python(name) for name in CHILDREN}
    with tempfile.TemporaryDirectory(prefix="hauberk-bench-") as folder:
        files = {rows: Path(folder) / f"{rows}.parquet" for rows in (small, large)}
        for rows, path in files.items():
            print(f"writing {rows:,} rows …", file=sys.stderr)
            make(rows, path)
        me = [sys.executable, __file__, "--child"]
        core, every, beside = [], [], []
        peers: dict[str, list[Any]] = {name: [] for name in CHILDREN}
        for _ in range(runs):
            core.append(run_child([*me, "ours", files[large], "core"]))
            every.append(run_child([*me, "ours", files[large], "all"]))
            beside.append(run_child([*me, "ours", files[small], "core"]))
            for name, python in pythons.items():
                peers[name].append(run_child([python, __file__, "--child", name, files[small]]))
                compare(beside[-1].answer["broken"], peers[name][-1].answer["broken"], name)
        sizes = {rows: path.stat().st_size for rows, path in files.items()}
    part = f"{large // 1_000_000}M x 20"
    rows = [
        row(f"core, {part}: CPU", "CPU-s", [one.cpu_s for one in core], target="<= 6"),
        row(f"core, {part}: peak memory", "MB", [one.peak_mb for one in core], target="<= 500"),
        row(f"core, {part}: rows per CPU second", "rows/s", [large / one.cpu_s for one in core]),
        row(f"core, {part}: rows per second", "rows/s", [large / one.wall_s for one in core]),
        row(f"all data checks, {part}: CPU", "CPU-s", [one.cpu_s for one in every]),
        row(f"all data checks, {part}: peak memory", "MB", [one.peak_mb for one in every]),
    ]
    for name, taken in peers.items():
        label = f"core, {small // 1000:,}k x 20"
        rows += [
            row(f"{label}: CPU", "CPU-s", [one.cpu_s for one in beside], [one.cpu_s for one in taken], name),
            row(f"{label}: peak memory", "MB", [one.peak_mb for one in beside], [one.peak_mb for one in taken], name),
        ]
    facts = {
        "instances": core[0].answer["instances"],
        "data_checks": every[0].answer["checks"],
        "peer_instances": {name: taken[0].answer["instances"] for name, taken in peers.items()},
        "rows_marked": core[0].answer["broken"],
        "file_bytes": sizes,
        "runs": {
            "core": [[one.cpu_s, one.wall_s, one.peak_mb] for one in core],
            "all": [[one.cpu_s, one.wall_s, one.peak_mb] for one in every],
            "beside": [[one.cpu_s, one.wall_s, one.peak_mb] for one in beside],
            **{name: [[one.cpu_s, one.wall_s, one.peak_mb] for one in taken] for name, taken in peers.items()},
        },
        "unit_of_runs": "CPU seconds, wall seconds, peak MB",
    }
    finish("admission", SEED, rows, full=not quick, facts=facts)


if __name__ == "__main__":
    if "--child" in sys.argv:
        name, *arguments = sys.argv[sys.argv.index("--child") + 1 :]
        print(json.dumps(ours(*arguments) if name == "ours" else CHILDREN[name](*arguments)))
    else:
        main(quick="--quick" in sys.argv)
