"""train(): labelled works -> a bundle.

    segment -> learn the vocabulary -> feature values -> one logistic regression a label
            -> out-of-fold margins -> calibration -> thresholds

Logistic regression by LIBLINEAR (Fan et al., JMLR 9, 2008), balanced classes. A long work is a bag of passages
(multiple-instance learning): a first round learns from whole works, a second from those passages of a work that the
first found loudest for a label it has, as in mi-SVM (Andrews et al., NIPS 2002). The same data, recipe and seed give
the same bundle to the bit, whatever the number of jobs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagger import scoring
from tagger.aggregation import Rule, aggregate
from tagger.bundles import Bundle, library_versions
from tagger.calibration import F64, PRESETS, Aims, Calibration, calibrate, fit, precision_at, thresholds
from tagger.errors import DataError
from tagger.features import BLOCK_CHARS, I64, Counts, Words, blocks, featurize, join, read_words
from tagger.labels import LabelSet
from tagger.parallel import map_batches
from tagger.recipe import Recipe
from tagger.scoring import Weights, keyword_model
from tagger.segmentation import segment, text_of
from tagger.vocabulary import Learned, collisions, learn, snowball
from tagger.works import LabelledWork

Progress = Callable[[str, int, int], None]


class Examples(NamedTuple):
    """What a label is learned from. Work w owns the passages `rows[w]:rows[w + 1]`; `values` is a sparse matrix,
    float32[passages, features]; `truth`, float64[works, labels], is 1, 0 or NaN (unknown); `folds`, int64[works].
    """

    values: Any
    rows: I64
    truth: F64
    folds: I64


def no_progress(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def train(
    works: Sequence[LabelledWork],
    labels: LabelSet,
    recipe: Recipe,
    *,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> Bundle:
    """Train a bundle.

    Raises DataError when the works cannot carry a training: none of them, or no label with enough examples.
    """
    truth = truth_of(works, labels)
    supported = _supported(truth, recipe.learner.min_positives)
    if not supported.any():
        raise DataError(
            f"no label has {recipe.learner.min_positives} works with it and as many without among the"
            f" {len(works)} works; label more of them, or lower learner.min_positives in the recipe"
        )
    progress("reading", 0, 1)
    words, rows = _read(works)
    learned = learn(words, recipe.features, snowball())
    counts = join([featurize(block, learned.vocabulary) for block in words])
    values = scoring.values(counts, learned.vocabulary.idf)
    progress("reading", 1, 1)
    folds = assign_folds(works, recipe.calibration.folds, recipe.seed)
    examples = Examples(_matrix(counts, values, len(learned.names)), rows, truth, folds)
    weights, margins = _fit_labels(examples, supported, recipe, jobs, progress)
    sample = compose(margins, rows, truth, labels, recipe)
    rule = _choose_rule(sample, labels, recipe)
    pooled = aggregate(sample.margins, sample.rows, rule).margins.astype(np.float64)
    n_passages = np.diff(sample.rows)
    calibration = fit(pooled, n_passages, sample.truth)
    scores = calibrate(pooled, n_passages, calibration)
    aims = recipe.thresholds
    table = thresholds(scores, sample.truth, Aims(aims.precision, aims.floor, aims.recall, aims.shrink))
    return Bundle(
        labels=labels,
        supported=supported,
        vocabulary=learned.vocabulary,
        weights=weights,
        names=learned.names,
        rule=rule,
        calibration=calibration,
        thresholds=table,
        precision=precision_at(scores, sample.truth, table),
        least_known=_least_known(counts, learned),
        recipe=recipe,
        facts={
            **_facts(works, learned, counts, words),
            "out_of_fold": _figures(aggregate(margins, rows, rule).margins, truth, supported, labels),
            "libraries": library_versions(),
        },
    )


def _facts(works: Sequence[LabelledWork], learned: Learned, counts: Counts, words: Sequence[Words]) -> dict[str, Any]:
    """What describes a training: its data and its features."""
    return {
        "works": len(works),
        "passages": len(counts.total),
        "words": int(counts.total.sum()),
        "groups": len(set(map(group_of, works))),
        "data_sha256": digest(works),
        "features": len(learned.names),
        "collisions": collisions(learned, words)._asdict(),
    }


def truth_of(works: Sequence[LabelledWork], labels: LabelSet) -> F64:
    """What people say of each work: float64[works, labels], 1 present, 0 absent, NaN unknown.

    Implications are not drawn here: a gory accident is graphic violence without violence, and people say so.
    """
    truth = np.zeros((len(works), len(labels)))
    for row, each in zip(truth, works, strict=True):
        if each.partial:
            row[:] = np.nan
            row[[labels.index(label) for label in each.absent]] = 0
        row[[labels.index(label) for label in each.present]] = 1
        row[[labels.index(label) for label in each.unknown]] = np.nan
    return truth


def digest(works: Sequence[LabelledWork]) -> str:
    """A SHA-256 over the ids, texts, groups and labels of some works, in order."""
    total = hashlib.sha256()
    for each in works:
        labels = (sorted(each.present), sorted(each.unknown), sorted(each.absent), each.partial)
        parts = (each.work.id, each.work.text, group_of(each), repr(labels))
        total.update("\0".join(parts).encode("utf-8", "surrogatepass") + b"\1")
    return total.hexdigest()


def group_of(each: LabelledWork) -> str:
    """The name of a work's group; a work without one is a group of its own."""
    return each.group or each.work.id


def assign_folds(works: Sequence[LabelledWork], n_folds: int, seed: int) -> I64:
    """A fold for each work, int64[works] in 0..n_folds-1, the works of a group all in one.

    A group's fold hangs on its name and the seed alone, so it stays when other works come or go.
    """
    digests = [hashlib.sha256(f"{seed}:{group_of(each)}".encode()).digest() for each in works]
    return np.array([int.from_bytes(each[:8], "big") % n_folds for each in digests], np.int64)


def _supported(truth: F64, least: int) -> NDArray[np.bool_]:
    """Which labels have at least `least` works with them and as many without."""
    enough: NDArray[np.bool_] = ((truth == 1).sum(axis=0) >= least) & ((truth == 0).sum(axis=0) >= least)
    return enough


def _read(works: Sequence[LabelledWork]) -> tuple[list[Words], I64]:
    """The words of all passages, a block at a time, and the rows that each work owns."""
    passages = [segment(each.work) for each in works]
    for own, each in zip(passages, works, strict=True):
        if not own:
            raise DataError(f"{each.place or each.work.id}: nothing is left of the text without header and notes")
    texts = [text_of(each.work, where) for each, own in zip(works, passages, strict=True) for where in own]
    read = [read_words(texts[start:end]) for start, end in blocks(map(len, texts), BLOCK_CHARS)]
    return read, np.cumsum([0, *map(len, passages)])


def _matrix(counts: Counts, values: NDArray[np.float32], n_features: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((values, counts.columns, counts.rows), (len(counts.rows) - 1, n_features))


def _fit_labels(
    examples: Examples, supported: NDArray[np.bool_], recipe: Recipe, jobs: int, progress: Progress
) -> tuple[Weights, NDArray[np.float32]]:
    """The weights of each label, and the out-of-fold margins of each passage, float32[passages, labels]."""
    n_features, n_labels = examples.values.shape[1], len(supported)
    matrix, bias = np.zeros((n_features, n_labels), np.float32), np.zeros(n_labels, np.float32)
    margins = np.zeros((examples.values.shape[0], n_labels), np.float32)
    tasks = np.flatnonzero(supported).tolist()
    progress("training", 0, len(tasks))
    fitted = map_batches(partial(_fit_label, examples, recipe), tasks, jobs)
    for done, (label, found) in enumerate(zip(tasks, fitted, strict=True), 1):
        matrix[:, label], bias[label], margins[:, label] = found
        progress("training", done, len(tasks))
    return Weights(matrix, bias), margins


class _Fitted(NamedTuple):
    weights: NDArray[np.float64]
    bias: float
    margins: NDArray[np.float64]


def _fit_label(examples: Examples, recipe: Recipe, label: int) -> _Fitted:
    """One label: a model for each fold, which scores what it has not seen, and one for all."""
    from threadpoolctl import threadpool_limits

    # Sums must not hang on how many threads share them: the same bits whatever the machine is doing.
    with threadpool_limits(1):
        truth = examples.truth[:, label]
        owners = np.repeat(np.arange(len(truth)), np.diff(examples.rows))
        margins = np.zeros(len(owners))
        for fold in range(recipe.calibration.folds):
            inside, outside = examples.folds != fold, np.flatnonzero(examples.folds[owners] == fold)
            if not len(outside):
                continue
            weights, bias = _fit_bags(examples, np.where(inside, truth, np.nan), recipe)
            margins[outside] = examples.values[outside] @ weights + bias
        weights, bias = _fit_bags(examples, truth, recipe)
    return _Fitted(weights, bias, margins)


def _fit_bags(examples: Examples, truth: F64, recipe: Recipe) -> tuple[NDArray[np.float64], float]:
    """Weights and bias from works whose truth is known; those with several passages are bags."""
    known = np.flatnonzero(np.isfinite(truth))
    if len(np.unique(truth[known])) < 2:
        return np.zeros(examples.values.shape[1]), 0.0
    sizes = np.diff(examples.rows)
    if (sizes[known] == 1).all():
        passages = examples.rows[known]
        return _fit_linear(examples.values[passages], truth[known], recipe)
    first = _fit_linear(_whole_works(examples)[known], truth[known], recipe)
    margins = examples.values @ first[0]
    chosen = [_witnesses(examples.rows, margins, work, truth[work], recipe) for work in known.tolist()]
    target = np.repeat(truth[known], [len(each) for each in chosen])
    return _fit_linear(examples.values[np.concatenate(chosen)], target, recipe)


def _whole_works(examples: Examples) -> Any:
    """The values of each work: the sum of its passages', scaled to length 1."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    n_works, n_passages = len(examples.rows) - 1, int(examples.rows[-1])
    members = csr_matrix((np.ones(n_passages, np.float32), np.arange(n_passages), examples.rows))
    members.resize(n_works, n_passages)
    return normalize(members @ examples.values)


def _witnesses(rows: I64, margins: NDArray[np.float64], work: int, truth: float, recipe: Recipe) -> I64:
    """The passages that stand for a work: all where the label is absent, the loudest where it is present."""
    passages = np.arange(rows[work], rows[work + 1])
    if truth == 0 or len(passages) == 1:
        return passages
    most = int(np.ceil(recipe.learner.witnesses * len(passages)))
    return passages[np.argsort(-margins[passages], kind="stable")[:most]]


def _fit_linear(values: Any, truth: F64, recipe: Recipe) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=recipe.learner.c, class_weight="balanced", solver="liblinear", random_state=recipe.seed, max_iter=1000
    )
    model.fit(values, truth)
    return model.coef_[0], float(model.intercept_[0])


class Sample(NamedTuple):
    """Works to calibrate on, as `Examples`, with out-of-fold margins, float32[passages, labels]."""

    margins: NDArray[np.float32]
    rows: I64
    truth: F64


def compose(margins: NDArray[np.float32], rows: I64, truth: F64, labels: LabelSet, recipe: Recipe) -> Sample:
    """The works themselves and, where most of them are short, longer ones composed of their passages.

    Half the composed works are clean; the others carry one to three passages with a warning among clean ones. A
    warning is present when any passage has it. Passages of many stories say nothing of a tag, which is the colour of a
    whole one: tags are unknown there.
    """
    warnings = np.array([label.kind == "warning" for label in labels])
    single = np.flatnonzero(np.diff(rows) == 1)
    clean = single[(truth[single][:, warnings] == 0).all(axis=1)]
    eventful = single[(truth[single][:, warnings] == 1).any(axis=1)]
    if 2 * len(single) < len(truth) or len(clean) < 50 or len(eventful) < 50:
        return Sample(margins, rows, truth)
    rng = np.random.default_rng(recipe.seed)
    members = [
        _members(clean, eventful, recipe.calibration.max_passages, rng) for _ in range(recipe.calibration.composites)
    ]
    passages = np.concatenate([np.arange(rows[-1]), *(rows[each] for each in members)])
    composed = [_composed_truth(truth[each], warnings) for each in members]
    return Sample(
        margins[passages],
        np.concatenate((rows, rows[-1] + np.cumsum([len(each) for each in members], dtype=np.int64))),
        np.vstack((truth, *composed)) if composed else truth,
    )


def _members(clean: I64, eventful: I64, longest: int, rng: np.random.Generator) -> I64:
    """The works whose passages make a composed one; its length is spread evenly on a logarithmic scale."""
    length = int(np.exp(rng.uniform(np.log(2), np.log(longest + 1))))
    events = int(rng.integers(0, 2)) * int(rng.integers(1, min(3, length) + 1))
    chosen = np.concatenate((rng.choice(eventful, events), rng.choice(clean, length - events)))
    rng.shuffle(chosen)
    return chosen


def _composed_truth(parts: F64, warnings: NDArray[np.bool_]) -> F64:
    """The truth of a work made of parts, float64[labels], from theirs, float64[parts, labels]."""
    unknown = np.isnan(parts).any(axis=0) | ~warnings
    return np.where((parts == 1).any(axis=0) & warnings, 1.0, np.where(unknown, np.nan, 0.0))


def _choose_rule(sample: Sample, labels: LabelSet, recipe: Recipe) -> Rule:
    """How many passages should speak for a warning: the number with the best mean average precision, 1 to 3."""
    share = np.array([recipe.aggregation.tag_share if label.kind == "tag" else 0.0 for label in labels])
    if recipe.aggregation.top or (np.diff(sample.rows) == 1).all():
        return Rule(recipe.aggregation.top or 1, share)
    rules = [Rule(top, share) for top in (1, 2, 3)]
    return max(rules, key=lambda rule: _mean_precision(aggregate(sample.margins, sample.rows, rule).margins, sample))


def _mean_precision(margins: NDArray[np.float32], sample: Sample) -> float:
    """Mean average precision by label of works of one length class at a time, so that length gives nothing away."""
    from sklearn.metrics import average_precision_score

    figures = []
    classes = np.minimum(np.log2(np.diff(sample.rows)).astype(int), 5)
    for each in np.unique(classes[classes > 0]):
        for label in range(margins.shape[1]):
            chosen = (classes == each) & np.isfinite(sample.truth[:, label])
            target = sample.truth[chosen, label]
            if 0 < target.sum() < len(target):
                figures.append(average_precision_score(target, margins[chosen, label]))
    return float(np.mean(figures)) if figures else 0.0


def _least_known(counts: Counts, learned: Learned) -> float:
    """The share of its words that a work must have in the vocabulary, 0..1: three quarters of what all but one in a
    hundred training passages would have there if each were left out in turn.
    """
    stems = counts.columns < learned.vocabulary.n_stems
    elsewhere = learned.frequencies[counts.columns] > 1
    owners = np.repeat(np.arange(len(counts.rows) - 1), np.diff(counts.rows))
    known = np.bincount(owners, counts.counts * (stems & elsewhere), len(counts.rows) - 1)
    shares = known / np.maximum(counts.total, 1)
    return round(0.75 * float(np.quantile(shares, 0.01)), 4)


def _figures(
    margins: NDArray[np.float32], truth: F64, supported: NDArray[np.bool_], labels: LabelSet
) -> dict[str, dict[str, float]]:
    """Out-of-fold average precision and AUC by label."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    figures = {}
    for label, name in enumerate(labels.ids):
        known = np.isfinite(truth[:, label])
        if supported[label]:
            target, ranked = truth[known, label], margins[known, label]
            figures[name] = {
                "present": int(target.sum()),
                "average_precision": round(float(average_precision_score(target, ranked)), 4),
                "auc": round(float(roc_auc_score(target, ranked)), 4),
            }
    return figures


def stand_in(labels: LabelSet) -> Bundle:
    """A bundle made without training: it suggests a label when one of the label's own words is in the text.

    It exists so that every command can be tried, and tested, before anything was trained.
    """
    vocabulary, weights, names = keyword_model({label: re.findall(r"[^\W_]+", label) for label in labels.ids})
    n = len(labels)
    return Bundle(
        labels=labels,
        supported=np.ones(n, bool),
        vocabulary=vocabulary,
        weights=weights,
        names=names,
        rule=Rule(1, np.zeros(n)),
        calibration=Calibration(np.ones(n), np.zeros(n), np.zeros(n)),
        thresholds=np.tile(np.array([[0.3], [0.5], [0.9]]), (1, n)),
        precision=np.full((len(PRESETS), n), np.nan),
        least_known=0.0,
        recipe=Recipe(name="keywords", version="0"),
        facts={"note": "keyword stand-in, never trained"},
    )
