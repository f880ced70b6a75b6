# SPDX-License-Identifier: Apache-2.0
"""The documentation is true and complete: every block does what its page says, every command has its place."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from hauberk.app.config import Config
from hauberk.cli.main import cli
from hauberk.core.errors import HauberkError

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"checks", "reference", "_build", "_static"}
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(page for page in ROOT.glob("docs/**/*.md") if page.relative_to(ROOT / "docs").parts[0] not in GENERATED),
]
LIVE = [page for page in PAGES if re.search(r"^```(?:python|console|toml|json)", page.read_text(), flags=re.MULTILINE)]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def generated(pages: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated pages."""
    folder = tmp_path_factory.mktemp("docs")
    pages.write_pages(folder)
    return folder


@pytest.mark.parametrize("page", LIVE, ids=name)
def test_every_block_does_what_its_page_says(page: Path, blocks: ModuleType, tmp_path: Path) -> None:
    assert blocks.run_page(page, tmp_path, blocks.page_environment(tmp_path)) > 0


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_names_its_language(page: Path, blocks: ModuleType) -> None:
    blocks.read_blocks(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_inside_the_repository_leads_somewhere(page: Path, generated: Path) -> None:
    missing = []
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text()):
        place = (page.parent / target).resolve()
        inside = place.relative_to(ROOT / "docs") if place.is_relative_to(ROOT / "docs") else Path("none")
        if not place.exists() and not (generated / inside).exists():
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_of_a_test_that_a_page_names_exists(page: Path) -> None:
    paths = re.findall(r"`((?:tests|src|scripts|docs)/[\w./-]+)`", page.read_text())
    ours = [path for path in paths if not path.startswith(("docs/_build", "docs/checks", "docs/reference"))]
    real = [path for path in ours if not re.search(r"[A-Z]{4}", path)]  # ROOM and the like stand for a name
    assert [path for path in real if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_a_page_names_exists(page: Path, known: set[str]) -> None:
    for words in re.findall(r"(?:\$ |`)hauberk ((?:[a-z]+)(?: [a-z]+)?)", page.read_text()):
        first, _, second = words.partition(" ")
        assert f"hauberk {first}" in known, f"hauberk {words}"
        if any(each.startswith(f"hauberk {first} ") for each in known) and second:
            assert f"hauberk {words}" in known, f"hauberk {words}"


@pytest.fixture(scope="module")
def known(pages: ModuleType) -> set[str]:
    """Full name of every command and group."""
    return {name for name, _ in pages.commands(cli, "hauberk")}


def test_every_command_has_a_heading_a_help_text_and_documented_options(generated: Path, known: set[str]) -> None:
    text = (generated / "reference" / "command-line.md").read_text()
    for command in sorted(known):
        section = re.search(rf"^## `{command}`\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE)
        assert section, command
        usage, told = re.findall(r"```text\n(.*?)```", section[1], flags=re.DOTALL)[:2]
        assert usage.startswith(command)
        assert len(told.strip()) > 20, f"{command} has no help text"
        assert "\\b" not in told, f"{command}: the mark that keeps lines of a help text is written out"
        assert re.findall(r"^\| `-[^|]*\| – \|$", section[1], flags=re.MULTILINE) == [], (
            f"{command}: an option says nothing"
        )


def test_every_check_has_a_page_that_says_enough(generated: Path, pages: ModuleType) -> None:
    entries = pages.check_entries()
    assert len(entries) >= 20
    for entry in entries:
        text = (generated / "checks" / f"{entry['id']}.md").read_text()
        assert text.startswith(f"# {entry['id']}: {entry['title']}\n")
        assert len(text.split()) > 80, f"{entry['id']} has hardly a word on its page"


def test_every_check_file_is_in_the_index(pages: ModuleType) -> None:
    files = {path.stem for path in (ROOT / "src/hauberk/checks").glob("hb_*.py")}
    assert {entry["module"].rpartition(".")[2] for entry in pages.check_entries()} == files


def test_every_key_of_the_project_file_is_documented(generated: Path) -> None:
    text = (generated / "reference" / "configuration.md").read_text()
    for section in msgspec.structs.fields(Config):
        assert f"[{section.name}]" in text


def test_every_error_and_exit_code_is_documented(generated: Path) -> None:
    text = (generated / "reference" / "errors.md").read_text()
    kinds = [HauberkError]
    for kind in kinds:
        kinds += [each for each in kind.__subclasses__() if each.__module__ == "hauberk.core.errors"]
        assert f"| `{kind.__name__}` | {kind.exit_code} |" in text


def test_every_decision_record_has_the_same_parts() -> None:
    for page in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert re.findall(r"^## (\w+)", text, flags=re.MULTILINE)[:2] == ["Question", "Decision"]
        assert "## Consequences" in text
