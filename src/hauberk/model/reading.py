# SPDX-License-Identifier: Apache-2.0
"""Read a model file once, whole, so that the bytes that are hashed are the bytes that are opened."""

from __future__ import annotations

from pathlib import Path

from hauberk.core.errors import Unreadable, UsageError


def read_model_file(path: Path) -> bytes:
    """Return the bytes of a model file.

    Raises:
        UsageError: there is no such file.
        Unreadable: it is a directory, is empty, or the system refuses to read it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError("there is no such model file", where=str(path), next_step="check the path") from error
    except IsADirectoryError as error:
        raise Unreadable(
            "a directory is not a model file", where=str(path), next_step="name the model file inside it"
        ) from error
    except OSError as error:
        raise Unreadable("the model file cannot be read", where=str(path), why=error.strerror or str(error)) from error
    if not content:
        raise Unreadable("the model file is empty", where=str(path), next_step="save the model again")
    return content
