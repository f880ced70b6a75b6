# SPDX-License-Identifier: Apache-2.0
"""Turn signatures and docstrings into Markdown. The docstring is the documentation; nothing is written twice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

SECTIONS = (
    "Args",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Example",
    "Examples",
    "Note",
    "Notes",
    "Source",
    "Sources",
)
_SECTION = re.compile(rf"^({'|'.join(SECTIONS)}):[ \t]*$")
_ITEM = re.compile(r"^(\*{0,2}[\w.]+(?:, [\w.]+)*(?: \([^)]*\))?): (.*)$")


def markdown(docstring: str, level: int = 3) -> str:
    """A docstring with Google sections as Markdown.

    Args:
        docstring: the text, cleaned of indentation.
        level: depth that its own headings start at; deeper ones follow.
    """
    out: list[str] = []
    lines = docstring.strip().splitlines()
    index = 0
    while index < len(lines):
        match = _SECTION.match(lines[index])
        if match is None:
            out.append(re.sub(r"^#+", lambda hashes: "#" * (level - 2 + len(hashes.group())), lines[index]))
            index += 1
            continue
        body = []
        index += 1
        while index < len(lines) and (not lines[index].strip() or lines[index].startswith("    ")):
            body.append(lines[index].removeprefix("    "))
            index += 1
        out += ["", f"**{match[1]}**", "", *_section(body), ""]
    return _fence_doctests("\n".join(out)).strip() + "\n"


def _section(body: list[str]) -> list[str]:
    """The inside of a section: `name: text` items become a list, anything else stays."""
    out = []
    for line in body:
        item = _ITEM.match(line)
        if item:
            out.append(f"- `{item[1]}`: {item[2]}")
        else:
            out.append(f"  {line.strip()}" if line.startswith("    ") and out else line)
    return out


def _fence_doctests(text: str) -> str:
    return re.sub(r"(?:^ *>>> .*\n?(?:^ *(?!\s*$).*\n?)*)+", _fenced, text, flags=re.MULTILINE)


def _fenced(match: re.Match[str]) -> str:
    return f"```pycon\n{inspect.cleandoc(match.group())}\n```\n"


@dataclass(frozen=True)
class _Shown:
    """Stands in a signature for a value, and looks as it should look there."""

    text: str

    def __repr__(self) -> str:
        return self.text


def signature(name: str, value: Any, width: int = 96) -> str:
    """`name(parameters)` as it would be written, over several lines where it is long; the name alone without one."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    parameters = [
        each.replace(annotation=_annotation(each.annotation), default=_default(each.default))
        for each in found.parameters.values()
    ]
    whole = found.replace(parameters=parameters, return_annotation=_annotation(found.return_annotation))
    text = f"{name}{whole}".removesuffix(" -> None")
    if len(text) <= width:
        return text
    inside, _, after = str(whole).rpartition(")")
    marks = [str(inspect.Signature([each]))[1:-1] for each in parameters]
    first = next((at for at, each in enumerate(parameters) if each.kind is each.KEYWORD_ONLY), None)
    if first is not None and "*" in inside:
        marks = [mark.removeprefix("*, ") for mark in marks]
        marks.insert(first, "*")
    return f"{name}(\n" + "".join(f"    {mark},\n" for mark in marks) + f"){after}".removesuffix(" -> None")


def _annotation(value: Any) -> Any:
    if value is inspect.Parameter.empty:
        return value
    text = value if isinstance(value, str) else inspect.formatannotation(value)
    return _Shown(re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Z])", "", text))


def _default(value: Any) -> Any:
    if value is inspect.Parameter.empty:
        return value
    if isinstance(value, Enum):
        return _Shown(str(value) if type(value).__str__ is Enum.__str__ else f"{type(value).__name__}.{value.name}")
    return _Shown("…") if repr(value).startswith("<") else value


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; pipes and line ends inside cells are kept from ending it."""
    head = list(header)
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split()) or "–"


def code(value: object) -> str:
    """A value in code type; a dash for nothing."""
    return f"`{value}`" if value not in ("", None, (), []) else "–"


def summary(value: Any) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(value) or "").partition("\n")[0]
