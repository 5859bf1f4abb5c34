from __future__ import annotations

import json
import warnings
from dataclasses import astuple

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger import metrics
from tagger.errors import DataError
from tagger.labels import Label, LabelSet
from tagger.metrics import Estimate, Report, measure
from tagger.reports.evaluation import render_json, render_table

UNDEFINED = Estimate(None, None, None)
NAN = np.nan


def some_labels(warnings: int, tags: int) -> LabelSet:
    kinds = ["warning"] * warnings + ["tag"] * tags
    names = (f"{kind}-{number}" for number, kind in enumerate(kinds))
    return LabelSet(tuple(Label(name, name, kind) for name, kind in zip(names, kinds, strict=True)))


def measured(scores, truth, groups=None, thresholds=0.5, tags=0, **options) -> Report:
    """`measure` on lists: a group for each work, the same threshold for all labels, tags last."""
    scores, truth = np.array(scores, dtype=float), np.array(truth, dtype=float)
    works, labels = scores.shape
    options = {"resamples": 50, "min_support": 1, **options}
    return measure(
        scores,
        truth,
        range(works) if groups is None else groups,
        np.array(thresholds, dtype=float) if np.ndim(thresholds) else np.full(labels, thresholds),
        some_labels(labels - tags, tags),
        **options,
    )


def one_label(scores, truth, **options):
    """The figures of the only label."""
    return measured(np.c_[scores], np.c_[truth], **options).labels[0]


def an_archive(works=300, labels=5, seed=3):
    """Scores that know something, truth with rare and common labels; some scores tie."""
    generator = np.random.default_rng(seed)
    truth = (generator.random((works, labels)) < np.linspace(0.1, 0.5, labels)).astype(float)
    logits = generator.normal(size=(works, labels)) + 1.5 * truth - 1
    return (1 / (1 + np.exp(-logits))).round(2), truth


# --- rates ---


def test_precision_recall_and_f1_are_those_of_scikit_learn():
    scores, truth = an_archive()
    report = measured(scores, truth, thresholds=0.6)
    expected = sklearn.metrics.precision_recall_fscore_support(truth, scores >= 0.6)
    for number, label in enumerate(report.labels):
        ours = (label.precision.value, label.recall.value, label.f1.value, label.present)
        assert ours == pytest.approx([figure[number] for figure in expected])


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_means_are_those_of_scikit_learn(average):
    scores, truth = an_archive()
    ours = getattr(measured(scores, truth), average)
    *expected, _ = sklearn.metrics.precision_recall_fscore_support(truth, scores >= 0.5, average=average)
    assert (ours.precision.value, ours.recall.value, ours.f1.value) == pytest.approx(expected)


def test_a_score_at_the_threshold_is_a_suggestion():
    assert one_label([0.5, 0.49], [1, 1]).recall.value == 0.5


def test_given_suggestions_take_the_place_of_the_thresholds():
    scores, truth = an_archive()
    report = measured(scores, truth, suggested=truth == 1)
    assert report.micro.f1 == Estimate(1, 1, 1)
    assert report.macro.ap == measured(scores, truth).macro.ap


def test_without_a_suggestion_precision_is_undefined_and_recall_is_zero():
    label = one_label([0.1, 0.2], [1, 0])
    assert (label.precision, label.recall.value, label.f1.value) == (UNDEFINED, 0, 0)


def test_without_a_present_cell_recall_f1_ap_and_auc_are_undefined():
    label = one_label([0.9, 0.2], [0, 0])
    assert label.precision.value == 0
    assert [label.recall, label.f1, label.ap, label.auc] == [UNDEFINED] * 4


def test_without_an_absent_cell_ap_and_auc_are_undefined():
    label = one_label([0.9, 0.2], [1, 1])
    assert label.recall.value == 0.5
    assert [label.ap, label.auc] == [UNDEFINED] * 2


# --- ranking ---

TIED_SCORES = st.integers(0, 6).map(lambda sixths: sixths / 6)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(TIED_SCORES, st.booleans()), min_size=2, max_size=40).filter(
        lambda cells: len({present for _, present in cells}) == 2
    )
)
def test_ap_and_auc_equal_those_of_scikit_learn_on_tied_scores(cells):
    scores, truth = np.array(cells, dtype=float).T
    label = one_label(scores, truth, resamples=0)
    assert label.ap.value == pytest.approx(sklearn.metrics.average_precision_score(truth, scores))
    assert label.auc.value == pytest.approx(sklearn.metrics.roc_auc_score(truth, scores))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TIED_SCORES, st.booleans(), st.integers(0, 3)), min_size=2, max_size=40))
def test_weighted_ap_and_auc_equal_those_of_scikit_learn(cells):
    scores, truth, weights = np.array(cells, dtype=float).T
    present, absent = truth == 1, truth == 0
    ap, auc = metrics._ranking(-scores[present], weights[present, None], -scores[absent], weights[absent, None])
    if weights[present].any() and weights[absent].any():
        assert ap[0] == pytest.approx(sklearn.metrics.average_precision_score(truth, scores, sample_weight=weights))
        assert auc[0] == pytest.approx(sklearn.metrics.roc_auc_score(truth, scores, sample_weight=weights))
    else:
        assert np.isnan([ap[0], auc[0]]).all()


def test_perfect_scores():
    label = one_label([0.9, 0.8, 0.1, 0.0], [1, 1, 0, 0])
    for figure in ("precision", "recall", "f1", "ap", "auc"):
        assert getattr(label, figure).value == 1, figure


def test_constant_scores_rank_no_better_than_chance():
    label = one_label([0.7] * 10, [1] * 3 + [0] * 7)
    assert (label.ap.value, label.auc.value) == (pytest.approx(0.3), 0.5)
    assert label.auc.low == label.auc.high == 0.5


# --- calibration ---


def test_constant_scores_that_come_true_as_often_as_they_say_are_calibrated_in_any_order():
    assert one_label([0.3] * 10, [1] * 3 + [0] * 7).ece == pytest.approx(0)
    assert one_label([0.3] * 10, [0] * 7 + [1] * 3).ece == pytest.approx(0)


def test_ece_is_the_mean_gap_over_bins_of_equal_mass():
    generator = np.random.default_rng(0)
    scores, truth = generator.random(200), generator.integers(0, 2, 200)
    bins = np.array_split(np.argsort(scores), 10)
    gaps = [abs(scores[cells].mean() - truth[cells].mean()) for cells in bins]
    assert one_label(scores, truth).ece == pytest.approx(np.mean(gaps))


def test_right_scores_show_the_error_that_comes_by_chance():
    rng = np.random.default_rng(3)
    scores = rng.uniform(0, 0.6, 300)
    truths = (rng.random((60, 300)) < scores).astype(int)
    shown = [one_label(scores.tolist(), truth.tolist()) for truth in truths]
    assert np.mean([each.ece for each in shown]) == pytest.approx(shown[0].ece_by_chance, rel=0.1)
    assert one_label([1, 1, 0, 0], [0, 0, 1, 1]).ece_by_chance == 0


def test_scores_that_are_sure_and_wrong_have_the_largest_ece():
    assert one_label([1, 1, 0, 0], [0, 0, 1, 1]).ece == 1


# --- cells that do not count ---


def test_an_unknown_cell_counts_as_if_the_work_were_not_there():
    scores, truth = an_archive(labels=1)
    masked = truth.copy()
    masked[::3] = NAN
    known = ~np.isnan(masked[:, 0])
    label = measured(scores, masked, resamples=0).labels[0]
    alone = measured(scores[known], truth[known], resamples=0).labels[0]
    assert (label.unknown, alone.unknown) == (100, 0)
    for figure in ("present", "absent", "precision", "recall", "f1", "ap", "auc", "ece"):
        assert getattr(label, figure) == getattr(alone, figure), figure


def test_an_abstained_work_is_a_work_without_suggestions_that_is_not_ranked():
    scores, truth = an_archive()
    with_abstained = np.r_[scores, np.full((40, 5), NAN)]
    report = measured(with_abstained, np.r_[truth, np.ones((40, 5))], resamples=0)
    without = measured(scores, truth, resamples=0)
    assert report.abstained == 40
    assert report.micro.precision == without.micro.precision
    assert report.micro.recall.value < without.micro.recall.value
    for figure in ("ap", "auc", "ece"):
        assert getattr(report.macro, figure) == getattr(without.macro, figure)


def test_nothing_counts_as_suggested_for_an_abstained_work():
    report = measured([[NAN], [0.9]], [[0], [1]], suggested=np.array([[True], [True]]))
    assert report.labels[0].precision.value == 1
    assert (report.clean.works, report.clean.warned) == (1, 0)


def test_when_every_work_was_abstained_on_everything_present_was_missed():
    report = measured([[NAN], [NAN]], [[0], [1]])
    label = report.labels[0]
    assert (report.abstained, label.recall.value, label.ap, label.ece) == (2, 0, UNDEFINED, None)


def test_an_untrained_label_has_no_figures_and_is_in_no_mean():
    scores, truth = an_archive()
    fewer = measured(scores[:, 1:], truth[:, 1:])
    scores[:, 0] = NAN
    report = measured(scores, truth, thresholds=[NAN, 0.5, 0.5, 0.5, 0.5])
    label = report.labels[0]
    assert (label.trained, label.threshold, label.ece) == (False, None, None)
    assert [label.precision, label.recall, label.f1, label.ap, label.auc] == [UNDEFINED] * 5
    assert (report.macro, report.micro) == (fewer.macro, fewer.micro)


def test_works_without_any_label_count():
    scores, truth = an_archive()
    report = measured(np.r_[scores, np.ones((50, 5))], np.r_[truth, np.zeros((50, 5))])
    without = measured(scores, truth)
    assert (report.works, report.unlabelled) == (350, without.unlabelled + 50)
    assert report.micro.precision.value < without.micro.precision.value


# --- means ---


def test_the_macro_mean_is_over_labels_with_enough_present_works():
    scores, truth = an_archive()
    support = sorted(truth.sum(axis=0))
    report = measured(scores, truth, min_support=int(support[2]))
    counted = [label for label in report.labels if label.present >= support[2]]
    assert report.macro.labels == len(counted) == 3
    for figure in ("precision", "recall", "f1", "ap", "auc"):
        mean = np.mean([getattr(label, figure).value for label in counted])
        assert getattr(report.macro, figure).value == pytest.approx(mean)
    assert report.macro.ece == pytest.approx(np.mean([label.ece for label in counted]))


def test_an_undefined_figure_is_left_out_of_the_macro_mean():
    report = measured([[0.9, 0.1], [0.9, 0.2]], [[1, 1], [0, 1]])
    assert report.macro.labels == 2
    assert report.macro.precision.value == 0.5
    assert report.macro.ap.value == 0.5


def test_without_a_label_that_counts_the_macro_means_are_undefined():
    macro = measured([[0.9], [0.1]], [[1], [0]], min_support=8).macro
    assert (macro.labels, macro.ap, macro.ece) == (0, UNDEFINED, None)


# --- clean works ---


def test_a_work_is_clean_when_every_warning_is_known_to_be_absent():
    truth = [[0, 0, 1], [0, 0, 0], [1, 0, 0], [0, NAN, 0], [0, 0, NAN]]
    scores = [[0.9, 0.1, 0.1], [0.1, 0.1, 0.9], [0.9, 0.9, 0.9], [0.9, 0.9, 0.9], [0.1, 0.1, 0.1]]
    clean = measured(scores, truth, tags=1).clean
    assert (clean.works, clean.warned, clean.share.value) == (3, 1, pytest.approx(1 / 3))


def test_an_abstained_clean_work_gets_no_warning():
    clean = measured([[NAN], [0.9], [0.9]], [[0], [0], [1]]).clean
    assert (clean.works, clean.warned, clean.share.value) == (2, 1, 0.5)


@pytest.mark.parametrize(("truth", "tags"), [([[1], [1]], 0), ([[0], [0]], 1)])
def test_without_clean_works_or_without_warnings_the_share_is_undefined(truth, tags):
    clean = measured([[0.9], [0.1]], truth, tags=tags).clean
    assert (clean.works, clean.warned, clean.share) == (0, 0, UNDEFINED)


# --- intervals ---


def test_intervals_contain_the_figure():
    report = measured(*an_archive(), resamples=300)
    estimates = [report.clean.share, report.micro.f1, report.macro.ap, report.macro.auc, report.macro.f1]
    for label in report.labels:
        estimates += [label.precision, label.recall, label.f1, label.ap, label.auc]
    for estimate in estimates:
        assert estimate.low < estimate.value < estimate.high


def test_the_interval_of_a_share_is_that_of_the_binomial():
    works, caught = 400, 100
    truth = np.ones(works)
    recall = one_label(np.arange(works) < caught, truth, resamples=2000).recall
    spread = 1.96 * np.sqrt(0.25 * 0.75 / works)
    assert (recall.low, recall.high) == pytest.approx((0.25 - spread, 0.25 + spread), abs=0.01)


def test_groups_that_are_all_alike_leave_no_doubt():
    scores, truth = an_archive(works=40)
    report = measured(np.tile(scores, (5, 1)), np.tile(truth, (5, 1)), groups=np.repeat(np.arange(5), 40))
    assert report.groups == 5
    for estimate in (report.macro.ap, report.macro.auc, report.micro.f1, report.clean.share):
        assert (estimate.low, estimate.high) == pytest.approx((estimate.value, estimate.value))


def test_copies_in_one_group_tell_no_more_than_one_work_does():
    scores, truth = an_archive(works=40)
    copies = np.arange(40).repeat(9)
    once = measured(scores, truth)
    often = measured(scores[copies], truth[copies], groups=[f"story {number}" for number in copies])
    assert often.micro == once.micro
    assert often.macro.ap.high - often.macro.ap.low == pytest.approx(once.macro.ap.high - once.macro.ap.low)


@pytest.mark.parametrize("options", [{"groups": ["a"] * 300}, {"resamples": 0}])
def test_one_group_or_no_resample_gives_no_interval(options):
    report = measured(*an_archive(), **options)
    assert report.resamples == 0
    assert report.macro.ap.value is not None
    assert (report.macro.ap.low, report.macro.ap.high) == (None, None)


def test_the_seed_settles_the_report():
    archive = an_archive()
    assert measured(*archive, seed=1) == measured(*archive, seed=1)
    assert measured(*archive, seed=1) != measured(*archive, seed=2)


def test_the_number_of_weights_held_at_a_time_changes_nothing(monkeypatch):
    archive = an_archive()
    whole = astuple(measured(*archive).macro.ap)
    monkeypatch.setattr(metrics, "_CHUNK_CELLS", 300 * 7)
    assert astuple(measured(*archive).macro.ap) == pytest.approx(whole)


# --- arrays that do not fit ---


def test_no_work_is_an_error():
    with pytest.raises(DataError, match="no work"):
        measured(np.zeros((0, 2)), np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("scores", {"groups": ["a"]}),
        ("truth", {"truth": np.zeros((2, 1))}),
        ("thresholds", {"thresholds": [0.5]}),
        ("suggested", {"suggested": np.ones((2, 1)) > 0}),
    ],
)
def test_arrays_that_do_not_fit_are_an_error(name, options):
    with pytest.raises(DataError, match=f"{name} must have the shape"):
        measured(**{"scores": np.zeros((2, 2)), "truth": np.zeros((2, 2)), **options})


# --- reports ---


def a_report() -> Report:
    scores, truth = an_archive()
    scores[:, 4] = scores[0] = NAN
    truth[:, 3] = 0
    return measured(scores, truth)


def test_json_holds_the_whole_report():
    report = a_report()
    read = json.loads(render_json(report))
    assert read == json.loads(json.dumps(report.to_dict()))
    assert read["labels"][3]["recall"] == {"value": None, "low": None, "high": None}
    assert read["labels"][0]["ap"]["value"] == report.labels[0].ap.value


def test_the_table_has_a_row_for_each_label_under_its_heads():
    report = a_report()
    table = render_table(report).splitlines()
    assert " ".join(table[0].split()) == "label present P R F1 AP 95 % AUC threshold ECE"
    for label, row in zip(report.labels[:3], table[1:], strict=False):
        name, present, precision, *_, threshold, ece = row.split()
        assert (name, present, threshold) == (label.id, str(label.present), "0.50")
        assert (precision, ece) == (f"{label.precision.value:.2f}", f"{label.ece:.2f}")


def test_the_table_shows_a_dash_for_what_the_data_cannot_tell_and_names_untrained_labels():
    table = render_table(a_report())
    assert table.splitlines()[5].split()[2:] == ["-", "-", "-", "-", "-", "-", "0.50", "-"]
    assert "Not trained, and in no mean: warning-4." in table


def test_the_table_says_the_whole_in_sentences():
    report = a_report()
    words = " ".join(render_table(report).split())
    ap = report.macro.ap
    assert f"Macro (mean over 3 labels present in at least 1 works): AP {ap.value:.2f} (" in words
    assert f"({ap.low:.2f}–{ap.high:.2f}), AUC" in words
    assert f"{report.clean.warned} of {report.clean.works} get a warning suggested" in words
    assert f"300 works, {report.unlabelled} of them without any label; the model abstained on 1." in words


@pytest.mark.parametrize("width", [75, 80, 100])
def test_the_table_keeps_to_its_width(width):
    report = measured(np.full((9, 1), 0.5), np.ones((9, 1)))
    for each in (report, a_report()):
        assert max(map(len, render_table(each, width).splitlines())) <= width


def test_nothing_warns_and_everything_renders_when_nothing_can_be_told():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = measured([[NAN, NAN]], [[NAN, NAN]])
        assert "no label is present" in render_table(report)
        assert "Without intervals" in render_table(report)
