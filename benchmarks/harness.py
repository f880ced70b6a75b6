# SPDX-License-Identifier: Apache-2.0
"""What every benchmark needs: peers in environments of their own, child processes that are measured, one line of JSON."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".benchmarks" / "peers"


@dataclass(frozen=True)
class Measured:
    """What a child process cost and what it answered (the last line of its output, as JSON)."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    answer: Any


def peer_python(name: str) -> Path:
    """The interpreter of a peer's environment, made on first use; its version is asserted."""
    peer = tomllib.loads((ROOT / "benchmarks" / "peers.toml").read_text())[name]
    folder = PEERS / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"making the environment of {name} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *peer["packages"]], check=True)
        (folder / "complete").touch()
    code = f"import importlib.metadata as m; print(m.version({peer['packages'][0].split('==')[0].split('[')[0]!r}))"
    found = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    if found != peer["version"]:
        raise SystemExit(f"{name}: version {found} is installed, {peer['version']} is wanted; delete {folder}")
    return python


def run_child(command: Sequence[str | Path], threads: int = 2, timeout_s: float = 600.0) -> Measured:
    """Run a child process and measure its CPU seconds (user and system), wall seconds and peak memory."""
    environment = os.environ | {name: str(threads) for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS")}
    environment["PYTHONPATH"] = str(ROOT / "src")
    begin = time.perf_counter()
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begin
    if child.returncode != 0 or wall > timeout_s:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {child.returncode} after {wall:.0f} s")
    return Measured(
        usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024.0, json.loads(output.strip().splitlines()[-1])
    )


def row(
    name: str,
    unit: str,
    ours: Sequence[float],
    peer: Sequence[float] = (),
    peer_name: str = "",
    target: str = "",
) -> dict[str, Any]:
    """One figure: the median of our runs with their extremes, beside the median of a peer's."""
    middle = statistics.median(ours)
    other = statistics.median(peer) if peer else None
    return {
        "name": name,
        "unit": unit,
        "ours": round(middle, 3),
        "peer": None if other is None else round(other, 3),
        "peer_name": peer_name,
        "ratio": None if other is None or middle == 0.0 else round(other / middle, 2),
        "n": len(ours),
        "low": round(min(ours), 3),
        "high": round(max(ours), 3),
        "target": target,
    }


def finish(benchmark: str, seed: int, rows: list[dict[str, Any]], *, full: bool, facts: dict[str, Any]) -> None:
    """Print a table to stderr and one line of JSON to stdout; keep the results of a full run."""
    for each in rows:
        times = "" if each["ratio"] is None else f" ({each['ratio']:g} times ours)"
        peer = "" if each["peer"] is None else f"   {each['peer_name']} {each['peer']:g}{times}"
        target = f"   target {each['target']}" if each["target"] else ""
        print(f"{each['name']:<52} {each['ours']:>10g} {each['unit']}{peer}{target}", file=sys.stderr)
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    body = {"benchmark": benchmark, "commit": commit, "seed": seed, "rows": rows}
    if full:
        path = ROOT / "benchmarks" / "results" / f"{benchmark}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(body | {"facts": facts}, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(body, ensure_ascii=False))
