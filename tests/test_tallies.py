from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.tallies import Tally, merge, prune, tally, total

KEYS = st.lists(st.integers(0, 12), max_size=40)
PARTS = st.lists(KEYS, min_size=1, max_size=6)


def counted(keys: list[int]) -> Tally:
    return tally(np.array(keys, np.uint64))


def as_dict(found: Tally) -> dict[int, int]:
    assert (np.diff(found.keys.astype(np.int64)) > 0).all()
    return dict(zip(found.keys.tolist(), found.counts[:, 0].tolist(), strict=True))


@given(PARTS)
def test_parts_put_together_count_as_one(parts: list[list[int]]) -> None:
    everything = Counter(key for part in parts for key in part)
    assert as_dict(merge(list(map(counted, parts)))) == everything
    assert as_dict(total(map(counted, parts), most=1000)) == everything


@given(PARTS, st.integers(1, 12))
def test_what_is_forgotten_is_bounded_by_what_is_told(parts: list[list[int]], most: int) -> None:
    everything = Counter(key for part in parts for key in part)
    held = prune(counted(parts[0]), most)
    for part in parts[1:]:
        held = prune(merge([held, counted(part)]), most)
    found = as_dict(held)
    assert len(found) <= most
    assert all(0 <= often - found.get(key, 0) <= held.missed for key, often in everything.items())


def test_other_counts_go_with_the_first() -> None:
    some = Tally(np.array([1, 2], np.uint64), np.array([[5, 1], [2, 2]]))
    other = Tally(np.array([2, 3], np.uint64), np.array([[1, 0], [9, 4]]))
    found = prune(merge([some, other]), 2)
    assert (found.keys.tolist(), found.counts.tolist(), found.missed) == ([1, 3], [[5, 1], [9, 4]], 3)


@pytest.mark.parametrize("kinds", [1, 3])
def test_nothing_makes_an_empty_tally(kinds: int) -> None:
    found = total([], most=5, kinds=kinds)
    assert (found.counts.shape, found.missed) == ((0, kinds), 0)
