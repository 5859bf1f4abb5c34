"""A shard of features -> the margins of the passages of its held-out works, as prediction finds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tagger import scoring, shards
from tagger.features import Counts
from tagger.scoring import Packed
from tagger.shards import Arrays


def carried(features: Path) -> Arrays:
    """What `score_part` needs of a shard of features."""
    return shards.load(features, "columns", "counts", "passages")


def score_part(vocabulary: Path, weights: Path, features: Path | Arrays) -> Arrays:
    """`margins`, float32[passages, labels], by the vocabulary and the weights of two other shards."""
    idf = shards.load(vocabulary, "idf")["idf"]
    found = shards.load(features, "columns", "counts", "passages")
    nothing = np.zeros(len(found["passages"]) - 1, np.int64)
    counts = Counts(found["columns"], found["counts"], found["passages"], nothing, nothing)
    return {"margins": scoring.score(counts, scoring.in_steps(counts, idf), Packed(**shards.load(weights)))}
