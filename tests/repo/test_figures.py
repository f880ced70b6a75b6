# SPDX-License-Identifier: Apache-2.0
"""The README's figures are those of the committed results."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


def test_the_readme_shows_the_committed_figures(figures: ModuleType, root: Path) -> None:
    text = (root / "README.md").read_text()
    assert figures.readme_text(text) == text


def test_a_changed_figure_is_noticed(figures: ModuleType, root: Path) -> None:
    text = (root / "README.md").read_text()
    changed = text.replace("| 200 |", "| 201 |", 1)
    assert changed != text
    assert figures.readme_text(changed) == text


def test_lost_marks_and_rows_that_nobody_measured_are_refused(
    figures: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="marks"):
        figures.readme_text("no marks")
    monkeypatch.setattr(figures, "SHOWN", (("evasion_trees", "how pretty it is"),))
    with pytest.raises(ValueError, match="how pretty it is"):
        figures.readme_text((root / "README.md").read_text())


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.995, "rate", "99.5 %"),
        (1.0, "rate", "100 %"),
        (1582.68, "TWD", "1,583 TWD"),
        (4.818, "CPU-s", "4.82 CPU-s"),
        (None, "s", ""),
    ],
)
def test_figures_are_written_to_three_digits(figures: ModuleType, value: float | None, unit: str, text: str) -> None:
    assert figures.number(value, unit) == text
