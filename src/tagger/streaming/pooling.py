"""choose_shares(): over how many of its passages a label's margins should be pooled, told by many held-out works."""

from __future__ import annotations

import numpy as np

from tagger.aggregation import Rule, aggregate
from tagger.arrays import F64
from tagger.composites import Sample
from tagger.training import precisions

# A label with fewer works than this is pooled as is best for all labels together.
_ENOUGH = 30
_SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)


def choose_shares(sample: Sample, rule: Rule) -> Rule:
    """The rule with that share of a work's passages for each label that ranks the works of a sample best.

    The figure is average precision among works of one length class, weighed by those that have the label.
    """
    if (np.diff(sample.rows) == 1).all():
        return rule
    n_labels = len(rule.share)
    found = np.array([_precisions(sample, rule._replace(share=np.full(n_labels, share))) for share in _SHARES])
    enough = (sample.truth == 1).sum(axis=0) >= _ENOUGH
    best = np.where(enough, found.argmax(axis=0), found.mean(axis=1).argmax())
    return rule._replace(share=np.array(_SHARES)[best])


def _precisions(sample: Sample, rule: Rule) -> F64:
    """The average precision of each label, float64[labels]."""
    margins = aggregate(sample.margins, sample.rows, rule).margins
    sums, weights = np.zeros(margins.shape[1]), np.full(margins.shape[1], 1e-9)
    for label, present, precision in precisions(margins, sample):
        sums[label] += present * precision
        weights[label] += present
    found: F64 = sums / weights
    return found
