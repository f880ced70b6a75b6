# SPDX-License-Identifier: Apache-2.0
"""ONNX by onnxruntime: one matrix input or one input a column, tensor or map (ZipMap) outputs.

Values are cast to the type that each input declares, so a float input sees single precision. onnxruntime gets one
thread unless told otherwise, since its pool spins.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model.adapters.onnx_wire import OnnxFacts, WireError, read_facts
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import Label, column_names, event_index
from hauberk.model.matrix import is_text, missing_count, numeric_matrix

_FLOATS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
_WHOLE = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}
_SILENT = 4


@dataclass(frozen=True, slots=True)
class OnnxScorer:
    """Scores with an onnxruntime session."""

    session: Any
    output: str
    read: Callable[[Any], NDArray[np.float64]]
    where: str

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        inputs = self.session.get_inputs()
        if len(inputs) == 1:
            feed = {inputs[0].name: self._matrix(frame, inputs[0].type)}
        else:
            columns = zip(inputs, frame.get_columns(), strict=True)
            feed = {given.name: self._shaped(column, given) for given, column in columns}
        return self.read(self.session.run([self.output], feed)[0])

    def _shaped(self, column: pl.Series, given: Any) -> NDArray[Any]:
        matrix = self._matrix(column.to_frame(), given.type)
        return matrix[:, 0] if len(given.shape) == 1 else matrix

    def _matrix(self, frame: pl.DataFrame, kind: str) -> NDArray[Any]:
        if kind == "tensor(string)":
            return np.column_stack([self._words(column) for column in frame.get_columns()])
        matrix = numeric_matrix(frame, where=self.where)
        if kind in _FLOATS:
            return np.ascontiguousarray(matrix, dtype=_FLOATS[kind])
        whole = np.isfinite(matrix) & (matrix == np.floor(matrix))
        if not whole.all():
            column = frame.columns[int(np.argmin(whole.all(axis=0)))]
            raise UsageError(
                f"the model reads column {column!r} as whole numbers, and {int((~whole).sum())} values are missing or not",
                where=self.where,
                next_step="fill the column, or export the model with float inputs",
            )
        return np.ascontiguousarray(matrix.astype(_WHOLE[kind]))

    def _words(self, column: pl.Series) -> NDArray[Any]:
        if missing_count(column) or not (is_text(column.dtype) or column.dtype.is_integer()):
            raise UsageError(
                f"the model reads column {column.name!r} as words, and the data holds {column.dtype} with "
                f"{missing_count(column)} missing values",
                where=self.where,
                why="ONNX has no mark for a missing word",
                next_step="fill the column as it was filled before the model's export",
            )
        return np.array(column.cast(pl.String).to_list(), dtype=object)


def open_file(content: bytes, request: Request) -> Opened:
    """Open an ONNX model.

    Raises:
        Unreadable: the file is damaged, keeps weights in another file, or uses what onnxruntime does not know.
        UsageError: its inputs or outputs are not those of a classifier of two classes.
    """
    facts = _facts(content, request)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request.threads or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # broad: onnxruntime raises a dozen types of its own that share no root
        raise _broken(request, str(error)[:300]) from error
    features = _features(session, request)
    output, read, labels_only = _output(session, facts, request)
    scorer = OnnxScorer(session=session, output=output, read=read, where=request.where)
    return Opened(framework="onnx", features=features, scorer=scorer, labels_only=labels_only)


def _facts(content: bytes, request: Request) -> OnnxFacts:
    try:
        facts = read_facts(content)
    except WireError as error:
        raise _broken(request, str(error)) from error
    if facts.external:
        raise _broken(request, "it keeps weights in another file, which its digest does not cover")
    return facts


def _features(session: Any, request: Request) -> tuple[str, ...]:
    inputs = session.get_inputs()
    unknown = sorted({given.type for given in inputs} - {*_FLOATS, *_WHOLE, "tensor(string)"})
    if unknown:
        raise UsageError(f"the model reads {', '.join(unknown)}, not columns", where=request.where)
    if len(inputs) > 1:
        return column_names([given.name for given in inputs], len(inputs), request.features, where=request.where)
    own = _recorded_names(session)
    last = inputs[0].shape[-1] if inputs[0].shape else None
    width = last if isinstance(last, int) else len(own or request.features or ())
    return column_names(own if len(own) == width else [], width, request.features, where=request.where)


def _recorded_names(session: Any) -> list[str]:
    """Column names from the metadata entry `feature_names`, a JSON list; empty if there is none."""
    try:
        names = json.loads(session.get_modelmeta().custom_metadata_map.get("feature_names", "[]"))
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _output(session: Any, facts: OnnxFacts, request: Request) -> tuple[str, Callable[[Any], NDArray[np.float64]], bool]:
    outputs = session.get_outputs()
    maps = [given.name for given in outputs if given.type.startswith("seq(map(")]
    if maps:
        return maps[0], _MapReader(request.positive, request.where), False
    floats = [given for given in outputs if given.type in _FLOATS]
    likely = _likely(floats)
    if len(likely) == 1:
        labels = facts.labels or (0, 1)
        event = event_index(labels, request.positive, where=request.where)
        return likely[0].name, _TensorReader(event, request.where), False
    if not floats and facts.labels:
        event = event_index(facts.labels, request.positive, where=request.where)
        return outputs[0].name, _LabelReader(facts.labels[event]), True
    raise UsageError(
        "it cannot be told which of the model's outputs is the probability",
        where=request.where,
        why="outputs: " + ", ".join(f"{given.name} {given.type}" for given in outputs[:6]),
        next_step="export the model with one output of probabilities, named 'probabilities'",
    )


def _likely(floats: list[Any]) -> list[Any]:
    """Those outputs that call themselves probabilities, or else all of them."""
    return [given for given in floats if "prob" in given.name.lower()] or floats


@dataclass(frozen=True, slots=True)
class _MapReader:
    positive: Label
    where: str

    def __call__(self, answer: Any) -> NDArray[np.float64]:
        keys = list(answer[0])
        event = keys[event_index(keys, self.positive, where=self.where)]
        return np.fromiter((row[event] for row in answer), dtype=np.float64, count=len(answer))


@dataclass(frozen=True, slots=True)
class _TensorReader:
    event: int
    where: str

    def __call__(self, answer: Any) -> NDArray[np.float64]:
        scores = np.asarray(answer, dtype=np.float64)
        if scores.ndim == 2 and scores.shape[1] == 2:
            return np.ascontiguousarray(scores[:, self.event])
        if scores.ndim == 1 or (scores.ndim == 2 and scores.shape[1] == 1):
            flat = scores.reshape(-1)
            return flat if self.event == 1 else 1.0 - flat
        raise UsageError(
            f"the model's output has shape {scores.shape}, and an event needs one or two columns", where=self.where
        )


@dataclass(frozen=True, slots=True)
class _LabelReader:
    label: int | str

    def __call__(self, answer: Any) -> NDArray[np.float64]:
        return np.asarray(np.asarray(answer).reshape(-1) == self.label, dtype=np.float64)


def _broken(request: Request, why: str) -> Unreadable:
    return Unreadable(
        "the file looks like an ONNX model and cannot be opened as one",
        where=request.where,
        why=why,
        next_step="export the model again, with all weights inside the file",
    )
