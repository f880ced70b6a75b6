# SPDX-License-Identifier: Apache-2.0
"""A run goes in, a document comes out: terminal, JSON, SARIF, JUnit, Markdown, CSV, GitLab and HTML.

Pure functions of the run; values of personal columns are masked on the way.
"""

from hauberk.report.answers import Answer, Answers, Tone, answer
from hauberk.report.codec import dump_run, load_run
from hauberk.report.compare import RunDiff, diff_runs
from hauberk.report.compare_page import DIFF_FORMATS, render_diff
from hauberk.report.render import FORMATS, render
from hauberk.report.verdict import MEANING, exit_code

__all__ = [
    "DIFF_FORMATS",
    "FORMATS",
    "MEANING",
    "Answer",
    "Answers",
    "RunDiff",
    "Tone",
    "answer",
    "diff_runs",
    "dump_run",
    "exit_code",
    "load_run",
    "render",
    "render_diff",
]
