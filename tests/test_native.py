"""The compiled kernel and NumPy give the same numbers to the bit."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger import native
from tagger.aggregation import Rule, aggregate
from tagger.bundles import Bundle
from tagger.features import featurize, read_words
from tagger.native import SWITCH, Kernel, kernel
from tagger.reading import count
from tagger.scoring import in_steps, loudest, score
from tagger.structure import observe

# Words the little bundle knows and does not, and every class of character: quotes, apostrophes, signs, breaks, accents.
PIECES = [
    *("she", "He", "knife", "blood", "said", "WAS", "don't", "f*ck", "cuddle", "house", "xyzzy", "42nd", "été"),
    *(" ", " ", " ", "\n", "\n\n", "\r\n", "\t", "'", "’", '"', "“", "”", "*", "-", "…", "{", "<", "_"),
    *("Ωmega", "e\u0301", "🙂", "漢字", "\ud83d", "\uffff"),
]
MARGINS = st.sampled_from([-1.5, 0.0, 0.1, 0.7, 2.0]) | st.floats(-9, 9, width=32)
PASSAGES = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=60).map("".join), max_size=6)


@pytest.fixture(scope="module")
def compiled() -> Kernel:
    found = kernel()
    if found is None:
        pytest.skip("tagger-kernel is not installed: `pip install ./kernel` (needs a C compiler)")
    return found


@pytest.fixture
def switched_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(SWITCH, "off")
    kernel.cache_clear()
    yield
    kernel.cache_clear()


@given(PASSAGES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_count_the_same(compiled: Kernel, bundle: Bundle, passages: list[str]) -> None:
    words = read_words(passages)
    counts, observed = compiled.count(passages, bundle.vocabulary)
    for ours, theirs in zip((*counts, *observed), (*featurize(words, bundle.vocabulary), *observe(words)), strict=True):
        assert np.array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_both_score_the_same(compiled: Kernel, bundle: Bundle, stories, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [each.work.text for each in stories[:300]]
    counts, _ = count(texts, bundle.vocabulary)
    found = in_steps(counts, bundle.vocabulary.idf)
    margins = score(counts, found, bundle.weights)
    pairs = np.repeat(np.arange(len(texts)), 3), np.tile([0, 2, 5], len(texts))
    words = loudest(counts, found, bundle.weights, *pairs, 4)
    monkeypatch.setattr(native, "kernel", lambda: None)
    plain = in_steps(counts, bundle.vocabulary.idf)
    assert np.array_equal(plain.steps, found.steps)
    assert np.array_equal(plain.lengths, found.lengths)
    assert np.array_equal(score(counts, plain, bundle.weights), margins)
    assert loudest(counts, plain, bundle.weights, *pairs, 4) == words
    assert any(words)


@given(
    st.lists(st.lists(st.tuples(MARGINS, MARGINS), max_size=9), max_size=5),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.integers(0, 4),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_pool_the_same(
    compiled: Kernel, works: list[list[tuple[float, float]]], top: int, share: float, most: int
) -> None:
    margins = np.array([passage for work in works for passage in work], np.float32).reshape(-1, 2)
    rows, rule = np.cumsum([0, *map(len, works)]), Rule(top, np.array([0.0, share]))
    ours = compiled.pool(np.asfortranarray(margins), rows, top, rule.share, most)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "kernel", lambda: None)
        theirs = aggregate(margins, rows, rule, most)
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype


def test_it_can_be_switched_off(switched_off: None) -> None:
    assert kernel() is None


def test_a_kernel_of_another_version_is_left_alone(compiled: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "VERSION", native.VERSION + 1)
    kernel.cache_clear()
    assert kernel() is None
    monkeypatch.undo()
    kernel.cache_clear()


def test_what_has_gaps_is_refused(compiled: Kernel, bundle: Bundle) -> None:
    counts, _ = count(["She had a knife."], bundle.vocabulary)
    found = in_steps(counts, bundle.vocabulary.idf)
    assert compiled.loudest(counts, found.steps, bundle.weights.matrix, *np.zeros((2, 3), np.int64), 0).shape == (3, 0)
    with pytest.raises(ValueError, match="without gaps"):
        compiled.score(counts, found.steps, bundle.weights.matrix[:, ::2])
