# SPDX-License-Identifier: Apache-2.0
"""How a Parquet file is cut into row groups, read from its footer: a hint where to cut reads, never evidence.

A slice that begins or ends inside a row group makes the decoder work twice. Whatever the footer claims, the rows that come
back are counted.
"""

from __future__ import annotations

from pathlib import Path

LONGEST_FOOTER = 1 << 20
"""A longer footer (bytes) is not looked at: it stands for many small groups, where the hint is worth nothing."""

_ROW_GROUPS, _NUM_ROWS = 4, 3
_BINARY, _LIST, _SET, _MAP, _STRUCT = 8, 9, 10, 11, 12
_WIDTHS = {3: 1, 7: 8}
_DEEPEST = 16


def row_groups(path: Path) -> tuple[int, ...]:
    """Rows of each row group, in order; empty where the footer cannot be read as expected.

    Args:
        path: a Parquet file.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(size - 8, 0))
            length = int.from_bytes(stream.read(4), "little")
            if not 0 < length <= min(LONGEST_FOOTER, size - 12):
                return ()
            stream.seek(size - 8 - length)
            return _Thrift(stream.read(length)).row_groups()
    except (OSError, ValueError, IndexError):
        return ()


class _Thrift:
    """The few parts of Thrift's compact protocol that lead to the number of rows of each group."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def row_groups(self) -> tuple[int, ...]:
        """Field 4 of the outermost record: for each record in that list its field 3."""
        field = 0
        while (head := self._byte()) != 0:
            field, kind = self._field(head, field)
            if field == _ROW_GROUPS and kind == _LIST:
                return tuple(self._rows() for _ in range(self._list()[0]))
            self._skip(kind, 0)
        return ()

    def _rows(self) -> int:
        field = rows = 0
        while (head := self._byte()) != 0:
            field, kind = self._field(head, field)
            if field == _NUM_ROWS:
                rows = self._signed()
            else:
                self._skip(kind, 0)
        return rows

    def _field(self, head: int, before: int) -> tuple[int, int]:
        delta = head >> 4
        return before + delta if delta else self._signed(), head & 15

    def _list(self) -> tuple[int, int]:
        head = self._byte()
        size = head >> 4
        return self._unsigned() if size == 15 else size, head & 15

    def _byte(self) -> int:
        value = self.content[self.at]
        self.at += 1
        return value

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, kind: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        if kind in _WIDTHS:
            self.at += _WIDTHS[kind]
        elif kind in {4, 5, 6}:
            self._unsigned()
        elif kind == _BINARY:
            length = self._unsigned()
            self.at += length
        elif kind in {_LIST, _SET}:
            self._skip_list(depth)
        elif kind == _STRUCT:
            while (head := self._byte()) != 0:
                self._skip(self._field(head, 0)[1], depth + 1)
        elif kind == _MAP or kind > _STRUCT:
            raise ValueError("no such type in this record")

    def _skip_list(self, depth: int) -> None:
        size, kind = self._list()
        if kind in {1, 2}:
            self.at += size
        else:
            for _ in range(size):
                self._skip(kind, depth + 1)
