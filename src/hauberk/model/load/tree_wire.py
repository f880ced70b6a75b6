# SPDX-License-Identifier: Apache-2.0
"""Trees on their way out of a worker: a JSON header and the arrays' bytes, which are checked before they are followed.

The worker runs code that came with the file, so nothing that it sends is believed: every index is looked at here, and
the scores of what was sent are compared with the scores that the worker gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable
from hauberk.model.forest.flat import CATEGORY, Forest, Link
from hauberk.model.trees import Trees

LARGEST = 1 << 30
"""Bytes of arrays that are taken from a worker."""

_KINDS = {
    "roots": "<i4",
    "slots": "<i4",
    "feature": "<i4",
    "threshold": "<f8",
    "child": "<i4",
    "flags": "<u1",
    "first_word": "<i4",
    "word_count": "<i4",
    "words": "<u4",
    "values": "",
    "start": "",
}
"""The arrays of a forest in the order in which they are sent; leaf values are of single or double precision."""

_FACTS: dict[str, Any] = {
    "library": "",
    "width": 0,
    "divisor": 1.0,
    "single": False,
    "tiny": 0.0,
    "sigma": 1.0,
    "takes_nan": True,
    "takes_infinity": True,
    "probed": 0,
    "gap": 0.0,
}
"""What else is sent of a forest, and of which type it is."""


def packed(trees: Trees) -> tuple[dict[str, Any], bytes]:
    """Return the header and the payload of one answer."""
    forest = trees.forest
    arrays = {name: _written(getattr(forest, name), kind) for name, kind in _KINDS.items()}
    header: dict[str, Any] = {name: getattr(forest, name) for name in _FACTS}
    header |= {
        "link": forest.link.value,
        "precision": 4 if forest.values.dtype == np.float32 else 8,
        "lengths": {name: len(array) for name, array in arrays.items()},
        "codes": {name: list(values) for name, values in trees.codes.items()},
        "refuses_unknown": trees.refuses_unknown,
        "refuses_missing": sorted(trees.refuses_missing),
    }
    return header, b"".join(array.tobytes() for array in arrays.values())


def _written(array: NDArray[Any], kind: str) -> NDArray[Any]:
    return np.ascontiguousarray(array.ravel(), dtype=kind or array.dtype.newbyteorder("<"))


def unpacked(header: Mapping[str, Any], payload: bytes, features: tuple[str, ...], *, where: str) -> Trees:
    """Return the trees of an answer.

    Args:
        header: what `packed` made.
        payload: and its bytes.
        features: the model's columns.
        where: the model, for messages.

    Raises:
        Unreadable: the arrays do not describe trees.
    """
    try:
        forest = _forest(header, payload)
        codes = {str(name): tuple(values) for name, values in dict(header["codes"]).items()}
        unknown, missing = bool(header["refuses_unknown"]), frozenset(map(str, header["refuses_missing"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(str(error)[:200], where) from error
    wrong = _fault(forest, len(features))
    if wrong:
        raise _refused(wrong, where)
    numbered = {features.index(name): values for name, values in codes.items() if name in features}
    if forest.library == "scikit-learn":
        forest = replace(forest, categories=numbered)
    return Trees(
        forest=forest,
        features=features,
        codes=codes,
        refuses_unknown=unknown,
        refuses_missing=missing,
        where=where,
    )


def _forest(header: Mapping[str, Any], payload: bytes) -> Forest:
    precise = "<f4" if header["precision"] == 4 else "<f8"
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for name, kind in _KINDS.items():
        wanted = np.dtype(kind or precise)
        count = int(cast("dict[str, Any]", header["lengths"])[name])
        arrays[name] = np.frombuffer(payload, dtype=wanted, count=count, offset=at)
        at += count * wanted.itemsize
    arrays["values"] = arrays["values"].reshape(-1, 1)
    parts: dict[str, Any] = {name: type(default)(header[name]) for name, default in _FACTS.items()}
    return Forest(link=Link(header["link"]), **parts, **cast("dict[str, Any]", arrays))


def _fault(forest: Forest, width: int) -> str:
    """What is wrong with arrays that compiled code will follow without looking; empty if nothing is."""
    nodes = len(forest.child)
    lengths = {len(part) for part in (forest.feature, forest.threshold, forest.flags, forest.first_word)}
    if lengths | {len(forest.word_count)} != {nodes}:
        return "its arrays differ in length"
    if forest.width != width or len(forest.start) != 1 or len(forest.slots) != len(forest.roots):
        return "it is not of the model's shape"
    if np.any(forest.slots != 0) or np.any(forest.roots < 0) or np.any(forest.roots >= nodes):
        return "a tree starts outside the forest"
    return _node_fault(forest, width)


def _node_fault(forest: Forest, width: int) -> str:
    inner = np.flatnonzero(forest.child >= 0)
    child = forest.child[inner].astype(np.int64)
    # children lie behind their parent, so that every walk ends
    if np.any(child <= inner) or np.any(child + 1 >= len(forest.child)):
        return "a branch leads outside the tree"
    if np.any(-1 - forest.child[forest.child < 0].astype(np.int64) >= len(forest.values)):
        return "a leaf has no value"
    if np.any(forest.feature[inner] < 0) or np.any(forest.feature[inner] >= width):
        return "a node reads a column that is not there"
    sets = inner[(forest.flags[inner] & CATEGORY) != 0]
    ends = forest.first_word[sets].astype(np.int64) + forest.word_count[sets]
    if np.any(forest.first_word[sets] < 0) or np.any(forest.word_count[sets] < 0) or np.any(ends > len(forest.words)):
        return "a set of categories lies outside the words"
    return ""


def _refused(why: str, where: str) -> Unreadable:
    return Unreadable("the model's process did not send trees", where=where, why=why)
