"""aggregate(): passage margins -> work margins, remembering which passages spoke.

A warning holds for a work when one scene has it, so a work's margin is the mean of its few greatest passage margins.
A tag says what the whole work is like, so for tags the greatest *share* of the passages is averaged instead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagger.features import F32, I64


class Rule(NamedTuple):
    """How many of a work's passages speak for a label: `share`, float64[labels] in 0..1, of them, but at least `top`."""

    top: int
    share: NDArray[np.float64]


class WorkMargins(NamedTuple):
    """One row a work: `margins`, float32[works, labels], and `leading`: for each work the indices of its passages
    ordered by margin, loudest first, int64[passages of the work, labels], counted from the work's first passage.
    """

    margins: F32
    leading: list[I64]


def aggregate(margins: F32, rows: I64, rule: Rule) -> WorkMargins:
    """Pool the margins of passages, float32[passages, labels]; work w owns the rows `rows[w]:rows[w + 1]`.

    >>> margins = np.array([[3], [-1], [1]], np.float32)
    >>> aggregate(margins, np.array([0, 3]), Rule(top=2, share=np.zeros(1))).margins.tolist()
    [[2.0]]
    """
    pooled = np.empty((len(rows) - 1, margins.shape[1]), np.float32)
    leading = []
    bounds = rows.tolist()
    for work, (start, end) in enumerate(zip(bounds, bounds[1:], strict=False)):
        own = margins[start:end]
        order = np.argsort(-own, axis=0, kind="stable")
        pooled[work] = _pool(np.take_along_axis(own, order, axis=0), rule)
        leading.append(order)
    return WorkMargins(pooled, leading)


def _pool(ordered: F32, rule: Rule) -> F32:
    """The mean of each column's first rows, as many as the rule says; `ordered` falls from row to row."""
    length, n_labels = ordered.shape
    if length == 1:
        return ordered[0]
    count = np.clip(np.ceil(rule.share * length).astype(np.int64), min(rule.top, length), length)
    sums = np.cumsum(ordered, axis=0, dtype=np.float64)[count - 1, np.arange(n_labels)]
    return (sums / count).astype(np.float32)
