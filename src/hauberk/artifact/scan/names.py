# SPDX-License-Identifier: Apache-2.0
"""Which globals honest models need and what they may do, and which are known to be dangerous, from versioned data.

A name is compared exactly, module and name. A list of dangers only gives the reason; what is on neither list is refused.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Permit:
    """What a permitted name may do.

    Attributes:
        use: `reference` (be named), `instance` (be built, given state), `container` (and be filled), or the name of the
            judgement that its arguments have to pass.
        source: library and version that the entry was made against.
    """

    use: str
    source: str


@cache
def _permits() -> dict[tuple[str, str], Permit]:
    folder = files("hauberk.artifact.scan").joinpath("data")
    table = json.loads(folder.joinpath("allow.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str], Permit] = {}
    for group in table["groups"]:
        for module, names in group["names"].items():
            for name in names:
                found[module, name] = Permit(group["use"], group["source"])
    return found


@cache
def _dangers() -> Any:
    text = files("hauberk.artifact.scan").joinpath("data/dangers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def permit(module: str, name: str) -> Permit | None:
    """What this name may do; None if it is not on the list."""
    return _permits().get((module, name))


def danger(module: str, name: str) -> str:
    """Why a name that is not permitted is dangerous; empty if nothing is known of it.

    >>> danger("posix", "system")
    'reaches the operating system, processes or files'
    """
    table = _dangers()
    for reason, listed in table["names"].items():
        if f"{module}.{name}" in listed:
            return str(reason)
    parts = module.split(".")
    for reason, modules in table["modules"].items():
        if any(".".join(parts[: n + 1]) in modules for n in range(len(parts))):
            return str(reason)
    return "has a name that only dangerous callables have" if name in table["words"] else ""


def walks(name: str) -> bool:
    """Whether a dotted name leaves the class it starts at: through a module, a hidden attribute or to a known danger."""
    parts = name.split(".")
    table = _dangers()
    known = {each.split(".")[0] for modules in table["modules"].values() for each in modules}
    hidden = any(part.startswith("__") for part in parts)
    return len(parts) > 1 and (hidden or parts[-1] in table["words"] or any(part in known for part in parts[:-1]))
