# SPDX-License-Identifier: Apache-2.0
"""How Sphinx builds the documentation. Pages on checks, commands and functions are generated before it reads any."""

import importlib.util
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "src"))

import hauberk

_spec = importlib.util.spec_from_file_location("pages", DOCS.parent / "scripts" / "pages.py")
_pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_pages)

project = "Hauberk"
author = "the Hauberk contributors"
project_copyright = "the Hauberk contributors; Apache-2.0"
release = version = hauberk.__version__
language = "en_GB"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Hauberk"
html_static_path = ["_static"]
html_favicon = "_static/hauberk.svg"
html_copy_source = False
html_show_sphinx = False


def setup(app) -> None:
    """Write the generated pages before any page is read."""
    app.connect("builder-inited", lambda _: _pages.write_pages(DOCS))
