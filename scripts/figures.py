# SPDX-License-Identifier: Apache-2.0
"""Put measured figures into the README from `benchmarks/results/`, so that none is ever copied by hand.

python scripts/figures.py            write the table between the two marks of README.md
python scripts/figures.py --check    exit code 1 if it is not current
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from prose import table

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: written by scripts/figures.py -->", "<!-- figures: end -->"
SHOWN = (
    ("evasion_trees", "credit: valid share of reported evasions"),
    ("evasion_trees", "credit: evaded by a valid record, decisions alone"),
    ("evasion_trees", "credit: evaded, decisions alone, peer rounded"),
    ("evasion_trees", "credit: median cost of valid evasions, decisions alone"),
    ("evasion_trees", "credit: queries a record, median, decisions alone"),
    ("evasion_trees", "exact, fraud-like XGBoost 300 x 6, 20290 nodes: upper over lower bound"),
    ("evasion_trees", "exact, fraud-like XGBoost 300 x 6, 20290 nodes: CPU a row"),
    ("evasion_trees", "exact, breast cancer, 4 trees: CPU a row"),
    ("evasion_trees", "label-only, diabetes, 80 trees: distance over the optimum, 50"),
    ("evasion_trees", "label-only, credit, 60 trees: distance over the optimum, 50"),
    ("hardening", "breast cancer, reach 0.3: certified robust error"),
    ("hardening", "diabetes, reach 0.05: certified robust error"),
    ("hardening", "credit cards: evaded at a purse of 1,500"),
    ("hardening", "marketplace: evaded at a purse of 410"),
    ("admission", "core, 10M x 20: CPU"),
    ("admission", "core, 10M x 20: peak memory"),
    ("admission", "core, 1,000k x 20: CPU"),
)
"""Rows of the README by benchmark and name, in order, those in which a peer does better included."""


def results() -> list[dict[str, Any]]:
    """Every committed result, in order of name."""
    return [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "benchmarks/results").glob("*.json"))
    ]


def number(value: float | None, unit: str) -> str:
    """A figure to three digits; rates in per cent."""
    if value is None:
        return ""
    if unit == "rate":
        return f"{100 * value:.3g} %"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}"


def interval(row: dict[str, Any]) -> str:
    """The figure, and its interval where it has one."""
    ours, unit = number(row["ours"], row["unit"]), row["unit"]
    if row["low"] is None:
        return ours
    low, high = (number(row[end], unit).removesuffix(unit).removesuffix(" ") for end in ("low", "high"))
    return f"{ours} ({low} to {high})"


def figures_table(result: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Rows of one result as a table."""
    cells = [
        (row["name"], interval(row), number(row["peer"], row["unit"]), row["peer_name"], row["n"], row["target"])
        for row in rows
    ]
    return table((result["benchmark"], "Hauberk", "peer", "which peer", "n", "target"), cells)


def readme_text(text: str) -> str:
    """The README with its table of figures written anew.

    Raises:
        ValueError: a mark is missing, or a row that is to be shown was not measured.
    """
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError("README.md has lost the marks around its figures")
    parts = []
    for result in results():
        wanted = [name for benchmark, name in SHOWN if benchmark == result["benchmark"]]
        rows = [
            row
            for name in wanted
            for row in result["rows"]
            if row["name"] == name and (row["peer"] is not None or row["target"])
        ]
        missing = set(wanted) - {row["name"] for row in rows}
        if missing:
            raise ValueError(f"benchmark {result['benchmark']} did not measure {', '.join(sorted(missing))}")
        parts.append(figures_table(result, rows))
    return f"{before}{BEGIN}\n\n{chr(10).join(reversed(parts))}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    text = README.read_text(encoding="utf-8")
    wanted = readme_text(text)
    if "--check" in arguments:
        current = text == wanted
        print(f"figures: README.md is {'current' if current else 'not current; run `make schemas`'}")
        return int(not current)
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
