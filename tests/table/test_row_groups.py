# SPDX-License-Identifier: Apache-2.0
"""The hint where to cut reads: right on real files, harmless on any bytes, and never a reason for other blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import Unreadable
from hauberk.table import open_table
from hauberk.table.row_groups import row_groups
from hauberk.table.source import cuts

FRAME = pl.DataFrame({"x": np.arange(5000), "t": [f"n{number}" for number in range(5000)], "b": [True, None] * 2500})


@pytest.mark.parametrize("size", [7, 100, 1024, 5000])
@pytest.mark.parametrize("writer", ["polars", "pyarrow"])
def test_groups_are_those_of_pyarrow(size: int, writer: str, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    if writer == "polars":
        FRAME.write_parquet(path, row_group_size=size)
    else:
        pq.write_table(FRAME.to_arrow(compat_level=pl.CompatLevel.oldest()), path, row_group_size=size)
    metadata = pq.read_metadata(path)
    expected = tuple(metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
    assert row_groups(path) == (expected if metadata.serialized_size < 1 << 20 else ())
    assert pl.concat(open_table(path).batches(rows=300)).equals(FRAME)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_give_a_hint_or_none(tmp_path_factory: pytest.TempPathFactory, content: bytes, length: int) -> None:
    path = tmp_path_factory.mktemp("g") / "t.parquet"
    path.write_bytes(content + length.to_bytes(4, "little") + b"PAR1")
    assert isinstance(row_groups(path), tuple)


def test_a_footer_that_lies_about_groups_changes_no_block(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    FRAME.write_parquet(path, row_group_size=450)
    table = open_table(path)
    for groups in ((), (1, 4999), (5000,), (10, 20), (-1, 5001), (0, 5000)):
        object.__setattr__(table.source, "groups", groups)
        blocks = list(table.batches(rows=200))
        assert [block.height for block in blocks] == [200] * 25
        assert pl.concat(blocks).equals(FRAME)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=30), st.integers(1, 300))
def test_cuts_cover_every_row_once_and_stay_small(groups: list[int], rows: int) -> None:
    found = cuts(tuple(groups), sum(groups), rows)
    if found:
        assert [begin for begin, _ in found] == np.cumsum([0, *(size for _, size in found[:-1])]).tolist()
        assert sum(size for _, size in found) == sum(groups)
        assert max(size for _, size in found) <= 2 * rows
    assert cuts(tuple(groups), sum(groups) + 1, rows) == []


def test_a_shorter_file_than_promised_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    FRAME.write_parquet(path, row_group_size=450)
    table = open_table(path)
    object.__setattr__(table.source, "height", 6000)
    with pytest.raises(Unreadable, match="promises"):
        list(table.batches(rows=200))
