# SPDX-License-Identifier: Apache-2.0
"""The separate process in which a trusted file is loaded and asked. Run as a script, never imported by Hauberk.

It gets the file's bytes over the pipe, verifies the digest over these bytes and loads from these bytes, so that no
file can be swapped in between. Its answers are JSON and float64 bytes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def _sibling(name: str) -> ModuleType:
    """Load a file that lies beside this one, before Hauberk is on the path and without its packages."""
    spec = importlib.util.spec_from_file_location(f"hauberk_{name}", Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Serve until the pipe closes."""
    wire = _sibling("wire")
    into, out = os.dup(0), os.dup(1)
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    # a model that prints must not write into the answers
    os.dup2(quiet, 1)
    header, content = wire.receive(into, None, largest=1 << 40)
    held = _sibling("confine").confine(memory=header["memory"], cpu_s=header["cpu_s"])
    try:
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != header["digest"]:
            wire.send(
                out, wire.pack({"error": _told("IntegrityError", "the bytes are not those that are trusted")}), None
            )
            return
        sys.path[:] = header["sys_path"]
        opened = _open(content, header)
    except BaseException as error:  # broad: foreign code runs here, and the other side must hear of any end
        wire.send(out, wire.pack({"error": _described(error)}), None)
        return
    facts = {
        "framework": opened.framework,
        "features": list(opened.features),
        "labels_only": opened.labels_only,
        "objective": opened.objective,
        "grown": opened.trees is not None,
        "held": held,
    }
    wire.send(out, wire.pack(facts), None)
    _serve(wire, into, out, opened)


def _serve(wire: ModuleType, into: int, out: int, opened: Any) -> None:
    while True:
        try:
            header, payload = wire.receive(into, None, largest=1 << 40)
        except wire.WorkerGone:
            return
        try:
            answer = _trees(opened) if header.get("ask") == "trees" else _scores(opened, payload)
            reply = wire.pack(*answer)
        except BaseException as error:  # broad: as above
            reply = wire.pack({"error": _described(error)})
        wire.send(out, reply, None)


def _scores(opened: Any, payload: bytes) -> tuple[dict[str, Any], bytes]:
    import numpy as np
    import polars as pl

    answer = np.ascontiguousarray(opened.scorer(pl.read_ipc(io.BytesIO(payload))), dtype="<f8")
    return {"shape": list(answer.shape)}, answer.tobytes()


def _trees(opened: Any) -> tuple[dict[str, Any], bytes]:
    from hauberk.model.load.tree_wire import packed

    return packed(opened.trees())


def _open(content: bytes, header: dict[str, Any]) -> Any:
    from hauberk.model.adapters.objects import open_object
    from hauberk.model.adapters.opened import Request

    if header["torch"]:
        import torch

        model = torch.load(io.BytesIO(content), map_location="cpu", weights_only=False)
    else:
        import joblib

        model = joblib.load(io.BytesIO(content))
    features = header["features"]
    request = Request(
        where=header["where"],
        features=None if features is None else tuple(features),
        positive=header["positive"],
        threads=header["threads"],
    )
    return open_object(model, request)


def _described(error: BaseException) -> dict[str, str]:
    """An error of Hauberk's own with all its parts, any other with its type and words."""
    parts = [getattr(error, part, "") for part in ("what", "why", "next_step")]
    if type(error).__module__ == "hauberk.core.errors" and all(isinstance(part, str) for part in parts):
        return _told(type(error).__name__, parts[0], parts[1], parts[2])
    if isinstance(error, MemoryError):
        return _told("MemoryError", "it ran out of memory")
    return _told("", type(error).__name__, " ".join(str(error).split())[:300])


def _told(kind: str, what: str, why: str = "", next_step: str = "") -> dict[str, str]:
    return {"kind": kind, "what": what[:500], "why": why[:500], "next_step": next_step[:500]}


if __name__ == "__main__":
    main()
