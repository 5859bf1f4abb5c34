"""The exported Pipeline gives the margins that prediction gives."""

import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest

from tagger import bundles
from tagger.bundles import Bundle
from tagger.errors import OutputError
from tagger.export import pipeline, to_sklearn
from tagger.labels import from_names
from tagger.reading import read
from tagger.training import stand_in
from tagger.works import LabelledWork


def passages_of(bundle: Bundle, works: list[LabelledWork]) -> tuple[list[str], np.ndarray]:
    """The passages of some works, as text, and their margins."""
    found = read([each.work for each in works], bundle)
    owners = np.repeat(np.arange(len(works)), np.diff(found.rows))
    texts = [works[i].work.text[where.start : where.end] for i, where in zip(owners, found.passages, strict=True)]
    return texts, found.margins


def test_the_decision_function_is_the_margin(bundle: Bundle, stories: list[LabelledWork]) -> None:
    texts, margins = passages_of(bundle, sorted(stories, key=lambda each: -len(each.work.text))[:20])
    assert len(texts) > 100
    model = pipeline(bundle)
    assert tuple(model.classes_) == bundle.labels.ids
    np.testing.assert_allclose(model.decision_function(texts), margins, atol=1e-5)


def test_the_pipeline_predicts_where_the_margin_is_positive(bundle: Bundle, corpus: list[LabelledWork]) -> None:
    texts, margins = passages_of(bundle, corpus[:20])
    predicted = pipeline(bundle).predict(texts)
    predicted = predicted.toarray() if hasattr(predicted, "toarray") else predicted
    np.testing.assert_array_equal(predicted.astype(bool), margins > 0)


def test_passages_without_a_known_word_get_the_bias(bundle: Bundle) -> None:
    found = pipeline(bundle).decision_function(["", "qqqq zzzz"])
    np.testing.assert_allclose(found, np.tile(bundle.weights.bias, (2, 1)), atol=1e-5)


def test_the_file_stands_on_its_own(bundle_path: Path, corpus: list[LabelledWork], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle_path, tmp_path / "model"))
    loaded = bundles.load(copy)
    texts, margins = passages_of(loaded, corpus[:5])
    to_sklearn(loaded, tmp_path / "model.joblib")
    shutil.rmtree(copy)
    np.testing.assert_allclose(joblib.load(tmp_path / "model.joblib").decision_function(texts), margins, atol=1e-5)


def test_a_model_of_one_label_gives_one_margin_a_passage() -> None:
    found = pipeline(stand_in(from_names(["storm"]))).decision_function(["A storm came.", "It went."])
    assert found.tolist() == pytest.approx([6, -2])


def test_a_file_that_cannot_be_written_is_told(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "model.joblib"
    with pytest.raises(OutputError) as caught:
        to_sklearn(bundle, path)
    assert str(caught.value) == f"cannot write {path}: No such file or directory"
