# SPDX-License-Identifier: Apache-2.0
"""Opening: everything that holds a table opens, and whatever is not one says so."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import HauberkError, NothingToExamine, Unreadable, UsageError
from hauberk.table import Table, open_table

FRAME = pl.DataFrame({"a": [1, 2, None, 4, 5], "b": ["x", None, "z", "ä", ""]})


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def as_file(kind: str, folder: Path) -> Path:
    path = folder / f"t.{kind}"
    {"parquet": FRAME.write_parquet, "csv": FRAME.write_csv, "arrow": FRAME.write_ipc}[kind](path)
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow"])
def test_files(kind: str, tmp_path: Path) -> None:
    table = open_table(as_file(kind, tmp_path))
    assert (table.name, table.height, table.columns) == ("t", 5, ("a", "b"))
    assert table.frame().equals(FRAME)
    assert table.take([4, 0, 4]).equals(FRAME[[4, 0, 4]])
    assert table.frame(["b"]).equals(FRAME.select("b"))


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.csv")
    assert open_table(tmp_path / "t.csv").frame().equals(FRAME)


@pytest.mark.parametrize(
    "source",
    [
        FRAME,
        FRAME.lazy(),
        FRAME.to_arrow(compat_level=pl.CompatLevel.oldest()),
        nw.from_native(FRAME),
        FRAME.to_pandas(types_mapper=pd.ArrowDtype),
    ],
    ids=["polars", "lazy", "pyarrow", "narwhals", "pandas"],
)
def test_frames_in_memory(source: object) -> None:
    assert open_table(source).frame().equals(FRAME)


def test_an_arrow_stream_of_unknown_length_is_spooled_and_can_be_read_twice() -> None:
    arrow = FRAME.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = open_table(pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(max_chunksize=2)))
    assert table.path is None
    assert [table.frame().equals(FRAME), table.frame().equals(FRAME)] == [True, True]


def test_a_table_opens_as_itself() -> None:
    table = open_table(FRAME)
    assert open_table(table) is table


@pytest.mark.parametrize(
    "source", [3, [1, 2], {"a": [1]}, object(), None], ids=["int", "list", "dict", "object", "none"]
)
def test_what_is_no_table(source: object) -> None:
    with pytest.raises(UsageError, match="is not a table"):
        open_table(source)


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        open_table(tmp_path / "absent.parquet")
    with pytest.raises(Unreadable, match="not a file"):
        open_table(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = as_file("parquet", tmp_path)
    path.chmod(0)
    with pytest.raises(Unreadable, match="cannot be opened"):
        open_table(path)
    path.chmod(stat.S_IRUSR)


CSV_REFUSED = {
    "too few fields": b"a,b,c\n1,2,3\n4,5\n",
    "too many fields": b"a,b\n1,2\n1,2,3\n",
    "too few in a quoted record": b'a,b\n"x,y"\n1,2\n',
    "too few after a quote over lines": b'a,b\n1,"x\ny"\n3\n',
    "blank line": b"a,b\n1,2\n\n3,4\n",
    "not UTF-8": b"a,b\nx,\xff\n",
    "not UTF-8 far behind": b"a,b\n" + b"1,2\n" * 50_000 + b"x,\xff\n",
    "UTF-16": "a,b\n1,2\n".encode("utf-16"),
    "doubled name": b"a,a\n1,2\n",
    "empty name": b"a,,c\n1,2,3\n",
    "open quote": b'a,b\n1,"x\n3,4\n',
    "semicolons": b"a;b\n1,5;2\n",
}


@pytest.mark.parametrize("content", CSV_REFUSED.values(), ids=CSV_REFUSED)
def test_a_broken_csv_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        open_table(written(tmp_path / "t.csv", content))
    assert caught.value.where
    assert caught.value.next_step


def test_fields_that_something_else_parts_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="not parted by ','") as caught:
        open_table(written(tmp_path / "t.csv", b"a;b;c\n1;2;3\n"))
    assert "2 of ';'" in caught.value.why
    assert open_table(written(tmp_path / "u.csv", b"a;b,c\n1,2\n")).columns == ("a;b", "c")


def test_the_ragged_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="line 3"):
        open_table(written(tmp_path / "t.csv", b"a,b\n1,2\n3\n"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_empty_file(kind: str, tmp_path: Path) -> None:
    with pytest.raises((NothingToExamine, Unreadable)):
        open_table(written(tmp_path / f"t.{kind}", b""))


CSV_TYPES = {
    b"a\n1\n-2\n": pl.Int64,
    b"a\n1\n2.5\n1e3\n": pl.Float64,
    b"a\nNaN\ninf\n": pl.Float64,
    b"a\ntrue\nfalse\n": pl.Boolean,
    b"a\n2024-02-29\n": pl.Date,
    b"a\n2024-02-29T10:00:00\n": pl.Datetime("us"),
    b"a\n2024-02-29 10:00:00.5\n": pl.Datetime("us"),
    b"a\n2023-02-29\n": pl.String,
    b"a\n007\n8\n": pl.String,
    b"a\n99999999999999999999\n": pl.String,
    "a\n١٢\n".encode(): pl.String,
    b"a\n1\nx\n": pl.String,
    b"\xef\xbb\xbfa\n1\n": pl.Int64,
}


@pytest.mark.parametrize(("content", "kind"), CSV_TYPES.items(), ids=map(repr, CSV_TYPES))
def test_csv_types_come_from_every_row(content: bytes, kind: pl.DataType, tmp_path: Path) -> None:
    table = open_table(written(tmp_path / "t.csv", content))
    assert table.schema == {"a": kind}
    assert table.frame()["a"].null_count() == 0


def test_a_late_word_makes_a_csv_column_text(tmp_path: Path) -> None:
    table = open_table(written(tmp_path / "t.csv", b"a,b\n" + b"1,2\n" * 30_000 + b"x,2\n"))
    assert table.schema == {"a": pl.String(), "b": pl.Int64()}
    assert table.take([30_000])["a"].to_list() == ["x"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**53), 2**53),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\0")),
            st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_csv_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, bool]]) -> None:
    frame = pl.DataFrame(rows, schema={"i": pl.Int64, "t": pl.String, "b": pl.Boolean}, orient="row")
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    frame.with_columns(pl.col("t") + "'").write_csv(path, quote_style="non_numeric")
    read = open_table(path)
    assert read.height == frame.height
    assert read.frame()["t"].to_list() == [text + "'" for text in frame["t"].to_list()]
    assert read.frame()["i"].to_list() == frame["i"].to_list()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_cut_parquet_never_opens_as_a_shorter_table(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "t.parquet"
    pl.DataFrame({"x": np.arange(5000), "y": np.arange(5000) % 7}).write_parquet(path, row_group_size=1000)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises((Unreadable, NothingToExamine)):
        list(open_table(path).batches())


def test_a_damaged_page_ends_the_pass(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    words = [f"word {number * 7919 % 1009}" for number in range(50_000)]
    pl.DataFrame({"x": words}).write_parquet(path, compression="zstd", row_group_size=10_000)
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 2, len(content) // 2 + 4000, 50):
        content[place] ^= 0xFF
    path.write_bytes(content)
    table = open_table(path)
    with pytest.raises(Unreadable, match="cannot be read from row"):
        list(table.batches())


def test_a_file_that_changes_under_the_reader_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    FRAME.write_parquet(path)
    table = open_table(path)
    pl.DataFrame({"a": [9], "b": ["q"]}).write_parquet(path)
    with pytest.raises(Unreadable):
        list(table.batches())


def test_statistics_that_lie_decide_nothing(tmp_path: Path) -> None:
    """The footer claims the values end at 3; the filter a check uses must still find the 900."""
    path = tmp_path / "t.parquet"
    arrow = pa.table({"x": pa.array([1, 2, 900], type=pa.int64())})
    pq.write_table(arrow, path, write_statistics=True, compression="none", use_dictionary=False)
    content = path.read_bytes()
    true, lie = (900).to_bytes(8, "little"), (3).to_bytes(8, "little")
    values = b"".join(value.to_bytes(8, "little") for value in (1, 2, 900))
    data = content.index(values) + 16
    changed = bytearray(content.replace(true, lie))
    changed[data : data + 8] = true
    path.write_bytes(changed)
    assert pq.read_metadata(path).row_group(0).column(0).statistics.max == 3
    assert open_table(path).frame()["x"].max() == 900
    table = open_table(path)
    assert sum(block.filter(pl.col("x") > 100).height for block in table.batches()) == 1


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow", "frame"])
def test_no_rows_is_a_table_of_height_0(kind: str, tmp_path: Path) -> None:
    empty = FRAME.head(0)
    path = tmp_path / f"t.{kind}"
    writers = {"parquet": empty.write_parquet, "csv": empty.write_csv, "arrow": empty.write_ipc}
    if kind in writers:
        writers[kind](path)
    table = open_table(path if kind in writers else empty)
    assert (table.height, list(table.batches()), table.frame().columns) == (0, [], ["a", "b"])


def test_zero_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pq.ParquetWriter(path, pa.schema({"a": pa.int64()})):
        pass
    assert open_table(path).height == 0


def test_blocks_are_fixed_whatever_the_row_groups(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(1000)})
    for size in (7, 250, 1000):
        path = tmp_path / f"{size}.parquet"
        frame.write_parquet(path, row_group_size=size)
        blocks = list(open_table(path).batches(rows=300))
        assert [block.height for block in blocks] == [300, 300, 300, 100]
        assert all(block["x"].n_chunks() == 1 for block in blocks)
        assert pl.concat(blocks).equals(frame)


def test_digest_is_of_the_bytes_or_of_the_content(tmp_path: Path) -> None:
    path = as_file("parquet", tmp_path)
    first = open_table(path).digest
    assert first.startswith("sha256:")
    assert len(first) == 71
    assert open_table(FRAME).digest == open_table(pl.concat([FRAME.head(2), FRAME.tail(3)])).digest
    assert open_table(FRAME).digest != open_table(FRAME.with_columns(a=pl.lit(1))).digest


def test_unknown_column_and_row() -> None:
    table: Table = open_table(FRAME)
    with pytest.raises(UsageError, match="no column 'q'"):
        list(table.batches(["q"]))
    with pytest.raises(UsageError, match="row 5 does not exist"):
        table.take([5])
    with pytest.raises(HauberkError):
        list(table.batches(rows=0))
    assert table.take([]).height == 0


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_that_were_exchanged_have_no_digest_even_if_the_clock_was_turned_back(kind: str, tmp_path: Path) -> None:
    path = as_file(kind, tmp_path)
    table, facts = open_table(path), path.stat()
    with path.open("r+b") as stream:  # the same inode and size
        content = stream.read()
        stream.seek(0)
        stream.write(content.replace(b"x", b"y"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(Unreadable, match="changed while it was read"):
        _ = table.digest
    with pytest.raises(Unreadable, match="changed while it was read"):
        table.take([0])
