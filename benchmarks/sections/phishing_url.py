# SPDX-License-Identifier: Apache-2.0
"""The packaged phishing detector of examples/phishing_url: the share of links that get through, by number of edits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "examples" / "phishing_url")]

from harness import peer_python, row  # noqa: E402 - lies in a folder that is no package
from story import Victim, tell  # noqa: E402 - likewise

from hauberk.stats.interval import rate_interval  # noqa: E402 - likewise

LINKS, QUERIES = 200, 300
QUICK_LINKS, QUICK_QUERIES = 40, 150


def rows(*, quick: bool, seed: int) -> list[dict[str, Any]]:
    """Attack the links, and return a row for each number of edits, with the random search as the peer."""
    victim = Victim(peer_python("fraudurl"))
    try:
        links, queries = (QUICK_LINKS, QUICK_QUERIES) if quick else (LINKS, QUERIES)
        story = tell(victim, links=links, queries=queries, seed=seed)
    finally:
        victim.close()
    n = story.caught.height
    found = [
        _share(f"phishing links no longer FRAUD, {k} edits", story.reviewed.cost <= k, story.random.cost <= k)
        for k in (1, 2, 4, 8)
    ]
    found += [_share(f"phishing links called LEGITIMATE, {k} edits", story.cleared.cost <= k) for k in (4, 8)]
    within = np.isfinite(story.exact)
    same = story.reviewed.cost[within] == story.exact[within]
    found.append(_share("fewest edits found, of links with one within 2", same, target=">= 0.99"))
    found.append(_share("evading links that are valid", story.reviewed.evaded[story.reviewed.evaded], target=">= 1"))
    found.append({**row("phishing: seconds a link, victim included", "s", [story.seconds / n]), "n": n})
    found.append({**row("phishing: links scored a link", "links", [story.asked / n]), "n": n})
    return found


def _share(name: str, hits: Any, random: Any = None, target: str = "") -> dict[str, Any]:
    low, high = rate_interval(int(hits.sum()), int(hits.size))
    peers = {"peer": round(float(random.mean()), 3), "peer_name": "random search"} if random is not None else {}
    each = {**row(name, "share", [float(hits.mean())], target=target), **peers}
    if peers:
        each["ratio"] = round(peers["peer"] / each["ours"], 2) if each["ours"] else None
    return {**each, "n": int(hits.size), "low": round(low, 3), "high": round(high, 3)}
