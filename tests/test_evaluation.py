"""Evaluation: what is measured is what a user gets, and nothing is judged by what has learned from its kin."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tagger import evaluation
from tagger.bundles import Bundle
from tagger.errors import DataError
from tagger.evaluation import cross_validate, evaluate, judge
from tagger.labels import LabelSet
from tagger.metrics import measure
from tagger.policy import choose_thresholds
from tagger.readers import read_text
from tagger.recipe import Calibrating, Recipe
from tagger.tagging import Options, tag
from tagger.training import stand_in, truth_of
from tagger.works import LabelledWork

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4


@pytest.fixture(scope="module")
def keywords(labels: LabelSet) -> Bundle:
    return stand_in(labels)


def labelled(id: str, word: str, *present: str, unknown: Sequence[str] = (), group: str = "") -> LabelledWork:
    work = read_text((STORY + word).encode(), id)
    return LabelledWork(work, frozenset(present), unknown=frozenset(unknown), group=group)


def figures(bundle: Bundle, works: Sequence[LabelledWork], label: str) -> Any:
    report = evaluate(bundle, works, resamples=0)
    return next(each for each in report.labels if each.id == label)


@pytest.mark.parametrize("preset", ["high-recall", "balanced", "high-precision"])
def test_the_figures_are_those_of_the_results(bundle: Bundle, corpus: list[LabelledWork], preset: str) -> None:
    works = [*corpus, LabelledWork(read_text(b"Too short.", "short"), frozenset({"grief"}))]
    results = tag([each.work for each in works], bundle, Options(preset=preset))
    ids = bundle.labels.ids
    scores = np.array([[each["scores"].get(label, np.nan) for label in ids] for each in results])
    suggested = np.array(
        [[label in {some["label"] for some in each["suggested"]} for label in ids] for each in results]
    )
    expected = measure(
        scores,
        truth_of(works, bundle.labels),
        [each.group or each.work.id for each in works],
        choose_thresholds(bundle.thresholds, bundle.labels, preset).chosen,
        bundle.labels,
        suggested=suggested,
        resamples=50,
    )
    report = evaluate(bundle, works, preset, resamples=50)
    assert report == expected
    assert (report.works, report.abstained) == (len(works), 1)
    trained = [label.trained for label in report.labels]
    assert trained == bundle.supported.tolist()


def test_batches_change_nothing(bundle: Bundle, corpus: list[LabelledWork], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate(bundle, corpus, resamples=0)
    monkeypatch.setattr(evaluation, "_BATCH", 7)
    assert evaluate(bundle, corpus, resamples=0) == whole


def test_works_without_labels_count(keywords: Bundle) -> None:
    hits = [labelled(f"h{i}", "captivity", "captivity") for i in range(3)]
    assert figures(keywords, [*hits, labelled("n", "")], "captivity").precision.value == 1
    with_alarms = [*hits, labelled("a", "captivity"), labelled("n", "")]
    found = figures(keywords, with_alarms, "captivity")
    assert (found.precision.value, found.recall.value) == (0.75, 1.0)
    assert (found.present, found.absent, found.unknown) == (3, 2, 0)
    report = evaluate(keywords, with_alarms, resamples=0)
    assert (report.works, report.unlabelled) == (5, 2)
    assert (report.clean.works, report.clean.warned) == (2, 1)


def test_what_nobody_knows_counts_nowhere(keywords: Bundle) -> None:
    works = [
        labelled("h", "captivity", "captivity"),
        labelled("n", ""),
        labelled("u", "captivity", unknown=["captivity"]),
    ]
    found = figures(keywords, works, "captivity")
    assert found.precision.value == 1
    assert (found.present, found.absent, found.unknown) == (1, 1, 1)


def test_there_must_be_works(keywords: Bundle) -> None:
    with pytest.raises(DataError, match="no work to evaluate on; choose another --split"):
        evaluate(keywords, [])


def test_judging_leaves_holes_where_nothing_was_said(bundle: Bundle, corpus: list[LabelledWork]) -> None:
    works = [corpus[0], LabelledWork(read_text(b"Too short.", "short"), frozenset())]
    scores, suggested = judge(bundle, works, "balanced")
    np.testing.assert_array_equal(np.isfinite(scores[0]), bundle.supported)
    assert np.isnan(scores[1]).all()
    assert not suggested[1].any()


def test_cross_validation_never_has_a_group_on_both_sides(
    keywords: Bundle, labels: LabelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(0)
    works = [labelled(f"w{i}", "", group=f"g{rng.randrange(30)}" if i % 4 else "") for i in range(120)]
    taught: list[list[LabelledWork]] = []
    judged: list[list[LabelledWork]] = []

    def train(some: list[LabelledWork], *args: Any, **kwargs: Any) -> Bundle:
        taught.append(some)
        return keywords

    def judge_and_note(bundle: Bundle, some: list[LabelledWork], preset: str) -> Any:
        judged.append(some)
        return judge(bundle, some, preset)

    monkeypatch.setattr(evaluation, "train", train)
    monkeypatch.setattr(evaluation, "judge", judge_and_note)
    report = cross_validate(works, labels, Recipe(), 4, resamples=0)
    assert len(taught) == len(judged) == 4
    for inside, outside in zip(taught, judged, strict=True):
        assert len(inside) + len(outside) == len(works)
        assert not {each.group or each.work.id for each in inside} & {each.group or each.work.id for each in outside}
    assert sorted(each.work.id for some in judged for each in some) == sorted(each.work.id for each in works)
    assert (report.works, report.groups) == (120, len({each.group or each.work.id for each in works}))


def test_cross_validation_measures_a_recipe(corpus: list[LabelledWork], labels: LabelSet) -> None:
    told: list[tuple[str, int, int]] = []
    recipe = Recipe(calibration=Calibrating(folds=2, composites=0))
    report = cross_validate(corpus, labels, recipe, 2, resamples=0, progress=lambda *news: told.append(news))
    assert told == [("folds", 0, 2), ("folds", 1, 2), ("folds", 2, 2)]
    assert report.works == len(corpus)
    assert report.abstained < len(corpus) / 10
    assert report.macro.auc.value is not None
    assert 0.6 < report.macro.auc.value < 0.99
