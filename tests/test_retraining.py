"""Feedback on a planted error mends it and harms nothing else; careless feedback is found out; models change whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tagger import bundles, policies, swapping, training
from tagger import labels as label_sets
from tagger.bundles import Bundle
from tagger.comparing import REST
from tagger.errors import BundleError, DataError, OutputError
from tagger.evaluation import judge
from tagger.labels import LabelSet
from tagger.recipe import Calibrating, Recipe
from tagger.retraining import CARELESS, Retraining, install, labels_used, retrain
from tagger.updating import read_lessons, update
from tagger.works import LabelledWork

CAUSE, ERROR = "humor", "horror"
LABELS = label_sets.from_names([CAUSE, ERROR, "fluff", "grief", "violence", "slice-of-life"])
DECIDED = 200
# Files of windows, in which too few works are funny for an error about those to show.
WINDOWS = ("w", "frank", "hostile", "nearmiss", "plain", "bodies", "limbs")


class Trial(NamedTuple):
    """A model with a planted error (funny works are said to be horror), and works it has not learned from."""

    champion: Bundle
    offered: list[LabelledWork]
    others: list[LabelledWork]


@pytest.fixture(scope="module")
def trial(stories: Sequence[LabelledWork]) -> Trial:
    known = frozenset(LABELS.ids)
    short = [each for each in stories if len(each.work.text) < 1500 and not each.work.id.startswith(WINDOWS)]
    works = [
        each._replace(present=each.present & known, unknown=each.unknown & known)
        for each in (short[i] for i in np.random.default_rng(0).permutation(len(short)).tolist())
    ]
    wrong = [each._replace(present=each.present | {ERROR}) if CAUSE in each.present else each for each in works[:600]]
    recipe = Recipe(calibration=Calibrating(folds=3, composites=200, max_passages=8))
    return Trial(training.train(wrong, LABELS, recipe), works[600:1800], works[1800:2600])


def decisions(trial: Trial, flipped: float = 0.0, *, complete: bool = True) -> list[LabelledWork]:
    """200 decisions on works for which something was suggested; a share of what they say is flipped."""
    rng = np.random.default_rng(1)
    suggested = judge(trial.champion, trial.offered, "balanced")[1]
    order = np.flatnonzero(suggested.any(axis=1))[:DECIDED].tolist()
    found = []
    for i in order:
        each = trial.offered[i]
        asked = LABELS.ids if complete else [LABELS.ids[label] for label in np.flatnonzero(suggested[i])]
        said = frozenset(asked) - each.unknown
        turned = {label for label in sorted(said) if rng.random() < flipped}
        present = (each.present & said) ^ turned
        found.append(each._replace(present=present, absent=said - present, unknown=frozenset(), partial=True))
    return found


@pytest.fixture(scope="module")
def mended(trial: Trial) -> Retraining:
    return retrain(trial.champion, decisions(trial), trial.others)


def test_200_decisions_on_a_planted_error_mend_it_and_harm_nothing_else(mended: Retraining) -> None:
    by_label = {each.label: each for each in mended.contest.labels}
    assert by_label[ERROR].outcome == "better"
    assert by_label[ERROR].loss[1] < 0.8 * by_label[ERROR].loss[0]
    assert mended.worse == []
    assert mended.wins


@pytest.mark.parametrize("with_holdout", [True, False])
def test_a_tenth_of_flipped_decisions_is_refused(trial: Trial, mended: Retraining, *, with_holdout: bool) -> None:
    found = retrain(trial.champion, decisions(trial, 0.1), trial.others if with_holdout else [])
    assert not found.wins
    assert found.careless
    assert not mended.careless
    assert mended.flipped.value < CARELESS < found.flipped.value < 0.2  # type: ignore[union-attr, operator]


def test_without_a_holdout_the_feedback_is_judged_out_of_fold(trial: Trial) -> None:
    found = retrain(trial.champion, decisions(trial))
    assert found.held_out.endswith(" works of the feedback itself, out of fold")
    assert ERROR in found.better
    assert found.wins


def test_what_was_only_asked_about_mends_the_error_too(trial: Trial) -> None:
    found = retrain(trial.champion, decisions(trial, complete=False), trial.others)
    assert ERROR in found.better
    assert found.worse == []


def test_the_same_feedback_makes_the_same_challenger(trial: Trial) -> None:
    works = decisions(trial)[:60]
    one, two = (retrain(trial.champion, works) for _ in range(2))
    assert np.array_equal(one.challenger.weights.matrix, two.challenger.weights.matrix)
    assert (one.contest, one.flipped) == (two.contest, two.flipped)


def test_all_but_the_weights_stays(trial: Trial, mended: Retraining) -> None:
    champion, challenger = trial.champion, mended.challenger
    same = ("labels", "vocabulary", "names", "rule", "calibration", "thresholds", "supported", "least_known")
    assert all(getattr(champion, name) is getattr(challenger, name) for name in same)
    assert champion.weights.bias is challenger.weights.bias
    assert not np.array_equal(champion.weights.matrix, challenger.weights.matrix)


def test_a_label_of_which_little_was_said_stays_as_it_is(trial: Trial) -> None:
    works = [
        each._replace(absent=each.absent - {"grief"}, present=each.present - {"grief"}) for each in decisions(trial)
    ]
    found = retrain(trial.champion, works[:60])
    grief = LABELS.index("grief")
    assert np.array_equal(found.challenger.weights.matrix[:, grief], trial.champion.weights.matrix[:, grief])
    assert "grief" not in found.challenger.facts["retrained"][0]["labels"]


def test_of_a_work_looked_at_in_part_only_what_was_asked_counts(trial: Trial) -> None:
    suggested = judge(trial.champion, trial.offered, "balanced")[1]
    row = int(np.flatnonzero(suggested[:, LABELS.index(ERROR)] & ~suggested[:, LABELS.index("grief")])[0])
    both = frozenset({ERROR, "grief"})
    in_part = trial.offered[row]._replace(present=both, absent=frozenset(), unknown=frozenset(), partial=True)
    whole = in_part._replace(absent=frozenset(LABELS.ids) - both)
    for each, grief in ((in_part, np.nan), (whole, 1.0)):
        truth = read_lessons([each], trial.champion).truth[0]
        assert truth[LABELS.index(ERROR)] == 1
        assert np.array_equal(truth[LABELS.index("grief")], grief, equal_nan=True)


def test_a_work_that_counts_twice_is_as_good_as_two(trial: Trial) -> None:
    works = decisions(trial)[:60]
    twice = [
        *works,
        *(
            each._replace(work=each.work._replace(id=f"{each.work.id}-b"), group=training.group_of(each))
            for each in works
        ),
    ]
    heavy = [each._replace(weight=2.0) for each in works]
    one, two = (update(read_lessons(each, trial.champion), trial.champion) for each in (heavy, twice))
    assert np.array_equal(one.strengths, two.strengths)
    assert np.allclose(one.weights.matrix, two.weights.matrix, atol=1e-3)


def test_feedback_that_says_nothing_is_an_error(trial: Trial) -> None:
    with pytest.raises(DataError, match="no label has 10 works of which people said whether they have it"):
        retrain(trial.champion, decisions(trial)[:5])


def test_a_holdout_that_is_the_feedback_is_an_error(trial: Trial) -> None:
    works = decisions(trial)
    with pytest.raises(DataError, match="there is no work to compare the two models on"):
        retrain(trial.champion, works, works)


class TestPolicy:
    @pytest.mark.parametrize(
        ("text", "used"),
        [
            ("[labels.violence]\nreview = 0.6", {"violence"}),
            ("[tags]\nreview = 0.6", set[str]()),  # they are all warnings here
            ("[warnings]\nhold = 0.9", set(LABELS.ids)),
            ('[[rule]]\nname = "a"\nwhen = { label = ["grief"], at_least = 0.5 }\ndecision = "approve"', {"grief"}),
        ],
    )
    def test_the_labels_that_a_policy_uses(self, text: str, used: set[str]) -> None:
        assert labels_used(policies.parse(f'name = "p"\n{text}', "p.toml"), LABELS) == used

    def test_a_label_that_no_policy_uses_cannot_object(self, mended: Retraining) -> None:
        first, *others = mended.contest.labels
        worse = replace(mended.contest, labels=(replace(first, outcome="worse"), *others))
        assert not replace(mended, contest=worse).wins
        assert replace(mended, contest=worse, used=frozenset({"violence"})).wins

    def test_the_rest_together_always_can(self, mended: Retraining) -> None:
        *others, rest = mended.contest.labels
        assert rest.label == REST
        worse = replace(mended.contest, labels=(*others, replace(rest, outcome="worse")))
        assert not replace(mended, contest=worse, used=frozenset()).wins


class TestInstall:
    def test_the_new_model_says_what_it_learned_and_the_old_one_is_kept(
        self, trial: Trial, mended: Retraining, tmp_path: Path
    ) -> None:
        path = tmp_path / "model"
        bundles.save(trial.champion, path)
        (path / "README.md").write_text("a card")
        before = bundles.load(path)
        assert install(mended.challenger, path) == tmp_path / "model.previous"
        after = bundles.load(path)
        assert bundles.load(tmp_path / "model.previous").sha256 == before.sha256 != after.sha256
        assert (after.recipe.version, (path / "README.md").read_text()) == ("1+1", "a card")
        lesson = after.facts["retrained"][0]
        assert (lesson["works"], lesson["better"]) == (200, mended.better)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["model", "model.previous"]
        install(mended.challenger, path)  # and once more, over what was kept
        assert sorted(each.name for each in tmp_path.iterdir()) == ["model", "model.previous"]

    def test_where_nothing_is_it_is_only_written(self, mended: Retraining, tmp_path: Path) -> None:
        assert install(mended.challenger, tmp_path / "model") is None
        assert bundles.load(tmp_path / "model").recipe.version == "1+1"

    def test_what_is_no_model_is_not_touched(self, mended: Retraining, tmp_path: Path) -> None:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "diary.txt").write_text("mine")
        with pytest.raises(OutputError, match="is not a model of tagger"):
            install(mended.challenger, tmp_path / "model")
        assert (tmp_path / "model" / "diary.txt").read_text() == "mine"

    def test_a_reader_sees_the_old_or_the_new_one_at_every_moment(
        self, trial: Trial, mended: Retraining, tmp_path: Path
    ) -> None:
        path = tmp_path / "model"
        bundles.save(trial.champion, path)
        stop, missing = threading.Event(), []

        def look() -> None:
            while not stop.is_set():
                if not (path / bundles.MANIFEST).is_file():
                    missing.append(True)

        reader = threading.Thread(target=look)
        reader.start()
        for _ in range(5):
            install(mended.challenger, path)
        stop.set()
        reader.join()
        assert not missing

    def test_where_folders_cannot_be_swapped_at_once_they_still_are(
        self, trial: Trial, mended: Retraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(swapping.sys, "platform", "darwin")
        path = tmp_path / "model"
        bundles.save(trial.champion, path)
        install(mended.challenger, path)
        assert bundles.load(path).recipe.version == "1+1"
        assert bundles.load(tmp_path / "model.previous").recipe.version == "1"
        assert sorted(each.name for each in tmp_path.iterdir()) == ["model", "model.previous"]


def test_labels_that_were_never_learned_teach_nothing(
    bundle: Bundle, corpus: list[LabelledWork], labels: LabelSet
) -> None:
    never = [label for label, known in zip(labels.ids, bundle.supported, strict=True) if not known]
    truth = read_lessons(corpus[:5], bundle).truth
    assert never
    assert np.isnan(truth[:, [labels.index(label) for label in never]]).all()


def test_a_bundle_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        bundles.load(tmp_path / "none")
