from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.arrays import NDArray
from tagger.features import Counts, featurize, read_words
from tagger.scoring import Packed, Weights, explain, in_steps, keyword_model, loudest, pack, score, unpack, values

FEATURES, LABELS = 12, 5
TABLES = st.lists(st.lists(st.integers(0, 3) | st.integers(0, 6000), min_size=FEATURES, max_size=FEATURES), max_size=6)
SEEDS = st.integers(0, 2**32 - 1)


def sparse(table: NDArray[np.integer]) -> Counts:
    """Counts from a full table, int[passages, features]."""
    rows, columns = np.nonzero(table)
    return Counts(
        columns.astype(np.int32),
        table[rows, columns].astype(np.int32),
        np.searchsorted(rows, np.arange(len(table) + 1)),
        known=table.sum(axis=1),
        total=table.sum(axis=1),
    )


def counts_of(table: list[list[int]]) -> tuple[NDArray[np.int64], Counts]:
    dense = np.array(table, np.int64).reshape(-1, FEATURES)
    return dense, sparse(dense)


def some_model(seed: int) -> tuple[NDArray[np.float32], Packed]:
    """An idf and weights."""
    rng = np.random.default_rng(seed)
    matrix, bias = rng.normal(size=(FEATURES, LABELS)), rng.normal(size=LABELS)
    idf = rng.uniform(0.1, 20, FEATURES).astype(np.float32)
    return idf, pack(Weights(matrix.astype(np.float32), bias.astype(np.float32)))


def dense_values(table: NDArray[np.int64], idf: NDArray[np.float32]) -> NDArray[np.float64]:
    raw = np.where(table > 0, 1 + np.log(np.clip(table, 1, 4095)), 0) * idf
    return raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-30)


# --- values and margins ---


@given(TABLES, SEEDS)
def test_values_are_damped_counts_times_idf_of_length_one(table: list[list[int]], seed: int) -> None:
    dense, counts = counts_of(table)
    idf, _ = some_model(seed)
    found = values(counts, idf)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, dense_values(dense, idf)[dense > 0], rtol=1e-4, atol=1e-5)
    lengths = np.sqrt(np.bincount(np.nonzero(dense)[0], found.astype(float) ** 2, len(dense)))
    np.testing.assert_allclose(lengths, dense.any(axis=1), atol=1e-6)


@given(TABLES, SEEDS)
def test_margins_are_those_of_a_dense_product(table: list[list[int]], seed: int) -> None:
    dense, counts = counts_of(table)
    idf, weights = some_model(seed)
    margins = score(counts, in_steps(counts, idf), weights)
    assert (margins.shape, margins.dtype) == ((len(dense), LABELS), np.float32)
    np.testing.assert_allclose(margins, dense_values(dense, idf) @ unpack(weights).matrix + weights.bias, atol=1e-4)


def test_a_passage_of_which_nothing_is_known_gets_the_bias() -> None:
    _, counts = counts_of([[0] * FEATURES, [1] * FEATURES, [0] * FEATURES])
    idf, weights = some_model(0)
    margins = score(counts, in_steps(counts, idf), weights)
    assert np.array_equal(margins[[0, 2]], [weights.bias] * 2)


def test_features_without_weight_have_the_value_nought() -> None:
    _, counts = counts_of([[1] * FEATURES])
    assert values(counts, np.zeros(FEATURES, np.float32)).tolist() == [0.0] * FEATURES


def test_the_passages_beside_it_do_not_change_a_margin_by_a_bit() -> None:
    table = np.random.default_rng(3).integers(0, 4, (30, FEATURES))
    idf, weights = some_model(3)

    def margins(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return score(sparse(rows), in_steps(sparse(rows), idf), weights)

    alone = np.concatenate([margins(row[None]) for row in table])
    assert np.array_equal(margins(table), alone)


@given(TABLES, SEEDS)
def test_sums_are_exact_so_that_their_order_makes_no_difference(table: list[list[int]], seed: int) -> None:
    _, counts = counts_of(table)
    idf, weights = some_model(seed)
    found = in_steps(counts, idf)
    exact = found.steps.astype(object)  # Python's whole numbers
    margins = score(counts, found, weights)
    for row, (start, end) in enumerate(pairwise(counts.rows.tolist())):
        columns = counts.columns[start:end]
        assert found.lengths[row] == (sqrt(sum(exact[start:end] ** 2)) or 1)
        for label in range(LABELS):
            whole = sum(exact[start:end] * weights.matrix[columns, label].astype(object))
            margin = whole / found.lengths[row] * weights.step[label] + np.float64(weights.bias[label])
            assert margins[row, label] == np.float32(margin)


@given(SEEDS)
def test_packed_weights_are_off_by_half_a_step_at_most(seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(FEATURES, LABELS)).astype(np.float32)
    matrix[:, 0] = 0
    packed = pack(Weights(matrix, np.zeros(LABELS, np.float32)))
    assert (np.abs(unpack(packed).matrix - matrix) <= packed.step * 0.51).all()


# --- what moved a margin ---


@given(TABLES, SEEDS)
def test_contributions_and_bias_add_up_to_the_margin_of_every_passage_and_label(table, seed: int) -> None:
    dense, counts = counts_of(table)
    idf, weights = some_model(seed)
    entries = in_steps(counts, idf)
    passages, labels = (each.ravel() for each in np.indices((len(dense), LABELS)))
    moved = explain(counts, entries, weights, passages, labels)
    owners = np.repeat(np.arange(len(passages)), np.diff(moved.rows))
    sums = np.bincount(owners, moved.amounts, len(passages)) + weights.bias[labels]
    np.testing.assert_allclose(sums, score(counts, entries, weights).ravel(), atol=1e-5)


def test_contributions_are_the_features_of_the_passages_asked_for_in_that_order() -> None:
    dense, counts = counts_of([[1] * FEATURES, [0] * FEATURES, [0, 2, 0, 1, *[0] * (FEATURES - 4)]])
    idf, weights = some_model(1)
    moved = explain(counts, in_steps(counts, idf), weights, np.array([2, 1, 2]), np.array([4, 0, 0]))
    assert moved.rows.tolist() == [0, 2, 2, 4]
    assert moved.columns.tolist() == [1, 3, 1, 3]
    wanted = dense_values(dense, idf)[2, [1, 3]]
    np.testing.assert_allclose(moved.amounts[:2], wanted * unpack(weights).matrix[[1, 3], 4], rtol=1e-4)
    np.testing.assert_allclose(moved.amounts[2:], wanted * unpack(weights).matrix[[1, 3], 0], rtol=1e-4)


@given(TABLES, SEEDS, st.integers(0, 10))
def test_the_loudest_are_those_that_a_sort_puts_first(table: list[list[int]], seed: int, most: int) -> None:
    dense, counts = counts_of(table)
    idf, weights = some_model(seed)
    weights.matrix[:, 1] //= 8000  # many contributions of one amount
    found = in_steps(counts, np.ones_like(idf))
    passages, labels = (each.ravel() for each in np.indices((len(dense), LABELS)))
    moved = explain(counts, found, weights, passages, labels)
    wanted = []
    for start, end in pairwise(moved.rows.tolist()):
        pairs = zip(moved.amounts[start:end].tolist(), moved.columns[start:end].tolist(), strict=True)
        ordered = sorted((pair for pair in pairs if pair[0] > 0), key=lambda each: -each[0])
        wanted.append([column for _, column in ordered[:most]])
    assert loudest(counts, found, weights, passages, labels, most) == wanted


# --- the stand-in ---

WORDS = {"violence": ["knife", "blood"], "war": ["war", "blood"], "fluff": ["cuddle"]}


def suggested(text: str) -> set[str]:
    vocabulary, weights, _ = keyword_model(WORDS)
    counts = featurize(read_words([text]), vocabulary)
    margins = score(counts, in_steps(counts, vocabulary.idf), weights)
    return {label for label, margin in zip(WORDS, margins[0], strict=True) if margin > 0}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", set()),
        ("A warm and cuddly afternoon.", set()),
        ("The KNIFE lay there.", {"violence"}),
        ("Blood on the snow.", {"violence", "war"}),
        ("Knife, blood, war: cuddle!", {"violence", "war", "fluff"}),
    ],
)
def test_keywords_suggest_a_label_when_one_of_its_words_is_there(text: str, labels: set[str]) -> None:
    assert suggested(text) == labels


def test_the_features_of_keywords_are_named_by_them() -> None:
    vocabulary, weights, names = keyword_model(WORDS)
    assert names == ("blood", "cuddle", "knife", "war")
    assert weights.matrix.shape == (len(names), len(WORDS))
    assert featurize(read_words(["war and a knife"]), vocabulary).columns.tolist() == [2, 3]
