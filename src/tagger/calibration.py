"""Margins -> probabilities, and thresholds for what a reader asks of them.

Platt's sigmoid ("Probabilistic outputs for support vector machines", 1999), fitted by label on out-of-fold margins,
with two terms more. The more passages a work has, the likelier one of them is loud by chance, so the log of their
number counts against it. And warnings seldom come alone: in a work of many passages, one of which is loud for a single
warning while no other warning is likely, that counts against it too. Labels with few examples are drawn towards what
holds for all labels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tagger.arrays import F64, I64, NDArray

PRESETS = ("high-recall", "balanced", "high-precision")


# How unlikely, in log-odds, all other warnings are where a warning is as good as alone.
_ALONE = -2.0
# A label that is to be suggested sparingly is doubted, when alone, as though so much were added to ln passages.
_DOUBT = 3.0
# Solitude hangs on how length counts, which is learned beside it: so often they take turns.
_TURNS = 6


class Calibration(NamedTuple):
    """What turns margins into log-odds; each float64[labels].

        log-odds = alone + (company x ln passages + doubt) x solitude + prior
        alone = slope x margin + intercept - length x ln passages

    Solitude, from -2 to 0, is what the `alone` of the likeliest other label that keeps company lacks to be even odds.
    Labels that keep company are those with a `company` above 0. `prior` is what another mix of works adds (`shift`).
    """

    slope: F64
    intercept: F64
    length: F64
    company: F64
    doubt: F64
    prior: F64


def uncalibrated(n_labels: int) -> Calibration:
    """The calibration that takes margins for log-odds."""
    return Calibration(np.ones(n_labels), *np.zeros((5, n_labels)))


def calibrate(margins: NDArray[np.floating], passages: NDArray[np.integer] | int, by: Calibration) -> F64:
    """The probability of each label: float64[works, labels] in 0..1, from margins of the same shape and the number of
    passages of each work, int[works].
    """
    return sigmoid(log_odds(margins, passages, by))


def log_odds(margins: NDArray[np.floating], passages: NDArray[np.integer] | int, by: Calibration) -> F64:
    """The same as log-odds, ln(p / (1 - p))."""
    lengths = _lengths(passages)
    alone = _alone(margins, lengths, by)
    return alone + (lengths * by.company + by.doubt) * _solitude(alone, by.company > 0) + by.prior


def _lengths(passages: NDArray[np.integer] | int) -> F64:
    """The logarithm of the numbers of passages, float64[works, 1]."""
    return np.log(np.asarray(passages, np.float64)).reshape(-1, 1)


def _alone(margins: NDArray[np.floating], lengths: F64, by: Calibration) -> F64:
    return margins * by.slope + by.intercept - lengths * by.length


def _solitude(alone: F64, sociable: NDArray[np.bool_]) -> F64:
    """What the likeliest other one of the `sociable` labels, bool[labels], lacks to have even odds: float64[works,
    labels] from _ALONE to 0, and 0 for labels that are not sociable.
    """
    found, columns = np.zeros(alone.shape), np.flatnonzero(sociable)
    if len(columns) > 1:
        own = alone[:, columns]
        second, first = np.partition(own, -2, axis=1)[:, -2:].T[:, :, None]
        found[:, columns] = np.clip(np.where(own == first, second, first), _ALONE, 0)
    return found


def of_passages(margins: NDArray[np.floating], labels: NDArray[np.integer] | int, by: Calibration) -> F64:
    """The probability of some `labels`, int[n] or one, in passages each taken for a whole work, whatever else is in it:
    float64[n] in 0..1, from their margins, float[n].
    """
    return sigmoid(margins * by.slope[labels] + by.intercept[labels] + by.prior[labels])


def floors(thresholds: F64, by: Calibration) -> F64:
    """The margin at which a passage so taken reaches each label's threshold: float64[labels]."""
    inside = np.clip(thresholds, 1e-9, 1 - 1e-9)
    margins: F64 = (np.log(inside / (1 - inside)) - by.intercept - by.prior) / by.slope
    return margins


def prevalence(truth: F64, importance: F64) -> F64:
    """The share of works that have each label, float64[labels] in 0..1, of those of which it is known; NaN for none."""
    with np.errstate(invalid="ignore"):
        share: F64 = importance @ (truth == 1) / (importance @ np.isfinite(truth))
    return share


def shift(by: Calibration, assumed: F64, expected: F64) -> Calibration:
    """The calibration for works of another mix: what was fitted where `assumed` of the works have a label, for works of
    which `expected` have it; both float64[labels] in 0..1, NaN where nothing is to change.

    The odds are multiplied by the ratio of the prior odds (Saerens, Latinne and Decaestecker, Neural Computation 14,
    2002): right as long as works with the label look the same, and there are only more or fewer of them.
    """
    old, new = np.clip(assumed, 1e-6, 1 - 1e-6), np.clip(expected, 1e-6, 1 - 1e-6)
    moved = np.log(new / (1 - new)) - np.log(old / (1 - old))
    return by._replace(prior=by.prior + np.nan_to_num(moved))


def sigmoid(log_odds: F64) -> F64:
    """1 / (1 + e^-x), without overflow."""
    probability: F64 = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return probability


def fit(margins: F64, passages: NDArray[np.integer], truth: F64, importance: F64 | None = None) -> Calibration:
    """Fit every label on out-of-fold margins, float64[works, labels]; truth is 1, 0 or NaN (unknown, left out), and
    `importance`, float64[works], how much each work counts (1).

    A first pass fits each label alone; the second draws each towards the median of the first (empirical Bayes), as
    strongly as a Gaussian of half that median's width: rare labels follow the crowd, frequent ones themselves.
    """
    lengths = _lengths(passages)[:, 0]
    counts = np.ones(len(margins)) if importance is None else importance
    alone = np.array([_fit_label(margins[:, i], lengths, truth[:, i], counts) for i in range(margins.shape[1])])
    able = np.isfinite(alone[:, 0])
    if not able.any():
        return uncalibrated(margins.shape[1])
    centre = np.median(alone[able], axis=0)
    together = np.array(
        [_fit_label(margins[:, i], lengths, truth[:, i], counts, centre, 0.5) for i in range(margins.shape[1])]
    )
    together[~able] = centre
    slope, length, intercept = np.ascontiguousarray(together.T)
    return uncalibrated(len(together))._replace(slope=slope, intercept=intercept, length=length)


def with_company(
    by: Calibration,
    margins: F64,
    passages: NDArray[np.integer],
    truth: F64,
    importance: F64,
    warnings: NDArray[np.bool_],
    doubted: NDArray[np.bool_],
    times: float = 1.0,
) -> Calibration:
    """The calibration in which those of the `warnings`, bool[labels], that any work has keep company. How much that
    tells is the same for all of them, and learned from the works of several passages, as is what their length tells
    beside it; then it is made so many `times` as much. Of those that are `doubted`, bool[labels], it tells something in
    works of one passage too. What else is given is as in `fit`.
    """
    if not times:
        return by
    warnings = warnings & (truth == 1).any(axis=0)
    several, columns = np.flatnonzero(passages > 1), np.flatnonzero(warnings)
    lengths, target = _lengths(passages[several]), truth[np.ix_(several, columns)]
    if not 0 < np.nansum(target) < np.isfinite(target).sum():
        return by
    share, found = 0.0, by
    for _ in range(_TURNS):
        alone = _alone(margins[several], lengths, found)
        share, longer = _fit_company(alone, lengths, target, importance[several], columns)
        found = found._replace(length=np.where(warnings, np.maximum(found.length - longer, 0.0), found.length))
    company = np.where(warnings, share, 0.0)
    doubt = np.where(doubted & warnings, share * _DOUBT, 0.0)
    return found._replace(company=times * company, doubt=doubt) if share > 0 else by


def _fit_company(alone: F64, lengths: F64, target: F64, importance: F64, columns: I64) -> tuple[float, float]:
    """How much solitude times length, and length itself, add to log-odds that are right but for these: those of the
    labels `columns`, whose truth is `target`, float64[works, columns].
    """
    known, solitude = np.isfinite(target), _solitude(alone, np.isin(np.arange(alone.shape[1]), columns))
    by_label = (alone, lengths * solitude, np.broadcast_to(lengths, alone.shape))
    inputs = np.column_stack([each[:, columns][known] for each in by_label])
    counts = np.broadcast_to(importance[:, None], known.shape)[known]
    slope, share, longer = _newton(inputs, target[known], counts, np.array([1.0, 0.0, 0.0]), np.array([1.0, 4.0, 4.0]))
    return float(share / max(slope, 0.25)), float(longer / max(slope, 0.25))


def _fit_label(
    margins: F64, lengths: F64, truth: F64, counts: F64, centre: F64 | None = None, width: float = 4.0
) -> F64:
    """Slope, length term and intercept of one label; NaN where it has no positive or no negative example."""
    known = np.isfinite(truth) & np.isfinite(margins)
    target = truth[known]
    if not 0 < target.sum() < len(target):
        return np.full(3, np.nan)
    prior = np.array([1.0, 0.0, 0.0]) if centre is None else centre
    spread = np.array([width * max(prior[0], 0.25), width, 10.0])
    if not np.ptp(lengths[known]):  # works of one length say nothing of the others
        prior, spread[1] = prior * [1, 0, 1], 1e-3
    inputs = np.column_stack((margins[known], -lengths[known], np.ones(len(target))))
    found = _newton(inputs, target, counts[known], prior, spread**-2)
    return np.array([max(found[0], 0.05), max(found[1], 0.0), found[2]])


def _newton(inputs: F64, target: F64, counts: F64, prior: F64, precision: F64) -> F64:
    """Weighted logistic regression with a Gaussian prior, by Newton's method with halved steps."""

    def loss(at: F64) -> float:
        logits = inputs @ at
        return float(counts @ (np.logaddexp(0, logits) - target * logits) + 0.5 * precision @ (at - prior) ** 2)

    found = prior.copy()
    for _ in range(50):
        chance = sigmoid(inputs @ found)
        gradient = inputs.T @ (counts * (chance - target)) + precision * (found - prior)
        curvature = (inputs * (counts * chance * (1 - chance))[:, None]).T @ inputs + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        size, before = 1.0, loss(found)
        while loss(found - size * step) > before and size > 1e-6:
            size /= 2
        found = found - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    return found


class Aims(NamedTuple):
    """What the presets aim at on out-of-fold works: `precision` of high-precision, `floor`, the least precision of
    balanced, `recall` of high-recall; how many examples (`shrink`) the threshold common to all labels is worth against
    a label's own; and how many times as much recall is worth as precision (`beta`) for balanced.
    """

    precision: float
    floor: float
    recall: float
    shrink: float
    beta: float = 1.0


def thresholds(
    scores: F64,
    truth: F64,
    aims: Aims,
    careful: F64 | None = None,
    importance: F64 | None = None,
) -> F64:
    """Thresholds by preset, float64[3, labels] in the order of PRESETS, rising.

    For a label that is `careful`, float64[labels], balanced aims at this precision too (NaN: at none): a false alarm is
    the worse error there.

    balanced has the best F-beta (van Rijsbergen, "Information retrieval", 1979) of those with the least precision it
    may have; high-precision is the lowest with the wanted precision; high-recall the highest with the wanted recall.
    Scores are out-of-fold probabilities, float64[works, labels]; truth is 1, 0 or NaN (left out).
    """
    known = np.isfinite(truth) & np.isfinite(scores)
    counts = np.ones(len(scores)) if importance is None else importance
    common = _label_thresholds(scores[known], truth[known], np.repeat(counts, known.sum(axis=1)), aims)
    found = np.empty((3, scores.shape[1]))
    for label in range(scores.shape[1]):
        rows = known[:, label]
        target = truth[rows, label]
        own = _label_thresholds(scores[rows, label], target, counts[rows], aims)
        if np.isfinite(own).all():
            positives = counts[rows] @ target
            weight = positives / (positives + aims.shrink)
            found[:, label] = weight * own + (1 - weight) * common
        else:
            found[:, label] = common
    lenient, balanced, strict = found
    for aim in () if careful is None else set(careful[np.isfinite(careful)].tolist()):
        enough = thresholds(scores, truth, aims._replace(precision=aim), importance=importance)[2]
        balanced = np.where(careful == aim, np.maximum(balanced, enough), balanced)
    rising = np.stack((np.minimum(lenient, balanced), balanced, np.maximum(strict, balanced)))
    clipped: F64 = np.clip(rising, 0.01, 0.99)
    return clipped


def _label_thresholds(scores: F64, truth: F64, counts: F64, aims: Aims) -> F64:
    """high-recall, balanced and high-precision thresholds of one label; NaN without examples."""
    positives = counts @ truth
    if not positives:
        return np.full(3, np.nan)
    order = np.argsort(-scores, kind="stable")
    ranked, hits, shown = scores[order], np.cumsum((counts * truth)[order]), np.cumsum(counts[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # equal scores fall together
    ranked, hits, shown = ranked[last], hits[last], shown[last]
    recall = hits / positives
    enough = recall >= aims.recall
    f_beta = (1 + aims.beta**2) * hits / (shown + aims.beta**2 * positives)
    strict, floor = (_lowest(ranked, hits / (shown + 1) >= aim) for aim in (aims.precision, aims.floor))
    return np.array([ranked[np.argmax(enough)], max(ranked[np.argmax(f_beta)], floor), strict])


def _lowest(ranked: F64, precise: NDArray[np.bool_]) -> float:
    """The lowest score that is precise enough; halfway from the highest to 1 where none is.

    The caller counts one imagined false alarm, so that a single lucky hit does not make a label precise.
    """
    return float(ranked[np.flatnonzero(precise)[-1]] if precise.any() else (1 + ranked[0]) / 2)


def precision_at(scores: F64, truth: F64, table: F64, importance: F64 | None = None) -> F64:
    """The share of suggestions that were right at each threshold, float64[presets, labels] in 0..1; NaN where nothing
    was suggested. Unknown labels (NaN in truth) are left out.
    """
    counts = np.ones(len(scores)) if importance is None else importance
    known = np.isfinite(truth)
    shown = (scores >= table[:, None, :]) & known
    with np.errstate(invalid="ignore"):
        right, all_shown = (np.einsum("pwl,w->pl", each, counts) for each in (shown & (truth == 1), shown))
        share: F64 = right / all_shown
    return share
