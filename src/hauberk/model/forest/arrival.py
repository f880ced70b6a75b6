# SPDX-License-Identifier: Apache-2.0
"""Load a converter, its library or the kernels when a model or rows arrive: each costs from half a second to two."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def converters(name: str) -> Any:
    """Return a module of this folder that converts one library's models; it brings that library with it."""
    return import_module(f"hauberk.model.forest.{name}")


def kernels() -> Any:
    """Return the compiled walks; they bring numba with them."""
    return import_module("hauberk.model.forest.walk")


def library(name: str) -> Any:
    """Return a model library of the base."""
    return import_module(name)
