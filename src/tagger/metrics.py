"""How good the suggestions are: figures per label, over all labels and on clean works, with intervals.

    scores, truth, groups, thresholds -> measure() -> Report
                                           │
             weights of the works ─────────┤  1 for each work, then one column for each resample
             rates (precision, recall, F1) ┤  from the weighted counts of known cells
             ranking (AP, AUC) ────────────┤  from the weighted ranks of known, scored cells
             95 % interval ────────────────┘  the percentiles of a figure over the resamples

A cell is one label of one work. A cell that nobody knows (truth NaN) counts nowhere. A figure that the data
cannot tell (recall without a present cell, precision without a suggestion) is None, never 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from tagger.arrays import NDArray
from tagger.errors import DataError
from tagger.labels import LabelSet
from tagger.reliability import error_by_chance, expected_calibration_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MIN_SUPPORT = 8  # below this a label's figures are mostly luck, and macro means would be too
_PERCENTILES = (2.5, 97.5)
_CHUNK_CELLS = 1 << 19  # weights held at a time (4 MiB), so that memory does not grow with the resamples


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure in 0..1 with its 95 % interval; None where the data cannot tell.

    `low` and `high` are the 2.5th and 97.5th percentile over those resamples in which the figure is defined.
    """

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label. `present`, `absent` and `unknown` count works and add up to all of them.

    Precision, recall and F1 (None without a present cell) are those of the suggestions. AP and AUC are those
    of the scores alone, whatever the threshold; both need a present and an absent cell. `ece` is the expected
    calibration error, `ece_by_chance` what it would be if the scores were right (see reliability). A label that was not
    `trained` has no score in any work, and no figures.
    """

    id: str
    kind: str
    trained: bool
    present: int
    absent: int
    unknown: int
    threshold: float | None
    precision: Estimate
    recall: Estimate
    f1: Estimate
    ap: Estimate
    auc: Estimate
    ece: float | None
    ece_by_chance: float | None


@dataclass(frozen=True, slots=True)
class MacroFigures:
    """Means over the `labels` trained labels that are present in at least `min_support` works, each mean over
    those of them where the figure is defined.
    """

    labels: int
    min_support: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    ap: Estimate
    auc: Estimate
    ece: float | None


@dataclass(frozen=True, slots=True)
class MicroFigures:
    """Figures over all known cells of all trained labels, each cell counting alike."""

    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class CleanWorks:
    """Of the `works` in which every warning is known to be absent, `warned` get a warning suggested."""

    works: int
    warned: int
    share: Estimate


@dataclass(frozen=True, slots=True)
class Report:
    """What `measure` found.

    `unlabelled` counts the works in which no label is present, `abstained` those without scores. Intervals
    come from `resamples` resamples of `groups` groups; with one group there are 0 resamples and no intervals.
    """

    works: int
    unlabelled: int
    abstained: int
    groups: int
    resamples: int
    labels: tuple[LabelFigures, ...]
    macro: MacroFigures
    micro: MicroFigures
    clean: CleanWorks

    def to_dict(self) -> dict[str, Any]:
        """Turn the report into plain dicts, tuples, numbers and None, ready for JSON."""
        return asdict(self)


def measure(
    scores: Floats,
    truth: Floats,
    groups: Sequence[Hashable],
    thresholds: Floats,
    labels: LabelSet,
    *,
    suggested: Bools | None = None,
    resamples: int = 1000,
    seed: int = 0,
    min_support: int = MIN_SUPPORT,
) -> Report:
    """Measure suggestions against what people say.

    scores      (works, labels) probabilities in 0..1; NaN in a whole row for a work on which the model
                abstained, in a whole column for a label that is not trained
    truth       (works, labels) 1 present, 0 absent, NaN unknown
    groups      one key a work; works with the same key are resampled together, so a work that stands alone
                needs a key of its own
    thresholds  (labels,) the score from which a label is suggested
    suggested   (works, labels) what was suggested, implications included; `scores >= thresholds` by default

    In a work without scores nothing is suggested: it counts for precision, recall, F1 and the clean works,
    and not for AP, AUC and ECE. The same seed gives the same report. Raises DataError when there is no work
    or the arrays do not fit each other.
    """
    if not len(groups):
        raise DataError("Cannot evaluate: the data holds no work; give at least one labelled work.")
    _check_shape("scores", scores, (len(groups), len(labels.ids)))
    _check_shape("thresholds", thresholds, scores.shape[1:])
    suggested = scores >= thresholds if suggested is None else suggested
    _check_shape("truth", truth, scores.shape)
    _check_shape("suggested", suggested, scores.shape)
    cells = _cells(scores, truth, suggested, labels)
    group_of = _numbered(groups)
    group_count = int(group_of.max()) + 1
    resamples = resamples if group_count > 1 else 0
    figures = _join([_figures(weights, cells) for weights in _weights(group_of, resamples, seed)])
    eces = _eces(cells)
    return Report(
        works=len(truth),
        unlabelled=int((~cells.present.any(axis=1)).sum()),
        abstained=int(cells.abstained.sum()),
        groups=group_count,
        resamples=resamples,
        labels=tuple(_label_figures(figures, cells, eces, thresholds, labels)),
        macro=_macro(figures, cells, eces, min_support),
        micro=MicroFigures(*(_estimate(samples) for samples in figures.micro)),
        clean=CleanWorks(
            works=int(cells.clean.sum()),
            warned=int((cells.clean & cells.warned).sum()),
            share=_estimate(figures.clean[0]),
        ),
    )


class _Eces(NamedTuple):
    found: float | None
    by_chance: float | None


class _Cells(NamedTuple):
    """What is measured, (works, labels); `trained` is (labels,), and the last three are (works,)."""

    scores: Floats
    present: Bools
    absent: Bools
    suggested: Bools
    trained: Bools
    abstained: Bools
    clean: Bools
    warned: Bools


class _Figures(NamedTuple):
    """Figures, each for every resample (axis 1); the first resample is the data itself.

    labels  (5, resamples, labels) precision, recall, F1, AP, AUC; NaN where undefined
    micro   (3, resamples) precision, recall, F1
    clean   (1, resamples) the share of clean works that get a warning
    """

    labels: Floats
    micro: Floats
    clean: Floats


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise DataError(f"Cannot evaluate: {name} must have the shape {shape}, not {array.shape}.")


def _cells(scores: Floats, truth: Floats, suggested: Bools, labels: LabelSet) -> _Cells:
    answered = ~np.isnan(scores)
    abstained = ~np.any(answered, axis=1)
    suggested = suggested & ~abstained[:, None]
    warnings = np.array([label.kind == "warning" for label in labels], dtype=bool)
    return _Cells(
        scores=scores,
        present=truth == 1,
        absent=truth == 0,
        suggested=suggested,
        trained=np.any(answered, axis=0) | np.all(abstained),
        abstained=abstained,
        clean=np.all(truth[:, warnings] == 0, axis=1) & np.any(warnings),
        warned=np.any(suggested[:, warnings], axis=1),
    )


def _numbered(groups: Sequence[Hashable]) -> NDArray[np.intp]:
    """Each work's group as a number from 0, in order of appearance."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups], dtype=np.intp)


def _weights(group_of: NDArray[np.intp], resamples: int, seed: int) -> Iterator[Floats]:
    """How often each work counts, (works, some resamples) at a time: first the data itself, then resamples.

    Drawing groups with replacement gives each group a multinomial count, which its works share.
    """
    yield np.ones((len(group_of), 1))
    group_count = int(group_of.max()) + 1
    chance = np.full(group_count, 1 / group_count)
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_CELLS // len(group_of))
    for start in range(0, resamples, chunk):
        counts = generator.multinomial(group_count, chance, size=min(chunk, resamples - start))
        yield counts.T.astype(np.float64)[group_of]


def _figures(weights: Floats, cells: _Cells) -> _Figures:
    hits = weights.T @ (cells.present & cells.suggested & cells.trained)
    false_alarms = weights.T @ (cells.absent & cells.suggested & cells.trained)
    present = weights.T @ (cells.present & cells.trained)
    return _Figures(
        labels=np.stack([*_rates(hits, false_alarms, present), *_rankings(weights, cells)]),
        micro=np.stack(_rates(hits.sum(axis=1), false_alarms.sum(axis=1), present.sum(axis=1))),
        clean=_ratio(weights.T @ (cells.clean & cells.warned), weights.T @ cells.clean)[None],
    )


def _join(parts: list[_Figures]) -> _Figures:
    return _Figures(*(np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True)))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """`part / whole`, NaN where there is no whole."""
    share = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _rates(hits: Floats, false_alarms: Floats, present: Floats) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1; F1 is as undefined as recall where nothing is present."""
    either = np.where(present > 0, hits + false_alarms + present, 0)
    return _ratio(hits, hits + false_alarms), _ratio(hits, present), _ratio(2 * hits, either)


def _rankings(weights: Floats, cells: _Cells) -> tuple[Floats, Floats]:
    """AP and AUC of every label, (resamples, labels) each."""
    ap, auc = np.full((2, weights.shape[1], len(cells.trained)), np.nan)
    answered = ~np.isnan(cells.scores)
    for label in range(len(cells.trained)):
        present = np.flatnonzero(cells.present[:, label] & answered[:, label])
        absent = np.flatnonzero(cells.absent[:, label] & answered[:, label])
        if len(present) and len(absent):
            depth = -cells.scores[:, label]
            ap[:, label], auc[:, label] = _ranking(depth[present], weights[present], depth[absent], weights[absent])
    return ap, auc


def _ranking(
    depth_present: Floats, weights_present: Floats, depth_absent: Floats, weights_absent: Floats
) -> tuple[Floats, Floats]:
    """AP and AUC for every column of weights; a depth is a negated score, so the best cell lies at the top.

    Both are means over the present cells: AP of the precision down to the cell's depth (cells of one score
    enter together, as in scikit-learn), AUC of the share of absent cells that lie deeper (those at the same
    depth count half).

    >>> weigh_once = np.ones((2, 1))
    >>> ap, auc = _ranking(np.array([-0.9, -0.4]), weigh_once, np.array([-0.6, -0.1]), weigh_once)
    >>> ap.round(3), auc
    (array([0.833]), array([0.75]))
    """
    cuts = np.unique(depth_present)
    present_above, present_to, all_present = _weight_above(depth_present, weights_present, cuts)
    absent_above, absent_to, all_absent = _weight_above(depth_absent, weights_absent, cuts)
    here = present_to - present_above
    seen = present_to + absent_to
    precision = present_to / np.where(seen > 0, seen, 1)  # nothing is here either where nothing is seen
    deeper = all_absent - (absent_above + absent_to) / 2
    told = np.where(all_absent > 0, all_present, 0)
    return (
        _ratio((here * precision).sum(axis=0), told),
        _ratio((here * deeper).sum(axis=0), told * all_absent),
    )


def _weight_above(depth: Floats, weights: Floats, cuts: Floats) -> tuple[Floats, Floats, Floats]:
    """Weigh the cells above each cut and down to it, (cuts, resamples) each, and all, (resamples,)."""
    order = np.argsort(depth)
    depth = depth[order]
    running = np.zeros((len(depth) + 1, weights.shape[1]))
    np.cumsum(weights[order], axis=0, out=running[1:])
    above, down_to = np.searchsorted(depth, cuts, "left"), np.searchsorted(depth, cuts, "right")
    return running[above], running[down_to], running[-1]


def _eces(cells: _Cells) -> list[_Eces]:
    known = (cells.present | cells.absent) & ~np.isnan(cells.scores)
    return [
        _Eces(expected_calibration_error(scores[mask], present[mask].astype(np.float64)), error_by_chance(scores[mask]))
        for scores, present, mask in zip(cells.scores.T, cells.present.T, known.T, strict=True)
    ]


def _estimate(samples: Floats) -> Estimate:
    """Take a figure's value in the data (first) and in each resample for its estimate."""
    value, resampled = samples[0], samples[1:]
    resampled = resampled[~np.isnan(resampled)]
    if np.isnan(value):
        return Estimate(None, None, None)
    if not len(resampled):
        return Estimate(float(value), None, None)
    low, high = np.percentile(resampled, _PERCENTILES)
    return Estimate(float(value), float(low), float(high))


def _label_figures(
    figures: _Figures, cells: _Cells, eces: list[_Eces], thresholds: Floats, labels: LabelSet
) -> Iterator[LabelFigures]:
    for i, label in enumerate(labels):
        precision, recall, f1, ap, auc = (_estimate(samples) for samples in figures.labels[:, :, i])
        present, absent = int(cells.present[:, i].sum()), int(cells.absent[:, i].sum())
        yield LabelFigures(
            id=label.id,
            kind=label.kind,
            trained=bool(cells.trained[i]),
            present=present,
            absent=absent,
            unknown=len(cells.present) - present - absent,
            threshold=None if np.isnan(thresholds[i]) else float(thresholds[i]),
            precision=precision,
            recall=recall,
            f1=f1,
            ap=ap,
            auc=auc,
            ece=eces[i].found,
            ece_by_chance=eces[i].by_chance,
        )


def _macro(figures: _Figures, cells: _Cells, eces: list[_Eces], min_support: int) -> MacroFigures:
    counted = cells.trained & (cells.present.sum(axis=0) >= min_support)
    means = _mean_of_defined(figures.labels[:, :, counted])
    precision, recall, f1, ap, auc = (_estimate(samples) for samples in means)
    told = [ece.found for ece, counts in zip(eces, counted, strict=True) if counts and ece.found is not None]
    return MacroFigures(
        labels=int(counted.sum()),
        min_support=min_support,
        precision=precision,
        recall=recall,
        f1=f1,
        ap=ap,
        auc=auc,
        ece=sum(told) / len(told) if told else None,
    )


def _mean_of_defined(figures: Floats) -> Floats:
    """Average over the last axis without its NaN; NaN where nothing is left."""
    return _ratio(np.nansum(figures, axis=-1), (~np.isnan(figures)).sum(axis=-1))
