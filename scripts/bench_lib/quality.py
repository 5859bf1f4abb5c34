"""How good predictions are: mean average precision and macro-F1 by label, by the same code for every system."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench_lib import own_stories
from bench_lib.peers import records

MIN_POSITIVES = 8  # below this a label's average precision is mostly luck


def judge(data: Path, predictions: Path) -> dict[str, Any]:
    """Predictions of tagger, a peer or Annif beside the labels of held-out works.

    Macro-F1 is that of the best threshold of each label, chosen on one half of the works and measured on the other:
    every system has its thresholds chosen alike.
    """
    import numpy as np

    works = list(records(data))
    said = dict(map(_scores, records(predictions)))
    names = sorted({label for each in works for label in each["labels"]})
    truth = np.array([[name in each["labels"] for name in names] for each in works], float)
    scores = np.array([[said.get(each["id"], {}).get(name, np.nan) for name in names] for each in works], float)
    precision, _, n_labels = figures(scores, truth)
    if not n_labels:
        return {"mean_ap": None, "macro_f1": None}
    return {"mean_ap": precision, "macro_f1": macro_f1(scores, truth)}


def _scores(record: dict[str, Any]) -> tuple[str, dict[str, float]]:
    if "results" in record:
        return record["document_id"], {each["label"]: each["score"] for each in record["results"]}
    return record["id"], record.get("scores", {})


def macro_f1(scores: Any, truth: Any) -> float:
    """The mean over the labels with enough positives, 0..1. Arrays are float[works, labels], truth 0 or 1."""
    import numpy as np

    ranked, first = _without_gaps(scores), np.arange(len(truth)) % 2 == 0
    found = []
    for label in _frequent(truth):
        threshold = np.where(
            first,
            _best_threshold(ranked[~first, label], truth[~first, label]),
            _best_threshold(ranked[first, label], truth[first, label]),
        )
        suggested, present = ranked[:, label] >= threshold, truth[:, label] == 1
        found.append(2 * (suggested & present).sum() / max(suggested.sum() + present.sum(), 1))
    return float(np.mean(found or 0))


def _best_threshold(scores: Any, truth: Any) -> float:
    """The score from which on a label should be suggested for the highest F1; infinite when it is never present."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    if not len(hits) or not hits[-1]:
        return float("inf")
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    return float(scores[order][np.argmax(f1)])


def figures(scores: Any, truth: Any) -> tuple[float, float, int]:
    """Mean average precision and mean AUC over the labels with enough positives, and how many these are.

    Unknown cells are masked; a work without a score ranks last.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score

    ranked, known, chosen = _without_gaps(scores), np.isfinite(truth), _frequent(truth)
    pairs = [(truth[known[:, label], label], ranked[known[:, label], label]) for label in chosen]
    precision = [average_precision_score(*pair) for pair in pairs]
    return float(np.mean(precision or 0)), float(np.mean([roc_auc_score(*pair) for pair in pairs] or 0)), len(chosen)


def _without_gaps(scores: Any) -> Any:
    import numpy as np

    return np.where(np.isnan(scores), np.nanmin(scores) - 1, scores)


def _frequent(truth: Any) -> list[int]:
    return [label for label in range(truth.shape[1]) if (truth[:, label] == 1).sum() >= MIN_POSITIVES]


# ---- Grouped folds of our own stories -----------------------------------------------------------------------------


def folds(count: int, everything: bool, every: int) -> list[dict[str, Any]]:
    """Ours and the plain scikit-learn pipeline on the same grouped folds, scored by the same code."""
    import numpy as np
    from joblib import Parallel, delayed
    from sklearn.feature_extraction.text import TfidfVectorizer

    from tagger import labelled
    from tagger.evaluation import judge as judge_works
    from tagger.recipe import Recipe
    from tagger.training import assign_folds, train, truth_of

    corpus = own_stories.load(every)
    works = labelled.load(own_stories.STORIES) if everything else [*corpus.train, *corpus.validation]
    truth, fold_of = truth_of(works, corpus.labels), assign_folds(works, count, own_stories.SEED)
    jobs = os.cpu_count() or 1
    own, plain = np.full(truth.shape, np.nan), np.full(truth.shape, np.nan)
    for fold in range(count):
        print(f"bench: fold {fold + 1} of {count}", file=sys.stderr, flush=True)
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        unseen = [works[i] for i in outside]
        bundle = train([works[i] for i in inside], corpus.labels, Recipe(), jobs=jobs)
        own[outside] = judge_works(bundle, unseen, "balanced")[0]
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        values = vectorizer.fit_transform([own_stories.body(works[i]) for i in inside])
        fitted = Parallel(jobs)(delayed(_logistic)(values, each) for each in truth[inside].T)
        read = vectorizer.transform(map(own_stories.body, unseen))
        plain[outside] = np.column_stack([read @ weights + bias for weights, bias in fitted])
    return [_report(name, figures(scores, truth), len(works)) for name, scores in (("ours", own), ("sklearn", plain))]


def _report(system: str, found: Iterable[float], works: int) -> dict[str, Any]:
    return {"system": system, **dict(zip(("precision", "auc", "labels"), found, strict=True)), "works": works}


def _logistic(values: Any, truth: Any) -> tuple[Any, float]:
    """The plain classifier on the works whose truth is known."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    known = np.isfinite(truth)
    if len(np.unique(truth[known])) < 2:
        return np.zeros(values.shape[1]), 0.0
    model = LogisticRegression(class_weight="balanced", max_iter=1000).fit(values[known], truth[known])
    return model.coef_[0], float(model.intercept_[0])
