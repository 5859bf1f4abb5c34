"""Quality on grouped folds: tagger and the plain scikit-learn pipeline, trained and judged on the same works."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from bench_lib.texts import SEED, STORIES, body, load_corpus

MIN_POSITIVES = 8  # below this a label's average precision is mostly luck


def answers(folds: int, everything: bool, every: int) -> Iterator[dict[str, Any]]:
    """Ours and the plain scikit-learn pipeline on the same grouped folds, scored by the same code."""
    import numpy as np
    from joblib import Parallel, delayed
    from sklearn.feature_extraction.text import TfidfVectorizer

    from tagger import labelled
    from tagger.evaluation import judge
    from tagger.recipe import Recipe
    from tagger.training import assign_folds, train, truth_of

    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # nothing is timed here
    corpus = load_corpus(every)
    works = labelled.load(STORIES) if everything else [*corpus.train, *corpus.validation]
    truth, fold_of = truth_of(works, corpus.labels), assign_folds(works, folds, SEED)
    jobs = os.cpu_count() or 1
    own, plain = np.full(truth.shape, np.nan), np.full(truth.shape, np.nan)
    for fold in range(folds):
        print(f"bench: fold {fold + 1} of {folds}", file=sys.stderr, flush=True)
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        unseen = [works[i] for i in outside]
        bundle = train([works[i] for i in inside], corpus.labels, Recipe(), jobs=jobs)
        own[outside] = judge(bundle, unseen, "balanced")[0]
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        values = vectorizer.fit_transform([body(works[i]) for i in inside])
        fitted = Parallel(jobs)(delayed(logistic)(values, each) for each in truth[inside].T)
        read = vectorizer.transform(map(body, unseen))
        plain[outside] = np.column_stack([read @ weights + bias for weights, bias in fitted])
    for name, scores in (("tagger", own), ("scikit-learn", plain)):
        precision, auc, n_labels = figures(scores, truth)
        yield {"system": name, "precision": precision, "auc": auc, "labels": n_labels, "works": len(works)}


def logistic(values: Any, truth: Any) -> tuple[Any, float]:
    """The plain classifier on the works whose truth is known."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    known = np.isfinite(truth)
    if len(np.unique(truth[known])) < 2:
        return np.zeros(values.shape[1]), 0.0
    model = LogisticRegression(class_weight="balanced", max_iter=1000).fit(values[known], truth[known])
    return model.coef_[0], float(model.intercept_[0])


def figures(scores: Any, truth: Any) -> tuple[float, float, int]:
    """Mean average precision and mean AUC over the labels with enough positives, and how many these are.

    Unknown cells are masked; a work without a score ranks last.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score

    ranked = np.nan_to_num(scores, nan=np.nanmin(scores) - 1)
    known = np.isfinite(truth)
    chosen = [label for label in range(truth.shape[1]) if (truth[:, label] == 1).sum() >= MIN_POSITIVES]
    pairs = [(truth[known[:, label], label], ranked[known[:, label], label]) for label in chosen]
    precision = [average_precision_score(*pair) for pair in pairs]
    return float(np.mean(precision or 0)), float(np.mean([roc_auc_score(*pair) for pair in pairs] or 0)), len(chosen)
