from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.arrays import NDArray
from tagger.calibration import (
    PRESETS,
    Aims,
    Calibration,
    calibrate,
    fit,
    log_odds,
    precision_at,
    sigmoid,
    thresholds,
    uncalibrated,
    with_company,
)

SEEDS = st.integers(0, 2**32 - 1)
TRUE = uncalibrated(2)._replace(
    slope=np.array([1.5, 0.8]), intercept=np.array([-1.0, 0.5]), length=np.array([0.6, 0.0])
)
AIMS = Aims(precision=0.75, floor=0.4, recall=0.8, shrink=0.0)


def an_archive(works: int, seed: int = 0, longest: int = 40) -> tuple[NDArray, NDArray, NDArray]:
    """Margins, numbers of passages, and truth drawn from TRUE's probabilities."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(scale=2, size=(works, 2))
    passages = rng.integers(1, longest + 1, works)
    truth = (rng.random((works, 2)) < calibrate(margins, passages, TRUE)).astype(float)
    return margins, passages, truth


def scored(works: int, labels: int, seed: int = 0, separation: float = 1.8) -> tuple[NDArray, NDArray]:
    """Scores that know something, and the truth."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((works, labels)) < 0.2).astype(float)
    return sigmoid(rng.normal(size=truth.shape) + separation * truth - 2), truth


def rates(scores: NDArray, truth: NDArray, threshold: float) -> tuple[float, float]:
    """Precision and recall of what stands at or above a threshold."""
    shown = scores >= threshold
    right = (truth[shown] == 1).sum()
    return right / max(shown.sum(), 1), right / (truth == 1).sum()


# --- probabilities ---


def test_the_sigmoid_neither_overflows_nor_leaves_0_to_1() -> None:
    found = sigmoid(np.array([-np.inf, -1e308, -800.0, 0.0, 800.0, 1e308, np.inf]))
    assert found.tolist() == [0, 0, 0, 0.5, 1, 1, 1]


@given(st.floats(-30, 30))
def test_the_sigmoid_is_the_inverse_of_the_log_odds(log_odds: float) -> None:
    assert sigmoid(np.array([log_odds]))[0] == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-15)


def test_one_number_of_passages_does_for_all_works() -> None:
    margins = np.array([[1.0, -2.0], [0.5, 0.0]])
    assert np.array_equal(calibrate(margins, 7, TRUE), calibrate(margins, np.array([7, 7]), TRUE))
    by_hand = 1 / (1 + np.exp(-(1.5 * 1.0 - 1.0 - 0.6 * np.log(7))))
    assert calibrate(margins, 7, TRUE)[0, 0] == pytest.approx(by_hand)


def test_fitting_recovers_what_the_data_were_made_with() -> None:
    found = fit(*an_archive(20_000))
    np.testing.assert_allclose(found.slope, TRUE.slope, rtol=0.1)
    np.testing.assert_allclose(found.intercept, TRUE.intercept, atol=0.2)
    np.testing.assert_allclose(found.length, TRUE.length, atol=0.1)


def test_fitted_probabilities_come_true_as_often_as_they_say() -> None:
    margins, passages, truth = an_archive(20_000, seed=2)
    chance = calibrate(margins, passages, fit(margins, passages, truth))
    for low, high in pairwise([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]):
        chosen = (chance >= low) & (chance < high)
        assert truth[chosen].mean() == pytest.approx(chance[chosen].mean(), abs=0.03)


@given(SEEDS, st.integers(2, 60))
def test_a_louder_work_is_likelier_and_a_longer_one_not(seed: int, works: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.choice([0, 1, np.nan], (works, 3))
    by = fit(rng.normal(scale=3, size=(works, 3)), rng.integers(1, 50, works), truth)
    assert all(np.isfinite(column).all() for column in by)
    margins = np.linspace(-9, 9, 20)[:, None] * np.ones(3)
    assert (np.diff(calibrate(margins, 5, by), axis=0) >= 0).all()
    assert (np.diff(margins * by.slope, axis=0) > 0).all()
    assert (np.diff(calibrate(np.ones((6, 3)), np.array([1, 2, 5, 20, 300, 10**6]), by), axis=0) <= 0).all()


def test_works_of_one_length_teach_nothing_about_others() -> None:
    margins, _, truth = an_archive(500)
    assert fit(margins, np.full(500, 30), truth).length.tolist() == pytest.approx([0, 0], abs=1e-3)


def test_works_of_which_nothing_is_known_change_no_bit() -> None:
    margins, passages, truth = an_archive(300)
    silent = np.full((50, 2), np.nan)
    more = fit(
        np.vstack((margins, silent + 1, margins[:50])), np.tile(passages, 2)[:400], np.vstack((truth, silent, silent))
    )
    for known, same in zip(fit(margins, passages, truth), more, strict=True):
        assert np.array_equal(known, same)


def test_a_label_without_positives_or_negatives_follows_the_others() -> None:
    margins, passages, truth = an_archive(2_000)
    margins, truth = np.c_[margins, margins[:, :2]], np.c_[truth, np.zeros(2_000), np.ones(2_000)]
    found = fit(margins, passages, truth)
    for column in found:
        assert min(column[:2]) - 0.05 <= column[2] == column[3] <= max(column[:2]) + 0.05


def test_a_rare_label_is_drawn_to_the_others_more_than_a_frequent_one() -> None:
    rng = np.random.default_rng(4)
    margins = np.c_[[rng.normal(size=3_000)] * 4].T
    truth = (margins * np.array([2, 2, 2, 0.5]) > rng.logistic(size=margins.shape)).astype(float)
    few = truth.copy()
    few[40:, 3] = np.nan
    passages = np.ones(3_000, np.int64)
    assert fit(margins, passages, few).slope[3] > fit(margins, passages, truth).slope[3]


def test_without_any_example_a_margin_is_its_own_log_odds() -> None:
    found = fit(np.ones((3, 2)), np.ones(3, np.int64), np.full((3, 2), np.nan))
    assert [column.tolist() for column in found] == [[1, 1], *[[0, 0]] * 5]


# --- company ---


def sociable(company: float, doubt: float = 0.0, labels: int = 3) -> Calibration:
    """Warnings that keep company, and one label more that keeps none."""
    inside = np.array([*np.ones(labels), 0.0])
    return uncalibrated(labels + 1)._replace(company=company * inside, doubt=doubt * inside)


def test_a_warning_that_is_as_good_as_alone_in_a_long_work_is_less_likely() -> None:
    margins = np.array([[1.5, -0.5, -4.0, 3.0]])
    found = log_odds(margins, 10, sociable(0.3))
    assert found[0, 0] == pytest.approx(1.5 - 0.3 * np.log(10) * 0.5)
    assert found[0, 1] == -0.5, "beside it stands one that is likely"
    assert found[0, 3] == 3.0, "it keeps no company"
    lonelier = log_odds(np.array([[1.5, -9.0, -9.0, 3.0]]), 10, sociable(0.3))
    assert lonelier[0, 0] == pytest.approx(1.5 - 0.3 * np.log(10) * 2), "however unlikely the others are"


def test_alone_in_a_work_of_one_passage_only_a_doubted_label_is_less_likely() -> None:
    margins = np.array([[1.5, -5.0, -5.0, 0.0]])
    assert np.array_equal(log_odds(margins, 1, sociable(0.3)), margins)
    assert log_odds(margins, 1, sociable(0.3, 0.6))[0, 0] == pytest.approx(1.5 - 0.6 * 2)


def test_the_only_warning_of_a_model_has_no_company_to_miss() -> None:
    margins = np.array([[1.5, -5.0]])
    assert np.array_equal(log_odds(margins, 10, sociable(0.3, 0.6, labels=1)), margins)


def company_data(company: float, works: int = 20_000, length: float = 0.0) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    rng = np.random.default_rng(3)
    margins, passages = rng.normal(-1.5, 2, (works, 4)), rng.integers(1, 30, works)
    by = sociable(company)._replace(length=np.full(4, length))
    truth = (rng.random((works, 4)) < calibrate(margins, passages, by)).astype(float)
    return margins, passages, truth, np.ones(works)


WARNINGS = np.array([True, True, True, False])


def test_how_much_company_tells_is_learned() -> None:
    doubted = np.array([True, False, False, False])
    found = with_company(uncalibrated(4), *company_data(0.4), WARNINGS, doubted)
    np.testing.assert_allclose(found.company, [0.4, 0.4, 0.4, 0], atol=0.05)
    np.testing.assert_allclose(found.doubt, [3 * found.company[0], 0, 0, 0])


def test_company_may_count_for_more_than_was_learned_but_doubt_does_not() -> None:
    doubted = np.array([True, False, False, False])
    once, twice = (with_company(uncalibrated(4), *company_data(0.4), WARNINGS, doubted, each) for each in (1.0, 2.0))
    np.testing.assert_allclose(twice.company, 2 * once.company)
    np.testing.assert_array_equal(twice.doubt, once.doubt)


def test_the_length_of_warnings_is_learned_again_beside_their_company() -> None:
    told = uncalibrated(4)._replace(length=np.full(4, 0.6))
    margins, passages, truth, importance = company_data(0.4, length=0.3)
    found = with_company(told, margins, passages, truth, importance, WARNINGS, ~WARNINGS)
    np.testing.assert_allclose(found.length, [0.3, 0.3, 0.3, 0.6], atol=0.06)
    np.testing.assert_allclose(found.company, [0.4, 0.4, 0.4, 0], atol=0.06)
    scores = calibrate(margins, passages, found)[:, :3]
    assert scores.mean() == pytest.approx(truth[:, :3].mean(), abs=0.005)


def test_where_company_tells_nothing_next_to_nothing_is_learned() -> None:
    assert with_company(uncalibrated(4), *company_data(0.0), WARNINGS, ~WARNINGS).company.max() < 0.03


def test_where_warnings_come_alone_nothing_is_changed() -> None:
    rng = np.random.default_rng(5)
    works = 5000
    which, passages = rng.integers(0, 6, works), rng.integers(2, 30, works)
    truth = (which[:, None] == np.arange(4)).astype(float)
    margins = rng.normal(-1, 1, (works, 4)) + 2 * truth
    by = uncalibrated(4)._replace(length=np.full(4, 0.5))
    found = with_company(by, margins, passages, truth, np.ones(works), WARNINGS, ~WARNINGS)
    for one, other in zip(found, by, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_warning_that_no_work_has_is_no_company() -> None:
    margins, passages, truth, importance = company_data(0.4, works=2000)
    truth[:, 1] = np.nan
    found = with_company(uncalibrated(4), margins, passages, truth, importance, WARNINGS, ~WARNINGS)
    assert found.company[1] == 0
    assert found.company[0] > 0


def test_works_of_one_passage_tell_nothing_of_company() -> None:
    margins, passages, truth, importance = company_data(0.4, works=500)
    found = with_company(
        uncalibrated(4), margins, np.ones_like(passages), truth, importance, WARNINGS, np.zeros(4, bool)
    )
    assert not found.company.any()


# --- thresholds ---


@given(SEEDS, st.integers(1, 60), st.sampled_from([0.5, 20.0]))
def test_thresholds_rise_by_preset_and_stay_within_reach(seed: int, works: int, shrink: float) -> None:
    rng = np.random.default_rng(seed)
    scores, truth = rng.random((works, 4)).round(1), rng.choice([0, 1, np.nan], (works, 4))
    truth[0, 0] = 1
    table = thresholds(scores, truth, AIMS._replace(shrink=shrink))
    assert table.shape == (len(PRESETS), 4)
    assert (np.diff(table, axis=0) >= 0).all()
    assert ((table >= 0.01) & (table <= 0.99)).all()


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_reach_what_was_asked_of_them(seed: int) -> None:
    scores, truth = scored(3_000, 4, seed)
    table = thresholds(scores, truth, AIMS)
    for label in range(4):
        own = scores[:, label], truth[:, label]
        high_recall, balanced, high_precision = table[:, label]
        assert rates(*own, high_recall)[1] >= AIMS.recall
        assert rates(*own, high_precision)[0] >= AIMS.precision
        assert rates(*own, balanced)[0] >= AIMS.floor
        # And are not stricter, or laxer, than they need be.
        assert rates(*own, high_recall + 0.02)[1] < AIMS.recall
        assert rates(*own, high_precision - 0.02)[0] < AIMS.precision


@pytest.mark.parametrize(
    "separation",
    [
        1.5,
        4.0,
    ],
)
def test_balanced_has_the_best_f1_there_is(separation: float) -> None:
    scores, truth = scored(500, 1, separation=separation)
    f1 = [2 * p * r / max(p + r, 1e-9) for p, r in (rates(scores, truth, each) for each in np.unique(scores))]
    balanced = thresholds(scores, truth, AIMS._replace(floor=0))[1, 0]
    assert balanced == pytest.approx(np.unique(scores)[np.argmax(f1)])


def test_balanced_may_weigh_recall_more_than_precision() -> None:
    scores, truth = scored(2000, 1)
    f2 = [5 * p * r / max(4 * p + r, 1e-9) for p, r in (rates(scores, truth, each) for each in np.unique(scores))]
    lenient = AIMS._replace(floor=0.0, beta=2.0)
    found = thresholds(scores, truth, lenient)[1, 0]
    assert found == pytest.approx(np.unique(scores)[np.argmax(f2)])
    assert found < thresholds(scores, truth, lenient._replace(beta=1.0))[1, 0]


def test_balanced_forgoes_the_best_f1_where_too_few_would_be_right() -> None:
    scores, truth = scored(3_000, 1, separation=0.7)
    free, floored = (thresholds(scores, truth, AIMS._replace(floor=floor))[1, 0] for floor in (0, 0.4))
    assert rates(scores, truth, free)[0] < 0.4 <= rates(scores, truth, floored)[0]
    assert rates(scores, truth, floored - 0.02)[0] < 0.4


def test_high_precision_reaches_its_aim_where_recall_is_had_above_it() -> None:
    truth = np.repeat([0.0, 1.0, 1.0], [30, 80, 20])[:, None]
    scores = np.repeat([0.9, 0.8, 0.7], [30, 80, 20])[:, None]
    high_precision = thresholds(scores, truth, AIMS)[2, 0]
    assert rates(scores, truth, high_precision)[0] >= AIMS.precision


def test_one_lucky_hit_does_not_make_a_label_precise() -> None:
    scores, truth = np.array([[0.9], [0.3], [0.2], [0.1]]), np.array([[1.0], [0.0], [1.0], [0.0]])
    assert thresholds(scores, truth, AIMS)[2, 0] == pytest.approx(0.95, abs=1e-3)


def test_labels_without_positives_get_the_thresholds_common_to_all() -> None:
    scores, truth = scored(400, 3)
    truth[:, 1], truth[:, 2] = 0, np.nan
    known = np.isfinite(truth)
    aims = AIMS._replace(shrink=20)
    common = thresholds(scores[known][:, None], truth[known][:, None], aims)[:, 0]
    table = thresholds(scores, truth, aims)
    np.testing.assert_allclose(table[:, 1], common)
    np.testing.assert_allclose(table[:, 2], common)
    assert not np.allclose(table[:, 0], common)


def test_without_shrinking_a_label_without_positives_divides_nothing_by_nothing() -> None:
    scores, truth = scored(400, 2)
    truth[:, 1] = 0
    assert np.isfinite(thresholds(scores, truth, AIMS._replace(shrink=0))).all()


def test_the_fewer_positives_the_nearer_to_the_common_threshold() -> None:
    scores, truth = scored(400, 2)
    own, common = thresholds(scores, truth, AIMS), thresholds(scores, truth, AIMS._replace(shrink=1e9))
    np.testing.assert_allclose(common[:, 0], common[:, 1], atol=1e-6)
    between = thresholds(scores, truth, AIMS._replace(shrink=truth[:, 0].sum()))
    np.testing.assert_allclose(between[:, 0], (own[:, 0] + common[:, 0]) / 2, atol=1e-5)


def test_unknown_works_change_neither_thresholds_nor_their_precision() -> None:
    scores, truth = scored(300, 3)
    more_scores = np.vstack((scores, np.random.default_rng(1).random((80, 3))))
    more_truth = np.vstack((truth, np.full((80, 3), np.nan)))
    table = thresholds(scores, truth, AIMS)
    assert np.array_equal(table, thresholds(more_scores, more_truth, AIMS))
    assert np.array_equal(precision_at(scores, truth, table), precision_at(more_scores, more_truth, table))


def test_precision_is_the_share_of_suggestions_that_were_right() -> None:
    scores = np.array([[0.9, 0.1], [0.8, 0.1], [0.5, 0.1], [0.9, 0.1]])
    truth = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [np.nan, 0.0]])
    found = precision_at(scores, truth, np.array([[0.5, 0.5], [0.8, 0.1], [0.9, 0.5]]))
    np.testing.assert_allclose(found, [[2 / 3, np.nan], [1 / 2, 1 / 2], [1, np.nan]])


def test_careful_labels_are_suggested_at_balanced_as_at_high_precision() -> None:
    rng = np.random.default_rng(3)
    scores = rng.random((400, 2))
    truth = (rng.random((400, 2)) < scores).astype(float)
    plain, careful = thresholds(scores, truth, AIMS), thresholds(scores, truth, AIMS, np.array([0.75, np.nan]))
    assert careful[1, 0] == careful[2, 0] == plain[2, 0]
    np.testing.assert_array_equal(careful[:, 1], plain[:, 1])
    lower, higher = (thresholds(scores, truth, AIMS, np.array([aim, aim])) for aim in (0.7, 0.9))
    assert (lower[1] <= plain[2]).all()
    assert (higher[1] > plain[2]).all()
    assert (higher[2] >= higher[1]).all()
