"""tag(): the whole flow, from works to results.

    segment -> read words -> featurize -> score -> aggregate -> calibrate -> decide -> show the evidence

Works are tagged in batches, since NumPy's cost is by the call; what stands beside a work in a batch changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

import numpy as np

from tagger import scoring
from tagger.aggregation import WorkMargins, aggregate
from tagger.arrays import F64, I64, NDArray
from tagger.bundles import Bundle
from tagger.calibration import Calibration, calibrate, floors, of_passages
from tagger.features import ranges
from tagger.policy import (
    BANDS,
    PROMINENCES,
    Makeup,
    Thresholds,
    abstention,
    bands,
    choose_thresholds,
    decide,
    imply,
    prominence,
)
from tagger.reading import Reading, counted, read
from tagger.results import SCHEMA, Contribution, Evidence, Result, StructureFacts, Suggestion, failed
from tagger.structure import classify
from tagger.works import Failure, Work, locate

COURSE_BINS = 16


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may ask: a preset, thresholds by label in its place, how many passages of `evidence` to show and
    how many `words` of each (0 for none), all `contributions`, the `quotes`, and each label's `course`.
    """

    preset: str = "balanced"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    evidence: int = 3
    words: int = 3
    contributions: bool = False
    quotes: bool = False
    course: bool = False


Reader = Callable[[Sequence[Work], Bundle], Reading]


def tag(
    works: Sequence[Work | Failure], bundle: Bundle, options: Options | None = None, reader: Reader | None = None
) -> list[Result]:
    """Tag a batch: one result a work, in order; a `reader` may remember what `read` would count. Raises UsageError for
    a preset or label that does not exist.
    """
    began = time.perf_counter()
    options = options or Options()
    thresholds = choose_thresholds(bundle.thresholds, bundle.labels, options.preset, options.thresholds)
    readable = [work for work in works if isinstance(work, Work)]
    reading = (reader or read)(readable, bundle)
    totals = _totals(reading)
    reasons = _abstentions(totals, bundle)
    pooled = aggregate(reading.margins, reading.rows, bundle.rule, options.evidence)
    scores = score_works(reading, pooled, bundle)
    suggested = decide(scores, thresholds.chosen, bundle.labels)
    suggested[[reason is not None for reason in reasons]] = False
    suggested[:, ~bundle.supported] = False
    is_tag = np.array([label.kind == "tag" for label in bundle.labels])
    findings = _find(reading, pooled, suggested, floors(thresholds.chosen, bundle.calibration), is_tag)
    suggestions = _suggestions(readable, reading, findings, scores, thresholds, bundle, options)
    elapsed = 1000 * (time.perf_counter() - began) / max(sum(len(work.text) for work in readable), 1)
    results = _results(readable, totals, scores, suggestions, reasons, bundle, elapsed)
    return [next(results) if isinstance(work, Work) else failed(work.id, work.error, bundle.model) for work in works]


def score_works(reading: Reading, pooled: WorkMargins, bundle: Bundle) -> F64:
    """Calibrated scores, float64[works, labels], implications held; NaN for labels the bundle never learned."""
    n_passages = np.maximum(np.diff(reading.rows), 1)
    scores = calibrate(pooled.margins, n_passages, bundle.calibration)
    scores[:, ~bundle.supported] = np.nan
    return imply(scores, bundle.labels)


class _Totals(NamedTuple):
    """Sums over the passages of each work, int64[works], and markers, int64[works, 5]."""

    words: I64
    known: I64
    markers: I64
    letters: I64
    signs: I64
    visible: I64


def _totals(reading: Reading) -> _Totals:
    def by_work(counts: I64) -> I64:
        sums = np.zeros((len(counts) + 1, *counts.shape[1:]), np.int64)
        np.cumsum(counts, axis=0, out=sums[1:])
        return np.diff(sums[reading.rows], axis=0)

    return _Totals(by_work(reading.total), by_work(reading.known), *map(by_work, reading.observed))


def _abstentions(totals: _Totals, bundle: Bundle) -> list[str | None]:
    """Each work's reason to say nothing of it, or None."""
    columns = (totals.words, totals.known, totals.letters, totals.signs, totals.visible)
    makeups = map(Makeup, *(column.tolist() for column in columns))
    return [abstention(makeup, bundle.least_known, bundle.recipe.language) for makeup in makeups]


class _Findings(NamedTuple):
    """The labels suggested, ordered by work, and their evidence.

    Finding i is of `works[i]` and `labels[i]`; evidence e belongs to finding `owners[e]` and is the passage
    `passages[e]`. All int64.
    """

    works: I64
    labels: I64
    owners: I64
    passages: I64


def _find(
    reading: Reading, pooled: WorkMargins, suggested: NDArray[np.bool_], floors: F64, is_tag: NDArray[np.bool_]
) -> _Findings:
    """The loudest passages of each suggestion; beyond the first only those that reach the label's floor alone.

    A tag is the colour of the whole work: one passage shows it.
    """
    works, labels = np.nonzero(suggested)
    candidates = pooled.leading[works, :, labels]
    margins = reading.margins[candidates, labels[:, None]]
    shown = (candidates >= 0) & (margins >= floors[labels, None])
    shown[is_tag[labels], 1:] = False
    shown[:, :1] = candidates[:, :1] >= 0
    owners, ranks = np.nonzero(shown)
    return _Findings(works, labels, owners, candidates[owners, ranks])


def _suggestions(
    works: Sequence[Work],
    reading: Reading,
    findings: _Findings,
    scores: F64,
    thresholds: Thresholds,
    bundle: Bundle,
    options: Options,
) -> list[list[Suggestion]]:
    """Every work's suggestions, warnings first, surest first, with their evidence."""
    of, labels = findings.works, findings.labels
    levels = bands(scores[of, labels], thresholds.table[:, labels])
    columns = zip(
        of.tolist(),
        labels.tolist(),
        scores[of, labels].round(4).tolist(),
        thresholds.chosen[labels].round(4).tolist(),
        levels.tolist(),
        _prominences(reading, findings, thresholds, bundle).tolist(),
        bundle.precision[levels, labels].round(2).tolist(),
        _evidence(works, reading, findings, bundle, options),
        strict=True,
    )
    kinds = [label.kind for label in bundle.labels]
    by_work: list[list[Suggestion]] = [[] for _ in works]
    for work, label, score, threshold, level, weight, right, evidence in columns:
        suggestion: Suggestion = {
            "label": bundle.labels.ids[label],
            "kind": kinds[label],
            "score": score,
            "threshold": threshold,
            "band": BANDS[level],
            "prominence": PROMINENCES[weight],
            "right": None if isnan(right) else right,
            "evidence": evidence,
        }
        if options.course:
            suggestion["course"] = _course(reading, work, label, bundle.calibration)
        by_work[work].append(suggestion)
    for suggestions in by_work:
        suggestions.sort(key=lambda each: (each["kind"] == "tag", -each["score"]))
    return by_work


def _prominences(reading: Reading, findings: _Findings, thresholds: Thresholds, bundle: Bundle) -> I64:
    """How much of its work each finding is about, as indices into PROMINENCES, int64[findings]. What speaks is not
    measured by the preset; and a label is at least as prominent as those suggested that imply it.
    """
    of, labels = findings.works, findings.labels
    if not len(of):
        return of
    sizes = np.diff(reading.rows)[of]
    rows = np.cumsum([0, *sizes.tolist()])
    passages = ranges(reading.rows[of], sizes)
    owners = np.repeat(labels, sizes)
    lengths = np.array([passage.end - passage.start for passage in reading.passages])
    alone = of_passages(reading.margins[passages, owners], owners, bundle.calibration)
    table = np.full((len(reading.rows) - 1, len(bundle.labels)), -1.0)
    table[of, labels] = prominence(alone, lengths[passages], rows, thresholds.table[1:, labels])
    return imply(table, bundle.labels)[of, labels].astype(np.int64)


def _evidence(
    works: Sequence[Work], reading: Reading, findings: _Findings, bundle: Bundle, options: Options
) -> list[list[Evidence]]:
    """The evidence of each finding."""
    passages, labels = findings.passages, findings.labels[findings.owners]
    margins = reading.margins[passages, labels]
    words, contributions = _explain(works, reading, passages, labels, bundle, options)
    columns = zip(
        findings.owners.tolist(),
        passages.tolist(),
        of_passages(margins, labels, bundle.calibration).round(4).tolist(),
        words,
        strict=True,
    )
    by_finding: list[list[Evidence]] = [[] for _ in findings.works]
    for i, (owner, passage, score, some) in enumerate(columns):
        chapter, paragraph, start, end = reading.passages[passage]
        work = works[findings.works[owner]]
        place = locate(work, start, end)
        piece: Evidence = {
            "chapter": chapter,
            "paragraph": paragraph,
            "start": place.start,
            "end": place.end,
            "score": score,
            "words": some,
        }
        if place.part:
            piece["part"] = place.part
        if options.quotes:
            piece["quote"] = work.text[start:end]
        if options.contributions:
            piece["margin"] = float(margins[i])
            piece["bias"] = float(bundle.weights.bias[labels[i]])
            piece["contributions"] = contributions[i]
        by_finding[owner].append(piece)
    return by_finding


def _explain(
    works: Sequence[Work], reading: Reading, passages: I64, labels: I64, bundle: Bundle, options: Options
) -> tuple[list[list[str]], list[list[Contribution]]]:
    """What moved some (passage, label) pairs: the words that did most and, when asked for, every contribution."""
    words: list[list[str]] = [[] for _ in passages]
    everything: list[list[Contribution]] = [[] for _ in passages]
    if not options.words and not options.contributions:
        return words, everything
    names = bundle.names
    order = np.argsort(passages, kind="stable")  # a passage's weights are then at hand
    for block, chosen, inside in counted(works, reading, passages, order, bundle):
        asked = (block.counts, block.values, bundle.weights, inside, labels[chosen])
        for i, features in zip(chosen.tolist(), scoring.loudest(*asked, options.words), strict=True):
            words[i] = [names[feature] for feature in features]
        if options.contributions:
            moved = scoring.explain(*asked)
            for pair, i in enumerate(chosen.tolist()):
                everything[i] = _contributions(moved, pair, names)
    return words, everything


def _contributions(moved: scoring.Contributions, pair: int, names: Sequence[str]) -> list[Contribution]:
    """Everything that moved one pair's margin, the greatest amounts first."""
    start, end = int(moved.rows[pair]), int(moved.rows[pair + 1])
    order = start + np.argsort(-np.abs(moved.amounts[start:end]), kind="stable")
    return [{"words": names[moved.columns[i]], "amount": float(moved.amounts[i])} for i in order]


def _course(reading: Reading, work: int, label: int, calibration: Calibration) -> list[float]:
    """A label's scores along the work, pooled into at most COURSE_BINS by their maximum."""
    alone = of_passages(reading.margins[reading.rows[work] : reading.rows[work + 1], label], label, calibration)
    return [round(float(part.max()), 4) for part in np.array_split(alone, min(COURSE_BINS, len(alone)))]


def _results(
    works: Sequence[Work],
    totals: _Totals,
    scores: F64,
    suggestions: Sequence[list[Suggestion]],
    reasons: Sequence[str | None],
    bundle: Bundle,
    ms_per_character: float,
) -> Iterator[Result]:
    names = [name for name, known in zip(bundle.labels.ids, bundle.supported, strict=True) if known]
    unsupported = [name for name, known in zip(bundle.labels.ids, bundle.supported, strict=True) if not known]
    rows = scores[:, bundle.supported].round(4).tolist()
    markers, words = totals.markers.tolist(), totals.words.tolist()
    for i, work in enumerate(works):
        reason, source, declared = reasons[i], work.source, work.declared
        result: Result = {"schema": SCHEMA, "id": work.id, "status": "ok" if reason is None else "abstained"}  # type: ignore[typeddict-item]
        if reason is not None:
            result["reason"] = reason
        result["source"] = {
            "format": source.format,
            "encoding": source.encoding,
            "words": words[i],
            "chapters": len(work.chapters),
            "ignored": source.ignored,
            "repairs": source.repairs,
        }
        result["model"] = bundle.model
        result["declared"] = {"rating": declared.rating, "warnings": declared.warnings, "tags": declared.tags}
        result["suggested"] = suggestions[i]
        result["scores"] = {} if reason else dict(zip(names, rows[i], strict=True))
        result["structure"] = None if reason else _structure(markers[i], words[i])
        result["unsupported"] = unsupported
        result["timing_ms"] = round(ms_per_character * len(work.text), 2)
        yield result


def _structure(markers: Sequence[int], words: int) -> StructureFacts:
    pov, tense, length = classify(markers, words)
    return {"pov": pov, "tense": tense, "length": length}
