# SPDX-License-Identifier: Apache-2.0
"""Say what a model file is, as far as it can be said without running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hauberk.core.errors import UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import generated
from hauberk.model.opening import open_native
from hauberk.model.reading import read_model_file
from hauberk.model.recognise import recognise
from hauberk.seal import digest_bytes


def describe(path: str | Path) -> dict[str, Any]:
    """Describe a model file.

    Returns:
        `format`, `digest`, `bytes`, `runs_code`, `framework`, `features` (the names that it carries, in its order; empty
        if it carries none or cannot say without running code), `objective`, and `problem`: why it could not be opened as
        it stands, empty if it could.

    Raises:
        UsageError: there is no such file.
        Unreadable: it is not a model file, or is damaged.
    """
    content = read_model_file(Path(path))
    kind = recognise(content)
    facts: dict[str, Any] = {
        "format": str(kind),
        "digest": digest_bytes(content),
        "bytes": len(content),
        "runs_code": kind.runs_code,
        "framework": "",
        "features": (),
        "objective": "",
        "problem": "",
    }
    if kind.runs_code:
        return facts | {"problem": "loading it runs code, so that it is not looked into without trust"}
    try:
        opened: Opened = open_native(content, kind, Request(where=str(path)))
    except UsageError as error:
        return facts | {"problem": error.what}
    own = () if generated(opened.features) else opened.features
    return facts | {"framework": opened.framework, "features": own, "objective": opened.objective}
