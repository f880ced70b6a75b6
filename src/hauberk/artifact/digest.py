# SPDX-License-Identifier: Apache-2.0
"""One digest for a model, whether it is a file or a folder."""

from __future__ import annotations

from pathlib import Path

from hauberk.artifact.manifest import make_manifest


def digest_path(path: str | Path) -> str:
    """Return `sha256:` of a file's bytes, or of the canonical manifest of a folder (names, digests, sizes, modes).

    Raises:
        UsageError: there is nothing at this path.
        NothingToExamine: an empty folder.
        Unreadable: something in it has no honest digest; see `make_manifest`.
    """
    return make_manifest(path).digest
