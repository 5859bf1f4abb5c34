"""Judging: what a recipe says of labels is checked, and calibration rests on the works that it may rest on."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from test_training import QUICK, WEATHER, label_set, weather

from tagger.errors import RecipeError
from tagger.judging import _careful, _doubted, sure
from tagger.recipe import Calibrating, Recipe, Thresholding
from tagger.training import train, truth_of


def test_hints_teach_but_do_not_calibrate() -> None:
    works = weather(90)
    wrong = [
        each._replace(
            weight=0.1,
            present=frozenset({"storm", "frost"}) - each.present,
            group="",
            work=each.work._replace(id=f"x{i}"),
        )
        for i, each in enumerate(weather(30, seed=9))
    ]
    hinted = train(works, WEATHER, QUICK, more=wrong)
    assert hinted.prevalence[0] == train(works, WEATHER, QUICK).prevalence[0]


def test_tags_are_calibrated_on_typical_works_alone() -> None:
    labels = label_set("storm", frost={"kind": "tag"})
    works = [
        each._replace(work=each.work._replace(id=f"{kind}-{i}"))
        for kind in ("story", "lesson")
        for i, each in enumerate(weather(30))
    ]
    truth = truth_of(works, labels)
    judged = sure(works, truth, labels, calibrated(typical="tale, story"))
    assert np.array_equal(judged[:, 0], truth[:, 0])
    assert np.array_equal(judged[:30, 1], truth[:30, 1])
    assert np.isnan(judged[30:, 1]).all()
    for typical in ("", "sto", "tale"):
        assert np.array_equal(sure(works, truth, labels, calibrated(typical=typical)), truth)


@pytest.mark.parametrize(
    ("careful", "expected"),
    [("", [None, None]), ("storm", [0.75, None]), ("storm 0.9, frost .5", [0.9, 0.5]), ("storm,frost", [0.75, 0.75])],
)
def test_careful_labels_have_a_precision_of_their_own_or_that_of_high_precision(
    careful: str, expected: list[float | None]
) -> None:
    aims = [None if np.isnan(each) else each for each in _careful(Thresholding(careful=careful), WEATHER).tolist()]
    assert aims == expected


def test_only_of_warnings_is_recall_worth_more_to_balanced() -> None:
    labels, rng = label_set("storm", frost={"kind": "tag"}), random.Random(1)
    told = [
        each.present if rng.random() < 0.7 else frozenset({"storm", "frost"}) - each.present for each in weather(240)
    ]
    works = [each._replace(present=present) for each, present in zip(weather(240), told, strict=True)]
    plain, lenient = (
        train(works, labels, QUICK._replace(thresholds=Thresholding(beta=beta, floor=0.0))).thresholds
        for beta in (1.0, 5.0)
    )
    assert lenient[1, 0] < plain[1, 0]
    assert lenient[1, 1] == plain[1, 1]


def test_a_doubted_label_that_is_none_is_told() -> None:
    assert _doubted(Calibrating(doubted="storm, "), WEATHER).tolist() == [each == "storm" for each in WEATHER.ids]
    with pytest.raises(RecipeError, match=r"calibration\.doubted: .*snow"):
        train(weather(30), WEATHER, Recipe(calibration=Calibrating(doubted="storm, snow")))
    with pytest.raises(RecipeError, match=r"calibration\.doubted: frost is no warning"):
        _doubted(Calibrating(doubted="frost"), label_set("storm", frost={"kind": "tag"}))


@pytest.mark.parametrize("careful", ["snow", "storm 1.5", "storm 0.9.9", "storm nine"])
def test_a_careful_label_that_is_none_is_told(careful: str) -> None:
    with pytest.raises(RecipeError, match=r"thresholds\.careful: .*"):
        _careful(Thresholding(careful=careful), WEATHER)


def calibrated(**choices: Any) -> Recipe:
    return Recipe(calibration=Calibrating(**choices))
