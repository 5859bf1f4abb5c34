"""Training: deterministic, honest about what nobody knows, and able to find one passage in a long work."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import bundles
from tagger.bundles import Bundle
from tagger.composites import compose
from tagger.errors import DataError
from tagger.labels import LabelSet, from_names
from tagger.readers import read_text
from tagger.reading import read
from tagger.recipe import Aggregation, Calibrating, Learner, Recipe
from tagger.scoring import unpack
from tagger.segmentation import segment
from tagger.tagging import Options, tag
from tagger.training import assign_folds, digest, group_of, stand_in, train, truth_of
from tagger.vectors import Vectors
from tagger.works import LabelledWork, Scene

QUICK = Recipe(calibration=Calibrating(folds=2, composites=60, max_passages=6))
WEATHER = from_names(["storm", "frost"])
COMMON = [
    "harbour",
    "window",
    "letter",
    "corridor",
    "morning",
    "table",
    "garden",
    "bottle",
    "engine",
    "silver",
    "pocket",
    "station",
    "kettle",
    "ladder",
    "orchard",
    "curtain",
    "village",
    "mirror",
    "carpet",
    "teacher",
    "basket",
    "thunderous",
    "whisper",
    "button",
    "bridge",
    "copper",
    "lantern",
]


def label_set(*plain: str, **special: dict[str, Any]) -> LabelSet:
    """Warnings of these names, and labels with something special about them."""
    given = {name: {} for name in plain} | special
    base = {"kind": "warning", "definition": "."}
    return LabelSet.from_dicts([{"id": name, "name": name, **base, **more} for name, more in given.items()])


def labelled(id: str, text: str, *present: str, unknown: Sequence[str] = (), group: str = "") -> LabelledWork:
    return LabelledWork(
        work=read_text(text.encode(), id), present=frozenset(present), unknown=frozenset(unknown), group=group
    )


def prose(rng: random.Random, words: int, *extra: str) -> str:
    """Some random words, in sentences, `extra` somewhere among them."""
    drawn = rng.choices(COMMON, k=words)
    for word in extra:
        drawn.insert(rng.randrange(len(drawn)), word)
    return " ".join(f"{word}." if number % 9 == 8 else word for number, word in enumerate(drawn))


def weather(n: int, seed: int = 0) -> list[LabelledWork]:
    """Short works: a third has hailstorms in it, another third icicles."""
    rng = random.Random(seed)
    kinds = [(("hailstorm", "hailstorms"), ("storm",)), (("icicle", "icicles"), ("frost",)), ((), ())]
    return [
        labelled(f"w{i}", prose(rng, 60, *words * 2), *present) for i, (words, present) in enumerate(kinds * (n // 3))
    ]


def saved(bundle: Bundle, path: Path) -> dict[str, bytes]:
    bundles.save(bundle, path)
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_the_same_data_give_the_same_bytes_whatever_the_number_of_jobs(tmp_path: Path) -> None:
    works = weather(120)
    once, again, parallel = (train(works, WEATHER, QUICK, jobs=jobs) for jobs in (1, 1, 2))
    files = saved(once, tmp_path / "once")
    assert saved(again, tmp_path / "again") == files
    assert saved(parallel, tmp_path / "parallel") == files


def half_and_half(number: int, *, marked: bool) -> LabelledWork:
    """A long work with a storm in its first half: a siren shows it; a ferry, which sails in the second half of every
    other such work and nowhere else, does not.
    """
    rng = random.Random(number)
    storm, ferry = number % 2 == 0, number % 4 == 0
    first, second = prose(rng, 140, *["siren"] * 2 * storm), prose(rng, 140, *["ferry"] * 2 * ferry)
    work = labelled(f"h{number}", f"{first}.\n\n***\n\n{second}.", *["storm"] * storm)
    return work._replace(scenes=(Scene("storm", 0, len(first)),)) if marked and storm else work


def test_of_a_work_with_a_marked_scene_the_scene_alone_teaches_the_label() -> None:
    def weight_of(word: str, *, marked: bool) -> float:
        works = [half_and_half(number, marked=marked) for number in range(120)]
        bundle = train(works, WEATHER, QUICK)
        assert {len(segment(each.work)) for each in works} == {2}
        return float(unpack(bundle.weights).matrix[bundle.names.index(word), WEATHER.index("storm")])

    assert weight_of("siren", marked=True) > 0
    assert weight_of("ferry", marked=True) < 0 < weight_of("ferry", marked=False)


def test_another_seed_gives_other_folds_and_so_another_calibration() -> None:
    works = weather(60)
    one, other = (
        train(works, WEATHER, Recipe(seed=seed, calibration=QUICK.calibration)).calibration for seed in (0, 1)
    )
    assert not np.array_equal(one.slope, other.slope)


def test_it_learns_what_the_labels_mean() -> None:
    bundle = train(weather(90), WEATHER, QUICK)
    unseen = weather(60, seed=1)
    results = tag([each.work for each in unseen], bundle)
    for label in WEATHER.ids:
        scores = np.array([result["scores"][label] for result in results])
        present = np.array([label in each.present for each in unseen])
        assert scores[present].min() > scores[~present].max()


def test_truth_is_present_absent_or_unknown() -> None:
    named = from_names(["a", "b", "c"])
    work = read_text(b"Text.", "x")
    works = [
        LabelledWork(work, present=frozenset("a")),
        LabelledWork(work, present=frozenset("a"), unknown=frozenset("b")),
        LabelledWork(work, present=frozenset("a"), absent=frozenset("c"), partial=True),
        LabelledWork(work, present=frozenset(), partial=True),
    ]
    nan = np.nan
    expected = [[1, 0, 0], [1, nan, 0], [1, nan, 0], [nan, nan, nan]]
    np.testing.assert_array_equal(truth_of(works, named), expected)


def test_implications_are_not_drawn_into_the_truth(labels: LabelSet) -> None:
    truth = truth_of([labelled("gore", "Text.", "graphic-violence")], labels)
    assert truth[0, labels.index("graphic-violence")] == 1
    assert truth[0, labels.index("violence")] == 0


def test_unknown_is_not_absent() -> None:
    works = weather(90)
    rng = random.Random(5)
    texts = [prose(rng, 60, *["hailstorm", "hailstorms"] * 2) for _ in range(40)]
    as_absent = [labelled(f"m{i}", text) for i, text in enumerate(texts)]
    as_unknown = [labelled(f"m{i}", text, unknown=["storm"]) for i, text in enumerate(texts)]
    denied, masked = (train(works + more, WEATHER, QUICK) for more in (as_absent, as_unknown))
    doubtful = [each.work for each in as_unknown]
    assert (read(doubtful, masked).margins[:, 0] > 0).all()
    assert (read(doubtful, denied).margins[:, 0] < 0).all()
    assert masked.facts["out_of_fold"]["storm"]["auc"] > denied.facts["out_of_fold"]["storm"]["auc"]


def test_with_all_negatives_unknown_a_label_cannot_be_learned() -> None:
    works = [
        each
        if "storm" in each.present
        else LabelledWork(each.work, each.present, unknown=frozenset({"storm"}), group=each.group)
        for each in weather(60)
    ]
    bundle = train(works, WEATHER, QUICK)
    assert bundle.supported.tolist() == [False, True]
    result = tag([works[0].work], bundle, Options(preset="high-recall"))[0]
    assert result["unsupported"] == ["storm"]
    assert list(result["scores"]) == ["frost"]
    assert "storm" not in {each["label"] for each in result["suggested"]}


def test_an_unlearned_label_is_not_suggested_even_when_implied() -> None:
    implied = label_set("weather", "frost", storm={"implies": ["weather"]})
    works = weather(90)
    results = tag([each.work for each in works], train(works, implied, QUICK))
    suggested = {each["label"] for result in results for each in result["suggested"]}
    assert suggested == {"storm", "frost"}
    assert all(result["unsupported"] == ["weather"] for result in results)
    assert all(result["scores"].keys() == suggested for result in results)


def test_partial_works_teach_only_what_they_say() -> None:
    works = weather(60)
    silent = [
        LabelledWork(each.work, each.present, absent=frozenset({"frost"} - each.present), partial=True)
        for each in works
    ]
    # Nothing is said to be without a storm, and every work says whether there is frost.
    assert train(silent, WEATHER, QUICK).supported.tolist() == [False, True]


@pytest.mark.parametrize(("positives", "learned"), [(4, False), (5, True)])
def test_a_label_needs_its_least_number_of_works(positives: int, learned: bool) -> None:
    rng = random.Random(1)
    plain = [labelled(f"p{i}", prose(rng, 50)) for i in range(20)]
    frosts = [labelled(f"f{i}", prose(rng, 50, "icicle"), "frost") for i in range(10)]
    storms = [labelled(f"s{i}", prose(rng, 50, "hailstorm"), "storm") for i in range(positives)]
    assert train(plain + frosts + storms, WEATHER, QUICK).supported.tolist() == [learned, True]


@pytest.mark.parametrize("works", [[], weather(12)])
def test_no_label_with_enough_examples_is_told_with_a_way_out(works: list[LabelledWork]) -> None:
    with pytest.raises(DataError, match=f"among the {len(works)} works; label more of them, or lower learner.min_pos"):
        train(works, WEATHER, QUICK)
    if works:
        few = Recipe(learner=Learner(min_positives=2), calibration=QUICK.calibration)
        assert train(works, WEATHER, few).supported.all()


def test_a_work_without_a_story_is_named() -> None:
    only_header = labelled("bare", "Title: Tea\nWarnings: storm\nRating: T\n", "storm")
    with pytest.raises(DataError, match="bare: nothing is left of the text without header and notes"):
        train([*weather(60), only_header], WEATHER, QUICK)


def long_works(n: int, seed: int) -> tuple[list[LabelledWork], list[int]]:
    """Works of eight passages; every second has hailstorms in one of them, the place is given (-1: none)."""
    rng = random.Random(seed)
    works, places = [], []
    for i in range(n):
        place = rng.randrange(8) if i % 2 else -1
        paragraphs = [prose(rng, 130, *["hailstorm"] * 3 * (part == place)) for part in range(8)]
        works.append(labelled(f"l{seed}-{i}", "\n\n".join(paragraphs), *["storm"] * (place >= 0)))
        places.append(place)
    return works, places


def test_one_passage_of_a_long_work_is_found_and_leads() -> None:
    works, _ = long_works(60, seed=1)
    assert {len(segment(each.work)) for each in works} == {8}
    bundle = train(works, from_names(["storm"]), QUICK)
    unseen, places = long_works(40, seed=2)
    results = tag([each.work for each in unseen], bundle)
    assert [len(each["suggested"]) for each in results] == [int(place >= 0) for place in places]
    for result, place in zip(results, places, strict=True):
        if place >= 0:
            leading = result["suggested"][0]["evidence"][0]
            assert leading["paragraph"] == place + 1
            assert leading["words"][0] == "hailstorm"


def test_figures_are_out_of_fold() -> None:
    """Labels drawn by lot can be learned by heart, but not foreseen."""
    rng = random.Random(3)
    works = [
        labelled(f"n{i}", prose(rng, 60, f"only{i}here"), *rng.sample(["storm", "frost"], rng.randrange(3)))
        for i in range(150)
    ]
    bundle = train(works, WEATHER, Recipe(calibration=Calibrating(folds=5, composites=0)))
    truth = truth_of(works, WEATHER)
    margins = read([each.work for each in works], bundle).margins
    for i, label in enumerate(WEATHER.ids):
        figures = bundle.facts["out_of_fold"][label]
        assert margins[truth[:, i] == 1, i].min() > margins[truth[:, i] == 0, i].max()
        assert 0.3 < figures["auc"] < 0.7
        assert figures["present"] == int(truth[:, i].sum())


def test_the_facts_describe_the_training(corpus: list[LabelledWork], bundle: Bundle) -> None:
    facts = bundle.facts
    assert facts["works"] == facts["groups"] == len(corpus)
    assert facts["passages"] == sum(len(segment(each.work)) for each in corpus)
    assert facts["features"] == len(bundle.names) == len(bundle.vocabulary.idf)
    assert facts["data_sha256"] == digest(corpus)
    assert facts["collisions"]["hashes"] == 0
    assert set(facts["libraries"]) >= {"python", "numpy", "scikit-learn", "nltk", "tagger"}
    trained = [name for name, known in zip(bundle.labels.ids, bundle.supported, strict=True) if known]
    assert list(facts["out_of_fold"]) == trained
    assert all(0 <= each["auc"] <= 1 and 0 < each["average_precision"] <= 1 for each in facts["out_of_fold"].values())


def test_the_digest_tells_data_apart() -> None:
    work, other = labelled("a", "Text.", "storm"), labelled("a", "Other text.", "storm")
    variants = [[work], [other], [labelled("b", "Text.", "storm")], [labelled("a", "Text.")]]
    variants += [[labelled("a", "Text.", "storm", unknown=["frost"])], [work, other], [other, work], []]
    assert len({digest(each) for each in variants}) == len(variants)


def test_the_digest_tells_silence_from_absence() -> None:
    work = labelled("a", "Text.", "storm").work
    full = LabelledWork(work, present=frozenset({"storm"}))
    partial = LabelledWork(work, present=frozenset({"storm"}), partial=True)
    said = LabelledWork(work, present=frozenset({"storm"}), absent=frozenset({"frost"}), partial=True)
    assert len({digest([each]) for each in (full, partial, said)}) == 3


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(st.tuples(names, names), max_size=20), st.integers(2, 20), st.integers(0, 2**31 - 1), st.data())
def test_folds_keep_groups_together_whatever_else_is_there(
    drawn: list[tuple[str, str]], n_folds: int, seed: int, data: st.DataObject
) -> None:
    works = [labelled(name, "Text.", group=group) for name, group in drawn]
    folds = assign_folds(works, n_folds, seed)
    assert set(folds.tolist()) <= set(range(n_folds))
    by_group: dict[str, set[int]] = {}
    for each, fold in zip(works, folds.tolist(), strict=True):
        by_group.setdefault(group_of(each), set()).add(fold)
    assert all(len(some) == 1 for some in by_group.values())
    chosen = data.draw(st.lists(st.sampled_from(range(len(works))))) if works else []
    few = assign_folds([works[i] for i in chosen], n_folds, seed)
    assert few.tolist() == [folds[i] for i in chosen]


def test_folds_are_about_equal_and_hang_on_the_seed() -> None:
    works = [labelled(f"w{i}", "Text.") for i in range(1000)]
    one, other = assign_folds(works, 5, 0), assign_folds(works, 5, 1)
    assert np.bincount(one).min() > 150
    assert 0.1 < (one == other).mean() < 0.3


MIXED = label_set("storm", "frost", calm={"kind": "tag"})


def composed(truth: np.ndarray, rows: np.ndarray, recipe: Recipe = QUICK) -> tuple[list[np.ndarray], np.ndarray]:
    """The members of each work of the sample, and its truth. Margins number the passages, so that they tell them."""
    numbers = np.repeat(np.arange(rows[-1], dtype=np.float32)[:, None], len(MIXED), axis=1)
    sample = compose(numbers, rows, truth, np.ones(len(truth)), MIXED, recipe)
    assert (sample.margins == sample.margins[:, :1]).all()
    return np.split(sample.margins[:, 0].astype(int), sample.rows[1:-1]), sample.truth


def short_truth() -> np.ndarray:
    """Sixty clean works, sixty with a storm (frost unknown in half of these), all with the tag."""
    truth = np.zeros((120, 3))
    truth[60:, 0] = 1
    truth[90:, 1] = np.nan
    truth[:, 2] = 1
    return truth


def test_composed_works_follow_the_originals_and_bear_the_warnings_of_their_passages() -> None:
    truth = short_truth()
    members, found = composed(truth, np.arange(121))
    assert len(members) == len(found) == 120 + QUICK.calibration.composites
    assert [each.tolist() for each in members[:120]] == [[i] for i in range(120)]
    np.testing.assert_array_equal(found[:120], truth)
    for own, work in zip(members[120:], found[120:], strict=True):
        parts = truth[own]
        assert 2 <= len(own) <= QUICK.calibration.max_passages
        assert (parts[:, 0] == 1).sum() <= 3
        assert work[0] == (parts[:, 0] == 1).any()
        assert np.isnan(work[1]) == np.isnan(parts[:, 1]).any()
        assert np.isnan(work[2])
    clean = found[120:, 0] == 0
    assert 0.3 < clean.mean() < 0.7


@pytest.mark.parametrize("change", ["long works", "few clean ones", "few warnings", "none wanted"])
def test_works_are_composed_only_of_enough_short_ones(change: str) -> None:
    truth, rows, recipe = short_truth(), np.arange(121), QUICK
    if change == "long works":
        rows = rows * 2
    elif change == "few clean ones":
        truth[20:, 0] = 1
    elif change == "few warnings":
        truth[100:, :2] = truth[:100, :2] = 0
    else:
        recipe = Recipe(calibration=Calibrating(composites=0))
    members, found = composed(truth, rows, recipe)
    assert len(members) == 120
    np.testing.assert_array_equal(found, truth)


def test_a_given_number_of_speaking_passages_is_kept() -> None:
    works, _ = long_works(24, seed=3)
    recipe = Recipe(aggregation=Aggregation(top=2), calibration=QUICK.calibration)
    assert train(works, from_names(["storm"]), recipe).rule.top == 2


def test_progress_is_told_from_the_first_to_the_last_label() -> None:
    told: list[tuple[str, int, int]] = []
    train(weather(60), WEATHER, QUICK, progress=lambda *news: told.append(news))
    assert told == [("reading", 0, 1), ("reading", 1, 1), *(("training", done, 2) for done in range(3))]


def test_the_stand_in_suggests_a_label_when_its_word_is_there(labels: LabelSet) -> None:
    bundle = stand_in(labels)
    text = " ".join(COMMON) + " captivity " + " ".join(COMMON)
    with_word, without = (read_text(each.encode(), "x") for each in (text, text.replace("captivity", "")))
    suggested = [[each["label"] for each in result["suggested"]] for result in tag([with_word, without], bundle)]
    assert suggested == [["captivity"], []]


MEANINGS = Vectors(
    ("hailstorm", "hailstorms", "icicle", "icicles", "blizzard", "tempest", *COMMON),
    np.array([[5, 0], [5, 0], [0, 5], [0, 5], [0, 5], [5, 0], *[[0.1, 0.1]] * len(COMMON)], np.float32),
    np.full(6 + len(COMMON), 0.01),
)


def test_a_word_that_no_label_came_with_speaks_by_its_meaning() -> None:
    rng = random.Random(5)
    bundle = train(weather(90), WEATHER, QUICK, vectors=MEANINGS)
    plain = train(weather(90), WEATHER, QUICK)
    for word, label in (("tempest", "storm"), ("blizzard", "frost")):
        work = read_text(prose(rng, 80, word, word).encode(), word)
        with_it, without = (tag([work], each)[0]["scores"] for each in (bundle, plain))
        other = "frost" if label == "storm" else "storm"
        assert with_it[label] - with_it[other] > abs(without[label] - without[other])


def test_more_works_are_learned_from_as_well() -> None:
    works = weather(90)
    apart = train(works[:45], WEATHER, QUICK, more=works[45:])
    together = train(works, WEATHER, QUICK)
    np.testing.assert_array_equal(apart.weights.matrix, together.weights.matrix)
    assert apart.facts["more"] == {"works": 45, "sha256": digest(works[45:])}
    assert apart.facts["data_sha256"] == digest(works[:45])


def test_a_work_weighs_as_much_as_so_many_copies() -> None:
    works = weather(60)
    heavy = [each._replace(weight=2.0) for each in works[:20]] + works[20:]
    other = train(heavy, WEATHER, QUICK)
    assert np.abs(unpack(other.weights).matrix - unpack(train(works, WEATHER, QUICK).weights).matrix).max() > 1e-3


def test_names_are_no_features_unless_asked_for() -> None:
    works = weather(60)
    named = [
        each._replace(work=read_text(f"{each.work.text} Then Ottoline and Bram went home.".encode(), each.work.id))
        for each in works
    ]
    assert not {"ottoline", "bram"} & set(train(named, WEATHER, QUICK).names)
    choices = QUICK._replace(features=QUICK.features._replace(names=True))
    assert {"ottoline", "bram"} <= set(train(named, WEATHER, choices).names)


def test_words_that_differ_in_gender_alone_score_alike() -> None:
    bundle = train(
        [*weather(60), labelled("g", "She hurt her husband and he hurt his wife. " * 3, "storm")], WEATHER, QUICK
    )
    texts = ("he told his wife himself", "she told her husband herself")
    one, other = (tag([read_text(((text + " ") * 8).encode(), "t")], bundle)[0]["scores"] for text in texts)
    assert one == other


def test_a_word_in_disguise_is_the_word() -> None:
    works = [*weather(60), *(labelled(f"k{i}", f"They killed him {COMMON[i]} again. " * 3, "storm") for i in range(8))]
    bundle = train(works, WEATHER, QUICK)
    texts = ("they killed the garden", "they k1lled the garden", "they k*lled the garden")
    scores = [tag([read_text(((text + " ") * 8).encode(), "t")], bundle)[0]["scores"] for text in texts]
    assert scores[0] == scores[1] == scores[2]
