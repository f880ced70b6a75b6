# SPDX-License-Identifier: Apache-2.0
"""Write the committed files that are generated from code, or check that they are current.

    python scripts/generated.py            run every generator
    python scripts/generated.py --check    exit code 1 and a line for each file that is not current

A room that ships a generated file has a `generate.py`, which writes it beside itself when run as a module. The check
runs the generators on a copy of the tree and compares, so it needs to know nothing about them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def generators(source: Path) -> list[str]:
    """Names of the modules that generate, in order."""
    return sorted(f"hauberk.{path.parent.name}.generate" for path in source.glob("hauberk/*/generate.py"))


def generate(source: Path) -> None:
    """Run every generator of a source tree."""
    for module in generators(source):
        environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([sys.executable, "-m", module], env=environment, check=True, timeout=300, stdout=sys.stderr)


def contents(source: Path) -> dict[str, bytes]:
    """Every file of a source tree that is not cached code."""
    files = (path for path in sorted(source.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in files}


def stale(source: Path) -> list[str]:
    """Names of the files that the generators would change, add or have left behind."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        before = contents(copy)
        generate(copy)
        after = contents(copy)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def main(arguments: list[str]) -> int:
    """Write, or check."""
    source = ROOT / "src"
    if "--check" not in arguments:
        generate(source)
        return 0
    names = stale(source)
    for name in names:
        print(f"src/{name}: not current; run `make schemas` and commit the result")
    print(f"generated: {len(names)} files are not current; generators: {', '.join(generators(source)) or 'none'}")
    return int(bool(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
