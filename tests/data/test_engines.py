# SPDX-License-Identifier: Apache-2.0
"""The engines under the data checks, each against a plain computation."""

from __future__ import annotations

import datetime as dt
import string
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.data.drift import shift_between
from hauberk.data.duplicates import conflicts_of, copies_of, near_hashes
from hauberk.data.groups import merge_tallies, standing_apart, tally
from hauberk.data.hashes import HashPile, row_hashes
from hauberk.data.leakage import ordering, purity
from hauberk.data.memo import BlockMemo
from hauberk.data.numeric import shape_of
from hauberk.data.outlier import fence_of
from hauberk.data.personal import card, iban, luhn, matches, tax_number_de
from hauberk.data.reporter import by_share, cell
from hauberk.data.sample import HASH, Sampler
from hauberk.data.text import KINDS, odd_text
from hauberk.data.timeline import longest_gap, timeline
from hauberk.table import open_table

small = st.lists(st.integers(0, 6), min_size=1, max_size=60)


def pile(hashes: np.ndarray, cuts: int, limit: int) -> HashPile:
    whole = HashPile(limit=limit)
    at = 0
    for part in np.array_split(hashes, cuts):
        whole = whole.joined(HashPile(parts=((at, part),)))
        at += part.size
    return whole


@settings(max_examples=80, deadline=None)
@given(small, st.integers(1, 5), st.sampled_from([10**9, 8]))
def test_copies_are_those_of_a_counter(values: list[int], cuts: int, limit: int) -> None:
    """The small limit forces every pile into its file and into several parts."""
    hashes = row_hashes(pl.DataFrame({"x": values}))
    copies = copies_of(pile(hashes, cuts, limit))
    counts = Counter(values)
    assert copies.extra == len(values) - len(counts)
    assert copies.rows.tolist() == [row for row, value in enumerate(values) if counts[value] > 1]
    assert copies.first.tolist() == [values.index(values[row]) for row in copies.rows]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0, 1, None])), min_size=1, max_size=60), st.integers(1, 4)
)
def test_conflicts_are_those_of_a_plain_loop(rows: list[tuple[int, int | None]], cuts: int) -> None:
    frame = pl.DataFrame(rows, schema={"x": pl.Float64, "y": pl.Int64}, orient="row")
    whole, at = HashPile(), 0
    for part in np.array_split(np.arange(len(rows)), cuts):
        block = frame[part.tolist()]
        whole = whole.joined(HashPile(parts=((at, near_hashes(block, at, ("x",), "y")),)))
        at += block.height
    labels: dict[int, set[int]] = {}
    for value, label in rows:
        if label is not None:
            labels.setdefault(value, set()).add(label)
    expected = [at for at, (value, label) in enumerate(rows) if label is not None and len(labels[value]) == 2]
    assert sorted(conflicts_of(whole).rows.tolist()) == expected


def test_near_means_three_digits_case_and_blanks() -> None:
    frame = pl.DataFrame({"x": [100.0, 100.01, 101.0], "t": ["Car ", "car", "car"], "y": [0, 0, 0]})
    first, second, third = near_hashes(frame, 0, ("x", "t"), "y").tolist()
    assert first == second != third


def test_equal_values_hash_equally_in_every_frame() -> None:
    assert row_hashes(pl.DataFrame({"x": [0.0]}))[0] == row_hashes(pl.DataFrame({"x": [-0.0]}))[0]
    words = pl.Series("t", ["b", "a"])
    turned = pl.Series("t", ["a", "b"])
    kinds = (pl.Categorical(), pl.String())
    for kind in kinds:
        assert (
            row_hashes(words.cast(kind).to_frame()).tolist() == row_hashes(turned.cast(kind).to_frame()).tolist()[::-1]
        )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 90), st.integers(0, 2**20))
def test_the_sample_depends_on_the_rows_alone(height: int, rows: int, seed: int) -> None:
    frame = pl.DataFrame({"x": np.random.default_rng(seed).integers(0, 200, height)})
    found = []
    for content in (frame, frame.sample(fraction=1.0, shuffle=True, seed=seed)):
        table = open_table(content)
        sampler = Sampler(table, BlockMemo(), size=20)
        state = None
        for start, read in table.blocks(rows=rows):
            part = sampler.map(read(), start)
            state = part if state is None else sampler.merge(state, part)
        assert state is not None
        found.append(sampler.frame(state)["x"].to_list())
    hashes = np.sort(row_hashes(frame))[:20]
    assert found[0] == found[1]
    assert sorted(row_hashes(pl.DataFrame({"x": found[0]})).tolist()) == hashes.tolist()


def test_the_sample_is_uniform_over_different_rows() -> None:
    table = open_table(pl.DataFrame({"x": np.arange(50_000)}))
    sampler = Sampler(table, BlockMemo(), size=2000)
    frame = sampler.frame(sampler.map(table.frame(), 0))
    assert frame[HASH].is_sorted()
    assert abs(float(frame["x"].mean()) - 25_000) < 4 * 50_000 / np.sqrt(12 * 2000)


ODD = {
    "invisible": ["a\u200bb", "\ufeffx", "a\u202eb", "x\u00ad", "tab\x00", "\u2066a", "ha\u3164", "e\U000e0041"],
    "mixed": ["p\u0430ypal", "\u0410mazon", "micr\u03bfsoft", "\uff41bc", "\U0001d400bc"],
    "digits": ["\u0661\u0662", "\uff11", "no. \u0967"],
}
PLAIN = [
    "plain",
    "caf\u00e9",
    "M\u00fcller-L\u00fcdenscheidt",
    "\u041c\u043e\u0441\u043a\u0432\u0430",
    "\u6771\u4eac",
    "5 \u20ac",
    "line\nbreak",
    "a\tb",
]


@pytest.mark.parametrize("kind", KINDS)
def test_odd_text_is_found_and_ordinary_text_is_not(kind: str) -> None:
    frame = pl.DataFrame({"t": [*PLAIN, *ODD[kind], None]})
    odd = odd_text(BlockMemo(), 0, frame, 100, ("t",))[f"{kind}.t"]
    assert odd.hits.count == len(ODD[kind])
    assert odd.hits.sample == tuple(range(100 + len(PLAIN), 100 + len(PLAIN) + len(ODD[kind])))[:10]
    assert odd.seen == frame.height - 1


@settings(max_examples=100, deadline=None)
@given(st.text(string.digits, min_size=12, max_size=18))
def test_luhn_catches_every_single_digit_error(digits: str) -> None:
    check = next(str(last) for last in range(10) if luhn(digits + str(last)))
    number = digits + check
    for place in range(len(number)):
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not luhn(wrong)


@settings(max_examples=60, deadline=None)
@given(st.text(string.digits + string.ascii_uppercase, min_size=11, max_size=28), st.sampled_from(["DE", "GB", "FR"]))
def test_iban_has_one_pair_of_check_digits(account: str, country: str) -> None:
    passing = [pair for pair in range(2, 99) if iban(f"{country}{pair:02d}{account}")]
    assert len(passing) == 1


def test_known_numbers() -> None:
    assert iban("GB82WEST12345698765432")
    assert card("5500 0000 0000 0004")
    assert not card("1234567812345670")
    assert tax_number_de("86095742719")


def test_random_long_numbers_are_no_cards() -> None:
    rng = np.random.default_rng(0)
    numbers = pl.Series([f"{number:016d}" for number in rng.integers(10**15, 10**16, 5000)])
    assert [match.pattern.kind for match in matches(numbers) if match.proved >= 3 and match.convincing] == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "write to a.b@mail.example now"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("card", "4111-1111-1111-1111"),
        ("phone", "+49 30 1234567"),
        ("ipv4", "10.20.30.40"),
        ("tax_de", "86095742719"),
    ],
)
def test_each_pattern_finds_its_values(kind: str, value: str) -> None:
    found = {match.pattern.kind for match in matches(pl.Series([value] * 5 + ["nothing"])) if match.convincing}
    assert kind in found


def test_ordering_of_text_does_not_learn_names_by_heart() -> None:
    rng = np.random.default_rng(0)
    event = rng.random(4000) < 0.3
    names = pl.Series([f"n{number}" for number in range(4000)])
    assert ordering(names, event) < 0.55
    shops = pl.Series(np.where(event, "bad", "good")) + pl.Series([str(number) for number in rng.integers(0, 30, 4000)])
    assert ordering(shops, event) > 0.99


def test_purity_counts_both_kinds() -> None:
    told = purity(pl.Series(["a", "a", "b", None]), np.array([True, True, False, False]))
    assert (told.right, told.n, told.events_right, told.values) == (4, 4, 2, 3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1)), min_size=2, max_size=50), st.integers(1, 49))
def test_tallies_add_up(rows: list[tuple[str, int]], cut: int) -> None:
    group, hit = (pl.Series(list(part)) for part in zip(*rows, strict=True))
    parts = [tally(group[:cut], hit[:cut]), tally(group[cut:], hit[cut:])]
    assert merge_tallies(*parts) == merge_tallies(*parts[::-1]) == tally(group, hit)


def test_equal_groups_do_not_stand_apart() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        counts = {f"g{at}": (int(rng.binomial(200, 0.2)), 200) for at in range(20)}
        alarms += any(True for _ in standing_apart(counts, 1.01, 50))
    assert alarms <= 20
    assert [one.group for one in standing_apart({"a": (0, 500), "b": (100, 500)}, 2.0, 50)] == ["a", "b"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=60), st.integers(1, 59))
def test_timelines_join(days: list[int | None], cut: int) -> None:
    times = pl.Series(
        [None if day is None else dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in days], dtype=pl.Date
    )
    whole, first, second = timeline(times, 0), timeline(times[:cut], 0), timeline(times[cut:], cut)
    assert whole is not None
    if first is not None and second is not None and len(days) > cut:
        joined = first.followed_by(second, cut)
        assert (joined.back, joined.days, joined.absent, joined.first, joined.last) == (
            whole.back,
            whole.days,
            whole.absent,
            whole.first,
            whole.last,
        )


def test_longest_gap_and_no_times() -> None:
    assert longest_gap({1: 1, 2: 1, 10: 1, 12: 5}) == (7, 2, 1)
    assert longest_gap({1: 1}) == (0, 0, 0)
    assert timeline(pl.Series([1.5]), 0) is None


def test_a_shift_is_measured_and_no_shift_is_not() -> None:
    rng = np.random.default_rng(0)
    old, same, moved = (shape_of(pl.Series(rng.normal(mean, 1, 20_000))) for mean in (10, 10, 11))
    assert shift_between(old, same).certain < 0.02
    shift = shift_between(old, moved)
    assert 0.33 < shift.distance <= 0.40
    words = [shape_of(pl.Series(rng.choice(["a", "b"], 20_000, p=[share, 1 - share]))) for share in (0.5, 0.5, 0.8)]
    assert shift_between(words[0], words[1]).certain == 0.0
    assert shift_between(words[0], words[2]).distance == pytest.approx(0.3, abs=0.02)
    gaps = shape_of(pl.Series([None] * 5000 + [10.0] * 15_000))
    assert shift_between(shape_of(pl.Series([10.0] * 20_000)), gaps).kind == "gaps"
    empty = shape_of(pl.Series([None] * 10, dtype=pl.Float64))
    assert shift_between(empty, empty) is None


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e9, -1.0])
def test_heavy_but_ordinary_tails_lie_inside_the_fence(scale: float) -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(3, 1, 50_000) * scale
    assert not fence_of(shape_of(pl.Series(values)), 20.0).beyond
    values[7] = 1e6 * scale
    fence = fence_of(shape_of(pl.Series(values)), 20.0)
    assert fence.beyond
    assert not fence.low <= values[7] <= fence.high
    assert fence_of(shape_of(pl.Series([1.0] * 10)), 20.0) is None


def test_cells_show_what_cannot_be_seen() -> None:
    assert cell("a\u200bb") == "a\\u200bb"
    assert cell("x" * 500) == "x" * 80 + "… (500 characters)"
    assert [cell(float("inf")), cell(None), cell(True), cell(dt.date(2024, 1, 2))] == ["inf", None, True, "2024-01-02"]
    assert by_share(1, 10).value == "high"
