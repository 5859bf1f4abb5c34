"""tag(): the whole flow, from works to results.

    segment -> read words -> featurize -> score -> aggregate -> calibrate -> decide -> show the evidence

Works are tagged in batches, since NumPy's cost is by the call; what stands beside a work in a batch changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagger import scoring
from tagger.aggregation import WorkMargins, aggregate
from tagger.bundles import Bundle
from tagger.calibration import F64, PRESETS, calibrate, sigmoid
from tagger.features import F32, I64, Counts, blocks, featurize, join, read_words
from tagger.policy import BANDS, Thresholds, abstention, band, choose_thresholds, decide, imply
from tagger.results import Contribution, Evidence, Result, Suggestion
from tagger.segmentation import segment
from tagger.structure import Observed, classify, observe
from tagger.works import Failure, Passage, Work

COURSE_BINS = 16


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may ask: a preset, thresholds by label in its place, how many passages of `evidence` and `words`
    of each to show, all `contributions`, the `quotes` themselves, and the `course` of each label through the work.
    """

    preset: str = "balanced"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    evidence: int = 3
    words: int = 5
    contributions: bool = False
    quotes: bool = False
    course: bool = False


class Reading(NamedTuple):
    """What was counted in a batch: work w owns the passages `rows[w]:rows[w + 1]` of every array and list.

    `values`, float32, belong to the entries of `counts`; `margins` is float32[passages, labels].
    """

    passages: list[Passage]
    rows: I64
    counts: Counts
    values: F32
    margins: F32
    observed: Observed


def tag(works: Sequence[Work | Failure], bundle: Bundle, options: Options | None = None) -> list[Result]:
    """Tag a batch: one result a work, in order. Raises UsageError for a preset or label that does not exist."""
    began = time.perf_counter()
    options = options or Options()
    thresholds = choose_thresholds(bundle.thresholds, bundle.labels, options.preset, options.thresholds)
    readable = [work for work in works if isinstance(work, Work)]
    reading = read(readable, bundle)
    pooled = aggregate(reading.margins, reading.rows, bundle.rule)
    scores = score_works(reading, pooled, bundle)
    suggested = decide(scores, thresholds.chosen, bundle.labels)
    totals = _totals(reading)
    reasons = [
        abstention(*numbers, bundle.least_known, bundle.recipe.language)
        for numbers in zip(*(counts.tolist() for counts in totals[:4]), strict=True)
    ]
    suggested[[reason is not None for reason in reasons]] = False
    suggestions = _suggest(readable, reading, pooled, scores, suggested, thresholds, bundle, options)
    elapsed = 1000 * (time.perf_counter() - began) / max(sum(len(work.text) for work in readable), 1)
    results = iter(_results(readable, totals, scores, suggestions, reasons, bundle, elapsed))
    return [
        next(results) if isinstance(work, Work) else Result(work.id, "error", bundle.model, error=work.error)
        for work in works
    ]


def read(works: Sequence[Work], bundle: Bundle) -> Reading:
    """Segment works, count their features and score their passages, a block of text at a time."""
    by_work = [segment(work) for work in works]
    passages = [passage for own in by_work for passage in own]
    # The text of a passage is cut out when its block comes up: a novel is never held twice.
    texts = [work.text for work, own in zip(works, by_work, strict=True) for _ in own]
    parts = [
        _read_block(passages[start:end], texts[start:end], bundle)
        for start, end in blocks(passage.end - passage.start for passage in passages)
    ] or [_read_block([], [], bundle)]
    counts, values, margins, observed = zip(*parts, strict=True)
    return Reading(
        passages=passages,
        rows=np.cumsum([0, *(len(own) for own in by_work)]),
        counts=join(counts),
        values=np.concatenate(values),
        margins=np.concatenate(margins),
        observed=Observed(*(np.concatenate(each) for each in zip(*observed, strict=True))),
    )


def _read_block(
    passages: Sequence[Passage], texts: Sequence[str], bundle: Bundle
) -> tuple[Counts, F32, F32, Observed]:
    words = read_words([text[each.start : each.end] for each, text in zip(passages, texts, strict=True)])
    counts = featurize(words, bundle.vocabulary)
    values = scoring.values(counts, bundle.vocabulary.idf)
    return counts, values, scoring.score(counts, values, bundle.weights), observe(words)


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
    letters: I64
    visible: I64
    markers: I64


def _totals(reading: Reading) -> _Totals:
    def by_work(counts: I64) -> I64:
        sums = np.zeros((len(counts) + 1, *counts.shape[1:]), np.int64)
        np.cumsum(counts, axis=0, out=sums[1:])
        return np.diff(sums[reading.rows], axis=0)

    counts, observed = reading.counts, reading.observed
    return _Totals(
        by_work(counts.total),
        by_work(counts.known),
        by_work(observed.letters),
        by_work(observed.visible),
        by_work(observed.markers),
    )


class _Finding(NamedTuple):
    """A label suggested for a work, and the passages (indices into the batch) that are its evidence."""

    work: int
    label: int
    passages: list[int]


def _find(
    reading: Reading, pooled: WorkMargins, suggested: NDArray[np.bool_], bundle: Bundle, most: int
) -> list[_Finding]:
    """The loudest passages of each suggestion; beyond the first only those that speak for it by themselves."""
    floors = _margin_floors(bundle)
    findings = []
    for work, label in np.argwhere(suggested).tolist():
        base = int(reading.rows[work])
        leading = pooled.leading[work][:most, label] + base
        clear = reading.margins[leading, label] >= floors[label]
        findings.append(_Finding(work, label, [int(p) for i, p in enumerate(leading) if i == 0 or clear[i]]))
    return findings


def _margin_floors(bundle: Bundle) -> F64:
    """The margin at which a passage alone would reach the high-recall threshold: float64[labels]."""
    lowest = bundle.thresholds[PRESETS.index("high-recall")]
    floors: F64 = (np.log(lowest / (1 - lowest)) - bundle.calibration.intercept) / bundle.calibration.slope
    return floors


def _suggest(
    works: Sequence[Work],
    reading: Reading,
    pooled: WorkMargins,
    scores: F64,
    suggested: NDArray[np.bool_],
    thresholds: Thresholds,
    bundle: Bundle,
    options: Options,
) -> list[list[Suggestion]]:
    """Every work's suggestions, surest first, with their evidence."""
    findings = _find(reading, pooled, suggested, bundle, options.evidence)
    pairs = [(passage, finding.label) for finding in findings for passage in finding.passages]
    evidence = iter(_show(works, reading, pairs, bundle, options))
    by_work: list[list[Suggestion]] = [[] for _ in works]
    for finding in findings:
        label = finding.label
        score = float(scores[finding.work, label])
        level = band(score, thresholds.table[:, label])
        right = float(bundle.precision[BANDS.index(level), label])
        by_work[finding.work].append(
            Suggestion(
                label=bundle.labels.ids[label],
                kind=bundle.labels[bundle.labels.ids[label]].kind,
                score=score,
                threshold=float(thresholds.chosen[label]),
                band=level,
                right=None if np.isnan(right) else right,
                evidence=tuple(next(evidence) for _ in finding.passages),
                course=_course(reading, finding, bundle) if options.course else (),
            )
        )
    for suggestions in by_work:
        suggestions.sort(key=lambda each: (each.kind == "tag", -each.score))
    return by_work


def _show(
    works: Sequence[Work],
    reading: Reading,
    pairs: Sequence[tuple[int, int]],
    bundle: Bundle,
    options: Options,
) -> list[Evidence]:
    """The evidence of some (passage, label) pairs."""
    if not pairs:
        return []
    passages, labels = np.array(pairs, np.int64).T
    moved = scoring.explain(reading.counts, reading.values, bundle.weights, passages, labels)
    margins = reading.margins[passages, labels]
    alone = sigmoid(margins * bundle.calibration.slope[labels] + bundle.calibration.intercept[labels])
    owners = np.searchsorted(reading.rows, passages, side="right") - 1
    shown = []
    for i, places in enumerate(scoring.loudest(moved, options.words)):
        where = reading.passages[passages[i]]
        text = works[owners[i]].text
        shown.append(
            Evidence(
                chapter=where.chapter,
                paragraph=where.paragraph,
                start=where.start,
                end=where.end,
                score=float(alone[i]),
                words=tuple(bundle.names[moved.columns[place]] for place in places),
                quote=text[where.start : where.end] if options.quotes else None,
                margin=float(margins[i]) if options.contributions else None,
                bias=float(bundle.weights.bias[labels[i]]) if options.contributions else None,
                contributions=_contributions(moved, i, bundle) if options.contributions else (),
            )
        )
    return shown


def _contributions(moved: scoring.Contributions, pair: int, bundle: Bundle) -> tuple[Contribution, ...]:
    """Everything that moved one pair's margin, the greatest amounts first."""
    start, end = int(moved.rows[pair]), int(moved.rows[pair + 1])
    order = start + np.argsort(-np.abs(moved.amounts[start:end]), kind="stable")
    return tuple(Contribution(bundle.names[moved.columns[i]], float(moved.amounts[i])) for i in order)


def _course(reading: Reading, finding: _Finding, bundle: Bundle) -> tuple[float, ...]:
    """A label's scores along the work, pooled into at most COURSE_BINS by their maximum."""
    start, end = reading.rows[finding.work], reading.rows[finding.work + 1]
    calibration, label = bundle.calibration, finding.label
    margins = reading.margins[start:end, label]
    alone = sigmoid(margins * calibration.slope[label] + calibration.intercept[label])
    return tuple(float(part.max()) for part in np.array_split(alone, min(COURSE_BINS, len(alone))))


def _results(
    works: Sequence[Work],
    totals: _Totals,
    scores: F64,
    suggestions: Sequence[Sequence[Suggestion]],
    reasons: Sequence[str | None],
    bundle: Bundle,
    ms_per_character: float,
) -> list[Result]:
    names = [name for name, known in zip(bundle.labels.ids, bundle.supported, strict=True) if known]
    unsupported = tuple(name for name, known in zip(bundle.labels.ids, bundle.supported, strict=True) if not known)
    table = scores[:, bundle.supported].tolist()
    words = totals.words.tolist()
    return [
        Result(
            id=work.id,
            status="ok" if reasons[i] is None else "abstained",
            model=bundle.model,
            source=work.source,
            declared=work.declared,
            words=words[i],
            chapters=len(work.chapters),
            suggested=tuple(suggestions[i]),
            scores=dict(zip(names, table[i], strict=True)) if reasons[i] is None else {},
            structure=classify(totals.markers[i], words[i]) if reasons[i] is None else None,
            unsupported=unsupported,
            timing_ms=ms_per_character * len(work.text),
            reason=reasons[i],
        )
        for i, work in enumerate(works)
    ]
