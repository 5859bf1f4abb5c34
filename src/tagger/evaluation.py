"""evaluate(): bundle + labelled works -> figures; cross_validate(): a recipe + labelled works -> figures.

Both go through the same door as prediction, so that what is measured is what a user gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np

from tagger.arrays import F64, NDArray
from tagger.bundles import Bundle
from tagger.errors import DataError
from tagger.labels import LabelSet
from tagger.learning import Progress
from tagger.metrics import Report, measure
from tagger.policy import choose_thresholds
from tagger.recipe import Recipe
from tagger.tagging import Options, tag
from tagger.training import assign_folds, group_of, no_progress, train, truth_of
from tagger.works import LabelledWork

_BATCH = 256


def evaluate(bundle: Bundle, works: Sequence[LabelledWork], preset: str = "balanced", resamples: int = 1000) -> Report:
    """Measure a bundle on works it has not learned from. Raises DataError when there are none."""
    if not works:
        raise DataError("there is no work to evaluate on; choose another --split")
    scores, suggested = judge(bundle, works, preset)
    chosen = choose_thresholds(bundle.thresholds, bundle.labels, preset).chosen
    return _report(scores, suggested, works, chosen, bundle.labels, resamples)


def cross_validate(
    works: Sequence[LabelledWork],
    labels: LabelSet,
    recipe: Recipe,
    n_folds: int,
    preset: str = "balanced",
    resamples: int = 1000,
    *,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> Report:
    """Measure a recipe: every fold is judged by a bundle trained on the others. Groups stay together.

    The thresholds reported are the means over the folds.
    """
    folds = assign_folds(works, n_folds, recipe.seed)
    scores = np.full((len(works), len(labels)), np.nan)
    suggested = np.zeros(scores.shape, bool)
    chosen = np.zeros((n_folds, len(labels)))
    for fold in range(n_folds):
        progress("folds", fold, n_folds)
        outside = folds == fold
        bundle = train(list(compress(works, ~outside)), labels, recipe, jobs=jobs)
        scores[outside], suggested[outside] = judge(bundle, list(compress(works, outside)), preset)
        chosen[fold] = choose_thresholds(bundle.thresholds, labels, preset).chosen
    progress("folds", n_folds, n_folds)
    return _report(scores, suggested, works, chosen.mean(axis=0), labels, resamples)


def judge(bundle: Bundle, works: Sequence[LabelledWork], preset: str) -> tuple[F64, NDArray[np.bool_]]:
    """What a bundle says of works: scores, float64[works, labels], NaN where it abstained or never learned the label;
    and what it suggests, bool of the same shape.
    """
    scores = np.full((len(works), len(bundle.labels)), np.nan)
    suggested = np.zeros(scores.shape, bool)
    for start in range(0, len(works), _BATCH):
        batch = [each.work for each in works[start : start + _BATCH]]
        for row, result in enumerate(tag(batch, bundle, Options(preset=preset, evidence=1)), start):
            for label, score in result["scores"].items():
                scores[row, bundle.labels.index(label)] = score
            for suggestion in result["suggested"]:
                suggested[row, bundle.labels.index(suggestion["label"])] = True
    return scores, suggested


def _report(
    scores: F64,
    suggested: NDArray[np.bool_],
    works: Sequence[LabelledWork],
    thresholds: F64,
    labels: LabelSet,
    resamples: int,
) -> Report:
    groups = [group_of(each) for each in works]
    truth = truth_of(works, labels)
    return measure(scores, truth, groups, thresholds, labels, suggested=suggested, resamples=resamples)
