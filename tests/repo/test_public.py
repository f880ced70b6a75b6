# SPDX-License-Identifier: Apache-2.0
"""The public module: every name loads, is documented, and shares its name with no room."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import hauberk


def test_every_public_name_loads_and_is_documented() -> None:
    for name in hauberk.__all__:
        value = getattr(hauberk, name)
        assert name in dir(hauberk)
        if name != "__version__":
            assert inspect.getdoc(value), name


def test_importing_every_room_leaves_every_public_name_in_place(root: Path) -> None:
    """Importing a room binds its name in the package, so a function of that name would be gone."""
    rooms = {path.parent.name for path in (root / "src" / "hauberk").glob("*/__init__.py")}
    for room in sorted(rooms):
        importlib.import_module(f"hauberk.{room}")
    assert rooms & set(hauberk.__all__) == set()
    assert all(callable(getattr(hauberk, name)) for name in hauberk.__all__ if name != "__version__")


def test_every_room_states_its_purpose(root: Path) -> None:
    for path in sorted((root / "src" / "hauberk").glob("**/__init__.py")):
        name = ".".join(path.parent.relative_to(root / "src").parts)
        assert len(inspect.getdoc(importlib.import_module(name)) or "") > 40, name


def test_the_list_of_public_names_and_their_homes_agree() -> None:
    assert set(hauberk.__all__) == {"__version__", *hauberk._PUBLIC}
