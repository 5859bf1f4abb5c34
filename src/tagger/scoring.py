"""score(): feature counts -> one margin a passage and label; explain(): the words that moved it, exactly.

A passage's feature values are (1 + ln count) x idf, scaled to length one (Salton and Buckley, "Term-weighting
approaches in automatic text retrieval", 1988). Its margin for a label is their weighted sum plus the label's bias:
the log-odds before calibration, 0 where a passage speaks neither for nor against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tagger.features import F32, I32, I64, Counts, Vocabulary, build_table, hash_words

_DAMPED = np.log(np.maximum(np.arange(1 << 12), 1), dtype=np.float32) + np.float32(1)


# The weights of so many passages at a time stay in a core's own cache.
_GATHERED = 32


class Weights(NamedTuple):
    """The linear model: `matrix`, float32[features, labels], and `bias`, float32[labels]."""

    matrix: F32
    bias: F32


def values(counts: Counts, idf: F32) -> F32:
    """The value of each entry of `counts`: float32[entries]; every passage's values have Euclidean length 1."""
    raw = _DAMPED[np.minimum(counts.counts, len(_DAMPED) - 1)] * idf[counts.columns]
    lengths = np.sqrt(_row_sums(raw * raw, counts.rows))
    lengths[lengths == 0] = 1
    scaled: F32 = raw / np.repeat(lengths, np.diff(counts.rows))
    return scaled


def _row_sums(entries: F32, rows: I64) -> F32:
    """The sum of each row's entries; 0 for an empty row (which reduceat alone would get wrong)."""
    sums = np.zeros(len(rows) - 1, np.float32)
    filled = np.flatnonzero(np.diff(rows))
    if len(filled):
        sums[filled] = np.add.reduceat(entries, rows[filled])
    return sums


def score(counts: Counts, entries: F32, weights: Weights) -> F32:
    """The margins of each passage, float32[passages, labels], from its feature `values`."""
    margins = np.empty((len(counts.rows) - 1, len(weights.bias)), np.float32)
    bounds = counts.rows.tolist()
    # One small product a passage: measured three times as fast as a segmented sum over all of them.
    for first in range(0, len(margins), _GATHERED):
        base, last = bounds[first], min(first + _GATHERED, len(margins))
        gathered = weights.matrix.take(counts.columns[base : bounds[last]], axis=0)
        for row in range(first, last):
            start, end = bounds[row], bounds[row + 1]
            np.dot(entries[start:end], gathered[start - base : end - base], out=margins[row])
    return margins + weights.bias


class Contributions(NamedTuple):
    """What each feature of some (passage, label) pairs added to the margin.

    Pair i has the features `columns[rows[i]:rows[i + 1]]`, which added `amounts` (float32); the amounts of a pair
    and the label's bias add up to its margin.
    """

    columns: I32
    amounts: F32
    rows: I64


def explain(counts: Counts, entries: F32, weights: Weights, passages: I64, labels: I64) -> Contributions:
    """Take apart the margins of the pairs (passages[i], labels[i])."""
    sizes = counts.rows[passages + 1] - counts.rows[passages]
    rows = np.zeros(len(passages) + 1, np.int64)
    np.cumsum(sizes, out=rows[1:])
    places = np.arange(rows[-1]) + np.repeat(counts.rows[passages] - rows[:-1], sizes)
    columns = counts.columns.take(places)
    cells = columns.astype(np.int64) * len(weights.bias) + np.repeat(labels, sizes)
    return Contributions(columns, entries.take(places) * weights.matrix.ravel().take(cells), rows)


def loudest(contributions: Contributions, most: int) -> list[list[int]]:
    """The features of each pair's greatest positive contributions, at most `most`, greatest first."""
    sizes = np.diff(contributions.rows)
    found: list[list[int]] = [[] for _ in sizes]
    filled = np.flatnonzero(sizes)
    if not len(filled):
        return found
    heads, sizes = contributions.rows[filled], sizes[filled]
    amounts = contributions.amounts.copy()
    for _ in range(most):
        best = np.maximum.reduceat(amounts, heads)
        places = np.flatnonzero(amounts == np.repeat(best, sizes))
        owners = np.searchsorted(heads, places, side="right") - 1
        new = np.ones(len(owners), bool)
        np.not_equal(owners[1:], owners[:-1], out=new[1:])  # of equal amounts the first
        places = places[new]
        positive = np.flatnonzero(best > 0)
        columns = contributions.columns[places[positive]]
        for pair, column in zip(filled[positive].tolist(), columns.tolist(), strict=True):
            found[pair].append(column)
        amounts[places] = -np.inf
    return found


def keyword_model(words: Mapping[str, Sequence[str]]) -> tuple[Vocabulary, Weights, tuple[str, ...]]:
    """A stand-in that needs no training: a label's margin is positive when one of its words is in a short passage.

    `words` gives each label (in order) its words. Returns the vocabulary, the weights and the features' names.
    """
    names = tuple(sorted({word for some in words.values() for word in some}))
    matrix = np.zeros((len(names), len(words)), np.float32)
    for label, some in enumerate(words.values()):
        for word in some:
            matrix[names.index(word), label] = 8.0
    vocabulary = Vocabulary(
        words=build_table(hash_words(names)),
        columns=np.arange(len(names), dtype=np.int32),
        pairs=build_table(np.zeros(0, np.uint64)),
        idf=np.ones(len(names), np.float32),
        n_stems=len(names),
    )
    return vocabulary, Weights(matrix, np.full(len(words), -2.0, np.float32)), names
