# SPDX-License-Identifier: Apache-2.0
"""One run in, one document out, in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable

from hauberk.core.errors import UsageError
from hauberk.core.run import Run
from hauberk.report.document import render_json
from hauberk.report.gitlab import render_gitlab
from hauberk.report.junit import render_junit
from hauberk.report.mask import mask_run
from hauberk.report.page import render_html
from hauberk.report.page_markdown import render_markdown
from hauberk.report.sarif import render_sarif
from hauberk.report.sheet import render_csv
from hauberk.report.text import render_text

_MACHINES: dict[str, Callable[[Run], bytes]] = {
    "sarif": render_sarif,
    "junit": render_junit,
    "markdown": render_markdown,
    "csv": render_csv,
    "gitlab": render_gitlab,
    "html": render_html,
}

FORMATS = ("text", "json", *_MACHINES)
"""The formats that `render` knows."""


def render(
    run: Run,
    format: str,  # noqa: A002 - the command line's --format
    *,
    show_values: bool = False,
    width: int = 100,
    color: bool = False,
    ascii_only: bool = False,
) -> bytes:
    """Return the run as one document.

    The same run, format and options give the same bytes in every process. Whatever the format, `exit_code(run)` is the
    verdict.

    Args:
        run: the run.
        format: one of FORMATS.
        show_values: show the values of personal columns, which are masked otherwise; the caller records that.
        width: cells of a terminal line; `text` alone uses it.
        color: ANSI colours; `text` alone uses it.
        ascii_only: ASCII characters alone; `text` alone uses it.

    Raises:
        UsageError: an unknown format.
    """
    shown = run if show_values else mask_run(run)
    if format == "text":
        return render_text(shown, width=width, color=color, ascii_only=ascii_only)
    if format == "json":
        return render_json(shown, masked=not show_values)
    if format in _MACHINES:
        return _MACHINES[format](shown)
    raise UsageError(f"there is no report format {format!r}", next_step=f"choose one of {', '.join(FORMATS)}")
