# SPDX-License-Identifier: Apache-2.0
"""A run goes in, a document comes out: terminal, JSON, SARIF, JUnit, Markdown, CSV, GitLab and HTML.

Pure functions of the run; values of personal columns are masked on the way.
"""

from hauberk.report.codec import dump_run, load_run
from hauberk.report.render import FORMATS, render
from hauberk.report.verdict import exit_code

__all__ = ["FORMATS", "dump_run", "exit_code", "load_run", "render"]
