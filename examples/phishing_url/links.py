# SPDX-License-Identifier: Apache-2.0
"""Links as a phisher makes them: what he decides, written as a URL, and whether that URL still serves him.

Every name is invented and every domain reserved (RFC 2606 and 6761), so that no link leads anywhere or imitates anybody.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import numpy as np
import polars as pl

LURES = ("samplebank", "demopost", "testcard", "mockmail", "exemplarpay")
ALARM = ("login", "verify", "secure", "account", "update", "billing", "confirm", "unlock")
PLAIN = ("notes", "garden", "photos", "recipes", "library", "weather", "maps", "music")
ORDINARY = ("riverstone", "garden-notes", "open-library", "sunday-walks", "tinkering", "old-maps")
EXTRA = (("lang", "en"), ("ref", "mail"), ("v", "2"))
ENDINGS = {"none": "", "html": ".html", "php": ".php"}

FEATURES = (
    "host", "lure", "mark", "scheme", "www", "lure_place", "mark_place", "mark_form", "host_words", "plain_labels",
    "path_words", "plain_words", "ending", "extra",
)  # fmt: skip
"""What makes a link; the first three are the phisher's ends, the others his means. `domain.toml` says what is valid."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def write_link(parts: Mapping[str, Any]) -> str:
    """The URL of one link, from its parts."""
    mark = written_mark(parts["mark"], parts["mark_form"])
    turn = int(parts["mark"])
    alarm, plain = _turned(ALARM, turn), _turned(PLAIN, turn)
    named = (parts["lure"],) if parts["lure_place"] == "subdomain" else ()
    label = "-".join((*named, *alarm[: parts["host_words"]]))
    labels = (*(("www",) if parts["www"] else ()), *plain[::-1][: parts["plain_labels"]], *((label,) if label else ()))
    segments = [parts["lure"]] if parts["lure_place"] == "path" else []
    segments += [*alarm[::-1][: parts["path_words"]], *plain[: parts["plain_words"]]]
    segments += [mark] if parts["mark_place"] == "path" else []
    ending = ENDINGS[parts["ending"]]
    path = "/" + "/".join(segments or (["index"] if ending else [])) + ending
    asked = [("for", parts["lure"])] if parts["lure_place"] == "query" else []
    asked += [("id", mark)] if parts["mark_place"] == "query" else []
    query = "&".join(f"{name}={value}" for name, value in (*asked, *EXTRA[: parts["extra"]]))
    return urlunsplit((parts["scheme"], ".".join((*labels, parts["host"])), path, query, ""))


def written_mark(mark: str, form: str) -> str:
    """The number that tells the victims apart, in one of its spellings.

    Example:
        >>> written_mark("83712", "digits"), written_mark("83712", "hex"), written_mark("83712", "letters")
        ('83712', '14700', 'evvs')
    """
    number = int(mark)
    if form == "digits":
        return mark
    if form == "hex":
        return f"{number:x}"
    letters = ""
    while number:
        number, place = divmod(number, 26)
        letters = string.ascii_lowercase[place] + letters
    return letters


def complaints(link: str, parts: Mapping[str, Any]) -> list[str]:
    """Why a link would not serve the phisher; empty for one that does. It is read with urllib, not with `write_link`."""
    read = urlsplit(link)
    name = read.hostname or ""
    mark = written_mark(parts["mark"], parts["mark_form"])
    values = {
        *read.path.removesuffix(ENDINGS[parts["ending"]]).split("/"),
        *(value for _, value in parse_qsl(read.query)),
    }
    wrong = {
        "it changes when it is taken apart and put together": urlunsplit(read) != link,
        "it is no web address": read.scheme not in {"http", "https"}
        or read.username is not None
        or read.port is not None,
        "it leads to another domain than his": name != parts["host"] and not name.endswith("." + parts["host"]),
        "it is no host name": len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")),
        "the name that the victim trusts is gone": parts["lure"] not in name and parts["lure"] not in values,
        "the victims cannot be told apart": mark not in values,
        "it holds characters that need quoting": not re.fullmatch(r"[a-z0-9:/?=&.\-]+", link),
        "it is too long for a message": len(link) > 200,
    }
    return [sentence for sentence, broken in wrong.items() if broken]


def make_links(n: int, seed: int) -> pl.DataFrame:
    """Phishing-like links and as many ordinary ones, with `phishing` 1 or 0; shape (2 n, 15)."""
    rng = np.random.default_rng(seed)
    rows = [_phishing(rng) for _ in range(n)] + [_ordinary(rng) for _ in range(n)]
    return pl.DataFrame(rows).select(*FEATURES, "phishing")


def _phishing(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "host": _host(rng),
        "lure": _one(rng, LURES),
        "mark": str(rng.integers(10_000, 9_999_999)),
        "scheme": _one(rng, ("http", "http", "https")),
        "www": False,
        "lure_place": _one(rng, ("subdomain", "subdomain", "path")),
        "mark_place": _one(rng, ("path", "query")),
        "mark_form": _one(rng, ("digits", "hex")),
        "host_words": int(rng.integers(0, 3)),
        "plain_labels": 0,
        "path_words": int(rng.integers(0, 4)),
        "plain_words": 0,
        "ending": _one(rng, tuple(ENDINGS)),
        "extra": int(rng.integers(0, 3)),
        "phishing": 1,
    }


def _ordinary(rng: np.random.Generator) -> dict[str, Any]:
    name = _one(rng, ORDINARY)
    return {
        **_phishing(rng), "host": f"{name}.example", "lure": name, "scheme": "https", "www": bool(rng.random() < 0.5),
        "lure_place": "path", "mark_form": "letters", "host_words": 0, "path_words": 0,
        "plain_words": int(rng.integers(0, 4)), "phishing": 0,
    }  # fmt: skip


def _host(rng: np.random.Generator) -> str:
    """A domain that the phisher has registered: letters at random, alarming words with a number, or an ordinary name."""
    number = int(rng.integers(10, 9_999))
    scrambled = "".join(_one(rng, tuple("bcdfghjklmnpqrstvwxyz")) for _ in range(6))
    name = _one(rng, (f"{scrambled}{number}", f"{_one(rng, ALARM)}-{_one(rng, ALARM)}-{number}", _one(rng, ORDINARY)))
    return f"{name}.{_one(rng, ('test', 'example'))}"


def _one(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _turned(words: tuple[str, ...], turn: int) -> tuple[str, ...]:
    """The words from another start, so that links do not all use the same ones."""
    start = turn % len(words)
    return words[start:] + words[:start]
