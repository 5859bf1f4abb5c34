"""The figures of `tagger report`, for people (a table by period) and for machines (one JSON object a period)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import orjson

from tagger.drift import MAJOR, MODERATE, LabelFigures, Period

_HEAD = f"  {'label':<27} {'flags':>6} {'agreed':>7} {'overrides':>9} {'added':>6}   PSI (by chance)"


def render_lines(periods: Sequence[Period]) -> bytes:
    """One JSON object a period, every label in it."""
    return b"".join(orjson.dumps(asdict(each), option=orjson.OPT_APPEND_NEWLINE) for each in periods)


def render_table(periods: Sequence[Period]) -> str:
    """A table a period, of the labels that were suggested, added, or whose scores drift."""
    lines = [line for each in periods for line in (*_period(each), "")]
    lines += [
        "flags: suggested. agreed, overrides: people said it is there, or is not. added: people saw it, not the model.",
        f"PSI: drift of the scores against the reference; * above {MODERATE}, ** above {MAJOR}, and above twice what"
        " chance alone makes it.",
    ]
    return "\n".join(lines)


def _period(period: Period) -> list[str]:
    decisions = ", ".join(f"{name} {number:,}" for name, number in period.decisions.items())
    head = (
        f"{period.name}: {period.works:,} works ({decisions}); {period.abstained:,} abstained, {period.errors:,} not"
        f" read; people said something of {period.reviewed:,}"
    )
    shown = [each for each in period.labels if each.flags or each.added or _stars(each)]
    return [head, *([_HEAD] if shown else []), *map(_row, shown)]


def _row(label: LabelFigures) -> str:
    drift = "-" if label.psi is None else f"{label.psi:.2f} ({label.chance:.2f}) {_stars(label)}"
    name = f"  {label.label:<27} {label.flags:>6,} {label.agreed:>7,} {label.overrides:>9,} {label.added:>6,}   "
    return (name + drift).rstrip()


def _stars(label: LabelFigures) -> str:
    if label.psi is None or label.chance is None or label.psi < 2 * label.chance:
        return ""
    return "*" * ((label.psi > MODERATE) + (label.psi > MAJOR))
