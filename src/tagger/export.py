"""to_sklearn(): the same model as an ordinary scikit-learn Pipeline, for notebooks and other people's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tagger.bundles import Bundle
from tagger.errors import OutputError
from tagger.features import Table, Vocabulary, featurize, read_words
from tagger.learning import sparse
from tagger.scoring import unpack


def pipeline(bundle: Bundle) -> Any:
    """A Pipeline whose `decision_function` takes passages (str) and gives their margins, float[passages, labels], or
    float[passages] where there is one label, as scikit-learn has it.

    Labels are in `pipeline.classes_`; calibration and aggregation over a work are not part of it. Made of
    scikit-learn's own classes and tagger's reader of words, so tagger must be installed where it is loaded.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, LabelBinarizer

    n_features, weights = len(bundle.vocabulary.idf), unpack(bundle.weights)
    reader = FunctionTransformer(_FeatureReader(bundle), validate=False)
    parts = []
    for label in range(len(bundle.labels)):
        part = LogisticRegression()
        part.classes_ = np.array([0, 1])
        part.coef_ = np.array(weights.matrix[:, label], np.float64)[None, :]
        part.intercept_ = np.array([bundle.weights.bias[label]], np.float64)
        part.n_features_in_ = n_features
        part.n_iter_ = np.array([1])
        parts.append(part)
    judge = OneVsRestClassifier(LogisticRegression())
    judge.estimators_ = parts
    judge.n_features_in_ = n_features
    judge.label_binarizer_ = LabelBinarizer(sparse_output=True)
    judge.label_binarizer_.classes_ = np.array(bundle.labels.ids)
    judge.label_binarizer_.y_type_ = "multilabel-indicator"
    judge.label_binarizer_.sparse_input_ = False
    judge.classes_ = judge.label_binarizer_.classes_
    return make_pipeline(reader, judge)


class _FeatureReader:
    """Passages to a sparse matrix of feature values, by the bundle's vocabulary."""

    def __init__(self, bundle: Bundle) -> None:
        # Plain arrays: a joblib file must not point into the bundle's own files.
        words, columns, pairs, idf, n_stems = bundle.vocabulary
        copied = [Table(np.array(table.keys), np.array(table.slots)) for table in (words, pairs)]
        self.vocabulary = Vocabulary(copied[0], np.array(columns), copied[1], np.array(idf), n_stems)

    def __call__(self, passages: Any) -> Any:
        return sparse(featurize(read_words(list(passages)), self.vocabulary), self.vocabulary.idf)


def to_sklearn(bundle: Bundle, path: Path) -> None:
    """Write the pipeline with joblib. Raises OutputError."""
    import joblib

    try:
        joblib.dump(pipeline(bundle), path, compress=3)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
