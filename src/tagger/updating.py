"""update(): a model and what people decided -> the model's weights, moved towards what people decided.

MAP adaptation (Chelba and Acero, "Adaptation of maximum entropy capitalizer: little data can help a lot", EMNLP 2004):
the weights that a model has are the mean of a Gaussian prior for those it gets, so little feedback moves them little,
and words that the feedback does not have keep theirs. Nothing of what the model once learned from is needed.

The loss is that of the calibrated score, so calibration and thresholds stay what they were, and so does the bias. How
common a label is cannot be told from works that came into a queue for other labels: among works for which the model
does not suggest it, which have it is learned, and not how many (a level that is fitted beside the weights, and
dropped). A long work is learned from those of its passages that the model hears loudest, as many as speak by its own
rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tagger.aggregation import aggregate
from tagger.arrays import F32, F64, I64, NDArray
from tagger.bundles import Bundle
from tagger.calibration import PRESETS, log_odds, sigmoid
from tagger.comparing import by_group, losses
from tagger.learning import Progress, sparse
from tagger.policy import decide, imply
from tagger.reading import Reading, read
from tagger.scoring import Weights, unpack
from tagger.tagging import Options, tag
from tagger.training import assign_folds, group_of, no_progress, truth_of
from tagger.works import LabelledWork, Work

# How firmly the weights are held where they are (the precision of the prior), for passages whose values have length 1.
STRENGTHS = (np.inf, 10.0, 3.0, 1.0, 0.3, 0.1)
FOLDS = 5
LEAST = 10  # a label of which people said less stays as it is
_LEVEL = 0.01  # the same for the level of what was not suggested: as good as free


class Lessons(NamedTuple):
    """What people say of some works, beside what a model makes of them.

    Work w owns the passages `rows[w]:rows[w + 1]`; `values` is a sparse matrix, float32[passages, features];
    `margins`, float32[passages, labels], are the model's, and `scores`, float64[works, labels], what comes of them
    (NaN where it abstains); it suggests those labels that are `asked`, bool of the same shape. `truth`, float64[works,
    labels], is 1, 0 or NaN (nobody can be taken at their word).
    """

    works: Sequence[LabelledWork]
    values: Any
    rows: I64
    margins: F32
    scores: F64
    asked: NDArray[np.bool_]
    truth: F64

    @property
    def importance(self) -> F64:
        """How much each work counts, float64[works]."""
        return np.array([each.weight for each in self.works], np.float64)

    @property
    def groups(self) -> list[str]:
        """The group of each work."""
        return list(map(group_of, self.works))


def read_lessons(works: Sequence[LabelledWork], bundle: Bundle) -> Lessons:
    """What people say of some works; of those that the model abstains on, nothing.

    Of a work that was looked at in part, only labels count that the model suggests: these people were asked about. Any
    other was named because it was there, and a model that learned from such cells would see it everywhere. A label that
    the model never learned does not count at all.
    """
    kept: list[Reading] = []

    def remember(works: Sequence[Work], bundle: Bundle) -> Reading:
        kept.append(read(works, bundle, keep=True))
        return kept[-1]

    results = tag([each.work for each in works], bundle, Options(evidence=1, words=0), remember)
    reading, mute = kept[0], np.array([result["status"] != "ok" for result in results], bool)
    scores = _scores(reading.rows, reading.margins, bundle)
    scores[mute] = np.nan
    truth = truth_of(works, bundle.labels)
    truth[:, ~bundle.supported] = np.nan
    truth[mute] = np.nan
    in_part = np.array([each.partial and not _is_complete(each, bundle) for each in works], bool)
    asked = decide(scores, bundle.thresholds[PRESETS.index("balanced")], bundle.labels)
    truth[in_part[:, None] & ~asked] = np.nan
    return Lessons(works, _values(reading, bundle), reading.rows, reading.margins, scores, asked, truth)


def _is_complete(each: LabelledWork, bundle: Bundle) -> bool:
    learned = {label for label, known in zip(bundle.labels.ids, bundle.supported, strict=True) if known}
    return learned <= each.present | each.absent | each.unknown


def _values(reading: Reading, bundle: Bundle) -> Any:
    from scipy.sparse import vstack

    return vstack([sparse(counts, bundle.vocabulary.idf) for counts, _ in reading.blocks], "csr")


def _log_odds(rows: I64, margins: F32, bundle: Bundle) -> F64:
    """The log-odds of works, float64[works, labels], from the margins of their passages."""
    pooled = aggregate(margins, rows, bundle.rule).margins
    return log_odds(pooled, np.maximum(np.diff(rows), 1), bundle.calibration)


def _scores(rows: I64, margins: F32, bundle: Bundle) -> F64:
    """The scores of works, float64[works, labels], from the margins of their passages."""
    scores = sigmoid(_log_odds(rows, margins, bundle))
    scores[:, ~bundle.supported] = np.nan
    return imply(scores, bundle.labels)


def rescore(taught: Lessons, weights: Weights, bundle: Bundle) -> F64:
    """The scores of the works, float64[works, labels], by a model that has other weights and no other bias."""
    moved = taught.values @ (weights.matrix - unpack(bundle.weights).matrix)
    return _rescored(taught, taught.margins + moved.astype(np.float32), bundle)


def _rescored(taught: Lessons, margins: F32, bundle: Bundle) -> F64:
    scores = _scores(taught.rows, margins, bundle)
    scores[np.isnan(taught.scores)] = np.nan
    return scores


class Update(NamedTuple):
    """The weights moved, for each label by a prior of its own strength, one of STRENGTHS, float64[labels], chosen out
    of fold; `scores`, float64[works, labels], are out of fold; `moved`, bool[labels], are the labels that might.
    """

    weights: Weights
    strengths: F64
    scores: F64
    moved: NDArray[np.bool_]


def update(taught: Lessons, bundle: Bundle, progress: Progress = no_progress) -> Update:
    """Move the weights of every label of which people said enough, groups of works staying in one fold."""
    from threadpoolctl import threadpool_limits

    moved = np.isfinite(taught.truth).sum(axis=0) >= LEAST
    labels = np.flatnonzero(moved).tolist()
    owners = np.repeat(np.arange(len(taught.works)), np.diff(taught.rows))
    folds = assign_folds(taught.works, FOLDS, bundle.recipe.seed)
    margins = [taught.margins.copy() for _ in STRENGTHS]
    odds = _log_odds(taught.rows, taught.margins, bundle)
    # Sums must not hang on how many threads share them: the same bits whatever the machine is doing.
    with threadpool_limits(1):
        for done, label in enumerate(labels):
            progress("learning", done, len(labels))
            for fold in range(FOLDS):
                outside = np.flatnonzero(folds[owners] == fold)
                columns, changes = _path(taught, label, folds != fold, odds[:, label], bundle)
                told = taught.values[outside][:, columns]
                for tried, change in zip(margins, changes, strict=True):
                    tried[outside, label] += (told @ change).astype(np.float32)
        best = _choose([_rescored(taught, tried, bundle) for tried in margins], taught)
        matrix = unpack(bundle.weights).matrix
        for label in labels:
            columns, changes = _path(taught, label, np.ones(len(taught.works), bool), odds[:, label], bundle)
            matrix[columns, label] += changes[best[label]].astype(np.float32)
    best[~moved] = 0  # what nobody spoke of stays, whatever the others' moves did to its company
    chosen = np.stack(margins)[best, :, np.arange(len(best))].T
    return Update(
        Weights(matrix, bundle.weights.bias), np.array(STRENGTHS)[best], _rescored(taught, chosen, bundle), moved
    )


def _choose(scores: Sequence[F64], taught: Lessons) -> I64:
    """Which of STRENGTHS to take for each label, int64[labels], by the out-of-fold scores for each of them: the firmest
    whose loss is not worse than the best by more than one standard error (Breiman et al., "Classification and
    regression trees", 1984), groups of works taken for one, or by a tenth: a gain may be as sure as it is small. A
    strength common to all would let one label that is far off loosen those that are right.
    """
    counts = taught.importance[:, None] * np.isfinite(taught.truth)
    cells = [np.nan_to_num(counts * losses(each, taught.truth)) for each in scores]
    by_one = np.stack([by_group(taught.groups, each) for each in cells])  # strengths, groups, labels
    found = by_one.sum(axis=1)
    best = found.argmin(axis=0)
    apart = by_one - by_one[best, :, np.arange(found.shape[1])].T
    error = apart.std(axis=1) * np.sqrt(by_one.shape[1])
    least = found.min(axis=0)
    first: I64 = (found <= np.maximum(least + error, 1.1 * least)).argmax(axis=0).astype(np.int64)
    return first


def _path(taught: Lessons, label: int, inside: NDArray[np.bool_], odds: F64, bundle: Bundle) -> tuple[I64, list[F64]]:
    """How a label's weights change: the features that do, and by how much for each of STRENGTHS.

    Learned from those works `inside`, bool[works], of which it is known whether they have the label; `odds`,
    float64[works], are the log-odds that the model gives it.
    """
    from scipy.optimize import minimize

    known = np.flatnonzero(inside & np.isfinite(taught.truth[:, label]))
    values, offsets = _witnesses(taught, label, known, bundle), odds[known]
    columns = np.unique(values.indices).astype(np.int64)
    values = values[:, columns] * bundle.calibration.slope[label]
    target, counts = taught.truth[known, label], taught.importance[known]

    unasked = ~taught.asked[known, label]

    def objective(at: F64, strength: float) -> tuple[float, F64]:
        weights, level = at[:-1], at[-1]
        logits = offsets + values @ weights + unasked * level
        firmness = 0.5 * (strength * (weights @ weights) + _LEVEL * level**2)
        loss = counts @ (np.logaddexp(0, logits) - target * logits) + firmness
        wrong = counts * (sigmoid(logits) - target)
        return float(loss), np.append(values.T @ wrong + strength * weights, unasked @ wrong + _LEVEL * level)

    at, changes = np.zeros(len(columns) + 1), []
    for strength in STRENGTHS:  # each begins where the firmer one before it ended
        if np.isfinite(strength) and len(columns):
            at = minimize(objective, at, (strength,), "L-BFGS-B", jac=True, options={"maxiter": 200}).x
        changes.append(at[:-1])
    return columns, changes


def _witnesses(taught: Lessons, label: int, works: I64, bundle: Bundle) -> Any:
    """The mean values of the passages that speak for a label in each work: sparse, float64[works, features]."""
    from scipy.sparse import csr_matrix

    rows, rule = taught.rows, bundle.rule
    members, bounds = [np.zeros(0, np.int64)], [0]
    for work in works.tolist():
        passages = np.arange(rows[work], rows[work + 1])
        least = min(rule.top, len(passages))
        count = int(np.clip(np.ceil(rule.share[label] * len(passages)), least, len(passages)))
        members.append(passages[np.argsort(-taught.margins[passages, label], kind="stable")[:count]])
        bounds.append(bounds[-1] + count)
    chosen, sizes = np.concatenate(members), np.diff(bounds)
    mean = csr_matrix(
        (np.repeat(1 / np.maximum(sizes, 1), sizes), chosen, bounds), (len(works), taught.values.shape[0])
    )
    return (mean @ taught.values.astype(np.float64)).tocsr()
