"""judge(): out-of-fold margins -> calibration, thresholds by preset, and how often each is right, by a recipe."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tagger.aggregation import Rule, aggregate
from tagger.arrays import F64, NDArray
from tagger.calibration import Aims, Calibration, calibrate, fit, precision_at, prevalence, thresholds, with_company
from tagger.composites import Sample
from tagger.errors import RecipeError, UnknownLabelError
from tagger.labels import LabelSet
from tagger.recipe import Calibrating, Recipe, Thresholding
from tagger.works import LabelledWork

# Below this weight a work's labels are guesses: good enough to learn words from, not to say how often they are right.
HINT = 0.2

# A label and, perhaps, a precision.
_CAREFUL = re.compile(r"(.+?)(?:\s+([\d.]+))?", re.DOTALL)


def sure(works: Sequence[LabelledWork], truth: F64, labels: LabelSet, recipe: Recipe) -> F64:
    """The truth, float64[works, labels], that calibration may rest on, the rest NaN: nothing of works that weigh less
    than HINT, and the tags of typical works only.
    """
    hints = np.array([each.weight < HINT for each in works])
    beginnings = tuple(f"{each}-" for each in _listed(recipe.calibration.typical))
    typical = np.array([each.work.id.startswith(beginnings) for each in works])
    tags = np.array([label.kind == "tag" for label in labels])
    left_out = hints[:, None] | (~typical[:, None] & tags & (typical & ~hints).any())
    return np.where(left_out, np.nan, truth)


class Judged(NamedTuple):
    """What scores mean, as in a Bundle."""

    calibration: Calibration
    thresholds: F64
    precision: F64
    prevalence: F64


def judge(sample: Sample, rule: Rule, labels: LabelSet, supported: NDArray[np.bool_], recipe: Recipe) -> Judged:
    """Calibrate, and choose thresholds, on works that were not learned from; `supported`, bool[labels], was learned."""
    pooled = aggregate(sample.margins, sample.rows, rule).margins.astype(np.float64)
    n_passages = np.diff(sample.rows)
    aims, careful = recipe.thresholds, _careful(recipe.thresholds, labels)
    warnings = np.array([label.kind == "warning" for label in labels])
    examples = (pooled, n_passages, sample.truth, sample.importance)
    doubted, times = _doubted(recipe.calibration, labels), recipe.calibration.company
    calibration = with_company(fit(*examples), *examples, warnings & supported, doubted, times)
    scores = calibrate(pooled, n_passages, calibration)
    plain = Aims(aims.precision, aims.floor, aims.recall, aims.shrink)
    for_tags, for_warnings = (
        thresholds(scores, sample.truth, each, careful, sample.importance)
        for each in (plain, plain._replace(beta=aims.beta))
    )
    table = np.where(warnings, for_warnings, for_tags)
    precision = precision_at(scores, sample.truth, table, sample.importance)
    return Judged(calibration, table, precision, prevalence(sample.truth, sample.importance))


def check_recipe(recipe: Recipe, labels: LabelSet) -> None:
    """Raise RecipeError where the recipe names a label that is not there, before hours are spent on it."""
    _doubted(recipe.calibration, labels)
    _careful(recipe.thresholds, labels)


def _doubted(calibrating: Calibrating, labels: LabelSet) -> NDArray[np.bool_]:
    """Which warnings are doubted, bool[labels]. Raises RecipeError for one that is not there."""
    try:
        doubted = [labels[name] for name in _listed(calibrating.doubted)]
    except UnknownLabelError as error:
        raise RecipeError(f"calibration.doubted: {error}") from error
    for label in doubted:
        if label.kind != "warning":
            raise RecipeError(f"calibration.doubted: {label.id} is no warning")
    return np.isin(labels.ids, [label.id for label in doubted])


def _careful(aims: Thresholding, labels: LabelSet) -> F64:
    """The precision that balanced aims at for each careful label, NaN for others: float64[labels]. Raises RecipeError
    for a label that is not there, or a precision that is none.
    """
    wanted = np.full(len(labels), np.nan)
    for each in _listed(aims.careful):
        name, precision = _CAREFUL.fullmatch(each).groups()  # type: ignore[union-attr]  # it matches any text
        try:
            wanted[labels.index(labels[name].id)] = float(precision or aims.precision)
        except (UnknownLabelError, ValueError) as error:
            raise RecipeError(f"thresholds.careful: {each}: {error}") from error
    if (wanted > 1).any():
        raise RecipeError(f"thresholds.careful: a precision lies between 0 and 1: {aims.careful}")
    return wanted


def _listed(names: str) -> list[str]:
    """What stands between the commas of a recipe's list."""
    return [each.strip() for each in names.split(",") if each.strip()]
