# SPDX-License-Identifier: Apache-2.0
"""Three credit models before and after hardening: what gets through at the median price of an evasion.

Each is LightGBM on an ordinary table, and acts on a fixed share of applicants. Hardening sees the training rows alone; the
rates are those of fresh attacks (scores, labels, random search and the trees themselves, joined) on caught events of the
holdout, on the model as shipped, for the purse that half of the evasions found of the shipped model cost at most.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from parts.r_tables import MODELDATA, columns

from hauberk.app.demo.train import LABEL, features_of, split, train
from hauberk.domain import load_domain, validate
from hauberk.harden import Case, Hardened, Hardening, effort_of, harden, strategies_of
from hauberk.model import open_model

HERE = Path(__file__).resolve().parents[1]
DEMO = HERE.parent / "src" / "hauberk" / "app" / "demo"
HOLDOUT = 0.3
SPLITS = 3


def credit() -> tuple[pl.DataFrame, Path]:
    """The demo's credit card clients, 30,000 rows."""
    return pl.read_parquet(DEMO / "credit.parquet"), DEMO / "domain.toml"


def instalments() -> tuple[pl.DataFrame, Path]:
    """Instalment loans of a Spanish lender, 4,454 rows, as numbers."""
    table = columns(MODELDATA, "credit_data")
    plain = {"seniority": "Seniority", "term": "Time", "age": "Age", "expenses": "Expenses", "income": "Income",
             "assets": "Assets", "debt": "Debt", "amount": "Amount", "price": "Price"}  # fmt: skip
    frame = pl.DataFrame(
        {name: table[title] for name, title in plain.items()}
        | {
            "owner": table["Home"] == "owner",
            "married": table["Marital"] == "married",
            "records": table["Records"] == "yes",
            "fixed_job": table["Job"] == "fixed",
            "freelance": table["Job"] == "freelance",
            LABEL: table["Status"] == "bad",
        }
    )
    return frame.fill_nan(None).cast(pl.Int64), HERE / "domains" / "instalments.toml"


def marketplace() -> tuple[pl.DataFrame, Path]:
    """Loans of a lending marketplace, 9,857 rows; its own grade and rate, which say how it judged, are left out."""
    table = columns(MODELDATA, "lending_club")
    domain = HERE / "domains" / "marketplace.toml"
    years = {"emp_lt_1": 0, "emp_ge_10": 10, "emp_unk": None, **{f"emp_{year}": year for year in range(1, 10)}}
    made = {
        "long_term": table["term"] == "term_60",
        "verified": table["verification_status"] != "Not_Verified",
        "employed_years": [years[name] for name in table["emp_length"].tolist()],
        LABEL: table["Class"] == "bad",
    }
    frame = pl.DataFrame({name: made.get(name, table.get(name)) for name in [*names_of(domain), LABEL]})
    whole = [name for name in frame.columns if kind_of(domain, name) != "numeric"]
    return frame.with_columns(pl.col(whole).cast(pl.Int64)), domain


def names_of(domain: Path) -> list[str]:
    """The columns that a domain declares."""
    return [column.name for column in load_domain(domain).columns]


def kind_of(domain: Path, name: str) -> str:
    """The kind of a column; the label is a whole number."""
    return "integer" if name == LABEL else load_domain(domain).column(name).kind.value


TABLES: dict[str, Callable[[], tuple[pl.DataFrame, Path]]] = {
    "credit cards": credit,
    "instalments": instalments,
    "marketplace": marketplace,
}


def case(name: str, folder: Path, seed: int) -> tuple[Case, float]:
    """A model trained as the demo's is, and its area under the ROC curve on the holdout."""
    frame, path = TABLES[name]()
    domain = load_domain(path)
    fit, holdout = split(frame, share=HOLDOUT, seed=seed)
    fit.write_parquet(folder / "train.parquet")
    holdout.write_parquet(folder / "holdout.parquet")
    trained = train(folder / "train.parquet", folder / "holdout.parquet", seed=seed)
    (folder / "model.txt").write_text(trained.text)
    model = open_model(folder / "model.txt", threads=1, name=name)
    assert model.features == tuple(features_of(frame))
    valid = validate(domain, frame).valid.mean()
    if valid < 0.95:
        raise SystemExit(f"{name}: the domain holds for {valid:.1%} of the rows")
    made = Case(
        model=model, content=(folder / "model.txt").read_bytes(), threshold=trained.threshold, domain=domain, label=LABEL,
        train=fit, holdout=holdout, features=model.features,
    )  # fmt: skip
    return made, trained.auc


def rows(*, quick: bool, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of this part, and its facts: all strategies on one split of the rows, robust splitting on further ones."""
    lines: list[dict[str, Any]] = []
    facts: dict[str, Any] = {}
    for name in ["instalments"] if quick else TABLES:
        facts[name] = {}
        found, facts[name]["all strategies"] = hardened(name, seed, ())
        lines += lines_of(name, found)
        ratios, lost = [], []
        for other in range(seed, seed + (1 if quick else SPLITS)):
            found, facts[name][f"robust splitting, split {other}"] = hardened(name, other, ("robust",))
            if found.hardened is not None:
                before, after = (each.through(found.purse) for each in (found.hardened.before, found.hardened.after))
                assert before is not None
                assert after is not None
                ratios.append(after.value / before.value)
                lost.append(found.hardened.lost[0])
            else:
                ratios.append(1.0)
                lost.append(0.0)
        lines.append(spread(f"{name}: robust splitting alone, part of what it was", "share", ratios, "<= 0.5"))
        lines.append(spread(f"{name}: robust splitting alone, area given up", "AUC", lost, "<= 0.01"))
    return lines, facts


def hardened(name: str, seed: int, strategies: tuple[str, ...]) -> tuple[Hardening, dict[str, Any]]:
    """Harden one model on one split of the rows."""
    with tempfile.TemporaryDirectory() as temporary:
        made, area = case(name, Path(temporary), seed)
        begin = time.process_time()
        found = harden(
            made, strategies_of(strategies), folder=Path(temporary), effort=effort_of("quick"), seed=seed
        )  # fmt: skip
        return found, facts_of(found, area, time.process_time() - begin)


def spread(name: str, unit: str, values: list[float], target: str) -> dict[str, Any]:
    """A row of the table: the median over the splits and its extremes; a split without a fix counts as 1, nothing lost."""
    return line(name, unit, (np.median(values), min(values), max(values)), None, "", len(values), target)


def lines_of(name: str, found: Hardening) -> list[dict[str, Any]]:
    """Evasion rate after beside before, and the area given up; nothing was halved where nothing was chosen."""
    done = found.hardened
    if done is None:
        return [line(f"{name}: no strategy was good enough", "rate", (1.0, None, None), None, "", 0, "<= 0.5")]
    before, after = done.before.through(found.purse), done.after.through(found.purse)
    assert before is not None
    assert after is not None
    shipped = f"before, {done.candidate.strategy}"
    return [
        line(f"{name}: evaded at a purse of {found.purse:,.0f}", "rate", (after.value, after.low, after.high),
             before.value, shipped, after.n),
        line(f"{name}: evasion rate, part of what it was", "share", (after.value / before.value, None, None), None, "",
             after.n, "<= 0.5"),
        line(f"{name}: area under the curve given up", "AUC", done.lost, None, "",
             int(done.before.scores.size), "<= 0.01"),
    ]  # fmt: skip


def line(
    name: str, unit: str, ours: tuple[Any, Any, Any], peer: Any, peer_name: str, n: int, target: str = ""
) -> dict[str, Any]:
    """A row of the table."""
    value, low, high = (None if each is None else round(float(each), 4) for each in ours)
    ratio = round(float(peer) / value, 2) if peer is not None and value else None
    return {"name": name, "unit": unit, "ours": value, "peer": None if peer is None else round(float(peer), 4),
            "peer_name": peer_name, "ratio": ratio, "n": n, "low": low, "high": high, "target": target}  # fmt: skip


def facts_of(found: Hardening, area: float, seconds: float) -> dict[str, Any]:
    """What was tried and what came of it on the rows to choose on."""
    tried = {
        each.name: each.reason or {"evaded": round(each.rate(found.purse), 4), "area lost": round(each.lost, 4)}
        for each in (found.control, *found.tried)
    }
    return {"area of the shipped model": round(area, 4), "purse": found.purse, "of the purse": found.purse_source,
            "rows": found.rows, "tried, on the rows to choose on": tried, "CPU seconds": round(seconds, 1),
            "verdict": verdict_of(found.hardened)}  # fmt: skip


def verdict_of(done: Hardened | None) -> dict[str, Any]:
    """The chosen one's report."""
    if done is None:
        return {"chosen": None}
    purses = np.unique(np.round(done.before.cost[np.isfinite(done.before.cost)], 2))
    curve = [float(np.quantile(purses, q)) for q in (0.25, 0.5, 0.75, 1.0)] if purses.size else []
    both = {"before": done.before, "after": done.after}
    return {
        "chosen": done.candidate.strategy, "done": list(done.candidate.done), "good": done.good, "sentence": done.verdict,
        "evaded by purse": {
            f"{purse:g}": {key: rate.value for key, each in both.items() if (rate := each.through(purse)) is not None}
            for purse in curve
        },
        "recall": {key: each.recall.value for key, each in both.items()},
    }  # fmt: skip
