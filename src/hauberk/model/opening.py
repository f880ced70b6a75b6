# SPDX-License-Identifier: Apache-2.0
"""Open a model: a file, an address, an object in memory or a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from hauberk.core.check import Need
from hauberk.core.errors import HauberkError, Unreadable
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import Label
from hauberk.model.endpoint.address import is_address, parse_address
from hauberk.model.endpoint.mlflow import open_mlflow
from hauberk.model.endpoint.oip import open_oip
from hauberk.model.endpoint.transport import Transport
from hauberk.model.load.trusted import Worker, require_trust
from hauberk.model.reading import read_model_file
from hauberk.model.recognise import Format, recognise
from hauberk.model.view import ModelView
from hauberk.seal import digest_bytes


def open_model(
    source: Any,
    *,
    features: Sequence[str] | None = None,
    trust: Sequence[str] = (),
    name: str = "",
    positive: Label = 1,
    threads: int = 0,
    timeout_s: float = 30.0,
    token_env: str = "",
) -> ModelView:
    """Open a model and return what it can answer.

    Args:
        source: path of a model file, an address, a fitted estimator, or a function from a polars frame to P(event).
        features: names of the columns, in the model's order. A model that carries names of its own needs none; if names
            are given nevertheless, its own must be among them. All columns of the data but the label may be passed.
        trust: digests (`sha256:…`) of files whose code may run.
        name: what to call it; the file's name, or the type's, by default.
        positive: what the event is called among the model's classes.
        threads: threads that scoring may use; 0 leaves it to the library.
        timeout_s: seconds that an endpoint or a separate process may take for one call.
        token_env: name of the environment variable that holds an endpoint's bearer token.

    Raises:
        UsageError: the file is missing, its columns or classes cannot be told, it does not give a probability of two
            classes, or loading it runs code and its digest is not in `trust`.
        Unreadable: the file is not a model of a known format, or is damaged.
        Incomplete: an endpoint does not answer.
    """
    given = None if features is None else tuple(features)
    if not isinstance(source, (str, Path)):
        called = name or type(source).__name__
        request = Request(where=called, features=given, positive=positive, threads=threads)
        return _view(_adapter("objects:open_object")(source, request), called, "")
    if isinstance(source, str) and is_address(source):
        address = parse_address(source, token_env=token_env)
        request = Request(where=address.shown, features=given, positive=positive, threads=threads)
        transport = Transport(address, timeout_s)
        opened = open_mlflow(transport, request) if address.mlflow else open_oip(transport, request)
        return _view(opened, name or address.shown, "")
    path = Path(source)
    request = Request(where=str(path), features=given, positive=positive, threads=threads)
    content = read_model_file(path)
    # the bytes that are hashed are the bytes that are loaded: the file is read once
    digest, kind = digest_bytes(content), recognise(content)
    if kind.runs_code:
        require_trust(kind, digest, trust, where=str(path))
        opened = Worker(content, digest, request, torch=kind is Format.TORCH, timeout_s=timeout_s).opened
    else:
        opened = open_native(content, kind, request)
    return _view(opened, name or path.name, digest)


def open_native(content: bytes, kind: Format, request: Request) -> Opened:
    """Open the bytes of a format that carries no code.

    Raises:
        Unreadable: it is not one of these formats, or is damaged.
    """
    place = _NATIVE.get(kind)
    if place is None:
        raise Unreadable(
            f"this is not a model file that Hauberk opens: {kind}",
            where=request.where,
            why=f"looked at the content ({len(content)} bytes, first {content[:8]!r}), not at the extension",
            next_step="give LightGBM text, XGBoost json or ubj, CatBoost cbm or json, or ONNX",
        )
    try:
        return _adapter(place)(content, request)
    except HauberkError:
        raise
    except Exception as error:  # broad: a library that reads a damaged file may raise anything
        raise Unreadable(
            f"the file looks like a model ({kind}) and cannot be read as one",
            where=request.where,
            why=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            next_step="save the model again",
        ) from error


_NATIVE = {
    Format.LIGHTGBM: "lightgbm_booster:open_text",
    Format.XGBOOST_JSON: "xgboost_booster:open_file",
    Format.XGBOOST_UBJ: "xgboost_booster:open_file",
    Format.CATBOOST: "catboost_model:open_file",
    Format.CATBOOST_JSON: "catboost_model:open_file",
    Format.ONNX: "onnx_session:open_file",
}


def _adapter(place: str) -> Callable[[Any, Request], Opened]:
    """Load an adapter when its format arrives: LightGBM and scikit-learn cost over a second and 180 MB to import."""
    module, _, name = place.partition(":")
    return cast("Callable[[Any, Request], Opened]", getattr(import_module(f"hauberk.model.adapters.{module}"), name))


def _view(opened: Opened, name: str, digest: str) -> ModelView:
    answers = {Need.LABELS} if opened.labels_only else {Need.SCORES, Need.LABELS}
    if opened.trees is not None:
        answers.add(Need.TREES)
    return ModelView(
        name=name,
        digest=digest,
        framework=opened.framework,
        features=opened.features,
        scorer=opened.scorer,
        capabilities=frozenset(answers),
        tree_reader=opened.trees,
    )
