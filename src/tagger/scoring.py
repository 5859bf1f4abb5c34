"""score(): feature counts -> one margin a passage and label; explain(): the words that moved it, exactly.

A passage's feature values are (1 + ln count) x idf, scaled to length one (Salton and Buckley, "Term-weighting
approaches in automatic text retrieval", 1988). Its margin for a label is their weighted sum plus the label's bias:
the log-odds before calibration, 0 where a passage speaks neither for nor against.

Values and weights are whole numbers of small steps, and their sums are exact. So a score hangs neither on the order of
adding, nor on the machine, nor on whether NumPy adds or the compiled kernel does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log2
from typing import NamedTuple

import numpy as np

from tagger import native
from tagger.arrays import F32, F64, I16, I32, I64
from tagger.features import Counts, Vocabulary, build_table, hash_words, ranges

_DAMPED = np.log(np.maximum(np.arange(1 << 12), 1), dtype=np.float32) + np.float32(1)

# A value has at most 22 bits and a weight 15, so that sums over thousands of entries stay below 2^53: doubles, in which
# they are added, hold them without rounding. The values of common words are then right to one in twenty thousand.
_VALUE_BITS = 22
_WEIGHT_STEPS = (1 << 15) - 1

# The weights of so many passages at a time stay in a core's own cache.
_GATHERED = 16


class Weights(NamedTuple):
    """The linear model as it is learned: `matrix`, float32[features, labels], and `bias`, float32[labels]."""

    matrix: F32
    bias: F32


class Packed(NamedTuple):
    """The linear model as it is stored: a weight is `matrix`, int16[features, labels], times its label's `step`,
    float64[labels]; `bias` is float32[labels].
    """

    matrix: I16
    step: F64
    bias: F32


class Steps(NamedTuple):
    """The value of each entry of some counts is `steps`, int32[entries], over its passage's `lengths`,
    float64[passages]; every passage's values then have Euclidean length 1.
    """

    steps: I32
    lengths: F64


def pack(weights: Weights) -> Packed:
    """The weights in 16 bits each: off by half a 32,767th of the label's greatest at most.

    >>> packed = pack(Weights(np.array([[1.0], [-0.5]], np.float32), np.zeros(1, np.float32)))
    >>> packed.matrix.ravel().tolist()
    [32767, -16384]
    """
    step = np.abs(weights.matrix).max(axis=0, initial=0).astype(np.float64) / _WEIGHT_STEPS
    step[step == 0] = 1
    return Packed(np.rint(weights.matrix / step).astype(np.int16), step, weights.bias)


def unpack(packed: Packed) -> Weights:
    """The weights as numbers."""
    return Weights((packed.matrix * packed.step).astype(np.float32), packed.bias)


def values(counts: Counts, idf: F32) -> F32:
    """The value of each entry of `counts`: float32[entries]; every passage's values have Euclidean length 1."""
    found = in_steps(counts, idf)
    return (found.steps / np.repeat(found.lengths, np.diff(counts.rows))).astype(np.float32)


def in_steps(counts: Counts, idf: F32) -> Steps:
    """The same values as whole numbers of steps."""
    kernel = native.kernel()
    if kernel:
        return Steps(*kernel.values(counts, idf, _DAMPED, _steps_in_one(idf)))
    raw = _DAMPED.take(counts.counts, mode="clip") * idf.take(counts.columns)
    raw *= _steps_in_one(idf)
    steps = np.rint(raw, out=raw).astype(np.int32)
    squares = steps.astype(np.int64)
    squares *= squares
    lengths = np.sqrt(_row_sums(squares, counts.rows).astype(np.float64))
    lengths[lengths == 0] = 1
    return Steps(steps, lengths)


def _steps_in_one(idf: F32) -> np.float32:
    """How many steps a value of 1 has: a power of two, so that multiplying by it does not round."""
    greatest = float(_DAMPED[-1] * idf.max(initial=1e-6))
    return np.float32(2.0 ** (_VALUE_BITS - 1 - floor(log2(greatest))))


def _row_sums(entries: I64, rows: I64) -> I64:
    """The sum of each row's entries; 0 for an empty row (which reduceat alone would get wrong)."""
    sums = np.zeros(len(rows) - 1, np.int64)
    filled = np.flatnonzero(np.diff(rows))
    if len(filled):
        sums[filled] = np.add.reduceat(entries, rows[filled])
    return sums


def score(counts: Counts, found: Steps, weights: Packed) -> F32:
    """The margins of each passage, float32[passages, labels], from the values of its features."""
    kernel = native.kernel()
    sums = kernel.score(counts, found.steps, weights.matrix) if kernel else _sums(counts, found.steps, weights.matrix)
    sums /= found.lengths[:, None]
    sums *= weights.step
    sums += weights.bias
    return sums.astype(np.float32)


def _sums(counts: Counts, steps: I32, matrix: I16) -> F64:
    """The sums of steps of value times steps of weight by passage and label, float64[passages, labels], all whole."""
    sums = np.empty((len(counts.rows) - 1, matrix.shape[1]))
    bounds, exact = counts.rows.tolist(), steps.astype(np.float64)
    # One small product a passage: measured three times as fast as a segmented sum over all of them.
    for first in range(0, len(sums), _GATHERED):
        base, last = bounds[first], min(first + _GATHERED, len(sums))
        gathered = matrix.take(counts.columns[base : bounds[last]], axis=0).astype(np.float64)
        for row in range(first, last):
            start, end = bounds[row], bounds[row + 1]
            np.dot(exact[start:end], gathered[start - base : end - base], out=sums[row])
    return sums


class Contributions(NamedTuple):
    """What each feature of some (passage, label) pairs added to the margin.

    Pair i has the features `columns[rows[i]:rows[i + 1]]`, which added `amounts` (float64); the amounts of a pair
    and the label's bias add up to its margin.
    """

    columns: I32
    amounts: F64
    rows: I64


def explain(counts: Counts, found: Steps, weights: Packed, passages: I64, labels: I64) -> Contributions:
    """Take apart the margins of the pairs (passages[i], labels[i])."""
    columns, products, rows = _products(counts, found.steps, weights.matrix, passages, labels)
    scale: F64 = np.repeat(weights.step[labels] / found.lengths[passages], np.diff(rows))
    return Contributions(columns, products * scale, rows)


def loudest(counts: Counts, found: Steps, weights: Packed, passages: I64, labels: I64, most: int) -> list[list[int]]:
    """The features that did most for the margins of the pairs (passages[i], labels[i]): those with the greatest
    positive contributions, at most `most`, the greatest first.
    """
    if not most or not len(passages):
        return [[] for _ in passages]
    kernel = native.kernel()
    if kernel:
        best = kernel.loudest(counts, found.steps, weights.matrix, passages, labels, most).tolist()
    else:
        best = _greatest(*_products(counts, found.steps, weights.matrix, passages, labels), most).tolist()
    return [[column for column in columns if column >= 0] for columns in best]


def _products(counts: Counts, steps: I32, matrix: I16, passages: I64, labels: I64) -> tuple[I32, I64, I64]:
    """The features of each pair, the product of each one's value and weight in steps, and the bounds of the pairs."""
    sizes = counts.rows[passages + 1] - counts.rows[passages]
    rows = np.zeros(len(passages) + 1, np.int64)
    np.cumsum(sizes, out=rows[1:])
    places = ranges(counts.rows[passages], sizes)
    columns = counts.columns.take(places)
    cells = columns.astype(np.int64) * matrix.shape[1] + np.repeat(labels, sizes)
    return columns, steps.take(places).astype(np.int64) * matrix.ravel().take(cells), rows


def _greatest(columns: I32, products: I64, rows: I64, most: int) -> I64:
    """The features of each pair's greatest positive products, int64[pairs, most]; -1 where there are fewer."""
    best = np.full((len(rows) - 1, most), -1, np.int64)
    filled = np.flatnonzero(np.diff(rows))
    if not len(filled):
        return best
    heads, sizes, left = rows[filled], np.diff(rows)[filled], products.copy()
    for rank in range(most):
        greatest = np.maximum.reduceat(left, heads)
        places = np.flatnonzero(left == np.repeat(greatest, sizes))
        owners = np.searchsorted(heads, places, side="right") - 1
        first = np.flatnonzero(np.diff(owners, prepend=-1))  # of equal ones
        best[filled, rank] = np.where(greatest > 0, columns[places[first]], -1)
        left[places[first]] = np.iinfo(np.int64).min
    return best


def keyword_model(words: Mapping[str, Sequence[str]]) -> tuple[Vocabulary, Packed, tuple[str, ...]]:
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
    return vocabulary, pack(Weights(matrix, np.full(len(words), -2.0, np.float32))), names
