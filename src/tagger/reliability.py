"""How far scores lie from how often they come true, and how far they would if they were right."""

from __future__ import annotations

import numpy as np

from tagger.arrays import F64, I64, NDArray

BINS = 10
_DRAWS, _SEED = 200, 0


def expected_calibration_error(scores: F64, truth: F64) -> float | None:
    """How far scores lie from how often they come true, 0..1: the mean gap over 10 bins; None without cells.

    ECE as in Naeini et al. 2015, with bins of equal mass (Nguyen and O'Connor 2015), which are less biased
    than bins of equal width (Roelofs et al. 2022). Cells of one score share a bin, so that the order of the
    works changes nothing. `scores` and `truth` are (cells,), without NaN. A report gives it no interval: in a
    resample the copies of a cell make every bin look worse than it is.

    >>> expected_calibration_error(np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    0.0
    """
    return _mean_gap(_bins(scores), scores, truth) if len(scores) else None


def error_by_chance(scores: F64) -> float | None:
    """The expected calibration error that these very scores would show, in the mean, if they were the true chances:
    with few works in a bin it is far from 0, and an error of this size says nothing against them. `scores`: (cells,).

    >>> round(error_by_chance(np.full(400, 0.5)), 2), error_by_chance(np.ones(400))
    (0.02, 0.0)
    """
    if not len(scores):
        return None
    bins, rng = _bins(scores), np.random.default_rng(_SEED)
    return float(np.mean([_mean_gap(bins, scores, rng.random(len(scores)) < scores) for _ in range(_DRAWS)]))


def _bins(scores: F64) -> I64:
    """The bin of each cell."""
    bins: I64 = np.searchsorted(np.sort(scores), scores, "left") * BINS // len(scores)
    return bins


def _mean_gap(bins: I64, scores: F64, truth: F64 | NDArray[np.bool_]) -> float:
    return float(np.abs(np.bincount(bins, weights=truth - scores)).sum() / len(scores))
