# SPDX-License-Identifier: Apache-2.0
"""Write the published schema: `python -m hauberk.report.generate`."""

from __future__ import annotations

from pathlib import Path

from hauberk.report.schema import FILE, schema_bytes


def main() -> None:
    """Write the schema file beside this module."""
    (Path(__file__).parent / FILE).write_bytes(schema_bytes())


if __name__ == "__main__":
    main()
