# SPDX-License-Identifier: Apache-2.0
"""Read a policy's file. The room that judges opens none itself."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from hauberk.core.errors import ConfigError
from hauberk.registry import MAX_AGE_DAYS, Policy, parse_policy


def read_policy(path: str | Path, *, max_age_days: int = MAX_AGE_DAYS, checks: Collection[str] = ()) -> Policy:
    """Read and parse a policy.

    Args:
        path: the file.
        max_age_days: how old evidence may be, 0 or more.
        checks: ids of the checks there are; a rule that names another one is refused. Empty to leave that out.

    Raises:
        ConfigError: see `hauberk.registry.parse_policy`; also a file that is missing or not text.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            "the policy cannot be read", where=str(path), why=why or "", next_step="set [policy] path in hauberk.toml"
        ) from error
    return parse_policy(text, where=str(path), max_age_days=max_age_days, checks=checks)
