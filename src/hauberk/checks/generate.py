# SPDX-License-Identifier: Apache-2.0
"""Write the index of the built-in checks: `python -m hauberk.checks.generate`, or with `--check` only compare.

It imports every `hb_*.py` beside it, which is why nothing else does.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hauberk.core.check import CheckSpec, Examples
from hauberk.core.entry import entry_of
from hauberk.core.errors import ConfigError

_FOLDER = Path(__file__).parent
INDEX = _FOLDER / "index.json"


def generated() -> str:
    """Return the text that the index should have.

    Raises:
        ConfigError: a file without exactly one check or without EXAMPLES, a file name that does not begin with its
            check's id, or two checks with one id.
    """
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted(_FOLDER.glob("hb_*.py")):
        spec = _declared(path)
        if spec.id in rows:
            raise ConfigError(f"two files declare {spec.id}", where=path.name)
        rows[spec.id] = _row(spec)
    return json.dumps(rows, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _declared(path: Path) -> CheckSpec:
    module = import_module(f"hauberk.checks.{path.stem}")
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    specs = [spec for value in own if isinstance(spec := getattr(value, "__hauberk__", None), CheckSpec)]
    if len(specs) != 1:
        raise ConfigError(f"a check file declares one check, this one {len(specs)}", where=path.name)
    spec = specs[0]
    if not path.stem.startswith(spec.id.lower().replace("-", "_", 1).replace("-", "") + "_"):
        raise ConfigError(f"the name of this file does not begin with the id {spec.id}", where=path.name)
    if not isinstance(getattr(module, "EXAMPLES", None), Examples):
        raise ConfigError("this check file has no EXAMPLES", where=path.name)
    return spec


def _row(spec: CheckSpec) -> dict[str, Any]:
    entry = entry_of(spec)
    return {
        "cost": entry.cost.value,
        "function": entry.function,
        "module": entry.module,
        "needs": [need.value for need in entry.needs],
        "order": entry.order.value,
        "params": entry.params,
        "since": entry.since,
        "stage": entry.stage.value,
        "threats": list(entry.threats),
        "title": entry.title,
    }


def main(arguments: list[str]) -> int:
    """Write the index, or with `--check` say whether it is current; return the exit code."""
    text = generated()
    if "--check" not in arguments:
        INDEX.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{INDEX.name}: {len(json.loads(text))} checks\n")
        return 0
    if INDEX.is_file() and INDEX.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("the index of the checks is out of date; run `python -m hauberk.checks.generate`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
