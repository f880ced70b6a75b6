# SPDX-License-Identifier: Apache-2.0
"""Values that identify a person, recognised by shape and, where there is one, by checksum. No value leaves this file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

LUHN_PREFIX = re.compile(r"^(?:4|5[1-5]|2[2-7]|3[47]|36|30[0-5]|6011|65|35)")


def luhn(digits: str) -> bool:
    """Whether a number of digits passes the check of ISO/IEC 7812-1, annex B.

    Example:
        >>> luhn("4111111111111111"), luhn("4111111111111112")
        (True, False)
    """
    total = 0
    for place, letter in enumerate(reversed(digits)):
        value = int(letter) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether an account number passes the check of ISO 13616 (ISO 7064 mod 97-10).

    Example:
        >>> iban("DE89370400440532013000"), iban("DE89370400440532013001")
        (True, False)
    """
    turned = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def card(text: str) -> bool:
    """Whether digits have the prefix of a card scheme and pass the Luhn check.

    Example:
        >>> card("4111 1111 1111 1111"), card("9111111111111111")
        (True, False)
    """
    digits = re.sub(r"[ -]", "", text)
    return bool(LUHN_PREFIX.match(digits)) and luhn(digits)


def spaced_iban(text: str) -> bool:
    """`iban`, with the spaces that people write."""
    return iban(text.replace(" ", "").upper())


def tax_number_de(text: str) -> bool:
    """Whether eleven digits pass the check of the German tax identification number (ISO 7064 mod 11-10).

    Example:
        >>> tax_number_de("86095742719"), tax_number_de("86095742718")
        (True, False)
    """
    product = 10
    for letter in text[:10]:
        total = (int(letter) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(text[10])


def _always(text: str) -> bool:
    return bool(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One kind of personal value.

    Attributes:
        kind: stable name.
        says: what it is, in words.
        shape: regular expression (Rust syntax) that finds a candidate in a text.
        proves: the checksum, on the candidate.
        chance: share of random candidates that pass the checksum; a column must beat it clearly.
    """

    kind: str
    says: str
    shape: str
    proves: Callable[[str], bool] = _always
    chance: float = 0.0


PATTERNS = (
    Pattern(
        kind="email",
        says="e-mail addresses",
        shape=r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63})+",
    ),
    Pattern(
        kind="iban",
        says="bank account numbers (IBAN)",
        shape=r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b",
        proves=spaced_iban,
        chance=1 / 97,
    ),
    Pattern(
        kind="card",
        says="payment card numbers",
        shape=r"\b[0-9](?:[ -]?[0-9]){12,18}\b",
        proves=card,
        chance=0.1,
    ),
    Pattern(kind="phone", says="telephone numbers", shape=r"(?:\+|^00)[1-9][0-9]{0,2}[ /-]?(?:[0-9][ /-]?){6,12}\b"),
    Pattern(
        kind="ipv4",
        says="network addresses",
        shape=r"\b(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\b",
    ),
    Pattern(
        kind="tax_de",
        says="German tax identification numbers",
        shape=r"^[1-9][0-9]{10}$",
        proves=tax_number_de,
        chance=0.1,
    ),
)


@dataclass(frozen=True, slots=True)
class Match:
    """How often a pattern was found in a column.

    Attributes:
        pattern: which.
        shaped: values that have its shape.
        proved: those of them that pass its checksum.
        seen: values that were looked at.
    """

    pattern: Pattern
    shaped: int
    proved: int
    seen: int

    @property
    def convincing(self) -> bool:
        """True where the checksum passes far more often than by chance: at least half of the time, and five times chance."""
        return self.proved > 0 and self.proved >= self.shaped * max(0.5, min(5 * self.pattern.chance, 0.9))


def matches(values: pl.Series) -> list[Match]:
    """Look for every pattern in a column of text or of long integers.

    Args:
        values: the column; NULL is left out.
    """
    texts = values.drop_nulls().cast(pl.String)
    found: list[Match] = []
    for pattern in PATTERNS:
        candidates = texts.str.extract(f"({pattern.shape})", 1).drop_nulls().rename("candidate")
        counts = candidates.value_counts(name="n").iter_rows()
        proved = sum(int(n) for text, n in counts if pattern.proves(text))
        found.append(Match(pattern, candidates.len(), proved, texts.len()))
    return found
