# SPDX-License-Identifier: Apache-2.0
"""One pass for all scans: their expressions fused into one `select` a block, the results merged in row order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import polars as pl

from hauberk.core.errors import Incomplete, NothingToExamine
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.table.merge import add
from hauberk.table.scan import SAMPLE, Hits, Scan, State
from hauberk.table.source import PANIC, Thunk, first_line
from hauberk.table.table import BLOCK_ROWS, Table

Result = list[Measurement | Finding] | Exception
Partial = dict[str, State | Exception]

T = TypeVar("T")

_MAP = "\x00map"


def run_scans(
    table: Table,
    scans: Mapping[str, Scan],
    *,
    workers: int = 1,
    spend: Callable[[str, int], None] | None = None,
    rows: int = BLOCK_ROWS,
) -> dict[str, Result]:
    """Run all scans in one pass over a table.

    Args:
        table: what is scanned.
        scans: key, such as a check's id, to scan.
        workers: blocks that are read and mapped at the same time; it changes no result.
        spend: told `("rows", n)` before each block; what it raises ends the pass.
        rows: rows of a block; tests vary it, nothing else does.

    Returns:
        For each key what `finish` gave, or the exception that ended this scan alone. On a table without rows that is
        `NothingToExamine` for every scan.

    Raises:
        Unreadable: the table cannot be read to its end; no scan has a result then.
    """
    if not table.height:
        return {key: NothingToExamine("the table has no rows", where=table.name) for key in scans}
    job = _Job(table, dict(scans))
    merged: Partial = {}
    for partial in _partials(job, workers, rows, spend):
        for key, state in partial.items():
            merged[key] = _join(scans[key], merged[key], state) if key in merged else state
            job.note(key, merged[key])
    return {key: _finish(scan, merged[key]) for key, scan in scans.items()}


@dataclass(slots=True)
class _Job:
    """What the workers share: the scans, which of them are out already, and which samples of rows are full.

    Blocks are merged in row order, so that no later row can enter a full sample: looking for one would change nothing.
    """

    table: Table
    scans: dict[str, Scan]
    failed: set[str] = field(default_factory=set[str])
    full: set[str] = field(default_factory=set[str])

    def note(self, key: str, state: State | Exception) -> None:
        """Learn from what the blocks so far have given for a scan."""
        if isinstance(state, Exception):
            self.failed.add(key)
        else:
            rows = self.scans[key].rows
            self.full.update(f"{key}\x00{name}" for name in rows if len(state[name].first) == SAMPLE)

    def columns(self) -> list[str] | None:
        """The columns that the scans read; None for all of them."""
        wanted: set[str] = set()
        for scan in self.scans.values():
            needed = _needs(scan, self.table.columns)
            if needed is None:
                return None
            wanted |= needed
        kept = [name for name in self.table.columns if name in wanted]
        return kept or list(self.table.columns[:1])

    def partial(self, start: int, read: Thunk) -> Partial:
        """Read a block and map it for every scan."""
        block = read()
        live = {key: scan for key, scan in self.scans.items() if key not in self.failed}
        try:
            return _select(block, start, live, self.full)
        except (pl.exceptions.PolarsError, PANIC):
            return {key: _alone(block, start, {key: scan}, self.full) for key, scan in live.items()}


def _needs(scan: Scan, columns: tuple[str, ...]) -> set[str] | None:
    names: set[str] = set()
    if scan.map is not None:
        if scan.columns is None:
            return None
        names.update(scan.columns)
    for expression in (*scan.aggregations.values(), *scan.rows.values()):
        if expression.meta.has_multiple_outputs() or not set(expression.meta.root_names()) <= set(columns):
            return None
        names.update(expression.meta.root_names())
    return names


def _partials(job: _Job, workers: int, rows: int, spend: Callable[[str, int], None] | None) -> Iterator[Partial]:
    """Yield each block's states in row order, with at most `workers` blocks in memory."""
    blocks = job.table.blocks(job.columns(), rows)
    if workers <= 1:
        for start, read in blocks:
            _spend(spend, job.table.height, start, rows)
            yield job.partial(start, read)
        return
    pending: deque[Future[Partial]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for start, read in blocks:
            _spend(spend, job.table.height, start, rows)
            pending.append(pool.submit(job.partial, start, read))
            if len(pending) >= workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _spend(spend: Callable[[str, int], None] | None, height: int, start: int, rows: int) -> None:
    if spend is not None:
        spend("rows", min(rows, height - start))


def _select(block: pl.DataFrame, start: int, scans: Mapping[str, Scan], full: Collection[str]) -> Partial:
    """Evaluate the expressions of all scans at once, and then each scan's own `map`."""
    values = _values(block, scans)
    states: Partial = {}
    for key, scan in scans.items():
        state: State = {name: values[f"{key}\x00{name}"] for name in scan.aggregations}
        for name, expression in scan.rows.items():
            count = int(values[f"{key}\x00{name}"] or 0)
            wanted = count and f"{key}\x00{name}" not in full
            state[name] = _hits(block, start, expression, count) if wanted else Hits(count)
        states[key] = _mapped(block, start, scan, state)
    return states


def _values(block: pl.DataFrame, scans: Mapping[str, Scan]) -> dict[str, Any]:
    fused: dict[str, pl.Expr] = {}
    for key, scan in scans.items():
        fused |= {f"{key}\x00{name}": expression for name, expression in scan.aggregations.items()}
        fused |= {f"{key}\x00{name}": expression.sum() for name, expression in scan.rows.items()}
    facts = block.select(**fused) if fused else pl.DataFrame()
    if fused and facts.height != 1:
        raise pl.exceptions.ShapeError(f"aggregations gave {facts.height} rows instead of one")
    return {name: facts[name].item() for name in facts.columns}


def _hits(block: pl.DataFrame, start: int, expression: pl.Expr, count: int) -> Hits:
    """Look for the rows themselves: a second evaluation, for blocks that hold any of the first ten."""
    places = block.select(place=expression.arg_true().head(SAMPLE))["place"].to_list()
    columns = tuple(name for name in dict.fromkeys(expression.meta.root_names()) if name in block.columns)
    values = block.select(columns)[places].rows() if columns else [()] * len(places)
    first = tuple((start + place, row) for place, row in zip(places, values, strict=True))
    return Hits(count, first, columns)


def _mapped(block: pl.DataFrame, start: int, scan: Scan, state: State) -> State | Exception:
    own = scan.map
    return state if own is None else _guarded(lambda: {**state, _MAP: own(block, start)})


def _guarded(step: Callable[[], T]) -> T | Exception:
    try:
        return step()
    except Exception as error:  # broad: a check's own code; its error is its outcome and must not end the others
        return error


def _alone(block: pl.DataFrame, start: int, one: Mapping[str, Scan], full: Collection[str]) -> State | Exception:
    """Give a scan its own select, so that an error is charged to the scan that caused it."""
    (key,) = one
    try:
        return _select(block, start, one, full)[key]
    except (pl.exceptions.PolarsError, PANIC) as error:
        return Incomplete("an expression of this check cannot be evaluated", where=key, why=first_line(str(error)))


def _join(scan: Scan, first: State | Exception, second: State | Exception) -> State | Exception:
    if isinstance(first, Exception):
        return first
    if isinstance(second, Exception):
        return second
    return _guarded(lambda: _joined(scan, first, second))


def _joined(scan: Scan, first: State, second: State) -> State:
    joined = {name: scan.merges.get(name, add)(first[name], second[name]) for name in first if name != _MAP}
    if scan.map is not None and scan.merge_map is not None:
        joined[_MAP] = scan.merge_map(first[_MAP], second[_MAP])
    return joined


def _finish(scan: Scan, state: State | Exception) -> Result:
    if isinstance(state, Exception):
        return state
    whole = state
    if scan.map is not None:
        whole = {**{name: value for name, value in state.items() if name != _MAP}, **state[_MAP]}
    return _guarded(lambda: list(scan.finish(whole)))
