# SPDX-License-Identifier: Apache-2.0
"""Evasion of tree models: exact search, both bounds, scores, labels and a real victim, each beside its peer.

    python benchmarks/evasion_trees.py [--quick] [--only SECTION]

Sections live in `benchmarks/sections` and can be run alone. CPU seconds are those of one thread. Peers that are public
repositories and no packages (LT-attack) cannot be installed; where a figure of theirs stands beside ours, the row says that
it was measured earlier, on a machine of this kind.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

from harness import finish  # noqa: E402 - the number of threads has to be set first

SECTIONS = ("exact", "enumerable", "labels", "credit", "constraints", "phishing_url")
SEED = 350


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and models; nothing is kept")
    parser.add_argument("--only", choices=SECTIONS, help="one section; its result is not kept")
    given = parser.parse_args()
    lines: list[dict[str, Any]] = []
    spent: dict[str, float] = {}
    for section in (given.only,) if given.only else SECTIONS:
        print(f"{section} …", file=sys.stderr)
        begin = time.process_time()
        lines += import_module(f"sections.{section}").rows(quick=given.quick, seed=SEED)
        spent[section] = round(time.process_time() - begin, 1)
    finish("evasion_trees", SEED, lines, full=not given.quick and not given.only, facts={"own CPU seconds": spent})


if __name__ == "__main__":
    main()
