# SPDX-License-Identifier: Apache-2.0
"""An invented table of traffic summaries: one host and hour a row, many linked columns for each port and direction.

Every unit (port and direction) has a count of flows, packets, and bytes as smallest, mean, largest and sum, tied by
orderings, ratios and implications; sums over units equal totals, and the same totals are split by protocol.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from hauberk.domain import Actor, Column, Cost, Direction, Domain, Group, Kind, Rule

PARTS = ("flows", "packets", "least", "mean", "most", "bytes")
PROTOCOLS = ("tcp", "udp", "icmp", "other")
_TOP = 1_000_000


def unit_names(ports: int) -> list[str]:
    """Names of the units: each port, sent and received."""
    return [f"p{port}{way}" for port in range(ports) for way in "sr"]


def flow_domain(ports: int = 32, *, upward: bool = True) -> Domain:
    """The domain: 12 columns and 18 rules a port, and 13 columns and about 10 rules beside them.

    Args:
        ports: how many.
        upward: counts and sums can only grow (an attacker adds traffic, and cannot unsend); otherwise both directions.
    """
    units = unit_names(ports)
    columns = [_part(unit, part, upward=upward) for unit in units for part in PARTS]
    grow = Direction.UP if upward else Direction.BOTH
    columns += [
        Column(
            name=f"{total}_{way}", kind=Kind.INTEGER, low=0, high=_TOP * 40, changed_by=Actor.INSIDER, direction=grow
        )
        for way in "sr"
        for total in ("flows", "bytes")
    ]
    columns += [
        Column(name=f"{name}_flows", kind=Kind.INTEGER, low=0, high=_TOP * 40, changed_by=Actor.INSIDER, direction=grow)
        for name in PROTOCOLS
    ]
    columns += [
        Column(name="share_sent", kind=Kind.NUMERIC, low=0, high=1, derived="bytes_s / (bytes_s + bytes_r)", nullable=True),
        Column(name="hour", kind=Kind.CATEGORY, choices=tuple(range(24))),
        *(
            Column(name=f"kind_{name}", kind=Kind.ONE_HOT, changed_by=Actor.INSIDER, cost=Cost(fixed=1.0))
            for name in ("office", "server", "phone")
        ),
    ]  # fmt: skip
    groups = (Group(name="kind", columns=("kind_office", "kind_server", "kind_phone")),)
    return Domain(
        name="flows", confirmed=True, currency="EUR", columns=tuple(columns), groups=groups, rules=tuple(_rules(units))
    )


def _part(unit: str, part: str, *, upward: bool) -> Column:
    free = part in {"least", "mean"} or not upward
    return Column(
        name=f"{part}_{unit}",
        kind=Kind.NUMERIC if part == "mean" else Kind.INTEGER,
        low=0,
        high=_TOP,
        changed_by=Actor.INSIDER,
        direction=Direction.BOTH if free else Direction.UP,
        cost=Cost(per_unit=0.001),
    )


def _rules(units: list[str]) -> list[Rule]:
    said: dict[str, str] = {}
    for u in units:
        said |= {
            f"least_mean_{u}": f"least_{u} <= mean_{u}",
            f"mean_most_{u}": f"mean_{u} <= most_{u}",
            f"most_bytes_{u}": f"most_{u} <= bytes_{u}",
            f"packets_{u}": f"packets_{u} >= flows_{u}",
            f"size_{u}": f"bytes_{u} / packets_{u} <= 1500",
            f"floor_{u}": f"bytes_{u} >= packets_{u} * 28",
            f"idle_{u}": f"implies(flows_{u} = 0, bytes_{u} = 0 AND packets_{u} = 0)",
            f"busy_{u}": f"implies(flows_{u} > 0, least_{u} > 0)",
            f"span_{u}": f"abs(mean_{u} * flows_{u} - bytes_{u}) <= flows_{u}",
        }
    for way in "sr":
        mine = [u for u in units if u.endswith(way)]
        for total in ("flows", "bytes"):
            said[f"sum_{total}_{way}"] = f"{' + '.join(f'{total}_{u}' for u in mine)} = {total}_{way}"
    said["protocols"] = f"{' + '.join(f'{name}_flows' for name in PROTOCOLS)} = flows_s + flows_r"
    said["server"] = "implies(kind_server = 1, flows_r >= 1)"
    said["phone"] = "implies(kind_phone = 1, flows_s >= 1)"
    said["icmp"] = "icmp_flows <= greatest(tcp_flows, udp_flows) + 5"
    return [Rule(name=name, says=says) for name, says in said.items()]


def flow_rows(n: int, ports: int = 32, seed: int = 0) -> pl.DataFrame:
    """Valid rows; about half of the units of each row are idle, and a third of the others saw one flow."""
    rng = np.random.default_rng(seed)
    rows: dict[str, np.ndarray] = {}
    totals = {f"{total}_{way}": np.zeros(n, dtype=np.int64) for way in "sr" for total in ("flows", "bytes")}
    for unit in unit_names(ports):
        rows |= _unit_rows(rng, unit, n)
        for total in ("flows", "bytes"):
            totals[f"{total}_{unit[-1]}"] += rows[f"{total}_{unit}"]
    rows |= totals
    flows = totals["flows_s"] + totals["flows_r"]
    icmp, other = flows // 10, flows // 20
    rows |= {
        "tcp_flows": flows - icmp - other - flows // 4,
        "udp_flows": flows // 4,
        "icmp_flows": icmp,
        "other_flows": other,
    }
    kind = rng.integers(0, 3, n)
    kind = np.where((kind == 1) & (totals["flows_r"] == 0) | (kind == 2) & (totals["flows_s"] == 0), 0, kind)
    both = totals["bytes_s"] + totals["bytes_r"]
    frame = pl.DataFrame(rows).with_columns(
        share_sent=pl.Series(np.where(both > 0, totals["bytes_s"] / np.maximum(both, 1), np.nan)).fill_nan(None),
        hour=pl.Series(rng.integers(0, 24, n)),
        **{f"kind_{name}": pl.Series((kind == at).astype(np.int8)) for at, name in enumerate(("office", "server", "phone"))},
    )  # fmt: skip
    return frame.select(flow_domain(ports).names)


def _unit_rows(rng: np.random.Generator, unit: str, n: int) -> dict[str, np.ndarray]:
    busy = rng.random(n) < 0.5
    flows = np.where(busy, np.where(rng.random(n) < 0.33, 1, rng.integers(2, 30, n)), 0)
    size = rng.integers(60, 900, n)
    total = flows * size
    spread = np.where(flows > 1, rng.integers(0, 50, n), 0)
    least = np.where(busy, size - spread, 0)
    most = np.where(busy, np.minimum(size + spread, total), 0)
    packets = np.where(busy, np.maximum(flows, np.minimum(total // 28, -(-total // 700))), 0)
    return {
        f"flows_{unit}": flows,
        f"packets_{unit}": packets,
        f"least_{unit}": least,
        f"mean_{unit}": np.where(busy, size, 0).astype(np.float64),
        f"most_{unit}": most,
        f"bytes_{unit}": total,
    }
