"""Flags, overrides and drift by period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.drift import MAJOR, MODERATE, Seen, stability, summarize, week_of
from tagger.reports.drift import render_lines, render_table

ONE = st.lists(st.floats(0, 1), min_size=1, max_size=60)


def seen(period: str, score: float, present: str = "", absent: str = "", **more: Any) -> Seen:
    record = {
        "status": "ok",
        "decision": "review",
        "suggested": [{"label": "violence"}] if score >= 0.5 else [],
        "scores": {"violence": score},
        **more,
    }
    return Seen(period, record, frozenset(present.split()), frozenset(absent.split()))


def test_flags_overrides_and_additions_by_period_and_label() -> None:
    works = [
        seen("2026-W02", 0.9, present="violence"),
        seen("2026-W02", 0.8, absent="violence", present="grief"),
        seen("2026-W02", 0.7),
        seen("2026-W01", 0.1, present="violence"),
        seen("2026-W01", 0.0, status="abstained", scores={}),
        seen("2026-W01", 0.0, status="error", scores={}),
    ]
    first, second = summarize(works)
    assert (first.name, first.works, first.abstained, first.errors, first.reviewed) == ("2026-W01", 3, 1, 1, 1)
    assert second.decisions == {"review": 3}
    grief, violence = second.labels
    assert (violence.flags, violence.agreed, violence.overrides, violence.added) == (3, 1, 1, 0)
    assert (grief.label, grief.added, grief.psi) == ("grief", 1, None)
    assert [(each.flags, each.added) for each in first.labels] == [(0, 1)]


def test_drift_is_told_against_the_first_periods_or_a_reference() -> None:
    rng = np.random.default_rng(0)
    weeks = {"W1": rng.beta(2, 5, 400), "W2": rng.beta(2, 5, 400), "W3": rng.beta(5, 2, 400)}
    works = [seen(week, score) for week, scores in weeks.items() for score in scores.tolist()]
    psi = [period.labels[0].psi for period in summarize(works, first=2)]
    assert psi[0] < psi[1] + MODERATE < 2 * MODERATE  # type: ignore[operator]
    assert psi[2] > MAJOR  # type: ignore[operator]
    reference = [{"scores": {"violence": score}} for score in weeks["W3"].tolist()]
    assert [period.labels[0].psi > MAJOR for period in summarize(works, reference)] == [True, True, False]  # type: ignore[operator]


def test_without_a_change_the_index_is_what_chance_makes_it() -> None:
    rng = np.random.default_rng(0)
    reference = rng.random(1000)
    mean = np.mean([stability(rng.random(100), reference) for _ in range(300)])
    assert mean == pytest.approx(9 * (1 / 100 + 1 / 1000), rel=0.15)


@given(ONE, ONE)
def test_the_index_is_never_negative_and_0_for_the_same(a: list[float], b: list[float]) -> None:
    assert stability(np.array(a), np.array(b)) >= -1e-12
    assert stability(np.array(b), np.array(b)) == pytest.approx(0)


@pytest.mark.parametrize(("day", "week"), [("2024-12-30", "2025-W01"), ("2027-01-01", "2026-W53")])
def test_weeks_are_those_of_iso(day: str, week: str) -> None:
    assert week_of(f"{day}T00:00:00.000000Z") == week


def test_the_report_for_people_leaves_out_what_says_nothing() -> None:
    works = [seen("W1", 0.9, absent="violence"), seen("W1", 0.9)]
    works[0].record["scores"]["fluff"] = 0.1  # type: ignore[index]
    periods = summarize(works)
    table = render_table(periods)
    assert "W1: 2 works (review 2); 0 abstained, 0 not read; people said something of 1" in table
    assert "violence" in table
    assert "fluff" not in table
    assert b'"label":"fluff"' in render_lines(periods)
