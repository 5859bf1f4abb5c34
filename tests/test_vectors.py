"""Word vectors: read back as written, laid on features by how common words are, and folded into weights exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagger.errors import DataError
from tagger.features import featurize, read_words
from tagger.recipe import Features
from tagger.vectors import Vectors, load, meaning, save
from tagger.vocabulary import Learned, learn, snowball

WORDS = ("knife", "knives", "blade", "tea", "kettle")
VECTORS = Vectors(
    WORDS,
    np.array([[1, 0], [0, 1], [1, 1], [-1, 0], [-1, -1]], np.float32),
    np.array([0.3, 0.1, 0.1, 0.3, 0.2]),
)


def learned(*texts: str, more: tuple[str, ...] = WORDS) -> Learned:
    return learn([read_words(texts)], Features(), snowball(), more)


def column(of: Learned, word: str) -> int:
    return int(featurize(read_words([word]), of.vocabulary).columns[0])


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    save(VECTORS, tmp_path / "v.npz")
    found = load(tmp_path / "v.npz")
    assert found.words == WORDS
    np.testing.assert_allclose(found.matrix, VECTORS.matrix)
    np.testing.assert_allclose(found.frequencies, VECTORS.frequencies, rtol=1e-3)


@pytest.mark.parametrize("harm", ["missing", "cut", "foreign", "uneven"])
def test_what_holds_no_vectors_is_told_by_file(harm: str, tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    if harm == "cut":
        save(VECTORS, path)
        path.write_bytes(path.read_bytes()[:100])
    elif harm == "foreign":
        path.write_text("no vectors")
    elif harm == "uneven":
        save(VECTORS._replace(words=WORDS[:2]), path)
    with pytest.raises(DataError, match=r"v\.npz"):
        load(path)


def test_words_of_vectors_are_features_that_labels_never_saw() -> None:
    found = learned("She put the kettle on.")
    assert {"blade", "tea"} <= set(found.names)
    assert column(found, "blade") != column(found, "tea")


def test_a_stem_has_the_mean_of_its_words_by_how_common_they_are() -> None:
    found = learned("A knife. Two knives.")
    matrix = meaning(VECTORS, found.vocabulary)
    knife, blade = column(found, "knife"), column(found, "blade")
    stems = {"knife": (0.3, [1, 0]), "knive": (0.1, [0, 1])}
    if column(found, "knives") == knife:  # the stemmer's choice
        stems = {"knife": (0.4, [0.75, 0.25])}
    rest = [(0.1, [1, 1]), (0.3, [-1, 0]), (0.2, [-1, -1])]
    weights, rows = zip(*stems.values(), *rest, strict=True)
    centre = np.average(np.array(rows), axis=0, weights=weights)
    np.testing.assert_allclose(matrix[blade], np.array([1, 1]) - centre, atol=1e-4)
    np.testing.assert_allclose(matrix[knife], np.array(stems["knife"][1]) - centre, atol=1e-4)


def test_pairs_and_unknown_words_mean_nothing() -> None:
    found = learned("the cold sea, the cold sea", "the cold sea")
    matrix = meaning(VECTORS, found.vocabulary)
    assert not matrix[found.vocabulary.n_stems :].any()
    assert not matrix[column(found, "sea")].any()
