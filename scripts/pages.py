# SPDX-License-Identifier: Apache-2.0
"""Write the documentation pages that are generated from code: checks, command line, configuration, errors, library.

    python scripts/pages.py DOCS    writes DOCS/checks/ and DOCS/reference/

The docs build calls it before it reads any page. None of these pages is committed.
"""

from __future__ import annotations

import importlib
import inspect
import json
import shutil
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import click
import msgspec

sys.path.insert(0, str(Path(__file__).parent))

from figures import figures_table, results
from prose import code, markdown, signature, summary, table

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "hauberk"
FAMILIES = {
    "D": "Data",
    "E": "Evasion",
    "P": "Poisoning",
    "X": "Extraction",
    "I": "Inference",
    "A": "Artefact",
    "G": "Gate and gateway",
    "W": "Watch",
}


def check_entries() -> list[dict[str, Any]]:
    """The generated index of the built-in checks, in order of id."""
    index = json.loads((PACKAGE / "checks" / "index.json").read_text(encoding="utf-8"))
    rows = index.get("checks", index)
    items = [{"id": key, **value} for key, value in rows.items()] if isinstance(rows, dict) else rows
    return sorted(items, key=lambda item: item["id"])


def check_page(entry: dict[str, Any]) -> str:
    """The page of one check: its declaration as a table, then its docstring."""
    function = getattr(importlib.import_module(entry["module"]), entry["function"])
    facts = [
        ("stage", code(entry["stage"])),
        ("needs", ", ".join(code(need) for need in entry["needs"]) or "nothing"),
        ("threats", ", ".join(code(threat) for threat in entry.get("threats", ())) or "–"),
        ("cost on 100,000 rows", code(entry["cost"])),
        ("since", entry["since"]),
    ]
    parts = [
        f"# {entry['id']}: {entry['title']}\n",
        table(("", ""), facts),
        markdown(inspect.getdoc(function) or "", 2),
    ]
    if entry["params"]:
        rows = [(code(name), code(json.dumps(value))) for name, value in entry["params"].items()]
        parts += ["## Parameters\n", f'Set them in `hauberk.toml` under `[checks."{entry["id"]}"]`.\n']
        parts += [table(("parameter", "default"), rows)]
    return "\n".join(parts)


def checks_index(entries: list[dict[str, Any]]) -> str:
    """The list of all checks, by family."""
    parts = [
        "# Checks\n",
        f"{len(entries)} built-in checks. `hauberk checks` lists them, `hauberk checks ID` prints a page.\n",
    ]
    for letter, family in FAMILIES.items():
        rows = [entry for entry in entries if entry["id"].startswith(f"HB-{letter}")]
        if rows:
            cells = [(f"[{row['id']}]({row['id']}.md)", row["title"], ", ".join(row["needs"])) for row in rows]
            parts += [f"## {family}\n", table(("check", "fires when", "needs"), cells)]
    names = "\n".join(entry["id"] for entry in entries)
    return "\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"])


def context_of(command: click.Command) -> click.Context:
    """A context as the command line makes it: click keeps the help option that it first makes on the command itself."""
    root = importlib.import_module("hauberk.cli.main").cli
    top = click.Context(root, **root.context_settings)
    return top if command is root else click.Context(command, parent=top, **command.context_settings)


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command under a group with its full name, groups included, in the group's order."""
    context = context_of(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{path} {name} is listed and cannot be loaded"
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def command_section(name: str, command: click.Command) -> str:
    """Heading, usage, help text and options of one command."""
    context = context_of(command)
    usage = " ".join(command.collect_usage_pieces(context))
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record:
            rows.append((code(record[0]), record[1]))
    parts = [f"## `{name}`\n", f"```text\n{name} {usage}\n```\n", f"```text\n{text}\n```\n"]
    return "\n".join([*parts, table(("option", "meaning"), rows)])


def command_page() -> str:
    """The whole command line."""
    group = importlib.import_module("hauberk.cli.main").cli
    head = "# Command line\n\nGenerated from the commands themselves; `hauberk COMMAND --help` prints the same.\n"
    return "\n".join(
        [head, command_section("hauberk", group), *(command_section(*item) for item in commands(group, "hauberk"))]
    )


def configuration_page() -> str:
    """Every section and key of `hauberk.toml`."""
    config = importlib.import_module("hauberk.app.config").Config
    parts = [
        "# Configuration\n",
        "Defaults, then `hauberk.toml` (or `[tool.hauberk]` in `pyproject.toml`), then `HAUBERK_SECTION_KEY` in the",
        "environment, then flags. An unknown key is an error that names the nearest known one.\n",
    ]
    for section in msgspec.structs.fields(config):
        parts += _struct_section(section) if isinstance(section.type, type) else _list_section(section)
    return "\n".join(parts)


def _struct_section(section: Any) -> list[str]:
    rows = [(code(key.name), _type(key.type), _default(key)) for key in msgspec.structs.fields(section.type)]
    text = markdown(inspect.getdoc(section.type) or "")
    return [f"## `[{section.name}]`\n", text, table(("key", "type", "default"), rows)]


def _list_section(section: Any) -> list[str]:
    """A list of tables, whose record is in the vocabulary and is named as the section is in the singular."""
    records = {"waiver": importlib.import_module("hauberk.core.run").Waived}
    return [f"## `[[{section.name}]]`\n", markdown(inspect.getdoc(records[section.name]) or "")]


def _type(kind: Any) -> str:
    text = str(kind) if hasattr(kind, "__args__") or hasattr(kind, "__metadata__") else kind.__name__
    return code(text.replace("typing.", ""))


def _default(key: Any) -> str:
    if key.default is not msgspec.NODEFAULT:
        return code(json.dumps(key.default))
    return "required" if key.default_factory is msgspec.NODEFAULT else code(json.dumps(key.default_factory()))


def rules_page() -> str:
    """The expression language of the domain, as its parser and its patterns describe themselves."""
    parse = importlib.import_module("hauberk.domain.expression.parse")
    pattern = importlib.import_module("hauberk.domain.expression.pattern")
    texts = [markdown(inspect.getdoc(module) or "", 2) for module in (parse, pattern)]
    return f"# Rules and derivations\n\n{texts[0]}\n## Patterns\n\n{texts[1]}"


def error_page() -> str:
    """Exit codes and the error tree."""
    errors = importlib.import_module("hauberk.core.errors")
    meaning = [
        (0, "passed", "every planned check ended and policy allows"),
        (1, "policy failed", "policy denies; data to quarantine or reject; a denied transition"),
        (2, "usage or configuration", "the command, call or project file cannot mean anything"),
        (3, "nothing to examine", "no rows, no files, no checks"),
        (4, "incomplete", "a planned check errored, timed out or could not read its input"),
        (5, "integrity refused", "a signature, digest or chain does not hold"),
        (130, "interrupted", "Ctrl-C; the run is recorded as aborted and nothing is half-written (143 for SIGTERM)"),
    ]
    parts = [
        "# Exit codes and errors\n",
        "The same in every format. Usage errors precede everything; then the first that",
    ]
    parts += ["applies of 5, 1, 4, 3, 0.\n", table(("code", "name", "when"), meaning), "## Errors\n"]
    parts.append("Every error says what, where, why and the next step. A traceback is printed only with `-vv`.\n")
    kinds = [
        value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.HauberkError)
    ]
    rows = [(code(kind.__name__), kind.exit_code, summary(kind)) for kind in kinds]
    return "\n".join([*parts, table(("class", "exit code", "meaning"), rows)])


def figures_page() -> str:
    """Every committed benchmark result."""
    parts = ["# Figures\n", "Measured, and committed as they were measured in `benchmarks/results/`.\n"]
    for result in results():
        parts += [f"## {result['benchmark'].capitalize()}\n"]
        parts += [
            f"`python benchmarks/{result['benchmark']}.py`, commit `{result['commit']}`, seed {result['seed']}.\n"
        ]
        parts += [figures_table(result, result["rows"])]
    return "\n".join(parts)


def library_page(module: str) -> str:
    """The public names of one module."""
    loaded = importlib.import_module(module)
    parts = [f"# `{module}`\n", markdown(inspect.getdoc(loaded) or "", 2)]
    for name in _names(loaded):
        value = getattr(loaded, name)
        if name.startswith("__") or not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        parts += [f"## `{name}`\n", _shown(name, value), markdown(inspect.getdoc(value) or "")]
        if inspect.isclass(value):
            parts += [_member(name, *item) for item in sorted(vars(value).items()) if _is_public(value, *item)]
    return "\n".join(parts)


def _names(module: Any) -> list[str]:
    """What a module offers: its `__all__`, or the public names that it defines itself."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    return sorted(getattr(module, "__all__", [name for name in own if not name.startswith("_")]))


def _shown(name: str, value: Any) -> str:
    if inspect.isclass(value) and issubclass(value, Enum):
        return table(("member", "value"), [(code(member.name), code(member.value)) for member in value])
    return f"```text\n{signature(name, value)}\n```\n"


def _is_public(owner: type, name: str, value: Any) -> bool:
    return (
        not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property))
        and not issubclass(owner, Enum)
    )


def _member(owner: str, name: str, value: Any) -> str:
    function = getattr(value, "fget", None) or getattr(value, "__func__", value)
    shown = f"{owner}.{name}" if isinstance(value, property) else signature(f"{owner}.{name}", function)
    return f"### `{shown.partition('(')[0]}`\n\n```text\n{shown}\n```\n\n{markdown(inspect.getdoc(function) or '', 4)}"


def public_modules() -> list[str]:
    """The package, its rooms that export something, and each file of the vocabulary."""
    names = ["hauberk", *(f"hauberk.{path.parent.name}" for path in sorted(PACKAGE.glob("*/__init__.py")))]
    core = sorted(f"hauberk.core.{path.stem}" for path in PACKAGE.glob("core/[a-z]*.py"))
    return [name for name in names if getattr(importlib.import_module(name), "__all__", None)] + core


def write_pages(docs: Path) -> list[Path]:
    """Write every generated page below a folder, and return the paths."""
    for folder in ("checks", "reference"):
        shutil.rmtree(docs / folder, ignore_errors=True)
    entries = check_entries()
    pages = {f"checks/{entry['id']}.md": check_page(entry) for entry in entries}
    pages["checks/index.md"] = checks_index(entries)
    pages["reference/command-line.md"] = command_page()
    pages["reference/configuration.md"] = configuration_page()
    pages["reference/rules.md"] = rules_page()
    pages["reference/errors.md"] = error_page()
    pages["reference/figures.md"] = figures_page()
    pages |= {f"reference/{module}.md": library_page(module) for module in public_modules()}
    listed = "\n".join(["command-line", "configuration", "rules", "errors", "figures", *public_modules()])
    pages["reference/index.md"] = (
        f"# Reference\n\nGenerated from the code.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
    for name, text in pages.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [docs / name for name in pages]


if __name__ == "__main__":
    print(f"{len(write_pages(Path(sys.argv[1])))} pages")
