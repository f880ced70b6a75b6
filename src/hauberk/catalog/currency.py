# SPDX-License-Identifier: Apache-2.0
"""How many digits the minor unit of a currency has."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _digits() -> dict[str, int]:
    text = files("hauberk.catalog").joinpath("data/currency.toml").read_text(encoding="utf-8")
    digits: dict[str, int] = tomllib.loads(text)["digits"]
    return digits


def minor_digits(currency: str) -> int:
    """Return the digits of a currency's minor unit (ISO 4217); 2 for a code that the table does not name.

    >>> minor_digits("EUR"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _digits().get(currency.upper(), 2)
