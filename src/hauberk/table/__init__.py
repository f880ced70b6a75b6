# SPDX-License-Identifier: Apache-2.0
"""Tables in batches, larger than memory, and the scan: a set of aggregations that fuse into one pass.

It reads Parquet, Arrow IPC, CSV, anything with the Arrow C stream and anything that narwhals understands.
"""

from hauberk.table.fuse import run_scans
from hauberk.table.open import open_table
from hauberk.table.scan import Hits, Scan, State
from hauberk.table.table import BLOCK_ROWS, Table

__all__ = ["BLOCK_ROWS", "Hits", "Scan", "State", "Table", "open_table", "run_scans"]
