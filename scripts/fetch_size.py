# SPDX-License-Identifier: Apache-2.0
"""Say how much pip will fetch for a requirement, before it fetches it.

    python scripts/fetch_size.py torch==2.13.0 [further pip arguments]

It asks pip for its plan (`--dry-run --report`) and each file's size: from the disk, or from the header of the address
that pip named. It never fails the build: where a size cannot be had, it says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlparse


def plan(arguments: list[str]) -> list[dict[str, object]]:
    """What pip would install, as its own report lists it; empty if all of it is there."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--dry-run",
        "--report",
        "-",
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=600)
    return json.loads(done.stdout)["install"] if done.returncode == 0 else []


def size(url: str) -> int | None:
    """Bytes behind a `file:` or `https:` address; None if nobody says."""
    parts = urlparse(url)
    if parts.scheme == "file":
        return Path(unquote(parts.path)).stat().st_size
    try:
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError):
        return None


def main(arguments: list[str]) -> None:
    """Print one line."""
    items = plan(arguments)
    if not items:
        print(f"{arguments[0]}: nothing to fetch")
        return
    sizes = {item["metadata"]["name"]: size(item["download_info"]["url"]) for item in items}
    known = sum(value or 0 for value in sizes.values())
    blank = sum(value is None for value in sizes.values())
    rest = f", and {blank} files whose size nobody says" if blank else ""
    largest = max(sizes, key=lambda name: sizes[name] or 0)
    print(f"{arguments[0]} and {len(items) - 1} dependencies: {known / 1e6:,.0f} MB to fetch{rest}; largest: {largest}")


if __name__ == "__main__":
    main(sys.argv[1:])
