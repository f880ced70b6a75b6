# SPDX-License-Identifier: Apache-2.0
"""Hardening: robust boosting beside the authors' figures and ordinary boosting, and what it takes from an attacker.

    python benchmarks/hardening.py [--quick] [--only PART]

Parts live in `benchmarks/parts`. `robust_boosting` repeats the two tables of Andriushchenko and Hein (NeurIPS 2019) with
the paper's split. Their code is a public repository and no package; its figures were measured earlier, on a
machine of this kind. `purse` hardens credit models and compares what gets through at the median price of an
evasion. CPU seconds are those of one thread.
"""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

from harness import finish  # noqa: E402 - the number of threads has to be set first

PARTS = ("robust_boosting", "purse")
SEED = 350


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--quick", action="store_true", help="fewer runs, no random splits, and one table of the second part"
    )
    parser.add_argument("--only", choices=PARTS, help="one part; its result is not kept")
    given = parser.parse_args()
    lines: list[dict[str, Any]] = []
    facts: dict[str, Any] = {}
    for part in (given.only,) if given.only else PARTS:
        found, facts[part] = import_module(f"parts.{part}").rows(quick=given.quick, seed=SEED)
        lines += found
    finish("hardening", SEED, lines, full=not given.quick and not given.only, facts=facts)


if __name__ == "__main__":
    main()
