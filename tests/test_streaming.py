"""Training by way of the disk: the same vocabulary, as good a model, and to the bit the same however it was run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tagger import bundles, labelled, streaming, training
from tagger.bundles import Bundle
from tagger.errors import DataError
from tagger.evaluation import evaluate
from tagger.features import featurize
from tagger.labels import from_names
from tagger.recipe import Calibrating, Features, Learner, Recipe
from tagger.streaming import counting, hold_out, workplace
from tagger.streaming.featurizing import ranks, take
from tagger.streaming.reading import works_of
from tagger.vocabulary import Learned, learn, names_among
from tagger.works import LabelledWork

TOPICS = from_names(["sea", "wood", "town"])
SIZE = 60_000  # bytes of a part: some five of them in all
QUICK = Recipe(calibration=Calibrating(folds=2))


def words(n: int, seed: int) -> list[str]:
    """Made-up words."""
    rng = random.Random(seed)
    syllables = [first + vowel for first in "bdfgklmnprst" for vowel in "aeiou"]
    return ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(n)]


COMMON, OF_TOPIC = words(1500, 1), {label: words(60, 10 + i) for i, label in enumerate(TOPICS.ids)}
WEIGHTS = [1 / (place + 3) for place in range(len(COMMON))]


def write(path: Path, n: int, seed: int) -> Path:
    """Works of about 500 words that speak of none, one or several topics, somebody's name among them."""
    rng = random.Random(seed)
    with path.open("w") as file:
        for number in range(n):
            topics = [label for label in TOPICS.ids if rng.random() < 0.35]
            drawn = rng.choices(COMMON, WEIGHTS, k=rng.randrange(300, 700))
            for label in topics:
                for word in rng.choices(OF_TOPIC[label], k=12):
                    drawn[rng.randrange(len(drawn))] = word
            for at in range(0, len(drawn), 9):
                drawn[at] = f"and Korvin {drawn[at]}." + "\n\n" * (at % 4 == 0)
            record = {"id": f"{seed}-{number}", "text": " ".join(drawn), "labels": topics, "group": f"{number // 2}"}
            file.write(json.dumps(record) + "\n")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("topics") / "works.jsonl", 120, seed=1)


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return streamed(data, tmp_path_factory.mktemp("once"))


def streamed(data: Path, place: Path, recipe: Recipe = QUICK, jobs: int = 1, size: int = SIZE) -> Bundle:
    return streaming.train(streaming.read(place, data, size=size, jobs=jobs), TOPICS, recipe, jobs=jobs)


def saved(bundle: Bundle, path: Path) -> dict[str, bytes]:
    bundles.save(bundle, path)
    return {file.name: file.read_bytes() for file in path.iterdir()}


def vocabulary_of(data: Path, place: Path, choices: Features) -> counting.Known:
    read = streaming.read(place, data, size=SIZE)
    return counting.learn(place, read.shards, choices, 1, training.no_progress)


def in_memory(works: Sequence[LabelledWork], choices: Features) -> Learned:
    blocks, cases, _ = training.read_blocks(works, training.segmented(works))
    stem, more = training.spelling(Recipe(features=choices), None)
    return learn(blocks, choices, stem, more, None if choices.names else names_among(blocks, cases))


@pytest.mark.parametrize(
    "choices",
    [
        Features(),
        Features(names=True, neutral=False, disguises=False, min_pair=1),
        Features(min_word=4, max_pairs=50, max_words=300),
    ],
)
def test_the_vocabulary_is_that_of_training_in_memory(data: Path, tmp_path: Path, choices: Features) -> None:
    known, expected = vocabulary_of(data, tmp_path, choices), in_memory(labelled.load(data), choices)
    assert (known.missed, known.shared) == (0, 0)
    assert known.learned.names == expected.names
    assert ("korvin" in expected.names) == choices.names
    for ours, theirs in zip(
        [*known.learned.vocabulary.words, *known.learned.vocabulary.pairs, *known.learned[2:]],
        [*expected.vocabulary.words, *expected.vocabulary.pairs, *expected[2:]],
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    for name in ("columns", "idf", "n_stems"):
        np.testing.assert_array_equal(
            getattr(known.learned.vocabulary, name), getattr(expected.vocabulary, name), err_msg=name
        )


def test_too_many_pairs_are_counted_short_and_it_is_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST", 4000)
    choices = Features(max_pairs=100)
    known, exact = vocabulary_of(data, tmp_path, choices), in_memory(labelled.load(data), choices)
    assert known.missed > 0
    true = dict(zip(exact.names, exact.frequencies.tolist(), strict=True))
    found = dict(zip(known.learned.names, known.learned.frequencies.tolist(), strict=True))
    assert len(set(true) & set(found)) > 0.9 * len(true)
    assert all(0 <= true[name] - often <= known.missed for name, often in found.items() if name in true)


def test_it_is_as_good_as_training_in_memory(data: Path, trained: Bundle, tmp_path: Path) -> None:
    unseen = labelled.load(write(tmp_path / "unseen.jsonl", 80, seed=2))
    ours, theirs = (
        evaluate(bundle, unseen, resamples=10).macro
        for bundle in (trained, training.train(labelled.load(data), TOPICS, QUICK))
    )
    assert ours.ap.value is not None
    assert theirs.ap.value is not None
    assert ours.ap.value > max(0.8, theirs.ap.value - 0.03)


def test_any_number_of_processes_gives_the_same_bundle(data: Path, trained: Bundle, tmp_path: Path) -> None:
    parallel = streamed(data, tmp_path / "work", jobs=2)
    assert saved(parallel, tmp_path / "parallel") == saved(trained, tmp_path / "once")


class Killed(BaseException):
    """The program ends here."""


def test_a_run_broken_off_anywhere_goes_on_to_the_same_bundle(
    data: Path, trained: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, save = saved(trained, tmp_path / "once"), np.save
    left: Iterator[int]

    def dies(*arguments: object, **more: object) -> None:
        if next(left, None) is None:
            raise Killed
        save(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(np, "save", dies)
    times = 0
    while True:
        left = iter(range(17))  # arrays until it is ended again
        try:
            bundle = streamed(data, tmp_path / "work")
        except Killed:
            times += 1
        else:
            break
    monkeypatch.undo()
    assert times > 8
    assert saved(bundle, tmp_path / "again") == expected


def test_the_program_itself_can_be_killed(data: Path, tmp_path: Path) -> None:
    def command(name: str, *more: str) -> list[str]:
        start = [sys.executable, "-m", "tagger", "train", str(data), "-o", str(tmp_path / name / "model")]
        return [*start, "--stream", "--labels", "auto", *more]

    with subprocess.Popen(command("broken"), stderr=subprocess.PIPE) as running:
        while not list((tmp_path / "broken").glob("training-*/words/00000")):
            assert running.poll() is None, running.stderr and running.stderr.read()
            time.sleep(0.005)
        running.kill()
    assert running.returncode == -signal.SIGKILL
    ended = [
        subprocess.run(command(name), capture_output=True, text=True, check=True).stderr for name in ("broken", "whole")
    ]
    assert ["going on with what is in" in each for each in ended] == [True, False]
    broken, whole = (tmp_path / name for name in ("broken", "whole"))
    assert [each.name for each in broken.iterdir()] == ["model"]
    for file in (whole / "model").iterdir():
        assert file.read_bytes() == (broken / "model" / file.name).read_bytes()


def test_the_facts_describe_the_training(data: Path, trained: Bundle) -> None:
    works, facts = labelled.load(data), trained.facts
    kept = training.train(works, TOPICS, QUICK).facts
    for name in ("works", "passages", "words", "groups", "features", "collisions"):
        assert facts[name] == kept[name], name
    assert facts["missed"] == 0
    assert facts["held_out_works"] == int(hold_out(works, QUICK.seed).sum())
    assert set(facts["held_out"]) == set(TOPICS.ids)


def test_where_much_is_held_out_it_is_learned_from_in_the_end(
    data: Path, trained: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = labelled.load(data)
    held_out = [work for work, out in zip(works, hold_out(works, QUICK.seed), strict=True) if out]
    monkeypatch.setattr(streaming, "_MISSED", 1.0)
    once = streamed(data, tmp_path / "work")
    known, unknown = (evaluate(bundle, held_out, resamples=10).macro.ap.value for bundle in (trained, once))
    assert known is not None
    assert unknown is not None
    assert known > unknown


def test_groups_are_held_out_whole(data: Path) -> None:
    works = labelled.load(data)
    held_out = hold_out(works, seed=3)
    assert 0.1 < held_out.mean() < 0.3
    inside, outside = (
        {each.group for each, out in zip(works, held_out, strict=True) if out == side} for side in (0, 1)
    )
    assert not inside & outside
    assert not np.array_equal(held_out, hold_out(works, seed=4))


def test_only_the_works_of_a_split_are_learned_from(data: Path, tmp_path: Path) -> None:
    folder, more = tmp_path / "data", write(tmp_path / "more.jsonl", 6, seed=5)
    (folder / "splits").mkdir(parents=True)
    (folder / "works.jsonl").write_bytes(data.read_bytes())
    (folder / "splits" / "test.txt").write_text("".join(f"1-{number}\n" for number in range(0, 40)))
    read = streaming.read(tmp_path / "work", folder, [more], size=SIZE)
    expected = [*labelled.select(labelled.load(folder), folder, "train"), *labelled.load(more)]
    assert [each.work.id for each in read.works] == [each.work.id for each in expected]
    assert len(read.others) == 40
    bare = [each.work.text for each in works_of(read.shards)]
    assert not any(bare)
    for made, each in zip(read.works, expected, strict=True):
        assert (made.present, made.group, made.place) == (each.present, each.group, each.place)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "1-3", "text": "Tea.", "labels": []}', "the id '1-3' was already used at"),
        ('{"id": "x", "text": "Tea.", "labels": ["tea"]}', "works.jsonl:121: There is no label 'tea'"),
        ('{"id": "x", "text": "Tea."', "works.jsonl:121: not JSON"),
    ],
)
def test_data_that_will_not_do_are_told_and_leave_nothing(data: Path, tmp_path: Path, line: str, message: str) -> None:
    copy = tmp_path / "works.jsonl"
    copy.write_text(data.read_text() + line)
    request, place = workplace.Request(copy, (), "train", TOPICS, QUICK), tmp_path / "work"
    with pytest.raises(DataError, match=message), workplace.kept_until_done(place, keep=False):
        streaming.train_files(place, request)
    assert not place.exists()


def test_no_label_with_enough_examples_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no label has 500 works with it"):
        streamed(data, tmp_path, Recipe(learner=Learner(min_positives=500)))


def test_another_request_has_another_work_folder(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "works.jsonl"
    copy.write_bytes(data.read_bytes())
    request = workplace.Request(copy, (), "train", TOPICS, QUICK)
    before = workplace.folder_name(request)
    assert before == workplace.folder_name(request)
    others = [
        request._replace(split="all"),
        request._replace(labels=None),
        request._replace(recipe=Recipe(seed=1)),
        request._replace(more=(data,)),
        request._replace(data=data),
    ]
    names = {before, *map(workplace.folder_name, others)}
    os.utime(copy, ns=(1, 1))
    assert len(names | {workplace.folder_name(request)}) == 7


def test_ranks_put_the_commonest_first() -> None:
    assert ranks(np.array([2, 9, 2, 5])).tolist() == [2, 0, 3, 1]


def test_passages_can_be_taken_out_of_counts(data: Path, trained: Bundle) -> None:
    works = labelled.load(data)[:20]
    blocks, _, _ = training.read_blocks(works, training.segmented(works))
    counts = featurize(blocks[0], trained.vocabulary)
    chosen = np.array([4, 0, 5])
    taken = take(counts, chosen)
    for row, passage in enumerate(chosen.tolist()):
        ours, theirs = (slice(*each.rows[[at, at + 1]]) for each, at in ((taken, row), (counts, passage)))
        assert taken.columns[ours].tolist() == counts.columns[theirs].tolist()
        assert taken.counts[ours].tolist() == counts.counts[theirs].tolist()
        assert taken.total[row] == counts.total[passage]
