# SPDX-License-Identifier: Apache-2.0
"""Change values in a project file and leave everything else in it, comments included, as it stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from hauberk.core.errors import ConfigError

_HEADER = re.compile(r"^\s*\[(?!\[)\s*([^\]]+?)\s*\]\s*(?:#.*)?$")
_VALUE = r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"']+)"""


def with_values(text: str, table: str, values: Mapping[str, str | float]) -> str:
    r"""Return the text with some values of one table replaced, or added where they are absent.

    Args:
        text: a TOML document.
        table: name of the table as its header writes it, such as `model` or `tool.hauberk.model`.
        values: key to new value.

    Raises:
        ConfigError: the table has no header of its own, or a value does not stand on one line; then nothing is changed, and
            the reader has to change the lines himself.

    Example:
        >>> print(with_values('[model]\npath = "a.txt"  # ours\n', "model", {"path": "b.txt", "threshold": 0.25}), end="")
        [model]
        threshold = 0.25
        path = "b.txt"  # ours
    """
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if _is_header(line, table)), None)
    if start is None:
        raise _refused(f"there is no line [{table}]", table, values)
    end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    for key, value in values.items():
        pattern = re.compile(rf"^(\s*{re.escape(key)}\s*=\s*){_VALUE}(\s*(?:#.*)?)$")
        at = next((at for at in range(start + 1, end) if pattern.match(lines[at])), None)
        if at is None:
            lines.insert(start + 1, f"{key} = {literal(value)}")
            end += 1
        else:
            found = pattern.match(lines[at])
            assert found is not None
            lines[at] = f"{found[1]}{literal(value)}{found[3]}"
    changed = "\n".join(lines)
    if not _only_these(text, changed, table, values):
        raise _refused("the values do not stand on lines of their own", table, values)
    return changed


def literal(value: str | float) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str):
        body = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in body) + '"'
    return repr(float(value))


def lines_of(table: str, values: Mapping[str, str | float]) -> tuple[str, ...]:
    """The lines that a reader has to write."""
    return (f"[{table}]", *(f"{key} = {literal(value)}" for key, value in values.items()))


def _is_header(line: str, table: str) -> bool:
    found = _HEADER.match(line)
    return found is not None and re.sub(r"""[\s"']""", "", found[1]) == table


def _only_these(before: str, after: str, table: str, values: Mapping[str, str | float]) -> bool:
    """Whether the two documents differ in these values and in nothing else."""
    try:
        old, new = tomllib.loads(before), tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    inner = old
    for part in table.split("."):
        inner = inner.setdefault(part, {})
    inner.update({key: value if isinstance(value, str) else float(value) for key, value in values.items()})
    return old == new


def _refused(why: str, table: str, values: Mapping[str, str | float]) -> ConfigError:
    return ConfigError(
        "the project file cannot be changed without touching more than the model",
        why=why,
        next_step="write these lines yourself: " + " / ".join(lines_of(table, values)),
    )
