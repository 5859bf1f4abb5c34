"""Training on more works than fit in memory: the same bundle format, in bounded memory, on several processes.

    lines -> words as numbers -> vocabulary -> features -> one logistic regression a label -> margins of held-out works
             (reading)           (counting)    (featurizing)  (solving)                       -> calibration, thresholds

Each arrow leaves shards in a work folder (tagger.shards). A run that was ended begins again with what lies there, and
comes to the same bundle, to the bit, as one that was not; whatever the number of processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from itertools import accumulate, compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tagger import labelled, shards
from tagger.aggregation import aggregate
from tagger.arrays import NDArray
from tagger.bundles import Bundle, library_versions
from tagger.composites import Sample, compose
from tagger.errors import DataError
from tagger.judging import check_recipe, judge, sure
from tagger.labels import LabelSet
from tagger.learning import Progress
from tagger.parallel import LOCAL, Engine
from tagger.recipe import Recipe
from tagger.scoring import Packed, Weights, pack
from tagger.shards import Task
from tagger.streaming import counting, featurizing, margins, reading
from tagger.streaming.counting import Known
from tagger.streaming.pooling import choose_shares
from tagger.streaming.solving import Problem, solve
from tagger.streaming.workplace import Request
from tagger.training import (
    choose_rule,
    figures,
    group_of,
    least_known,
    lots,
    no_progress,
    supported_by,
    truth_of,
)
from tagger.vocabulary import displaced
from tagger.works import LabelledWork

# The share of the works that is held out to calibrate on, and how many works that is at the least and at the most.
_SHARE, _LEAST, _MOST = 0.05, 2000, 20_000
# Where more is held out, all works are learned from once more when that is done: 2,000 of 10,000 are worth .016 of
# average precision (real prose), and a twentieth is not worth the time.
_MISSED = 0.1


class Words(NamedTuple):
    """What was read: `shards` of words in the order of the data, and their `works`, in order, without texts; `others`
    are those of other splits. The first `n_own` shards are the data's own, the rest was added. `place` is the work
    folder.
    """

    place: Path
    shards: list[Path]
    n_own: int
    works: list[LabelledWork]
    others: list[LabelledWork]


def train_files(
    place: Path, request: Request, *, jobs: int = 1, progress: Progress = no_progress, engine: Engine = LOCAL
) -> Bundle:
    """Train a bundle as requested, in a work folder. The `engine` reads, featurizes and scores what is held out; the
    weights are learned here. Raises DataError like `labelled.load` and `train`.
    """
    words = read(place, request.data, request.more, request.split, jobs=jobs, progress=progress, engine=engine)
    everything = [*words.works, *words.others]
    labels = request.labels or labelled.labels_of(everything)
    labelled.check_labels(everything, labels)
    return train(words, labels, request.recipe, jobs=jobs, progress=progress, engine=engine)


def read(
    place: Path,
    data: Path,
    more: Sequence[Path] = (),
    split: str = labelled.TRAIN,
    *,
    jobs: int = 1,
    progress: Progress = no_progress,
    size: int = labelled.SPAN_BYTES,
    engine: Engine = LOCAL,
) -> Words:
    """Read the labelled works of a split of some data, and all of `more`, into a work folder.

    Raises DataError like `labelled.load` and `labelled.select`.
    """
    choice = labelled.choose(data, split)
    own = [reading.Part(span, choice) for span in labelled.spans(data, size=size)]
    added = [reading.Part(span, labelled.Choice()) for span in labelled.spans(*more, size=size)]
    tasks = [Task(place / "words" / f"{number:05}", part) for number, part in enumerate([*own, *added])]
    folders = shards.make(reading.read_part, tasks, jobs, partial(progress, "reading"), engine, carried=reading.carried)
    ours, others = (reading.works_of(folders[: len(own)], which) for which in ("works", "others"))
    works = [*ours, *reading.works_of(folders[len(own) :])]
    labelled.refuse_duplicates([*works, *others])
    labelled.select([*ours, *others], data, split)  # for what it refuses
    if not works:
        raise DataError(f"{data} holds no labelled works")
    return Words(place, folders, len(own), works, others)


def train(
    words: Words,
    labels: LabelSet,
    recipe: Recipe,
    *,
    jobs: int = 1,
    progress: Progress = no_progress,
    engine: Engine = LOCAL,
) -> Bundle:
    """Train a bundle on what was read. Raises DataError when no label has enough examples."""
    check_recipe(recipe, labels)
    held_out = hold_out(words.works, recipe.seed)
    truth = truth_of(words.works, labels).astype(np.float32)
    supported = supported_by(truth[~held_out], recipe.learner.min_positives)
    importance = np.array([each.weight for each in words.works], np.float32)
    again = held_out_share(len(words.works)) > _MISSED
    known = counting.learn(words.place, words.shards, recipe.features, jobs, progress)
    features = _featurize(words, held_out, ~held_out | again, recipe, jobs, progress, engine)

    def learn(importance: NDArray[np.float32], suffix: str = "") -> Packed:
        lesson = Problem(features, len(known.learned.names), words.place / f"truth{suffix}", recipe)
        _save_truth(lesson.truth, truth, importance)
        return pack(_in_order(solve(words.place / f"passes{suffix}", lesson, supported, jobs, progress), known))

    weights = learn(np.where(held_out, np.float32(0), importance))
    sample = _sample(words.place, features, weights, truth, importance, jobs, progress, engine)
    known_truth = sure(list(compress(words.works, held_out)), sample.truth, labels, recipe)
    composed = compose(sample.margins, sample.rows, known_truth, sample.importance, labels, recipe)
    rule = choose_shares(composed, choose_rule(composed, labels, recipe))
    judged = judge(composed, rule, labels, supported, recipe)
    pooled = aggregate(sample.margins, sample.rows, rule).margins
    if again:
        weights = learn(importance, "-again")
    return Bundle(
        labels=labels,
        supported=supported,
        vocabulary=known.learned.vocabulary,
        weights=weights,
        names=known.learned.names,
        rule=rule,
        **judged._asdict(),
        least_known=least_known(np.concatenate([shards.load(each, "shares")["shares"] for each in features])),
        recipe=recipe,
        facts={
            **_facts(words, known, features),
            "held_out_works": int(held_out.sum()),
            "held_out": figures(pooled, sample.truth, supported, labels),
            "libraries": library_versions(),
        },
    )


def hold_out(works: Sequence[LabelledWork], seed: int) -> NDArray[np.bool_]:
    """Which works are held out to calibrate on, bool[works]: by groups, which hangs on their names and the seed."""
    share = held_out_share(len(works))
    return np.array([lot < share * 2**64 for lot in lots(works, f"{seed}:held out")], bool)


def held_out_share(n_works: int) -> float:
    """The share of so many works that is held out.

    >>> [held_out_share(n) for n in (100, 10_000, 100_000, 1_000_000)]
    [0.2, 0.2, 0.05, 0.02]
    """
    return min(max(_SHARE, _LEAST / max(n_works, 1)), 0.2, _MOST / max(n_works, 1))


def _save_truth(folder: Path, truth: NDArray[np.float32], importance: NDArray[np.float32]) -> None:
    """What is to be learned, for the processes that learn: nothing from works of no importance."""
    learned = np.where(importance[:, None] > 0, truth, np.float32(np.nan))
    shards.save(folder, {"truth": learned, "importance": importance})


def _featurize(
    words: Words,
    held_out: NDArray[np.bool_],
    learned: NDArray[np.bool_],
    recipe: Recipe,
    jobs: int,
    progress: Progress,
    engine: Engine,
) -> list[Path]:
    sizes = list(map(_size, words.shards))
    tasks = []
    for number, (folder, end) in enumerate(zip(words.shards, accumulate(sizes), strict=True)):
        own = slice(end - sizes[number], end)
        part = featurizing.Part(folder, own.start, learned[own], held_out[own], recipe.seed)
        tasks.append(Task(words.place / "features" / f"{number:05}", part))
    vocabulary = words.place / "vocabulary"
    function, told = partial(featurizing.featurize_part, vocabulary), partial(progress, "featurizing")
    return shards.make(function, tasks, jobs, told, engine, folders=(vocabulary,), carried=featurizing.carried)


def _size(words: Path) -> int:
    """How many works a shard of words has."""
    return len(shards.load(words, "rows")["rows"]) - 1


def _in_order(weights: Weights, known: Known) -> Weights:
    """Weights by rank -> weights by feature."""
    return weights._replace(matrix=weights.matrix[featurizing.ranks(known.learned.frequencies)])


def _sample(
    place: Path,
    features: Sequence[Path],
    weights: Packed,
    truth: NDArray[np.float32],
    importance: NDArray[np.float32],
    jobs: int,
    progress: Progress,
    engine: Engine,
) -> Sample:
    """The held-out works, their passages scored."""
    shards.save(place / "weights", weights._asdict())
    tasks = [Task(place / "margins" / each.name, each) for each in features]
    needed = place / "vocabulary", place / "weights"
    function, told = partial(margins.score_part, *needed), partial(progress, "calibrating")
    scored = shards.make(function, tasks, jobs, told, engine, folders=needed, carried=margins.carried)
    held = np.concatenate([shards.load(each, "held")["held"] for each in features])
    sizes = np.concatenate([np.diff(shards.load(each, "bounds")["bounds"]) for each in features])
    found = np.concatenate([shards.load(each, "margins")["margins"] for each in scored])
    rows = np.concatenate(([0], sizes.cumsum()))
    return Sample(found, rows, truth[held].astype(np.float64), importance[held].astype(np.float64))


def _facts(words: Words, known: Known, features: Sequence[Path]) -> dict[str, Any]:
    """What describes a training: its data and its features."""
    own, added = words.shards[: words.n_own], words.shards[words.n_own :]
    n_added = sum(map(_size, added))
    more = {"more": {"works": n_added, "sha256": _digest(added)}} if added else {}
    return {
        "works": len(words.works),
        "passages": sum(len(shards.load(each, "shares")["shares"]) for each in features),
        "words": sum(int(shards.load(each, "words")["words"]) for each in features),
        "groups": len(set(map(group_of, words.works))),
        "features": len(known.learned.names),
        "collisions": {"hashes": known.shared, "displaced": displaced(known.learned.vocabulary)},
        "missed": known.missed,
        "data_sha256": _digest(own),
        **more,
    }


def _digest(folders: Sequence[Path]) -> str:
    """A SHA-256 over the digests of the parts that the data were read in."""
    return hashlib.sha256(reading.digest_of(folders)).hexdigest()
