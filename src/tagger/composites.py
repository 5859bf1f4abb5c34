"""compose(): works to calibrate on -> the same, and longer ones composed of their passages.

Most training works are a passage or two long, and the works that people ask about are not. A composed work stands in
for a long one: quiet passages, and in half of the works one to three that carry a warning.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tagger.arrays import F64, I64, NDArray
from tagger.labels import LabelSet
from tagger.recipe import Recipe


class Sample(NamedTuple):
    """Works to calibrate on, as `Examples`, with out-of-fold margins, float32[passages, labels]."""

    margins: NDArray[np.float32]
    rows: I64
    truth: F64
    importance: F64


def compose(
    margins: NDArray[np.float32], rows: I64, truth: F64, importance: F64, labels: LabelSet, recipe: Recipe
) -> Sample:
    """The works themselves and, where most of them are short, longer ones composed of passages.

    Half the composed works are clean; the others carry one to three passages with a warning among quiet ones. A quiet
    passage comes out of any work without a warning, long or short; an eventful one is a work of its own. A warning is
    present when any passage has it. Passages of many stories say nothing of a tag, which is the colour of a whole one:
    tags are unknown there.
    """
    warnings = np.array([label.kind == "warning" for label in labels])
    single = np.diff(rows) == 1
    of_passages = np.repeat(truth, np.diff(rows), axis=0)
    quiet = np.flatnonzero((of_passages[:, warnings] == 0).all(axis=1))
    eventful = rows[:-1][single & (truth[:, warnings] == 1).any(axis=1)]
    if 2 * single.sum() < len(truth) or len(quiet) < 50 or len(eventful) < 50:
        return Sample(margins, rows, truth, importance)
    rng = np.random.default_rng(recipe.seed)
    members = [
        _members(quiet, eventful, recipe.calibration.max_passages, rng) for _ in range(recipe.calibration.composites)
    ]
    passages = np.concatenate([np.arange(rows[-1]), *members])
    composed = [_composed_truth(of_passages[each], warnings) for each in members]
    return Sample(
        margins[passages],
        np.concatenate((rows, rows[-1] + np.cumsum([len(each) for each in members], dtype=np.int64))),
        np.vstack((truth, *composed)) if composed else truth,
        np.concatenate((importance, np.ones(len(composed)))),
    )


def _members(quiet: I64, eventful: I64, longest: int, rng: np.random.Generator) -> I64:
    """The passages that make a composed work; its length is spread evenly on a logarithmic scale."""
    length = int(np.exp(rng.uniform(np.log(2), np.log(longest + 1))))
    events = int(rng.integers(0, 2)) * int(rng.integers(1, min(3, length) + 1))
    chosen = np.concatenate((rng.choice(eventful, events), rng.choice(quiet, length - events)))
    rng.shuffle(chosen)
    return chosen


def _composed_truth(parts: F64, warnings: NDArray[np.bool_]) -> F64:
    """The truth of a work made of parts, float64[labels], from theirs, float64[parts, labels]."""
    unknown = np.isnan(parts).any(axis=0) | ~warnings
    return np.where((parts == 1).any(axis=0) & warnings, 1.0, np.where(unknown, np.nan, 0.0))
