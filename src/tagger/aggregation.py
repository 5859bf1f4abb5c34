"""aggregate(): passage margins -> work margins, remembering which passages spoke.

A warning holds for a work when one scene has it, so a work's margin is the mean of its few greatest passage margins.
A tag says what the whole work is like, so for tags the greatest *share* of the passages is averaged instead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tagger import native
from tagger.arrays import F32, I64, NDArray


class Rule(NamedTuple):
    """How many of a work's passages speak: `share`, float64[labels] in 0..1, of them, but at least `top`."""

    top: int
    share: NDArray[np.float64]


class WorkMargins(NamedTuple):
    """`margins`, float32[works, labels]; `leading`, int64[works, most, labels]: the rows of each work's loudest
    passages, loudest first, -1 where it has no more.
    """

    margins: F32
    leading: I64


def aggregate(margins: F32, rows: I64, rule: Rule, most: int = 1) -> WorkMargins:
    """Pool the margins of passages, float32[passages, labels], all finite; work w owns the rows `rows[w]:rows[w + 1]`.

    A work without passages gets 0. NumPy pools works of one length together, since its cost is by the call.

    >>> pooled = aggregate(np.array([[3], [-1], [1]], np.float32), np.array([0, 3]), Rule(2, np.zeros(1)), most=2)
    >>> pooled.margins.tolist(), pooled.leading.tolist()
    ([[2.0]], [[[0], [2]]])
    """
    kernel = native.kernel()
    if kernel:
        return WorkMargins(*kernel.pool(margins, rows, rule.top, rule.share, most))
    sizes, n_labels = np.diff(rows), margins.shape[1]
    pooled = np.zeros((len(sizes), n_labels), np.float32)
    leading = np.full((len(sizes), most, n_labels), -1, np.int64)
    for size in sorted(set(sizes[sizes > 0].tolist())):  # np.unique would import numpy.ma, which takes time
        works = np.flatnonzero(sizes == size)
        own = rows[works, None] + np.arange(size)
        if not most:
            pooled[works] = _pool(np.sort(margins[own], axis=1)[:, ::-1], rule)
            continue
        order = np.argsort(-margins[own], axis=1, kind="stable")
        ranked = own[np.arange(len(works))[:, None, None], order]
        pooled[works] = _pool(margins[ranked, np.arange(n_labels)], rule)
        leading[works, : min(size, most)] = ranked[:, :most]
    return WorkMargins(pooled, leading)


def _pool(ordered: F32, rule: Rule) -> F32:
    """The mean of each label's first passages, as many as the rule says: float32[works, labels].

    `ordered`, float32[works, passages, labels], falls from passage to passage.
    """
    size = ordered.shape[1]
    count = np.clip(np.ceil(rule.share * size).astype(np.int64), min(rule.top, size), size)
    sums = np.cumsum(ordered, axis=1, dtype=np.float64)[:, count - 1, np.arange(len(count))]
    means: F32 = (sums / count).astype(np.float32)
    return means
