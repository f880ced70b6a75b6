# SPDX-License-Identifier: Apache-2.0
"""The executor of documentation blocks runs them, and refuses a page that is not true."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


def page(folder: Path, text: str, name: str = "page.md") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def execute(blocks: ModuleType, path: Path) -> int:
    folder = path.parent / "run"
    folder.mkdir(exist_ok=True)
    return blocks.run_page(path, folder, blocks.page_environment(folder))


def test_blocks_share_one_process_and_one_folder(blocks: ModuleType, tmp_path: Path) -> None:
    text = "```python\nx = 2\n```\n\n```python\nopen('two', 'w').write(str(x))\n```\n\n```console\n$ cat two\n2\n```\n"
    assert execute(blocks, page(tmp_path, text)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```\n",
        "```console\n$ false\n```\n",
        "```console\n$ true\n# exit 1\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "```toml\na = \n```\n",
        "```json\n{\n```\n",
        "```\nno language\n```\n",
    ],
)
def test_a_page_that_is_not_true_is_refused(blocks: ModuleType, tmp_path: Path, text: str) -> None:
    with pytest.raises(blocks.Wrong):
        execute(blocks, page(tmp_path, text))


def test_commands_carry_exit_codes_continuations_and_ellipses(blocks: ModuleType, tmp_path: Path) -> None:
    text = "```console\n$ echo one \\\n   two 17 three; exit 3\none two … three\n# exit 3\n$ echo four\nfour\n```\n"
    assert execute(blocks, page(tmp_path, text)) == 1


def test_text_is_not_executed(blocks: ModuleType, tmp_path: Path) -> None:
    assert execute(blocks, page(tmp_path, "```text\n$ false\n```\n")) == 0


def test_a_page_can_build_on_another(blocks: ModuleType, tmp_path: Path) -> None:
    page(tmp_path, "```console\n$ echo made > first\n```\n", "first.md")
    second = page(tmp_path, "# Second\n<!-- setup: first.md -->\n\n```console\n$ cat first\nmade\n```\n")
    assert execute(blocks, second) == 2
