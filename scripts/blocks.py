# SPDX-License-Identifier: Apache-2.0
"""Read the fenced code blocks of a Markdown page and execute them.

    python scripts/blocks.py PAGE...    execute; exit code 1 at the first block that does not do what the page says

- ```` ```python ````: the blocks of a page run in order in one process; `assert` states what must hold.
- ```` ```console ````: each line that begins with `$ ` is a command; a line `# exit N` after it states its exit code (0
  without one); other lines are what it prints, of which each must occur in its output, `…` standing for anything.
- ```` ```toml ````, ```` ```json ````: must parse.
- ```` ```text ````, ```` ```mermaid ```` and others: not executed.

The blocks of one page share one empty folder, so that later ones see what earlier ones wrote. A page whose second line
is `<!-- setup: PAGE -->` runs in a folder in which that page has run before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\{?\w*)[^\n]*\n(.*?)^```\s*$", flags=re.DOTALL | re.MULTILINE)
SETUP = re.compile(r"^<!-- setup: (\S+) -->$", flags=re.MULTILINE)
KNOWN = {"python", "console", "toml", "json", "text", "mermaid", "yaml"}
TIMEOUT = 300
DRIVER = """
import json, sys, traceback
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    text, place = json.loads(line)
    try:
        exec(compile(text, place, "exec"), globals())
        trouble = ""
    except BaseException:
        trouble = traceback.format_exc()
    print(json.dumps(trouble), file=answers, flush=True)
"""


class Wrong(AssertionError):
    """A block does not do what its page says."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Page and line, as an editor takes it."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console block."""

    words: str
    code: int
    output: tuple[str, ...]


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order; see `parse_blocks`."""
    return parse_blocks(page, page.read_text(encoding="utf-8"))


def parse_blocks(page: Path, text: str) -> list[Block]:
    """The blocks of a text; Sphinx directives (`{name}`) are no blocks.

    Raises:
        Wrong: a block names no language that is known.
    """
    found = []
    for match in FENCE.finditer(text):
        block = Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])
        if block.language.startswith("{"):
            continue
        if block.language not in KNOWN:
            raise Wrong(f"{block.place}: a block of language {block.language!r}; known: {', '.join(sorted(KNOWN))}")
        found.append(block)
    return found


def read_commands(block: Block) -> Iterator[Command]:
    """The commands of a console block, each with what the page says of it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        while lines[0].endswith("\\") and len(lines) > 1:
            lines[:2] = [lines[0][:-1] + lines[1]]
        codes = [int(line.split()[-1]) for line in lines if re.fullmatch(r"# exit \d+", line)]
        output = tuple(line for line in lines[1:] if line.strip() and not line.startswith("# exit "))
        yield Command(lines[0], codes[0] if codes else 0, output)


def run_command(block: Block, command: Command, folder: Path, environment: dict[str, str]) -> None:
    """Run one command.

    Raises:
        Wrong: another exit code, or a printed line that does not occur in the output.
    """
    done = subprocess.run(
        ["/bin/bash", "-c", command.words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
        stdin=subprocess.DEVNULL,
    )
    whole = done.stdout + done.stderr
    if done.returncode != command.code:
        raise Wrong(f"{block.place}: $ {command.words}\nexit {done.returncode}, the page says {command.code}\n{whole}")
    flat = " ".join(whole.split())
    for line in command.output:
        pattern = ".*?".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        if not re.search(pattern, flat):
            raise Wrong(f"{block.place}: $ {command.words}\nthe page shows {line!r}, the command printed\n{whole}")


class Session:
    """One Python process that executes the blocks of a page, so that later ones see the names of earlier ones."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            cwd=folder,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def run(self, block: Block) -> None:
        """Execute one block.

        Raises:
            Wrong: it raised, ended the process, or took too long.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([block.text, block.place]) + "\n")
        self._process.stdin.flush()
        alarm = threading.Timer(TIMEOUT, self._process.kill)
        alarm.start()
        answer = self._process.stdout.readline()
        alarm.cancel()
        trouble = json.loads(answer) if answer else f"the process ended, or ran longer than {TIMEOUT} s"
        if trouble:
            raise Wrong(f"{block.place}: this block ended with\n{trouble}")

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def run_page(page: Path, folder: Path, environment: dict[str, str]) -> int:
    """Execute a page in a folder, the pages it builds on first; return how many blocks were executed or parsed.

    Raises:
        Wrong: a block does not do what the page says.
    """
    count = sum(run_page(page.parent / name, folder, environment) for name in SETUP.findall(page.read_text()))
    session = Session(folder, environment)
    try:
        for block in read_blocks(page):
            count += _run_block(block, session, folder, environment)
    finally:
        session.close()
    return count


def _run_block(block: Block, session: Session, folder: Path, environment: dict[str, str]) -> int:
    if block.language == "python":
        session.run(block)
    elif block.language == "console":
        for command in read_commands(block):
            run_command(block, command, folder, environment)
    elif block.language in {"toml", "json"}:
        try:
            (tomllib.loads if block.language == "toml" else json.loads)(block.text)
        except ValueError as error:
            raise Wrong(f"{block.place}: not {block.language}: {error}") from error
    else:
        return 0
    return 1


def page_environment(folder: Path) -> dict[str, str]:
    """An environment in which `hauberk` is this installation's, and home is an empty folder."""
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HAUBERK_")}
    return {**kept, "PATH": path, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "COLUMNS": "120"}


def main(arguments: list[str]) -> int:
    """Execute pages, and say what was executed."""
    for name in arguments:
        with tempfile.TemporaryDirectory() as folder:
            try:
                count = run_page(Path(name).resolve(), Path(folder), page_environment(Path(folder)))
            except Wrong as error:
                print(error)
                return 1
        print(f"{name}: {count} blocks hold")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
