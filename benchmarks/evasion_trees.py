# SPDX-License-Identifier: Apache-2.0
"""Evasion of tree models: exact search, both bounds, scores, labels and a real victim, each beside its peer.

    python benchmarks/evasion_trees.py [--quick] [--only SECTION]

Sections live in `benchmarks/sections` and can be run alone, each replacing its own rows of the kept results. CPU seconds are
those of one thread. Peers that are public repositories and no packages (LT-attack) cannot be installed; where a figure of
theirs stands beside ours, the row says that it was measured earlier, on a machine of this kind.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

from harness import finish  # noqa: E402 - the number of threads has to be set first

SECTIONS = ("exact", "enumerable", "labels", "credit", "constraints", "phishing_url")
SEED = 350


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and models; nothing is kept")
    parser.add_argument("--only", choices=SECTIONS, help="one section; the kept results of the others stay")
    given = parser.parse_args()
    lines, spent = kept(given.only) if given.only and not given.quick else ([], {})
    for section in (given.only,) if given.only else SECTIONS:
        print(f"{section} …", file=sys.stderr)
        begin = time.process_time()
        found = import_module(f"sections.{section}").rows(quick=given.quick, seed=SEED)
        spent[section] = round(time.process_time() - begin, 1)
        lines += [{**each, "section": section} for each in found]
    lines.sort(key=lambda each: SECTIONS.index(each["section"]))
    finish("evasion_trees", SEED, lines, full=not given.quick, facts={"own CPU seconds": spent})


def kept(section: str) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """What an earlier run measured in the other sections."""
    path = Path(__file__).parent / "results" / "evasion_trees.json"
    if not path.exists():
        return [], {}
    old = json.loads(path.read_text(encoding="utf-8"))
    return [each for each in old["rows"] if each["section"] != section], old["facts"]["own CPU seconds"]


if __name__ == "__main__":
    main()
