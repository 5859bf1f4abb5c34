"""decide(): scores and thresholds -> what is suggested, and when the tool had better say nothing.

Bands: `likely` stands at or above the high-precision threshold, `possible` at or above the balanced one, `unsure` at or
above the high-recall one (shown with that preset alone). Below all of them nothing is suggested, which is not a
promise that the work is clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tagger.arrays import F64, NDArray
from tagger.calibration import PRESETS
from tagger.errors import UsageError
from tagger.labels import LabelSet

BANDS = ("unsure", "possible", "likely")  # in the order of PRESETS, whose thresholds they start from

PROMINENCES = ("mention", "present", "central")
CENTRAL_SHARE = 0.25  # of the text; a passage is 150-300 words, so one in a short story is central, one in a novel not
MENTION_SHARE = 0.05

MIN_WORDS = 30
# Measured on our stories, chat logs among them, and on source code, mark-up, tables and random bytes. Tables and
# random bytes are under .6 letters, stories over .75; code has more signs than most stories and fewer known words.
MIN_LETTERS = 0.70
MAX_SIGNS = 0.045
MIN_KNOWN_WITH_SIGNS = 0.85


class Thresholds(NamedTuple):
    """`table`, float64[3, labels]: every preset's thresholds, rising; `chosen`, float64[labels]: those in force."""

    table: F64
    chosen: F64


def choose_thresholds(
    table: F64, labels: LabelSet, preset: str = "balanced", overrides: Mapping[str, float] | None = None
) -> Thresholds:
    """The thresholds of a preset, some replaced label by label.

    Raises UsageError for an unknown preset, UnknownLabelError for an unknown label.
    """
    if preset not in PRESETS:
        raise UsageError(f"there is no preset {preset!r}; choose one of {', '.join(PRESETS)}")
    chosen = table[PRESETS.index(preset)].copy()
    for label, value in (overrides or {}).items():
        if not 0 <= value <= 1:
            raise UsageError(f"the threshold of {label} is {value:g}, but scores run from 0 to 1")
        chosen[labels.index(labels[label].id)] = value
    return Thresholds(table, chosen)


def imply(scores: F64, labels: LabelSet) -> F64:
    """Scores, float64[works, labels], in which a label is at least as likely as any that implies it."""
    held = scores.copy()
    for cause, effect in labels.implications:
        held[:, effect] = np.fmax(held[:, effect], held[:, cause])
    return held


def decide(scores: F64, chosen: F64, labels: LabelSet) -> NDArray[np.bool_]:
    """Which labels are suggested, bool[works, labels]: those at or above their threshold, and what these imply."""
    with np.errstate(invalid="ignore"):
        suggested = scores >= chosen
    for cause, effect in labels.implications:
        suggested[:, effect] |= suggested[:, cause]
    return suggested


def bands(scores: F64, levels: F64) -> NDArray[np.int64]:
    """How sure suggestions are, as indices into BANDS, from their scores, float64[n], and thresholds, float64[3, n].

    >>> [BANDS[i] for i in bands(np.array([0.9, 0.5, 0.1]), np.array([[0.2], [0.4], [0.8]]))]
    ['likely', 'possible', 'unsure']
    """
    reached: NDArray[np.int64] = (scores >= levels[1:]).sum(axis=0)
    return reached


def prominence(scores: F64, lengths: NDArray[np.integer], rows: NDArray[np.integer], levels: F64) -> NDArray[np.int64]:
    """How much of a work is about each of some labels, as indices into PROMINENCES, int64[suggestions].

    `scores`, float64[n], are the probabilities of passages each taken alone, and `lengths` their characters; those of
    suggestion s are `rows[s]:rows[s + 1]`, at least one. `levels`, float64[2, suggestions], are the scores at which a
    passage speaks for the label, and at which it speaks strongly. *Central*: some passage speaks strongly, and all that
    speak are at least CENTRAL_SHARE of the text. *Mention*: none speaks strongly, and those that speak are less than
    MENTION_SHARE; or, in a work of several passages, only one speaks at all, and not strongly. *Present* is between.

    >>> scores, lengths = np.array([0.9, 0.1, 0.4, 0.1]), np.full(4, 1000)
    >>> [PROMINENCES[i] for i in prominence(scores, lengths, np.array([0, 2, 4]), np.array([[0.3] * 2, [0.7] * 2]))]
    ['central', 'mention']
    """
    starts, sizes = rows[:-1], np.diff(rows)
    speaks = scores >= np.repeat(levels[0], sizes)
    share = np.add.reduceat(lengths * speaks, starts) / np.maximum(np.add.reduceat(lengths, starts), 1)
    voices = np.add.reduceat(speaks, starts, dtype=np.int64)
    strong = np.maximum.reduceat(scores, starts) >= levels[1]
    mentioned = (share < MENTION_SHARE) | ((voices <= 1) & (sizes > 1))
    return np.where(strong, 1 + (share >= CENTRAL_SHARE), np.where(mentioned, 0, 1)).astype(np.int64)


class Makeup(NamedTuple):
    """What a work is made of: `known` of its `words` are in the model's vocabulary; `letters` and `signs` (of code and
    tables) are among its `visible` characters.
    """

    words: int
    known: int
    letters: int
    signs: int
    visible: int


def abstention(makeup: Makeup, least_known: float, language: str = "English") -> str | None:
    """Why a work had better not be scored, or None; `least_known` of its words, 0..1, must be known."""
    words, known, letters, signs, visible = makeup
    if words and letters < MIN_LETTERS * visible:
        return f"not prose: only {letters / max(visible, 1):.0%} of its characters are letters"
    if signs > MAX_SIGNS * visible and known < MIN_KNOWN_WITH_SIGNS * words:
        return f"not prose: {signs / visible:.0%} of its characters are the signs of code or tables"
    if words < MIN_WORDS:
        return f"too short: {words} words, and at least {MIN_WORDS} are needed"
    if known < least_known * words:
        return (
            f"not {language}, or not prose: the model knows {known / words:.0%} of its words"
            f" and needs {least_known:.0%}"
        )
    return None
