"""learn_labels(): feature values and truths -> one logistic regression a label, with out-of-fold margins.

Logistic regression by LIBLINEAR (Fan et al., JMLR 9, 2008), balanced classes. A long work is a bag of passages
(multiple-instance learning): a first round learns from whole works, a second from those passages of a work that the
first found loudest for a label it has, as in mi-SVM (Andrews et al., NIPS 2002), or that people marked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tagger.arrays import F32, F64, I64, NDArray
from tagger.features import Counts
from tagger.parallel import map_batches
from tagger.recipe import Recipe
from tagger.scoring import Weights, values

Progress = Callable[[str, int, int], None]


class Examples(NamedTuple):
    """What a label is learned from. Work w owns the passages `rows[w]:rows[w + 1]`; `values` is a sparse matrix,
    float32[passages, features]; `truth`, float64[works, labels], is 1, 0 or NaN (unknown); `folds`, int64[works];
    `importance`, float64[works], is how much each work counts; `marks`, float32[passages, labels], say 1 or 0 of the
    passages of works in which the scenes of a label are marked, and else NaN.
    """

    values: Any
    rows: I64
    truth: F64
    folds: I64
    importance: F64
    marks: F32


def learn_labels(
    examples: Examples, supported: NDArray[np.bool_], recipe: Recipe, jobs: int, progress: Progress
) -> tuple[Weights, NDArray[np.float32]]:
    """The weights of each label, and the out-of-fold margins of each passage, float32[passages, labels]."""
    n_features, n_labels = examples.values.shape[1], len(supported)
    matrix, bias = np.zeros((n_features, n_labels), np.float32), np.zeros(n_labels, np.float32)
    margins = np.zeros((examples.values.shape[0], n_labels), np.float32)
    tasks = np.flatnonzero(supported).tolist()
    progress("training", 0, len(tasks))
    fitted = map_batches(partial(_fit_label, examples, recipe), tasks, jobs)
    for done, (label, found) in enumerate(zip(tasks, fitted, strict=True), 1):
        matrix[:, label], bias[label], margins[:, label] = found
        progress("training", done, len(tasks))
    return Weights(matrix, bias), margins


class _Fitted(NamedTuple):
    weights: NDArray[np.float64]
    bias: float
    margins: NDArray[np.float64]


def _fit_label(examples: Examples, recipe: Recipe, label: int) -> _Fitted:
    """One label: a model for each fold, which scores what it has not seen, and one for all."""
    from threadpoolctl import threadpool_limits

    # Sums must not hang on how many threads share them: the same bits whatever the machine is doing.
    with threadpool_limits(1):
        truth, marks = examples.truth[:, label], examples.marks[:, label]
        owners = np.repeat(np.arange(len(truth)), np.diff(examples.rows))
        margins = np.zeros(len(owners))
        for fold in range(recipe.calibration.folds):
            inside, outside = examples.folds != fold, np.flatnonzero(examples.folds[owners] == fold)
            if not len(outside):
                continue
            weights, bias = _fit_bags(examples, np.where(inside, truth, np.nan), marks, recipe)
            margins[outside] = examples.values[outside] @ weights + bias
        weights, bias = _fit_bags(examples, truth, marks, recipe)
    return _Fitted(weights, bias, margins)


def _fit_bags(examples: Examples, truth: F64, marks: F32, recipe: Recipe) -> tuple[NDArray[np.float64], float]:
    """Weights and bias from works whose truth is known; those with several passages are bags."""
    known = np.flatnonzero(np.isfinite(truth))
    if len(np.unique(truth[known])) < 2:
        return np.zeros(examples.values.shape[1]), 0.0
    sizes, importance = np.diff(examples.rows), examples.importance[known]
    if (sizes[known] == 1).all():
        passages = examples.rows[known]
        return _fit_linear(examples.values[passages], truth[known], importance, recipe)
    first = _fit_linear(whole_works(examples.values, examples.rows)[known], truth[known], importance, recipe)
    margins = examples.values @ first[0]
    found = [_witnesses(examples.rows, margins, marks, work, truth[work], recipe) for work in known.tolist()]
    chosen, target = map(np.concatenate, zip(*found, strict=True))
    importance = np.repeat(importance, [len(each) for each, _ in found])
    return _fit_linear(examples.values[chosen], target, importance, recipe)


def sparse(counts: Counts, idf: F32) -> Any:
    """The values as a sparse matrix, csr float32[passages, features]."""
    from scipy.sparse import csr_matrix

    return csr_matrix((values(counts, idf), counts.columns, counts.rows), (len(counts.rows) - 1, len(idf)))


def whole_works(values: Any, rows: I64) -> Any:
    """The values of each work: the sum of its passages', scaled to length 1; sparse, float32[works, features]."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    n_works, n_passages = len(rows) - 1, int(rows[-1])
    members = csr_matrix((np.ones(n_passages, np.float32), np.arange(n_passages), rows))
    members.resize(n_works, n_passages)
    return normalize(members @ values)


def _witnesses(
    rows: I64, margins: NDArray[np.float64], marks: F32, work: int, truth: float, recipe: Recipe
) -> tuple[I64, F64]:
    """The passages that stand for a work, and the truth of each: all where the label is absent; where it is present
    those of which the marks say something or, without marks, the loudest.
    """
    passages = np.arange(rows[work], rows[work + 1])
    if truth == 1 and (marks[passages] == 1).any():
        told = passages[np.isfinite(marks[passages])]
        return told, marks[told].astype(np.float64)
    if truth == 1 and len(passages) > 1:
        most = int(np.ceil(recipe.learner.witnesses * len(passages)))
        passages = passages[np.argsort(-margins[passages], kind="stable")[:most]]
    return passages, np.full(len(passages), truth)


def _fit_linear(values: Any, truth: F64, importance: F64, recipe: Recipe) -> tuple[NDArray[np.float64], float]:
    """Weights and bias; both classes count alike, however many examples they have."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=recipe.learner.c, solver="liblinear", random_state=recipe.seed, max_iter=1000)
    present = truth == 1
    total, share = importance.sum(), importance[present].sum()
    model.fit(values, truth, importance * np.where(present, total / (2 * share), total / (2 * (total - share))))
    return model.coef_[0], float(model.intercept_[0])
