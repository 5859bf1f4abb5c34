"""Word vectors: what a word means, known before any label was. They let a model read words that no label came with.

A file of vectors is made once, by scripts/distill-vectors, from a small sentence encoder (model2vec: Tulkens and van
Dongen, "Model2Vec: distill a small fast model from any sentence transformer", 2024). It is needed for training alone:
what is learned about the vectors is linear, so it is added to the weights of the words themselves.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tagger.arrays import F32, F64
from tagger.errors import DataError
from tagger.features import Vocabulary, hash_words, look_up


class Vectors(NamedTuple):
    """`words`, lower case; `matrix`, float32[words, dimensions]; `frequencies`, float64[words]: the share, 0..1, of
    the passages of large open corpora that have the word.
    """

    words: tuple[str, ...]
    matrix: F32
    frequencies: F64


def save(vectors: Vectors, path: Path) -> None:
    """Write vectors as an .npz file; half precision is enough for them."""
    words = np.frombuffer("\n".join(vectors.words).encode(), np.uint8)
    with path.open("wb") as stream:
        np.savez(
            stream, words=words, matrix=vectors.matrix.astype(np.float16), frequencies=vectors.frequencies.astype("f4")
        )


def load(path: Path) -> Vectors:
    """Read vectors. Raises DataError for a file that holds none."""
    try:
        # Opened here: NumPy leaves a file it cannot read open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            words = tuple(arrays["words"].tobytes().decode().split("\n"))
            matrix, frequencies = arrays["matrix"].astype(np.float32), arrays["frequencies"].astype(np.float64)
    except (OSError, ValueError, LookupError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read word vectors from {path}: {error}; scripts/distill-vectors makes them") from error
    if matrix.ndim != 2 or not len(words) == len(matrix) == len(frequencies) or not np.isfinite(matrix).all():
        raise DataError(f"{path} holds no word vectors that fit together; make it again with scripts/distill-vectors")
    return Vectors(words, matrix, frequencies)


def meaning(vectors: Vectors, vocabulary: Vocabulary) -> F32:
    """The vector of each feature, float32[features, dimensions], 0 for pairs and for a word without one.

    It is the mean over the words of a stem, weighted by how common they are; the mean over all words is taken off,
    since what all words share says nothing of any.
    """
    places = look_up(vocabulary.words, hash_words(vectors.words))
    known = np.flatnonzero(places >= 0)
    columns = vocabulary.columns[places[known]]
    weights = vectors.frequencies[known] + 1e-7
    totals = np.bincount(columns, weights, len(vocabulary.idf))
    matrix = np.zeros((len(vocabulary.idf), vectors.matrix.shape[1]))
    np.add.at(matrix, columns, vectors.matrix[known] * weights[:, None])
    found = np.flatnonzero(totals)
    if len(found):
        matrix[found] /= totals[found, None]
        matrix[found] -= np.average(matrix[found], axis=0, weights=totals[found])
    return matrix.astype(np.float32)
