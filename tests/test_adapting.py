"""A model for another mix of works: odds move by the ratio of prior odds, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tagger import bundles
from tagger.adapting import adapt, parse_mix, render_mix
from tagger.bundles import Bundle
from tagger.calibration import calibrate, prevalence, shift, uncalibrated
from tagger.cli import app
from tagger.errors import RecipeError

SHARES = st.floats(0.01, 0.99)


@pytest.fixture(scope="module")
def known(bundle: Bundle) -> Bundle:
    return replace(bundle, supported=np.ones(len(bundle.labels), bool), prevalence=np.full(len(bundle.labels), 0.2))


@given(SHARES, SHARES, st.floats(-5, 5))
def test_odds_are_multiplied_by_the_ratio_of_prior_odds(assumed: float, expected: float, margin: float) -> None:
    plain = uncalibrated(1)
    moved = shift(plain, np.array([assumed]), np.array([expected]))
    before, after = (calibrate(np.array([[margin]]), 1, by)[0, 0] for by in (plain, moved))
    ratio = expected / (1 - expected) / (assumed / (1 - assumed))
    assert after / (1 - after) == pytest.approx(before / (1 - before) * ratio, rel=1e-6)


def test_a_shifted_calibration_is_calibrated_on_the_other_mix() -> None:
    rng = np.random.default_rng(1)
    present = rng.random(200_000) < 0.5
    margins = np.where(present, 1.0, -1.0) + rng.normal(0, np.sqrt(2), len(present))  # log-odds are the margin
    moved = shift(uncalibrated(1), np.array([0.5]), np.array([0.1]))
    kept = ~present | (rng.random(len(present)) < 1 / 9)
    scores = calibrate(margins[kept, None], 1, moved)[:, 0]
    assert abs(scores.mean() - present[kept].mean()) < 0.01
    high = scores > 0.4
    assert abs(scores[high].mean() - present[kept][high].mean()) < 0.03


def test_prevalence_leaves_out_what_nobody_knows() -> None:
    truth = np.array([[1, np.nan], [0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(prevalence(truth, np.ones(3)), [0.5, np.nan])
    np.testing.assert_array_equal(prevalence(truth, np.array([3.0, 1.0, 9.0])), [0.75, np.nan])


def test_only_the_labels_named_move(known: Bundle) -> None:
    first = known.labels.ids[0]
    adapted = adapt(known, {first: 0.4})
    moved = adapted.calibration.prior - known.calibration.prior
    assert moved[0] == pytest.approx(np.log(0.4 / 0.6) - np.log(0.2 / 0.8))
    assert not moved[1:].any()
    assert adapted.prevalence[0] == 0.4
    np.testing.assert_array_equal(adapted.thresholds, known.thresholds)


def test_the_scores_of_other_labels_stay_though_they_keep_company() -> None:
    by = uncalibrated(3)._replace(company=np.full(3, 0.3), doubt=np.full(3, 0.6))
    margins = np.array([[1.0, -1.5, -4.0]])
    moved = shift(by, np.full(3, 0.1), np.array([0.4, np.nan, np.nan]))
    before, after = calibrate(margins, 9, by), calibrate(margins, 9, moved)
    np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
    ratio = (after[0, 0] / (1 - after[0, 0])) / (before[0, 0] / (1 - before[0, 0]))
    assert ratio == pytest.approx((0.4 / 0.6) / (0.1 / 0.9))


@pytest.mark.parametrize(("mix", "message"), [({"nonsense": 0.1}, "no label"), ({"": 0.1}, "no label")])
def test_a_label_that_is_none_is_told(known: Bundle, mix: dict[str, float], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        adapt(known, mix)


@pytest.mark.parametrize("share", [0, 1, -0.1, 7])
def test_a_share_lies_between_nothing_and_everything(known: Bundle, share: float) -> None:
    with pytest.raises(RecipeError, match="between 0 and 1"):
        adapt(known, {known.labels.ids[0]: share})


@pytest.mark.parametrize("text", ["violence =", 'violence = "often"', "violence = true"])
def test_a_mix_that_cannot_be_read_is_told_by_file(text: str) -> None:
    with pytest.raises(RecipeError, match=r"mix\.toml"):
        parse_mix(text, "mix.toml")


def test_what_prevalence_prints_adapt_reads(known: Bundle, tmp_path: Path) -> None:
    bundles.save(known, tmp_path / "model")
    run = CliRunner()
    printed = run.invoke(app, ["model", "prevalence", "-m", str(tmp_path / "model")]).stdout
    assert parse_mix(printed, "stdout") == dict.fromkeys(known.labels.ids, 0.2)
    assert printed == render_mix(known) + "\n"
    (tmp_path / "mix.toml").write_text(printed.replace("0.2000", "0.3000", 1))
    arguments = [
        "model",
        "adapt",
        str(tmp_path / "mix.toml"),
        "-o",
        str(tmp_path / "ours"),
        "-m",
        str(tmp_path / "model"),
    ]
    result = run.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert bundles.load(tmp_path / "ours").prevalence.tolist()[:2] == [0.3, 0.2]


def test_a_mix_that_is_missing_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["model", "adapt", str(tmp_path / "no.toml"), "-o", str(tmp_path / "ours")])
    assert isinstance(result.exception, RecipeError)
    assert "no.toml" in str(result.exception)
