"""compare(): what a champion and a challenger say of the same works -> which of them is better, label by label.

The measure is the log loss, which feels every change of a score; average precision and F1 are told beside it. Groups
of works are resampled, for both models alike (the paired bootstrap: Efron and Tibshirani, "An introduction to the
bootstrap", 1993, ch. 16; Koehn, EMNLP 2004), and since many labels are tested at once, one of them seeming worse by
chance must not count: Holm ("A simple sequentially rejective multiple test procedure", 1979) keeps the probability of
any such error at ALPHA, for the worse and for the better ones each.

A little harm to every label is no label's harm that could be told from chance, so all labels that did not become better
are tested together too (`REST`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagger.arrays import F64, NDArray
from tagger.labels import LabelSet
from tagger.metrics import MIN_SUPPORT, LabelFigures, measure

ALPHA = 0.05
MARGIN = 0.001  # nats by work: less than that is no harm that anybody could notice
RESAMPLES = 10_000
REST = "all other labels"
_CHUNK = 1 << 20

# Log losses are of scores within these bounds: one cell that a model is sure of and wrong outweighs no hundred.
_SURE = 1e-3


@dataclass(frozen=True, slots=True)
class LabelContest:
    """One label in both models, on the `works` of which it is known, `present` of them with it.

    `loss` (nats by work, weighted), `ap` and `f1` (0..1, None where the works cannot tell) are pairs, champion first.
    `difference` is that of the losses, negative where the challenger is better, with its 95 % interval `low` to `high`.
    `outcome` is better, worse or same, or unknown where too few works tell. The challenger suggests it in `gained`
    works more, and in `lost` works no longer.
    """

    label: str
    works: int
    present: int
    loss: tuple[float, float]
    difference: float
    low: float
    high: float
    outcome: str
    ap: tuple[float | None, float | None]
    f1: tuple[float | None, float | None]
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Contest:
    """All labels and, last, REST; of `works` works the suggestions `changed`."""

    labels: tuple[LabelContest, ...]
    works: int
    changed: int

    def named(self, outcome: str) -> list[str]:
        """The labels with this outcome."""
        return [each.label for each in self.labels if each.outcome == outcome]


@dataclass(frozen=True, slots=True)
class Side:
    """What one model says of the works: `scores` and what it `suggested`, float64 and bool[works, labels]."""

    scores: F64
    suggested: NDArray[np.bool_]


def compare(
    champion: Side,
    challenger: Side,
    truth: F64,
    weights: F64,
    groups: Sequence[str],
    labels: LabelSet,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Contest:
    """Compare two models on works, truth being 1, 0 or NaN, float64[works, labels], and `weights`, float64[works], how
    much each work counts. The same seed gives the same comparison.
    """
    pair = losses(champion.scores, truth), losses(challenger.scores, truth)
    known = np.isfinite(pair[0]) & np.isfinite(pair[1])
    difference = np.where(known, pair[1] - pair[0], 0)
    tested = _test(difference, weights[:, None] * known, groups, resamples, seed)
    figures = [_figures(side, truth, groups, labels) for side in (champion, challenger)]
    more = (challenger.suggested & ~champion.suggested).sum(axis=0)
    fewer = (champion.suggested & ~challenger.suggested).sum(axis=0)
    found = []
    for i, label in enumerate((*labels.ids, REST)):
        one = label != REST
        cells = np.zeros_like(known)
        cells[:, [i] if one else tested.rest] = True
        cells &= known
        if not cells.any():
            continue
        counts = np.broadcast_to(weights[:, None], cells.shape)[cells]
        loss = tuple(float(np.average(each[cells], weights=counts)) for each in pair)
        low, high = np.percentile(tested.samples[:, i], (2.5, 97.5)).tolist()
        found.append(
            LabelContest(
                label=label,
                works=int(cells.any(axis=1).sum()),
                present=int((truth[cells] == 1).sum()),
                loss=(loss[0], loss[1]),
                difference=loss[1] - loss[0],
                low=low,
                high=high,
                outcome=str(tested.outcomes[i]),
                ap=(figures[0][i].ap.value, figures[1][i].ap.value) if one else (None, None),
                f1=(figures[0][i].f1.value, figures[1][i].f1.value) if one else (None, None),
                gained=int(more[i]) if one else 0,
                lost=int(fewer[i]) if one else 0,
            )
        )
    changed = int((champion.suggested != challenger.suggested).any(axis=1).sum())
    return Contest(tuple(found), len(truth), changed)


class _Tested(NamedTuple):
    """`samples`, float64[resamples, labels + 1], and `outcomes` of each label and of those in `rest`, bool[labels]."""

    samples: F64
    outcomes: NDArray[np.str_]
    rest: NDArray[np.bool_]


def _test(difference: F64, counts: F64, groups: Sequence[str], resamples: int, seed: int) -> _Tested:
    """Which labels became better or worse, by their differences in loss, float64[works, labels]."""
    sums, weights = (by_group(groups, cells) for cells in (counts * difference, counts))
    enough = (weights > 0).sum(axis=0) >= MIN_SUPPORT
    samples = _resampled(sums, weights, resamples, seed)
    better = _holm(np.where(enough, _chance(samples >= 0), 1))
    rest = (weights > 0).any(axis=0) & ~better
    sums, weights = (np.hstack((cells, cells[:, rest].sum(axis=1, keepdims=True))) for cells in (sums, weights))
    enough, better = (weights > 0).sum(axis=0) >= MIN_SUPPORT, np.append(better, False)
    samples = _resampled(sums, weights, resamples, seed)
    worse = _holm(np.where(enough, _chance(samples <= MARGIN), 1))
    outcomes = np.select([~enough, worse, better], ["unknown", "worse", "better"], "same")
    return _Tested(samples, outcomes, rest)


def losses(scores: F64, truth: F64) -> F64:
    """The log loss of each cell, in nats, of the shape of both; NaN where the truth is not known."""
    return np.where(np.isnan(truth), np.nan, -np.log(chances(scores, truth)))


def chances(scores: F64, truth: F64) -> F64:
    """The probability that a model gave to what is true of each cell, never quite 0 or 1."""
    inside = np.clip(scores, _SURE, 1 - _SURE)
    return np.where(truth == 1, inside, 1 - inside)


def _figures(side: Side, truth: F64, groups: Sequence[str], labels: LabelSet) -> tuple[LabelFigures, ...]:
    nothing = np.full(len(labels), np.nan)
    return measure(side.scores, truth, groups, nothing, labels, suggested=side.suggested, resamples=0).labels


def by_group(groups: Sequence[str], cells: F64) -> F64:
    """The sums of the rows of each group, float64[groups, columns]."""
    numbers = np.unique(np.array(groups), return_inverse=True)[1]
    sums = np.zeros((int(numbers.max(initial=-1)) + 1, cells.shape[1]))
    np.add.at(sums, numbers, cells)
    return sums


def _resampled(totals: F64, counts: F64, resamples: int, seed: int) -> F64:
    """Weighted means of each column over resamples of the groups, float64[resamples, columns]; 0 without a cell."""
    rng = np.random.default_rng(seed)
    n_groups, found = len(totals), []
    chunk = max(1, _CHUNK // max(n_groups, 1))
    for start in range(0, resamples, chunk):
        drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), min(chunk, resamples - start)).astype(float)
        found.append((drawn @ totals) / np.maximum(drawn @ counts, 1e-12))
    return np.vstack(found)


def _chance(against: NDArray[np.bool_]) -> F64:
    """The p-value of each column: the share of resamples that speak against it, the data itself counted as one."""
    p: F64 = (1 + against.sum(axis=0)) / (1 + len(against))
    return p


def _holm(p: F64) -> NDArray[np.bool_]:
    """Which hypotheses are rejected at ALPHA by Holm's procedure.

    >>> _holm(np.array([0.01, 0.04, 0.03])).tolist()
    [True, False, False]
    """
    order = np.argsort(p, kind="stable")
    passed = p[order] <= ALPHA / np.arange(len(p), 0, -1)
    rejected = np.zeros(len(p), bool)
    rejected[order] = np.cumprod(passed).astype(bool)
    return rejected
