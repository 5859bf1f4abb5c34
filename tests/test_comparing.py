"""Which of two models is better, told from chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import labels as label_sets
from tagger.arrays import F64
from tagger.comparing import REST, Contest, Side, _holm, compare, losses

LABELS = label_sets.from_names(["a", "b", "c"])


def contest(before: F64, after: F64, truth: F64, groups: list[str] | None = None, resamples: int = 2000) -> Contest:
    sides = [Side(scores, scores >= 0.5) for scores in (before, after)]
    names = groups or [str(i) for i in range(len(truth))]
    return compare(sides[0], sides[1], truth, np.ones(len(truth)), names, LABELS, resamples)


def works(n: int = 200, seed: int = 0) -> tuple[F64, F64]:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.05, 0.95, (n, 3))
    return scores, (rng.random((n, 3)) < scores).astype(float)


def outcomes(found: Contest) -> dict[str, str]:
    return {each.label: each.outcome for each in found.labels}


def test_the_log_loss_of_known_cells() -> None:
    found = losses(np.array([[0.5, 0.0, 0.9]]), np.array([[1.0, 1.0, np.nan]]))
    assert found[0, :2] == pytest.approx([np.log(2), np.log(1000)])
    assert np.isnan(found[0, 2])


def test_a_model_is_no_better_than_itself() -> None:
    scores, truth = works()
    found = contest(scores, scores, truth)
    assert outcomes(found) == {"a": "same", "b": "same", "c": "same", REST: "same"}
    assert found.changed == 0


def test_better_and_worse_labels_are_told_and_what_changes() -> None:
    scores, truth = works()
    after = scores.copy()
    after[:, 0] = 0.7 * scores[:, 0] + 0.3 * truth[:, 0]
    after[:, 1] = 0.7 * scores[:, 1] + 0.3 * (1 - truth[:, 1])
    found = contest(scores, after, truth)
    assert outcomes(found) == {"a": "better", "b": "worse", "c": "same", REST: "worse"}
    assert (found.named("better"), found.named("worse")) == (["a"], ["b", REST])
    a = found.labels[0]
    assert a.low <= a.difference <= a.high < 0
    assert a.loss[1] - a.loss[0] == pytest.approx(a.difference)
    assert found.changed == int(((scores >= 0.5) != (after >= 0.5)).any(axis=1).sum()) > 0


def test_a_little_harm_to_every_label_shows_in_the_rest() -> None:
    n = 64
    signs = np.stack(
        [1 - 2.0 * (np.arange(n) >> bit & 1) for bit in range(3)], axis=1
    )  # labels that vary each by itself
    difference = 0.2 * (signs + 2 / np.sqrt(n))  # two standard errors from 0 in each label
    scores, truth = np.full((n, 3), 0.5), np.ones((n, 3))
    after = scores * np.exp(-difference)
    found = outcomes(contest(scores, after, truth))
    assert found[REST] == "worse"
    assert "worse" not in {found[label] for label in LABELS.ids}


def test_too_few_works_tell_nothing() -> None:
    scores, truth = works(7)
    assert set(outcomes(contest(scores, truth, truth)).values()) == {"unknown"}


def test_many_works_of_one_group_are_one() -> None:
    scores, truth = works(70)
    groups = [str(i % 7) for i in range(70)]
    assert set(outcomes(contest(scores, truth, truth, groups)).values()) == {"unknown"}


def test_what_nobody_knows_counts_nowhere() -> None:
    scores, truth = works()
    truth[:, 2] = np.nan
    after = scores.copy()
    after[:, 2] = 0.5
    found = contest(scores, after, truth)
    assert [each.label for each in found.labels] == ["a", "b", REST]
    assert set(outcomes(found).values()) == {"same"}


def test_chance_alone_is_seldom_called_a_change() -> None:
    """Of 60 comparisons of models that differ by noise alone, few may call any label worse: about one in twenty."""
    called = 0
    for seed in range(60):
        scores, truth = works(80, seed)
        rng = np.random.default_rng(seed + 1000)
        one, two = (np.clip(scores + rng.normal(0, 0.05, scores.shape), 0.02, 0.98) for _ in range(2))
        called += bool(contest(one, two, truth, resamples=500).named("worse"))
    assert called <= 8


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_no_more_than_each_alone_and_no_less_than_bonferroni(p: list[float]) -> None:
    found, values = _holm(np.array(p)), np.array(p)
    assert (found <= (values <= 0.05)).all()
    assert (found >= (values <= 0.05 / len(p))).all()
