from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.aggregation import Rule, WorkMargins, aggregate
from tagger.arrays import NDArray

SHARES = np.array([0.0, 0.25, 0.5, 1.0])
SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=8)
TOPS = st.integers(1, 4)
SEEDS = st.integers(0, 2**32 - 1)


def some_margins(sizes: list[int], seed: int, kinds: int = 2**20) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Margins of that many passages a work, of so many kinds that few or many are equal, and the rows of each work."""
    rows = np.cumsum([0, *sizes])
    margins = np.random.default_rng(seed).integers(-kinds, kinds, (rows[-1], len(SHARES))) / np.float32(1000)
    return margins.astype(np.float32), rows


def alone(margins: NDArray[np.float32], rows: NDArray[np.int64], rule: Rule, most: int) -> WorkMargins:
    """Each work pooled by itself, put together again."""
    parts = [aggregate(margins[a:b], np.array([0, b - a]), rule, most) for a, b in pairwise(rows.tolist())]
    leading = [
        np.where(part.leading < 0, -1, part.leading + start)
        for part, start in zip(parts, rows[:-1].tolist(), strict=True)
    ]
    return WorkMargins(np.concatenate([part.margins for part in parts]), np.concatenate(leading))


@given(SIZES, TOPS, SEEDS)
def test_a_work_has_the_mean_of_its_greatest_passages(sizes: list[int], top: int, seed: int) -> None:
    margins, rows = some_margins(sizes, seed)
    found = aggregate(margins, rows, Rule(top, SHARES)).margins
    for work, (start, end) in enumerate(pairwise(rows.tolist())):
        for label, share in enumerate(SHARES):
            ordered = sorted(margins[start:end, label].tolist(), reverse=True)
            chosen = ordered[: max(top, int(np.ceil(share * len(ordered))))]
            assert found[work, label] == pytest.approx(np.mean(chosen) if chosen else 0, abs=1e-5, rel=1e-6)


@given(SIZES, TOPS, SEEDS, st.integers(1, 5))
def test_the_works_beside_it_do_not_change_a_work_by_a_bit(sizes: list[int], top: int, seed: int, most: int) -> None:
    margins, rows = some_margins(sizes, seed)
    rule = Rule(top, SHARES)
    together, apart = aggregate(margins, rows, rule, most), alone(margins, rows, rule, most)
    assert np.array_equal(together.margins, apart.margins)
    assert np.array_equal(together.leading, apart.leading)


@given(SIZES, TOPS, SEEDS)
def test_the_order_of_passages_within_a_work_does_not_change_it_by_a_bit(sizes, top: int, seed: int) -> None:
    margins, rows = some_margins(sizes, seed)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(np.arange(a, b)) for a, b in pairwise(rows.tolist())])
    rule = Rule(top, SHARES)
    assert np.array_equal(aggregate(margins, rows, rule).margins, aggregate(margins[order], rows, rule).margins)


@given(SIZES, SEEDS, st.sampled_from([3, 2**20]), st.integers(1, 12))
def test_leading_passages_come_loudest_first_and_of_equals_the_earlier(sizes, seed: int, kinds: int, most: int) -> None:
    margins, rows = some_margins(sizes, seed, kinds)
    leading = aggregate(margins, rows, Rule(1, SHARES), most).leading
    assert leading.shape == (len(sizes), most, len(SHARES))
    for work, (start, end) in enumerate(pairwise(rows.tolist())):
        for label in range(len(SHARES)):
            wanted = sorted(range(start, end), key=lambda row: -margins[row, label])[:most]
            assert leading[work, :, label].tolist() == wanted + [-1] * (most - len(wanted))


@given(SIZES, st.integers(1, 4), st.integers(0, 99))
def test_margins_are_the_same_where_nobody_asks_which_passages_led(sizes: list[int], top: int, seed: int) -> None:
    rows = np.cumsum([0, *sizes])
    margins = np.random.default_rng(seed).normal(size=(rows[-1], 3)).astype(np.float32)
    rule = Rule(top, np.array([0.0, 0.4, 1.0]))
    alone, beside = aggregate(margins, rows, rule, most=0), aggregate(margins, rows, rule, most=2)
    assert alone.margins.tolist() == beside.margins.tolist()
    assert alone.leading.shape == (len(sizes), 0, 3)


@pytest.mark.parametrize("top", [1, 3])
def test_a_work_of_one_passage_has_its_margin_to_the_bit(top: int) -> None:
    margins, rows = some_margins([1] * 20, seed=5)
    assert np.array_equal(aggregate(margins, rows, Rule(top, SHARES)).margins, margins)


def test_a_work_without_passages_gets_nought_and_no_leading_passage() -> None:
    found = aggregate(*some_margins([2, 0, 1], seed=1), Rule(2, SHARES), most=2)
    assert not found.margins[1].any()
    assert (found.leading[1] == -1).all()
    assert found.margins[[0, 2]].all()


def test_no_works_are_no_margins() -> None:
    found = aggregate(*some_margins([], seed=1), Rule(1, SHARES), most=2)
    assert found.margins.shape == (0, len(SHARES))
    assert found.leading.shape == (0, 2, len(SHARES))
