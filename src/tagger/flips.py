"""flipped(): how much of what people said looks as if they had said the opposite of what they meant.

A cell whose label is present with probability p is said to be present with (1 - e) p + e (1 - p), where a share e of
all that is said is flipped (symmetric label noise: Angluin and Laird, "Learning from noisy examples", Machine Learning
2, 1988). e is the maximum of the likelihood, and its interval that of a bootstrap over groups of works.

It shows where the model is sure that a label is absent: what a careless hand adds there is more than the model ever
missed. So only complete reviews tell, and of them what the model did not suggest; where it does suggest a label, a
mistake of its own looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tagger.arrays import F64, NDArray
from tagger.comparing import by_group, chances
from tagger.metrics import Estimate

LEAST_CELLS = 200
_SHARES = np.linspace(0, 0.5, 101)
_RESAMPLES = 1000


def flipped(
    scores: F64, truth: F64, asked: NDArray[np.bool_], weights: F64, groups: Sequence[str], seed: int = 0
) -> Estimate | None:
    """The share that looks flipped, 0..0.5, with its 95 % interval; None where fewer than LEAST_CELLS cells can tell.

    `scores` (of a model that did not learn from the work, NaN where it has none), `truth` (1, 0 or NaN) and `asked`
    (what was suggested) are [works, labels]; `weights`, float64[works], says how much each work counts.
    """
    cells = np.isfinite(scores) & np.isfinite(truth) & ~asked
    if cells.sum() < LEAST_CELLS:
        return None
    right = chances(np.where(cells, scores, 0.5), truth)
    counts = weights[:, None] * cells
    by_work = np.stack([(counts * np.log((1 - e) * right + e * (1 - right))).sum(axis=1) for e in _SHARES], axis=1)
    sums = by_group(groups, by_work)
    n_groups = len(sums)
    drawn = np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1 / n_groups), _RESAMPLES)
    low, high = np.percentile(_SHARES[np.argmax(drawn @ sums, axis=1)], (2.5, 97.5))
    return Estimate(float(_SHARES[np.argmax(sums.sum(axis=0))]), float(low), float(high))
