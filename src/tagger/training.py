"""train(): labelled works -> a bundle.

    segment -> learn the vocabulary -> feature values -> one logistic regression a label
            -> out-of-fold margins -> calibration -> thresholds

The same data, recipe and seed give the same bundle to the bit, whatever the number of jobs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tagger import scoring
from tagger.aggregation import Rule, aggregate
from tagger.arrays import F32, F64, I64, NDArray
from tagger.bundles import Bundle, library_versions
from tagger.calibration import PRESETS, uncalibrated
from tagger.composites import Sample, compose
from tagger.errors import DataError
from tagger.features import BLOCK_CHARS, Counts, Words, blocks, featurize, join, read_cases, read_words
from tagger.judging import check_recipe, judge, sure
from tagger.labels import LabelSet
from tagger.learning import Examples, Progress, learn_labels, sparse
from tagger.recipe import Recipe
from tagger.scenes import marks
from tagger.scoring import Weights, keyword_model
from tagger.segmentation import segment, text_of
from tagger.spellings import one_for_several, respelt
from tagger.vectors import Vectors, meaning
from tagger.vocabulary import Learned, Stemmer, collisions, learn, names_among, snowball
from tagger.works import LabelledWork, Passage


def no_progress(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def train(
    works: Sequence[LabelledWork],
    labels: LabelSet,
    recipe: Recipe,
    *,
    more: Sequence[LabelledWork] = (),
    vectors: Vectors | None = None,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> Bundle:
    """Train a bundle on works and, where there are any, on `more` works of other sources; `vectors` lend meaning to
    words that no label came with.

    Works that weigh less than judging.HINT teach, but calibration and thresholds rest on the others, and for tags on
    the typical ones among them (see recipe.Calibrating). Raises DataError when the works cannot carry a training: none
    of them, or no label with enough examples.
    """
    check_recipe(recipe, labels)
    everything = [*works, *more]
    truth = truth_of(everything, labels)
    supported = supported_by(truth, recipe.learner.min_positives)
    progress("reading", 0, 1)
    passages = segmented(everything)
    words, cases, rows = read_blocks(everything, passages)
    names = None if recipe.features.names else names_among(words, cases)
    learned = learn(words, recipe.features, *spelling(recipe, vectors), names)
    counts = join([featurize(block, learned.vocabulary) for block in words])
    matrix = sparse(counts, learned.vocabulary.idf)
    lent = _lend(vectors, learned, matrix, recipe)
    folds = assign_folds(everything, recipe.calibration.folds, recipe.seed)
    importance = np.array([each.weight for each in everything])
    marked = marks(everything, passages, labels)
    examples = Examples(_with_meaning(matrix, lent), rows, truth, folds, importance, marked)
    progress("reading", 1, 1)
    weights, margins = learn_labels(examples, supported, recipe, jobs, progress)
    sample = compose(margins, rows, sure(everything, truth, labels, recipe), importance, labels, recipe)
    rule = choose_rule(sample, labels, recipe)
    judged = judge(sample, rule, labels, supported, recipe)
    return Bundle(
        labels=labels,
        supported=supported,
        vocabulary=learned.vocabulary,
        weights=scoring.pack(_fold(weights, lent)),
        names=learned.names,
        rule=rule,
        **judged._asdict(),
        least_known=least_known(known_shares(counts, learned)),
        recipe=recipe,
        facts={
            **_facts(everything, learned, counts, words),
            "data_sha256": digest(works),
            **({"more": {"works": len(more), "sha256": digest(more)}} if more else {}),
            **({"vectors": {"words": len(vectors.words)}} if vectors else {}),
            "out_of_fold": figures(aggregate(margins, rows, rule).margins, truth, supported, labels),
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
        "features": len(learned.names),
        "collisions": collisions(learned, words)._asdict(),
    }


def spelling(recipe: Recipe, vectors: Vectors | None) -> tuple[Stemmer, list[str]]:
    """How words become stems, and the words to know beside those of the works."""
    known = [*(vectors.words if vectors else ()), *respelt(recipe.features)]
    return snowball(one_for_several(recipe.features)), known


def _lend(vectors: Vectors | None, learned: Learned, matrix: Any, recipe: Recipe) -> F32 | None:
    """What each feature adds to the block of vectors, float32[features, dimensions], scaled so that the root mean
    square of the block's length over the passages is `vector_weight`.
    """
    if vectors is None or not recipe.features.vector_weight:
        return None
    found = meaning(vectors, learned.vocabulary)
    length = np.sqrt(((matrix @ found) ** 2).sum(axis=1).mean())
    return found * np.float32(recipe.features.vector_weight / max(length, 1e-12))


def _with_meaning(matrix: Any, lent: F32 | None) -> Any:
    """The features of each passage and, behind them, the sum of what its words mean."""
    from scipy.sparse import csr_matrix, hstack

    return matrix if lent is None else hstack([matrix, csr_matrix(matrix @ lent)], "csr")


def _fold(weights: Weights, lent: F32 | None) -> Weights:
    """What was learned about meanings, added to the weights of the features that have them."""
    if lent is None:
        return weights
    own, of_meaning = weights.matrix[: len(lent)], weights.matrix[len(lent) :]
    return Weights(own + lent @ of_meaning, weights.bias)


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
    """A SHA-256 over the ids, texts, groups, labels and scenes of some works, in order."""
    total = hashlib.sha256()
    for each in works:
        labels = (sorted(each.present), sorted(each.unknown), sorted(each.absent), each.partial)
        said = (*labels, *map(tuple, each.scenes))
        parts = (each.work.id, each.work.text, group_of(each), repr(said))
        total.update("\0".join(parts).encode("utf-8", "surrogatepass") + b"\1")
    return total.hexdigest()


def group_of(each: LabelledWork) -> str:
    """The name of a work's group; a work without one is a group of its own."""
    return each.group or each.work.id


def assign_folds(works: Sequence[LabelledWork], n_folds: int, seed: int) -> I64:
    """A fold for each work, int64[works] in 0..n_folds-1, the works of a group all in one.

    A group's fold hangs on its name and the seed alone, so it stays when other works come or go.
    """
    return np.array([lot % n_folds for lot in lots(works, str(seed))], np.int64)


def lots(works: Sequence[LabelledWork], about: str) -> list[int]:
    """A number below 2^64 for each work, drawn for its group by the group's name and what it is drawn about."""
    digests = [hashlib.sha256(f"{about}:{group_of(each)}".encode()).digest() for each in works]
    return [int.from_bytes(each[:8], "big") for each in digests]


def supported_by(truth: NDArray[np.floating], least: int) -> NDArray[np.bool_]:
    """Which labels have at least `least` works with them and as many without. Raises DataError when none has."""
    enough: NDArray[np.bool_] = ((truth == 1).sum(axis=0) >= least) & ((truth == 0).sum(axis=0) >= least)
    if not enough.any():
        raise DataError(
            f"no label has {least} works with it and as many without among the"
            f" {len(truth)} works; label more of them, or lower learner.min_positives in the recipe"
        )
    return enough


def segmented(works: Sequence[LabelledWork]) -> list[list[Passage]]:
    """The passages of each work. Raises DataError for a work without a story."""
    passages = [segment(each.work) for each in works]
    for own, each in zip(passages, works, strict=True):
        if not own:
            raise DataError(f"{each.place or each.work.id}: nothing is left of the text without header and notes")
    return passages


def read_blocks(
    works: Sequence[LabelledWork], passages: Sequence[Sequence[Passage]]
) -> tuple[list[Words], list[NDArray[np.int8]], I64]:
    """The words of all passages, a block at a time, how they are written, and the rows that each work owns."""
    texts = [text_of(each.work, where) for each, own in zip(works, passages, strict=True) for where in own]
    cut = [texts[start:end] for start, end in blocks(map(len, texts), BLOCK_CHARS)]
    read = [read_words(block) for block in cut]
    return read, list(map(read_cases, cut, read)), np.cumsum([0, *map(len, passages)])


def choose_rule(sample: Sample, labels: LabelSet, recipe: Recipe) -> Rule:
    """How many passages should speak for a warning: the number with the best mean average precision, 1 to 3."""
    share = np.array([recipe.aggregation.tag_share if label.kind == "tag" else 0.0 for label in labels])
    if recipe.aggregation.top or (np.diff(sample.rows) == 1).all():
        return Rule(recipe.aggregation.top or 1, share)
    rules = [Rule(top, share) for top in (1, 2, 3)]
    return max(rules, key=lambda rule: _mean_precision(aggregate(sample.margins, sample.rows, rule).margins, sample))


def _mean_precision(margins: NDArray[np.float32], sample: Sample) -> float:
    found = [precision for _, _, precision in precisions(margins, sample)]
    return float(np.mean(found)) if found else 0.0


def precisions(margins: NDArray[np.float32], sample: Sample) -> Iterator[tuple[int, float, float]]:
    """A label, how many works have it, and the average precision with which the margins, float32[works, labels], rank
    it: among works of one length class at a time, so that length gives nothing away.
    """
    from sklearn.metrics import average_precision_score

    for works in _length_classes(sample.rows):
        for label in range(margins.shape[1]):
            chosen = works & np.isfinite(sample.truth[:, label])
            target = sample.truth[chosen, label]
            if 0 < target.sum() < len(target):
                yield label, target.sum(), average_precision_score(target, margins[chosen, label])


def _length_classes(rows: I64) -> Iterator[NDArray[np.bool_]]:
    """The works of two or three passages, of four to seven and so on, as bool[works] each."""
    classes = np.minimum(np.log2(np.diff(rows)).astype(int), 5)
    return (classes == each for each in np.unique(classes[classes > 0]))


def known_shares(counts: Counts, learned: Learned) -> F64:
    """The share of its words, float64[passages] in 0..1, that each passage would have in the vocabulary if it were left
    out of what that was learned from.
    """
    stems = counts.columns < learned.vocabulary.n_stems
    elsewhere = learned.frequencies[counts.columns] > 1
    owners = np.repeat(np.arange(len(counts.rows) - 1), np.diff(counts.rows))
    known = np.bincount(owners, counts.counts * (stems & elsewhere), len(counts.rows) - 1)
    shares: F64 = known / np.maximum(counts.total, 1)
    return shares


def least_known(shares: F64) -> float:
    """The share of its words that a work must have in the vocabulary, 0..1: three quarters of what all but one in a
    hundred training passages would have.
    """
    return round(0.75 * float(np.quantile(shares, 0.01)), 4)


def figures(
    margins: NDArray[np.float32], truth: F64, supported: NDArray[np.bool_], labels: LabelSet
) -> dict[str, dict[str, float]]:
    """Average precision and AUC by label of works that were not learned from."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    found = {}
    for label, name in enumerate(labels.ids):
        known = np.isfinite(truth[:, label])
        target, ranked = truth[known, label], margins[known, label]
        if supported[label] and 0 < target.sum() < len(target):
            found[name] = {
                "present": int(target.sum()),
                "average_precision": round(float(average_precision_score(target, ranked)), 4),
                "auc": round(float(roc_auc_score(target, ranked)), 4),
            }
    return found


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
        calibration=uncalibrated(n),
        thresholds=np.tile(np.array([[0.3], [0.5], [0.9]]), (1, n)),
        precision=np.full((len(PRESETS), n), np.nan),
        prevalence=np.full(n, np.nan),
        least_known=0.0,
        recipe=Recipe(name="keywords", version="0"),
        facts={"note": "keyword stand-in, never trained"},
    )
