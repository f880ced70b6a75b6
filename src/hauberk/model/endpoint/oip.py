# SPDX-License-Identifier: Apache-2.0
"""The Open Inference Protocol v2 over REST: metadata at /v2/models/NAME, scores at /v2/models/NAME/infer.

Missing numbers travel as null. The protocol does not provide for them, so a server may refuse; its words are shown.
Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import column_names, event_index
from hauberk.model.endpoint.answers import blocks, plain_values, to_scores
from hauberk.model.endpoint.transport import Transport
from hauberk.model.matrix import numeric_matrix

_FLOATS = ("FP16", "FP32", "FP64", "BF16")
_LABELS = ("BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output as the metadata describes it.

    Attributes:
        name: its name.
        datatype: one of the protocol's thirteen, such as FP32 or BYTES.
        rank: how many dimensions it has.
        width: its last dimension; 0 if the server leaves it open.
    """

    name: str
    datatype: str
    rank: int
    width: int


@dataclass(frozen=True, slots=True)
class OipScorer:
    """Scores by asking an Open Inference Protocol server."""

    transport: Transport
    inputs: tuple[Tensor, ...]
    output: str
    event: int
    labels: bool

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        return np.concatenate([self._block(block) for block in blocks(frame)])

    def _block(self, block: pl.DataFrame) -> NDArray[np.float64]:
        where = self.transport.address.shown
        body: dict[str, Any] = {"inputs": self._inputs(block)}
        if self.output:
            body["outputs"] = [{"name": self.output}]
        values = _values(self.transport.ask("/infer", body), self.output, where)
        return to_scores(values, block.height, self.event, labels=self.labels, where=where)

    def _inputs(self, block: pl.DataFrame) -> list[dict[str, Any]]:
        where = self.transport.address.shown
        if len(self.inputs) > 1:
            pairs = zip(self.inputs, block.get_columns(), strict=True)
            return [_sent(given, _cell_values(given, column, where), block.height, 1) for given, column in pairs]
        given = next(iter(self.inputs))
        if given.datatype == "BYTES":
            cells = [[str(cell) for cell in row] for row in block.rows()]
            return [_sent(given, [cell for row in cells for cell in row], block.height, block.width)]
        flat = pl.Series(block.columns[0], numeric_matrix(block, where=where).ravel())
        return [_sent(given, _cell_values(given, flat, where), block.height, block.width)]


def open_oip(transport: Transport, request: Request) -> Opened:
    """Open a model behind an Open Inference Protocol server, by its metadata.

    Raises:
        Incomplete: the server does not answer.
        Unreadable: its metadata is not the protocol's.
        UsageError: its columns or its probability output cannot be told.
    """
    metadata = transport.ask("")
    if not isinstance(metadata, dict):
        raise Unreadable("the metadata is not an object", where=request.where)
    inputs = _tensors(cast("dict[str, Any]", metadata), "inputs", request.where)
    outputs = _tensors(cast("dict[str, Any]", metadata), "outputs", request.where)
    if len(inputs) > 1:
        features = column_names([given.name for given in inputs], len(inputs), request.features, where=request.where)
    else:
        width = inputs[0].width if inputs and inputs[0].rank > 1 else 0
        features = column_names([], width or len(request.features or ()), request.features, where=request.where)
    output, labels = _choose(outputs, request)
    scorer = OipScorer(
        transport=transport,
        inputs=inputs or (Tensor("input-0", "FP64", 2, len(features)),),
        output=output,
        event=event_index((0, 1), request.positive, where=request.where),
        labels=labels,
    )
    return Opened(
        framework="endpoint",
        features=features,
        scorer=scorer,
        labels_only=labels,
        objective="Open Inference Protocol v2 server",
    )


def _choose(outputs: tuple[Tensor, ...], request: Request) -> tuple[str, bool]:
    if not outputs:
        return "", False
    floats = [given for given in outputs if given.datatype in _FLOATS]
    likely = [given for given in floats if "prob" in given.name.lower()] or floats
    if len(likely) == 1:
        return likely[0].name, False
    if not floats and len(outputs) == 1 and outputs[0].datatype in _LABELS:
        return outputs[0].name, True
    raise UsageError(
        "it cannot be told which of the server's outputs is the probability",
        where=request.where,
        why="outputs: " + ", ".join(f"{given.name} {given.datatype}" for given in outputs[:6]),
        next_step="serve one output of probabilities, named 'probabilities'",
    )


def _tensors(metadata: dict[str, Any], key: str, where: str) -> tuple[Tensor, ...]:
    found: list[Tensor] = []
    try:
        items: list[Any] = metadata.get(key) or []
        for item in items:
            shape = [int(size) for size in item["shape"]]
            width = shape[-1] if shape and shape[-1] > 0 else 0
            found.append(Tensor(str(item["name"]), str(item["datatype"]).upper(), len(shape), width))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(
            f"the metadata does not describe its {key}", where=where, why=f"{type(error).__name__}: {error}"
        ) from error
    return tuple(found)


def _cell_values(given: Tensor, column: pl.Series, where: str) -> list[Any]:
    values = plain_values(column, where)
    if given.datatype == "BYTES":
        return [None if value is None else str(value) for value in values]
    if given.datatype not in _LABELS:
        return values
    bad = sum(value is None or value != int(value) for value in values)
    if bad:
        raise UsageError(
            f"the server reads {given.name!r} as {given.datatype}, and {bad} values are missing or not whole",
            where=where,
        )
    return [bool(value) if given.datatype == "BOOL" else int(value) for value in values]


def _sent(given: Tensor, data: list[Any], rows: int, width: int) -> dict[str, Any]:
    shape = [rows] if given.rank == 1 else [rows, width]
    return {"name": given.name, "shape": shape, "datatype": given.datatype, "data": data}


def _values(answer: Any, output: str, where: str) -> Any:
    try:
        outputs = {str(item["name"]): item["data"] for item in answer["outputs"]}
    except (KeyError, TypeError) as error:
        raise Unreadable("the answer holds no outputs with data", where=where) from error
    if output in outputs:
        return outputs[output]
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    raise Unreadable(f"the answer holds outputs {sorted(outputs)}, and {output!r} is not among them", where=where)
