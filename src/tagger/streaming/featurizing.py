"""A shard of words -> a shard of features: works to learn from as a whole, and held-out works passage by passage.

A shard of features:

    entries     int32[n, 2]: the features of its works in rank order, commonest first, and their float32 values as bits
    rows, works row r holds entries rows[r]:rows[r + 1] and is the work of number works[r] among all; in random order,
                so that any stretch of rows is a sample
    shares      of every passage: see training.known_shares
    words, held how many words there are; the places of the held-out works among all
    columns, counts, passages, bounds
                of the held-out works: the features of passage p are columns[passages[p]:passages[p + 1]], each so often
                there, and work w of `held` has the passages bounds[w]:bounds[w + 1]
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tagger import shards
from tagger.arrays import F32, I32, I64, NDArray
from tagger.features import Counts, featurize, ranges
from tagger.learning import sparse, whole_works
from tagger.shards import Arrays
from tagger.streaming import counting
from tagger.streaming.reading import words_of
from tagger.training import known_shares

ENTRY_BYTES = 8


class Part(NamedTuple):
    """A shard of words, the number of its first work among all, and which of its works are learned from and held out;
    some may be both, at different times.
    """

    words: Path | Arrays
    first: int
    learned: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    seed: int


def carried(part: Part) -> Part:
    """The part with the arrays themselves."""
    assert isinstance(part.words, Path)
    return part._replace(words=shards.load(part.words, "hashes", "tokens", "first", "rows"))


def featurize_part(vocabulary: Path, part: Part) -> Arrays:
    """The features of a shard of words, by the vocabulary of another."""
    learned = _vocabulary(vocabulary)
    words, rows = words_of(part.words), shards.load(part.words, "rows")["rows"]
    counts = featurize(words, learned.vocabulary)
    order = np.random.default_rng((part.seed, part.first)).permutation(np.flatnonzero(part.learned))
    held = np.flatnonzero(part.held_out)
    out = take(counts, ranges(rows[held], np.diff(rows)[held]))
    return {
        **_learned_from(counts, learned.vocabulary.idf, rows, order, ranks(learned.frequencies)),
        "works": part.first + order,
        "shares": known_shares(counts, learned).astype(np.float32),
        "words": np.array(counts.total.sum()),
        "held": part.first + held,
        "columns": out.columns,
        "counts": out.counts,
        "passages": out.rows,
        "bounds": np.concatenate(([0], np.diff(rows)[held].cumsum())),
    }


@lru_cache(maxsize=1)
def _vocabulary(folder: Path) -> Any:
    return counting.load(folder).learned


def ranks(frequencies: I64) -> I32:
    """The place of each feature among all when the commonest come first: int32[features].

    What is read most then lies together, which makes products with the weights a quarter faster.
    """
    found = np.empty(len(frequencies), np.int32)
    found[np.argsort(-frequencies, kind="stable")] = np.arange(len(frequencies), dtype=np.int32)
    return found


def _learned_from(counts: Counts, idf: F32, rows: I64, order: I64, rank: I32) -> Arrays:
    """The features of some works, each as the sum of its passages'."""
    from scipy.sparse import csr_matrix

    works = whole_works(sparse(counts, idf), rows)[order]
    works = csr_matrix((works.data, rank[works.indices], works.indptr), works.shape)
    works.sort_indices()
    entries = np.column_stack((works.indices.astype(np.int32), works.data.astype(np.float32).view(np.int32)))
    return {"entries": np.ascontiguousarray(entries), "rows": works.indptr.astype(np.int64)}


def take(counts: Counts, passages: I64) -> Counts:
    """The counts of some passages."""
    sizes = np.diff(counts.rows)[passages]
    where = ranges(counts.rows[passages], sizes)
    bounds = np.concatenate(([0], sizes.cumsum()))
    return Counts(counts.columns[where], counts.counts[where], bounds, counts.known[passages], counts.total[passages])
