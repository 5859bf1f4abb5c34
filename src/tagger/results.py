"""Result: what is said of one work. Suggestion, Evidence and Contribution: its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tagger.structure import Structure
from tagger.works import NOTHING_DECLARED, PLAIN, Declared, Source

SCHEMA = "tagger.result/1"


class Contribution(NamedTuple):
    """What one word or word pair added to a passage's margin (log-odds before calibration)."""

    words: str
    amount: float


class Evidence(NamedTuple):
    """A passage that speaks for a label. `score` is what the passage alone would get, 0..1; `words` moved it most.

    `margin` is `bias` plus the amounts of all `contributions`, which are there only when they were asked for, as is
    the `quote`.
    """

    chapter: int
    paragraph: int
    start: int
    end: int
    score: float
    words: tuple[str, ...]
    quote: str | None = None
    margin: float | None = None
    bias: float | None = None
    contributions: tuple[Contribution, ...] = ()


class Suggestion(NamedTuple):
    """A label suggested for a work. `right` is the share of such suggestions (this label, this band or a surer one) that
    were right in training, on works held out, 0..1 or None when there were none. `course` is the passages' scores in reading order, pooled into at most 16 bins by
    their maximum: where in the work it speaks.
    """

    label: str
    kind: str
    score: float
    threshold: float
    band: str
    right: float | None
    evidence: tuple[Evidence, ...]
    course: tuple[float, ...] = ()


class Model(NamedTuple):
    """Which model spoke."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Result:
    """One work's result. `status` is ok, abstained (with `reason`) or error (with `error`); `scores` has every label
    the model knows, 0..1; `unsupported` the labels of its set that it never learned.
    """

    id: str
    status: str
    model: Model
    source: Source = PLAIN
    declared: Declared = NOTHING_DECLARED
    words: int = 0
    chapters: int = 0
    suggested: tuple[Suggestion, ...] = ()
    scores: Mapping[str, float] | None = None
    structure: Structure | None = None
    unsupported: tuple[str, ...] = ()
    timing_ms: float = 0.0
    reason: str | None = None
    error: str | None = None
