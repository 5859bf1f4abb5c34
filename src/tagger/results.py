"""Result: what is said of one work, as the plain JSON object that is written out. This file is its schema.

Keys marked NotRequired are there only when they were asked for, or when the work's `status` calls for them. Scores run
from 0 to 1 and are rounded to four decimals; offsets are code points into the file as decoded, or into a record's text.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

SCHEMA = "tagger.result/1"


class Contribution(TypedDict):
    """What one word, or two words in a row, added to a passage's margin (log-odds before calibration)."""

    words: str
    amount: float


class Evidence(TypedDict):
    """A passage that speaks for a label.

    `chapter` and `paragraph` count from 1. `start` and `end` are offsets into the file or, where the text stands in a
    file within it (an EPUB is many), into that `part`. `score` is what the passage alone would get; `words` moved it
    most. `margin` is `bias` plus the amounts of all `contributions`.
    """

    chapter: int
    paragraph: int
    start: int
    end: int
    score: float
    words: list[str]
    part: NotRequired[str]
    quote: NotRequired[str]
    margin: NotRequired[float]
    bias: NotRequired[float]
    contributions: NotRequired[list[Contribution]]


class Suggestion(TypedDict):
    """A label suggested for a work.

    `band` is likely, possible or unsure. `prominence` is mention, present or central: how much of the work speaks for
    the label, and how strongly (see policy.prominence). `right` is the share of suggestions of this label, this sure or
    surer, that were right on works held out in training; null when there were none. `course`: the passages' scores in
    reading order, pooled into at most 16 bins by their maximum.
    """

    label: str
    kind: str
    score: float
    threshold: float
    band: str
    prominence: str
    right: float | None
    evidence: list[Evidence]
    course: NotRequired[list[float]]


class SourceFacts(TypedDict):
    """How the work was read; see works.Source."""

    format: str
    encoding: str
    words: int
    chapters: int
    ignored: tuple[str, ...]
    repairs: tuple[str, ...]


class DeclaredFacts(TypedDict):
    """What the author's header says, word for word."""

    rating: str | None
    warnings: tuple[str, ...]
    tags: tuple[str, ...]


class StructureFacts(TypedDict):
    """Tags that are counted, not learned; null where there is too little to tell."""

    pov: str | None
    tense: str | None
    length: str


class ModelFacts(TypedDict):
    """Which model spoke."""

    name: str
    version: str
    sha256: str


class Result(TypedDict):
    """One work. `status` is ok, abstained (with `reason`) or error (with `error`, and nothing but the model besides).

    `scores` has every label the model knows (empty when it abstained), `unsupported` those that it never learned.
    """

    schema: str
    id: str
    status: str
    reason: NotRequired[str]
    error: NotRequired[str]
    model: ModelFacts
    source: NotRequired[SourceFacts]
    declared: NotRequired[DeclaredFacts]
    suggested: NotRequired[list[Suggestion]]
    scores: NotRequired[dict[str, float]]
    structure: NotRequired[StructureFacts | None]
    unsupported: NotRequired[list[str]]
    timing_ms: NotRequired[float]


def failed(id: str, error: str, model: ModelFacts) -> Result:
    """The result of a work that could not be read."""
    return {"schema": SCHEMA, "id": id, "status": "error", "error": error, "model": model}
