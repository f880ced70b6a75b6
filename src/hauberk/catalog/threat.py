# SPDX-License-Identifier: Apache-2.0
"""The threats that findings name: techniques and weaknesses of public catalogues, pinned to one version each."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hauberk.core.errors import UsageError

_FILES = ("atlas", "owasp", "nist", "cwe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """One entry of a public catalogue.

    Attributes:
        id: its id, such as `AML.T0015`.
        name: what it is called; for OWASP in our own words.
        framework: name of the catalogue.
        version: version of the catalogue that the id was taken from.
        url: page that explains it.
    """

    id: str
    name: str
    framework: str
    version: str
    url: str


@cache
def _catalogue() -> dict[str, Threat]:
    folder = files("hauberk.catalog").joinpath("data")
    return {
        threat.id: threat
        for name in _FILES
        for threat in _read(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    }


def _read(text: str) -> list[Threat]:
    content = tomllib.loads(text)
    return [
        Threat(
            id=identifier,
            name=name,
            framework=content["framework"],
            version=content["version"],
            url=content["url"].format(id=identifier, number=identifier.rpartition("-")[2]),
        )
        for identifier, name in content["names"].items()
    ]


def threats() -> tuple[Threat, ...]:
    """Return every threat of the catalogue, in the order of its files."""
    return tuple(_catalogue().values())


def find_threat(identifier: str) -> Threat | None:
    """Return the threat with this id, or None if the catalogue does not hold it."""
    return _catalogue().get(identifier)


def threat(identifier: str) -> Threat:
    """Return the threat with this id.

    >>> threat("AML.T0015").name
    'Evade AI Model'

    Raises:
        UsageError: the catalogue does not hold it.
    """
    found = find_threat(identifier)
    if found is not None:
        return found
    close = difflib.get_close_matches(identifier, _catalogue(), n=1)
    hint = f"did you mean {close[0]}?" if close else "add it to a file in hauberk/catalog/data, with its source"
    raise UsageError(f"the catalogue holds no threat {identifier!r}", next_step=hint)
