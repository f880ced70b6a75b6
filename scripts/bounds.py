# SPDX-License-Identifier: Apache-2.0
"""Measure a source tree against the house bounds that no linter of ours can state.

    python scripts/bounds.py [SRC]        one line for each offence, then a summary; exit code 1 if there is one
    python scripts/bounds.py [SRC] --count    the counted exceptions (`type: ignore`, `noqa`, broad `except`) as TOML

Standard library only. It reads files as text and runs nothing of what it reads.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_LINES = 300
FUNCTION_LINES = 50
COMPLEXITY = 10
NESTING = 3
POSITIONAL = 6
INHERITANCE = 2
LITERAL = 60
"""Constants that one literal may hold; a longer table is data and belongs in a data file."""

EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
OPTIONAL = {"blake3", "catboost", "cloudpickle", "distributed", "joblib"}
OPTIONAL |= {"onnx", "pandas", "pyarrow", "torch", "xgboost"}
LAZY_ROOMS = {"app", "cli"}
LOADERS = ("/arrival.py", "hauberk/__init__.py", "s/generate.py", "core/entry.py", "load/worker.py", "model/opening.py")
"""Files that load what a name or a file's format says, and the worker that limits itself before anything heavy."""

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPE = (*FUNCTION, ast.ClassDef, ast.Lambda)
FORK = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.Assert)
BLOCK = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
COUNTED = {
    "type_ignore": re.compile(r"#\s*type:\s*ignore"),
    "pyright_ignore": re.compile(r"#\s*(?:based)?pyright:\s*ignore"),
    "noqa": re.compile(r"#\s*noqa\b"),
    "broad_except": re.compile(r"#\s*broad:"),
}
EXPLAINED = re.compile(
    r"#\s*(?:type:\s*ignore\[[\w,\- ]+\]|(?:based)?pyright:\s*ignore\[[\w, ]+\]|noqa:\s*[A-Z0-9, ]+?)\s+(?:#|-)\s*\S"
)


@dataclass(frozen=True, slots=True, order=True)
class Offence:
    """One place that breaks a bound."""

    path: str
    line: int
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Source:
    """One file, read and parsed once."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder directly under the package; empty for the package's own files."""
        parts = self.name.split("/")
        return parts[1] if len(parts) > 2 else ""

    def comments(self) -> Iterator[tuple[int, str]]:
        """Line number and text of each real comment; strings that look like one are not."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def sources(root: Path) -> list[Source]:
    """Read every Python file under a folder, in order of name."""
    found = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Source(path, path.relative_to(root).as_posix(), text, ast.parse(text)))
    return found


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes defined in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, SCOPE):
            yield child
            yield from inside(child)


def complexity(function: ast.AST) -> int:
    """McCabe's number: one more than the places where control can fork."""
    total = 1
    for node in inside(function):
        if isinstance(node, FORK):
            total += 1
        elif isinstance(node, ast.BoolOp):
            total += len(node.values) - 1
        elif isinstance(node, ast.Match):
            total += len(node.cases) - 1
    return total


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How deep blocks stand in blocks; an `elif` is not deeper than its `if`."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, SCOPE):
            continue
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child, depth + int(isinstance(child, BLOCK) and not chained)))
    return deepest


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return whole
    first = function.body[0]
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Parameters that a caller may give by position; `self` and `cls` are not counted."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(names) - int(names[:1] in (["self"], ["cls"]))


def shape(source: Source) -> Iterator[Offence]:
    """Sizes of the file and of its functions."""
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield Offence(source.name, 1, "file-lines", f"{lines} lines, at most {FILE_LINES}")
    if source.path.stem in EMPTY_NAMES:
        yield Offence(source.name, 1, "empty-name", f"{source.path.stem!r} says nothing of what is inside")
    for node in ast.walk(source.tree):
        if not isinstance(node, FUNCTION):
            continue
        measured = (
            ("function-lines", length(node), FUNCTION_LINES),
            ("complexity", complexity(node), COMPLEXITY),
            ("nesting", nesting(node), NESTING),
            ("positional", positional(node), POSITIONAL),
        )
        for rule, value, bound in measured:
            if value > bound:
                yield Offence(source.name, node.lineno, rule, f"{node.name} has {value}, at most {bound}")


def undocumented(source: Source) -> Iterator[Offence]:
    """Public classes, functions and methods without a docstring, and modules without one."""
    if source.text.strip() and ast.get_docstring(source.tree) is None:
        yield Offence(source.name, 1, "docstring", "the module has none")
    queue: list[ast.AST] = list(source.tree.body)
    while queue:
        node = queue.pop()
        if not isinstance(node, (*FUNCTION, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield Offence(source.name, node.lineno, "docstring", f"{node.name} has none")
        if isinstance(node, ast.ClassDef):
            queue.extend(node.body)


def late_imports(source: Source) -> Iterator[Offence]:
    """Imports inside functions, except of optional libraries, in the rooms that join, and where plug-ins are loaded.

    A module's own `__getattr__` exports names lazily, which is what it is for.
    """
    if source.room in LAZY_ROOMS or source.name.endswith(LOADERS):
        return
    for function in (node for node in ast.walk(source.tree) if isinstance(node, FUNCTION)):
        names = (
            [] if function.name == "__getattr__" else [name for node in inside(function) for name in _imported(node)]
        )
        for name in names:
            if name.partition(".")[0] not in OPTIONAL:
                sentence = f"{name} is imported inside {function.name}"
                yield Offence(source.name, function.lineno, "late-import", sentence)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {
        "importlib.import_module",
        "import_module",
        "__import__",
    }:
        return [ast.literal_eval(node.args[0]) if isinstance(node.args[0], ast.Constant) else ast.unparse(node.args[0])]
    return []


def tables(source: Source) -> Iterator[Offence]:
    """Literals so long that they are data."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Dict | ast.List | ast.Set | ast.Tuple):
            count = sum(isinstance(child, ast.Constant) for child in ast.walk(node))
            if count > LITERAL:
                yield Offence(
                    source.name, node.lineno, "data-table", f"a literal of {count} constants, at most {LITERAL}"
                )


def exceptions(source: Source) -> Iterator[Offence]:
    """Broad handlers and switched-off rules that give no reason."""
    lines = source.text.splitlines()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _broad(node) and "# broad: " not in lines[node.lineno - 1]:
            yield Offence(source.name, node.lineno, "broad-except", "give the reason on its line: `# broad: reason`")
    for line, comment in source.comments():
        switched = any(COUNTED[kind].search(comment) for kind in ("type_ignore", "pyright_ignore", "noqa"))
        if switched and not EXPLAINED.search(comment):
            yield Offence(source.name, line, "unexplained", f"{comment!r} names no code or gives no reason")


def _broad(handler: ast.ExceptHandler) -> bool:
    names = (
        {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else {"Exception"}
    )
    return bool(names & {"Exception", "BaseException"})


def deep_classes(files: list[Source]) -> Iterator[Offence]:
    """Classes that inherit through more than two classes of the package."""
    parents: dict[str, list[str]] = {}
    places: dict[str, tuple[str, int]] = {}
    for source in files:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = [ast.unparse(each).rpartition(".")[2].partition("[")[0] for each in node.bases]
                places[node.name] = (source.name, node.lineno)

    def depth(name: str, seen: frozenset[str] = frozenset()) -> int:
        if name not in parents or name in seen:
            return 0
        return max((1 + depth(each, seen | {name}) for each in parents[name] if each in parents), default=0)

    for name, (path, line) in places.items():
        if depth(name) > INHERITANCE:
            yield Offence(path, line, "inheritance", f"{name} stands {depth(name)} deep, at most {INHERITANCE}")


def offences(root: Path) -> list[Offence]:
    """Every offence of a tree, in order of place."""
    files = sources(root)
    found = list(deep_classes(files))
    for source in files:
        for rule in (shape, undocumented, late_imports, tables, exceptions):
            found.extend(rule(source))
    return sorted(found)


def counts(root: Path) -> Counter[str]:
    """How often each kind of exception from the rules is made use of."""
    total: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    for source in sources(root):
        for _, comment in source.comments():
            total.update(kind for kind, pattern in COUNTED.items() if pattern.search(comment))
    return total


def main(arguments: list[str]) -> int:
    """Print the offences, or the counts."""
    root = Path(next((each for each in arguments if not each.startswith("-")), "src"))
    if "--count" in arguments:
        print("\n".join(f"{kind} = {number}" for kind, number in sorted(counts(root).items())))
        return 0
    found = offences(root)
    for offence in found:
        print(offence)
    print(f"bounds: {len(found)} offences in {len(sources(root))} files; {dict(counts(root))}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
