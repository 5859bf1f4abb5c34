"""summarize(): decisions of `screen` and what people made of them -> figures by period and label.

Drift is told by the population stability index of a label's scores against those of a reference, sum over bins of
(share - reference share) x ln(share / reference share); the bins are tenths of the reference. By a rule of thumb of
credit scoring less than 0.1 is nothing, and more than 0.25 a change to look into (Siddiqi, "Credit risk scorecards",
2006). Without any change it is about (bins - 1) x (1/n + 1/m) for n scores against m (Yurdakul and Naranjo, Journal of
Risk Model Validation 14, 2020), which in a small week is more than either: so that is told beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from tagger.arrays import F64

BINS = 10
FIRST = 4  # periods that are the reference where no other is given
MODERATE, MAJOR = 0.1, 0.25


class Seen(NamedTuple):
    """One work that was screened in a `period`, and the labels that people said are in it and are not."""

    period: str
    record: Mapping[str, Any]
    present: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """A label in one period: works where it was suggested (`flags`), where people said so too (`agreed`) or said it is
    not there (`overrides`), and where they `added` it. `psi` is that of its scores against the reference, `chance` what
    it would be about without any change; None where there are no scores to compare.
    """

    label: str
    flags: int
    agreed: int
    overrides: int
    added: int
    psi: float | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class Period:
    """The works screened in a period, by `decision`; those on which the model `abstained`, that could not be read
    (`errors`), and of which people said something (`reviewed`).
    """

    name: str
    works: int
    decisions: Mapping[str, int]
    abstained: int
    errors: int
    reviewed: int
    labels: tuple[LabelFigures, ...]


@dataclass
class _Tally:
    works: int = 0
    reviewed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    overrides: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    scores: dict[str, list[float]] = field(default_factory=dict)

    def take(self, seen: Seen) -> None:
        record = seen.record
        flags = {each["label"] for each in record["suggested"]}
        self.works += 1
        self.reviewed += bool(seen.present or seen.absent)
        self.statuses[record["status"]] += 1
        self.decisions[record["decision"]] += 1
        self.flags.update(flags)
        self.agreed.update(flags & seen.present)
        self.overrides.update(flags & seen.absent)
        self.added.update(seen.present - flags)
        for label, score in record["scores"].items():
            self.scores.setdefault(label, []).append(score)


def week_of(moment: str) -> str:
    """The ISO week of a time as the queue writes it.

    >>> week_of("2026-01-01T10:00:00.000000Z")
    '2026-W01'
    """
    return datetime.fromisoformat(moment).strftime("%G-W%V")


def summarize(
    works: Iterable[Seen], reference: Iterable[Mapping[str, Any]] | None = None, first: int = FIRST
) -> list[Period]:
    """The figures of each period, in the order of their names. The reference are the decisions given or, without any,
    those of the `first` periods.

    What people said counts in the period in which the work was screened, so that overrides are a share of its flags.
    """
    tallies: dict[str, _Tally] = {}
    for seen in works:
        tallies.setdefault(seen.period, _Tally()).take(seen)
    names = sorted(tallies)
    base: dict[str, list[float]] = {}
    if reference is None:
        for name in names[:first]:
            for label, scores in tallies[name].scores.items():
                base.setdefault(label, []).extend(scores)
    else:
        for record in reference:
            for label, score in record["scores"].items():
                base.setdefault(label, []).append(score)
    return [_period(name, tallies[name], base) for name in names]


def _period(name: str, tally: _Tally, base: Mapping[str, Sequence[float]]) -> Period:
    labels = sorted({*tally.flags, *tally.added, *tally.scores})
    return Period(
        name=name,
        works=tally.works,
        decisions=dict(sorted(tally.decisions.items())),
        abstained=tally.statuses["abstained"],
        errors=tally.statuses["error"],
        reviewed=tally.reviewed,
        labels=tuple(_figures(label, tally, base.get(label, ())) for label in labels),
    )


def _figures(label: str, tally: _Tally, base: Sequence[float]) -> LabelFigures:
    scores = tally.scores.get(label, ())
    both = bool(len(scores) and len(base))
    edges = _edges(np.array(base)) if both else np.zeros(0)
    return LabelFigures(
        label=label,
        flags=tally.flags[label],
        agreed=tally.agreed[label],
        overrides=tally.overrides[label],
        added=tally.added[label],
        psi=stability(np.array(scores), np.array(base)) if both else None,
        chance=len(edges) * (1 / len(scores) + 1 / len(base)) if both else None,
    )


def _edges(reference: F64) -> F64:
    """What parts the bins: the tenths of the reference, equal ones once."""
    return np.unique(np.quantile(reference, np.arange(1, BINS) / BINS))


def stability(scores: F64, reference: F64) -> float:
    """The population stability index of scores against a reference, 0 or more; neither may be empty.

    Half a score is added to every bin of both, so that an empty one does not make it infinite.

    >>> even = np.linspace(0, 1, 1000)
    >>> stability(even, even)
    0.0
    >>> stability(even**3, even) > MAJOR
    True
    """
    edges = _edges(reference)
    shares = []
    for each in (scores, reference):
        counts = np.bincount(np.searchsorted(edges, each, "right"), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    return float((shares[0] - shares[1]) @ np.log(shares[0] / shares[1]))
