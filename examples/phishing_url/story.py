# SPDX-License-Identifier: Apache-2.0
"""A packaged phishing detector of somebody else, attacked with links that would still work.

    python examples/phishing_url/story.py --victim PYTHON [--links N] [--queries N] [--seed N]

PYTHON is the interpreter of an environment in which `pip install --no-deps fraudurl==1.0.1` has been run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import numpy as np
import polars as pl
from links import FEATURES, complaints, make_links, write_link
from numpy.typing import NDArray

from hauberk.assess import Budget
from hauberk.attack.evasion import Method, Problem, Result, attack
from hauberk.domain import Space, load_domain, validate
from hauberk.model import ModelView, open_model
from hauberk.stats.interval import rate_interval
from hauberk.testing import assert_robust

HERE = Path(__file__).parent
VERSION = "1.0.1"
MODEL = "sha256:d7b23b4804cf7575d8da5c705049d923e5b28240663039396ce632651100e1fa"
EXHAUSTIVE = 2
"""Edits up to which every possible link is tried, to see what the attack missed."""


class Victim:
    """The detector, in a process and an environment of its own; it is asked for each link once."""

    def __init__(self, python: str | Path) -> None:
        self._process = Popen([str(python), str(HERE / "victim.py")], stdin=PIPE, stdout=PIPE, text=True)
        who = json.loads(self._answer())
        if (who["version"], who["model"]) != (VERSION, MODEL):
            raise SystemExit(f"fraudurl {VERSION} with the model {MODEL} is wanted, this is {who}")
        self.fraud, self.legitimate = float(who["thresholds"]["fraud"]), float(who["thresholds"]["legit"])
        self._known: dict[str, float] = {}

    @property
    def asked(self) -> int:
        """How many different links it has scored."""
        return len(self._known)

    def scores(self, links: list[str]) -> list[float]:
        """P(phishing) of each link, computed by the package from the link alone."""
        new = sorted({link for link in links if link not in self._known})
        if new:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(new) + "\n")
            self._process.stdin.flush()
            self._known.update(zip(new, json.loads(self._answer()), strict=True))
        return [self._known[link] for link in links]

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the victim ended; is fraudurl installed beside its interpreter?")
        return line

    def close(self) -> None:
        """End its process."""
        self._process.communicate(timeout=30)


@dataclass(frozen=True)
class Story:
    """What came out: n links that the detector calls FRAUD, and for each the edits after which it no longer does.

    `reviewed` counts a link as through where it is no longer called FRAUD, `cleared` where it is called LEGITIMATE. `exact`
    is the least number of edits by trying every link within two; infinite where more are needed.
    """

    links: pl.DataFrame
    caught: pl.DataFrame
    space: Space
    model: ModelView
    reviewed: Result
    cleared: Result
    random: Result
    exact: NDArray[np.float64]
    seconds: float
    asked: int


def tell(victim: Victim, *, links: int, queries: int, seed: int) -> Story:
    """Attack the links that the detector catches, prove every evasion, and try every link within two edits."""
    begin = time.perf_counter()
    domain = load_domain(HERE / "domain.toml")
    everything = make_links(2 * links, seed)

    def score(frame: pl.DataFrame) -> list[float]:
        return victim.scores([write_link(parts) for parts in frame.iter_rows(named=True)])

    model = open_model(score, features=FEATURES, name=f"fraudurl {VERSION}")
    phishing = everything.filter(pl.col("phishing") == 1)
    caught = phishing.filter(pl.Series(model.scores(phishing) >= victim.fraud))[:links]
    space = Space(domain, FEATURES, caught)
    origin = space.encode(caught)
    rows = np.arange(caught.height)

    def run(threshold: float, method: Method) -> Result:
        problem = Problem.of(model, space, threshold, origin)
        return attack(problem, rows, Budget(), np.random.default_rng(seed), method=method, queries=queries)

    reviewed, cleared = run(victim.fraud, Method.SCORES), run(victim.legitimate, Method.SCORES)
    random = run(victim.fraud, Method.RANDOM)
    asked, seconds = victim.asked, time.perf_counter() - begin
    for result, threshold in ((reviewed, victim.fraud), (cleared, victim.legitimate), (random, victim.fraud)):
        _prove(space, caught, result, victim, threshold)
    exact = np.array([_exact(space, model, row, victim.fraud) for row in origin])
    return Story(everything, caught, space, model, reviewed, cleared, random, exact, seconds, asked)


def _prove(space: Space, caught: pl.DataFrame, result: Result, victim: Victim, threshold: float) -> None:
    """Every evading link is read back by urllib, serves its maker, is valid, and scores low on the shipped package."""
    places = np.flatnonzero(result.evaded)
    after = space.decode(result.witness[places])
    assert validate(space.domain, after).valid.all()
    assert after.select("host", "lure", "mark").equals(caught[places.tolist()].select("host", "lure", "mark"))
    links = [write_link(parts) for parts in after.iter_rows(named=True)]
    for link, parts, score in zip(links, after.iter_rows(named=True), victim.scores(links), strict=True):
        assert not complaints(link, parts), (link, complaints(link, parts))
        assert score < threshold, (link, score)


def _exact(space: Space, model: ModelView, row: NDArray[np.float64], threshold: float) -> float:
    """The least number of edits by trying everything within `EXHAUSTIVE`; infinite where that is not enough."""
    moves = [
        (j, value) for j in np.flatnonzero(space.mutable) for value in space.levels(int(j), row) if value != row[j]
    ]
    wishes = [(move,) for move in moves]
    wishes += [pair for pair in combinations(moves, 2) if pair[0][0] != pair[1][0]]
    points = np.tile(row, (len(wishes), 1))
    for place, wish in enumerate(wishes):
        for j, value in wish:
            points[place, j] = value
    price = space.price(points, row)
    near = (price <= EXHAUSTIVE) & space.valid(points) & space.reachable(points, row)
    through = model.scores(space.decode(points[near])) < threshold
    return float(price[near][through].min(initial=np.inf))


def report(story: Story, victim: Victim) -> str:
    """The story as Markdown; the same text for the same seed."""
    n = story.caught.height
    what = (
        f"{n} invented links that fraudurl {VERSION} calls FRAUD (a score of at least {victim.fraud:.3f}, which is its own "
        "threshold for 1 % false alarms), each changed step by step into a link that still leads to the same domain.\n"
    )
    lines = [
        what,
        "| edits at most | no longer FRAUD | 95 % interval | at random | called LEGITIMATE | 95 % interval |",
        "|---|---|---|---|---|---|",
    ]
    for k in (1, 2, 3, 4, 6, 8):
        through, luck, cleared = (_cells(result.cost, k, n) for result in (story.reviewed, story.random, story.cleared))
        lines.append(f"| {k} | {through} | {luck.partition(' | ')[0]} | {cleared} |")
    within = np.isfinite(story.exact)
    same = int((story.reviewed.cost[within] == story.exact[within]).sum())
    exhaustive = (
        f"\nTrying every link within {EXHAUSTIVE} edits finds {int(within.sum())} of {n} that get through; for {same} of "
        f"these the attack found one with as few edits. For the others at least {EXHAUSTIVE + 1} edits are proved to be "
        "necessary, within what `domain.toml` allows."
    )
    questions = (
        f"\nQuestions until the first link got through: {_median(story.reviewed)} in the median, at random "
        f"{_median(story.random)}; {story.reviewed.allowance} were allowed. All attacks together asked for the scores of "
        f"{story.asked:,} different links.\n"
    )
    return "\n".join((*lines, exhaustive, questions, *_examples(story)))


def _cells(cost: NDArray[np.float64], k: int, n: int) -> str:
    hits = int((cost <= k).sum())
    low, high = rate_interval(hits, n)
    return f"{hits} of {n} | {100 * low:.0f} to {100 * high:.0f} %"


def _median(result: Result) -> str:
    return f"{np.median(result.first[result.evaded]):.0f}" if result.evaded.any() else "never"


def _examples(story: Story) -> list[str]:
    """Two links before and after: the cheapest that is no longer FRAUD, and the cheapest that is called LEGITIMATE."""
    lines = []
    for title, result in (("No longer FRAUD", story.reviewed), ("Called LEGITIMATE", story.cleared)):
        if not result.evaded.any():
            continue
        place = int(np.argmin(result.cost))
        before, after = story.caught[[place]], story.space.decode(result.witness[[place]])
        links = [write_link(frame.row(0, named=True)) for frame in (before, after)]
        scores = [float(story.model.scores(frame)[0]) for frame in (before, after)]
        lines += [
            f"{title}, edits: {result.cost[place]:g}",
            "",
            "```text",
            *(f"{score:.3f}  {link}" for score, link in zip(scores, links, strict=True)),
            "```",
            "",
        ]
    return lines


def as_a_test(story: Story, victim: Victim) -> str:
    """What a test says that allows one link in ten to get through with two edits."""
    try:
        assert_robust(
            story.model,
            story.links,
            "phishing",
            story.space.domain,
            max_evasion=0.1,
            at_cost=2,
            threshold=victim.fraud,
            rows=50,
            queries=150,
        )
    except AssertionError as error:
        return f"\nAs a test that allows one link in ten to get through with two edits:\n\n```text\n{error}\n```\n"
    raise SystemExit("fewer links got through than were expected to")


def main(arguments: list[str]) -> int:
    """Tell the story on the terminal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--victim", required=True, help="interpreter beside which fraudurl is installed")
    parser.add_argument("--links", type=int, default=200)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", help="Markdown file to write; the terminal by default")
    chosen: Any = parser.parse_args(arguments)
    victim = Victim(chosen.victim)
    try:
        story = tell(victim, links=chosen.links, queries=chosen.queries, seed=chosen.seed)
        text = report(story, victim) + as_a_test(story, victim)
    finally:
        victim.close()
    if chosen.output:
        Path(chosen.output).write_text(text)
    else:
        print(text)
    print(f"{story.asked} different links scored in {story.seconds:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
