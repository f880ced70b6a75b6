# SPDX-License-Identifier: Apache-2.0
"""Load compiled code with the first search, not with the room: it brings numba with it, which costs half a second."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def kernels(name: str) -> Any:
    """Return a module of this folder that holds compiled code."""
    return import_module(f"hauberk.attack.certify.{name}")
