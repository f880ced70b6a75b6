# SPDX-License-Identifier: Apache-2.0
"""Say what this installation can and cannot do, and why."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hauberk.app.config import find_config, load_config
from hauberk.app.environment import environment
from hauberk.core.errors import HauberkError
from hauberk.seal import key_directory, stored_keys

EXTRAS = {
    "xgboost": ("xgboost", "open XGBoost models"),
    "catboost": ("catboost", "open CatBoost models"),
    "onnx": ("onnx", "write ONNX models (reading them needs no extra)"),
    "torch": ("torch", "attack and train neural networks"),
}
"""Extra to the module that it brings and what it is for."""

BASE = (
    "cedarpy",
    "click",
    "cryptography",
    "jinja2",
    "lightgbm",
    "msgspec",
    "narwhals",
    "numba",
    "numpy",
    "onnxruntime",
)
BASE_MORE = ("polars", "rfc8785", "scipy", "sklearn", "sqlalchemy", "sqlglot", "vl_convert")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: `ok`, `missing` (an extra; something cannot be done) or `broken` (something that must work does not).
        note: what it means.
    """

    name: str
    state: str
    note: str


def examine_installation(config: str | os.PathLike[str] = ".") -> tuple[Diagnosis, ...]:
    """Look at interpreter, platform, libraries, keys and the project here; nothing is imported or changed.

    Args:
        config: the project, if there is one.
    """
    return (*_interpreter(), *_libraries(), *_extras(), _keys(), *_project(Path(config)))


def _interpreter() -> Iterator[Diagnosis]:
    here = environment()
    tested = platform.system() == "Linux" and platform.machine() == "x86_64" and here.python.startswith("3.11.")
    note = "tested" if tested else "allowed and untested; Linux x86-64 with Python 3.11 is tested"
    yield Diagnosis(name="hauberk", state="ok", note=here.hauberk)
    yield Diagnosis(name="platform", state="ok", note=f"{here.platform}, Python {here.python}: {note}")
    yield Diagnosis(name="processor", state="ok", note=f"{here.cpu}, {here.threads} threads")


def _libraries() -> Iterator[Diagnosis]:
    absent = [name for name in (*BASE, *BASE_MORE) if importlib.util.find_spec(name) is None]
    if absent:
        yield Diagnosis(name="libraries", state="broken", note=f"missing: {', '.join(absent)}; reinstall hauberk")
    else:
        yield Diagnosis(name="libraries", state="ok", note=f"all {len(BASE) + len(BASE_MORE)} of the base are there")


def _extras() -> Iterator[Diagnosis]:
    for extra, (module, purpose) in EXTRAS.items():
        found = importlib.util.find_spec(module) is not None
        note = purpose if found else f"cannot {purpose}; pip install 'hauberk[{extra}]'"
        yield Diagnosis(name=f"extra {extra}", state="ok" if found else "missing", note=note)


def _keys() -> Diagnosis:
    if os.environ.get("HAUBERK_KEY"):
        return Diagnosis(name="signing key", state="ok", note="from HAUBERK_KEY")
    known = stored_keys()
    if not known:
        return Diagnosis(name="signing key", state="ok", note=f"none yet; the first run makes one in {key_directory()}")
    return Diagnosis(name="signing key", state="ok", note=f"{', '.join(known)} in {key_directory()}")


def _project(start: Path) -> Iterator[Diagnosis]:
    try:
        file = find_config(start)
    except HauberkError:
        yield Diagnosis(name="project", state="ok", note="none here; `hauberk init` makes one")
        return
    try:
        load_config(file)
    except HauberkError as error:
        yield Diagnosis(name="project", state="broken", note=f"{error.what} ({error.where}) {error.next_step}")
        return
    writable = os.access(file.parent, os.W_OK)
    note = f"{file.name} is valid" if writable else f"{file.parent} cannot be written: no run can be recorded"
    yield Diagnosis(name="project", state="ok" if writable else "broken", note=note)
