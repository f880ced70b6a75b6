# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them: amounts of money, rates with their intervals, times, digests."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from hauberk.catalog import minor_digits
from hauberk.core.evidence import Cell
from hauberk.core.measurement import Measurement
from hauberk.report.plain import visible


def money(minor: int, currency: str) -> str:
    """Return an amount in integer minor units as text in the currency's major unit, without a fraction of nothing.

    >>> money(-1234567, "EUR"), money(500, "EUR"), money(500, "JPY")
    ('EUR -12,345.67', 'EUR 5', 'JPY 500')
    """
    digits = minor_digits(currency)
    whole, rest = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    amount = f"{sign}{whole:,}" + (f".{rest:0{digits}d}" if rest else "")
    return f"{visible(currency)} {amount}".strip()


def rate(value: float) -> str:
    """Return a rate between 0 and 1 in per cent, with as many digits as tell it from 0 and from 1.

    >>> rate(0.4237), rate(0.0004), rate(1.0)
    ('42.4 %', '0.04 %', '100 %')
    """
    percent = value * 100
    if percent in {0.0, 100.0}:
        return f"{percent:.0f} %"
    near = min(abs(percent), abs(100 - percent))
    if near < 0.005:
        return "< 0.01 %" if percent < 50 else "> 99.99 %"
    return f"{percent:.2f} %" if near < 0.1 else f"{percent:.1f} %"


def number(value: float) -> str:
    """Return a number with thousands separated and at most four significant digits after the point matter.

    >>> number(1234567.0), number(0.012345), number(float("inf"))
    ('1,234,567', '0.01235', 'unbounded')
    """
    if math.isinf(value):
        return "unbounded" if value > 0 else "-unbounded"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def quantity(value: float, unit: str) -> str:
    """Return a number with its unit."""
    if unit == "rate":
        return rate(value)
    return f"{number(value)} {visible(unit)}".strip() if unit != "count" else number(value)


def interval(item: Measurement) -> str:
    """Return the interval of a measurement, such as `38.1 % to 46.9 %`; empty for an exact count."""
    if item.low is None or item.high is None:
        return ""
    show = rate if item.unit == "rate" else number
    return f"{show(item.low)} to {show(item.high)}"


def measured(item: Measurement) -> str:
    """Return a measurement in one line: value, interval, level and n."""
    parts = [quantity(item.value, item.unit)]
    if span := interval(item):
        parts.append(f"[{span}, {item.level:.0%} interval]")
    if item.n:
        parts.append(f"n = {item.n:,}")
    return " ".join(parts)


def label(item: Measurement) -> str:
    """Return the name of a measurement in words, with what it belongs to."""
    words = visible(item.name).replace("_", " ")
    return f"{words} ({visible(item.at)})" if item.at else words


def when(at_us: int) -> str:
    """Return a UTC time in microseconds as `2026-11-23 14:05:09 UTC`."""
    return _moment(at_us, "%Y-%m-%d %H:%M:%S UTC")


def iso(at_us: int, end: str = "Z") -> str:
    """Return a UTC time in microseconds as `2026-11-23T14:05:09` and `end`."""
    return _moment(at_us, "%Y-%m-%dT%H:%M:%S") + end


def _moment(at_us: int, pattern: str) -> str:
    try:
        return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime(pattern)
    except (OverflowError, ValueError, OSError):  # a year that no calendar of this library reaches
        return datetime.fromtimestamp(0, UTC).strftime(pattern)


def duration(seconds: float) -> str:
    """Return a time span, such as `0.4 s` or `2 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def short_digest(digest: str) -> str:
    """Return the start of a digest: enough to compare by eye, not enough to rely on."""
    return visible(digest)[:19] + "…" if len(digest) > 20 else visible(digest)


def cell(value: Cell) -> str:
    """Return an evidence cell as text on one line."""
    match value:
        case None:
            return "—"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}" if abs(value) >= 10_000 else str(value)
        case float():
            return number(value)
        case str():
            return visible(value)


def count(n: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun, such as `1 finding` or `3 findings`."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
