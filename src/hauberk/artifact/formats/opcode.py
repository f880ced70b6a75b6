# SPDX-License-Identifier: Apache-2.0
"""The opcodes of pickle protocols 0 to 5 and the names that moved between Python 2 and 3, from one data file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Opcode:
    """One opcode.

    Attributes:
        name: as CPython's source calls it.
        code: its byte.
        argument: how its argument is laid out, such as `u1`, `line`, `bytes4`.
        action: what the machine does.
    """

    name: str
    code: int
    argument: str
    action: str


@cache
def _table() -> Any:
    text = files("hauberk.artifact.formats").joinpath("data/pickle.json").read_text(encoding="utf-8")
    return json.loads(text)


@cache
def opcodes() -> MappingProxyType[int, Opcode]:
    """Every opcode by its byte."""
    listed = _table()["opcodes"].items()
    return MappingProxyType({code: Opcode(name, code, kind, action) for name, (code, kind, action) in listed})


@cache
def _names() -> tuple[dict[str, str], dict[tuple[str, str], tuple[str, str]]]:
    table = _table()
    return table["module_names"], {(a, b): (c, d) for a, b, c, d in table["global_names"]}


def modern_name(module: str, name: str) -> tuple[str, str]:
    """The Python 3 name of a global in a stream below protocol 3, as CPython's unpickler maps it."""
    modules, names = _names()
    if (module, name) in names:
        return names[module, name]
    return modules.get(module, module), name
