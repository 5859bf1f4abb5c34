"""The bars that this project sets itself, all in one place; each is a ratio, or memory, within one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from bench_lib.rows import OURS, Row, cost, find, speed_ratios
from bench_lib.texts import CORPORA

Found = Iterator[tuple[str, float]]


class Bar(NamedTuple):
    """`what` must be at least or at most (`sign`) `limit`; `values` gives where it was measured, and how much."""

    what: str
    sign: str
    limit: float
    values: Callable[[Sequence[Row]], Found]
    unit: str = "×"


class Finding(NamedTuple):
    """What came of a bar in one place; `value` is None where nothing was measured."""

    bar: Bar
    where: str = ""
    value: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bar is known to be met."""
        if self.value is None:
            return False
        return self.value >= self.bar.limit if self.bar.sign == "≥" else self.value <= self.bar.limit


def _speed(what: str, peer: str, its: str = "") -> Callable[[Sequence[Row]], Found]:
    """How many times as fast as a peer, which does the same or something else, `its`."""

    def values(rows: Sequence[Row]) -> Found:
        for corpus, title in CORPORA.items():
            ours, other = find(rows, corpus, what), find(rows, corpus, its or what, peer)
            if ours and other:
                yield title, median(speed_ratios(ours, other))

    return values


def _start(rows: Sequence[Row]) -> Found:
    """How many times as long as importing NumPy."""
    for where, faster in _speed("cold", "numpy")(rows):
        yield where, 1 / faster


def _cores(rows: Sequence[Row]) -> Found:
    for corpus, title in CORPORA.items():
        one, two = (find(rows, corpus, "cores", jobs=jobs) for jobs in (1, 2))
        if one and two:
            yield title, median(speed_ratios(two, one))


def _memory(rows: Sequence[Row]) -> Found:
    """Of a prediction run, the bundle taken off."""
    for row in rows:
        if row.system == OURS and row.what in ("lines", "novel", "tome") and row.peak:
            yield f"{CORPORA[row.corpus]}, {row.what}", median(row.peak) - (row.model_mb or 0)


def _learned(rows: Sequence[Row], corpus: str) -> list[Row]:
    mine = [row for row in rows if (row.corpus, row.what, row.system) == (corpus, "train", OURS) and row.cpu]
    return sorted(mine, key=lambda row: row.size.works)


def _training_growth(rows: Sequence[Row]) -> Found:
    """What a work costs among the most works, against among a tenth of them."""
    for corpus, title in CORPORA.items():
        learned = _learned(rows, corpus)
        tenth = [row for row in learned if row.size.works * 10 == learned[-1].size.works]
        for fewer in tenth:
            yield f"{title}, {learned[-1].size.works:,} works to {fewer.size.works:,}", cost(learned[-1]) / cost(fewer)


def _training_memory(rows: Sequence[Row]) -> Found:
    for corpus, title in CORPORA.items():
        measured = [row for row in _learned(rows, corpus) if row.peak]
        for row in measured[-1:]:
            yield f"{title}, {row.size.works:,} works", max(row.peak) / 1000


def _training_speed(rows: Sequence[Row]) -> Found:
    for corpus, title in CORPORA.items():
        other = find(rows, corpus, "train", "sklearn")
        ours = [row for row in _learned(rows, corpus) if other and row.size == other.size]
        if other and ours:
            yield f"{title}, {other.size.works:,} works", cost(other) / cost(ours[0])


def _quality(rows: Sequence[Row]) -> Found:
    """How much more macro-F1 than the scikit-learn pipeline."""
    for corpus, title in CORPORA.items():
        other = find(rows, corpus, "train", "sklearn")
        for row in _learned(rows, corpus):
            if other and other.macro_f1 is not None and row.macro_f1 is not None:
                yield title, row.macro_f1 - other.macro_f1


BARS = (
    Bar("featurize and score, to scikit-learn TfidfVectorizer(1,2)", "≥", 15, _speed("score", "sklearn")),
    Bar("featurize and score, to fastText", "≥", 1, _speed("score", "fasttext")),
    Bar("featurize and score, to Vowpal Wabbit", "≥", 1, _speed("score", "vw")),
    Bar("`predict` of JSON Lines, to `wc -w`", "≥", 1 / 8, _speed("lines", "wc")),
    Bar("`predict` of JSON Lines, to fastText", "≥", 1, _speed("lines", "fasttext")),
    Bar("`predict` of JSON Lines, to Vowpal Wabbit", "≥", 1, _speed("lines", "vw")),
    Bar("`predict --evidence 0`, to fastText", "≥", 1, _speed("bare", "fasttext", "lines")),
    Bar("`predict --evidence 0`, to Vowpal Wabbit", "≥", 1, _speed("bare", "vw", "lines")),
    Bar("`predict` of JSON Lines, to Annif", "≥", 100, _speed("lines", "annif")),
    Bar("`predict -j 2`, to `-j 1`, wall time", "≥", 1.8, _cores),
    Bar("cold start, to Python importing NumPy, wall time", "≤", 2, _start),
    Bar("peak memory of `predict` without the bundle", "≤", 200, _memory, "MB"),
    Bar("training, CPU time a work, most works to a tenth of them", "≤", 1.2, _training_growth),
    Bar("training, peak memory", "≤", 8, _training_memory, "GB"),
    Bar("training, works a second, to scikit-learn", "≥", 8, _training_speed),
    Bar("macro-F1, to scikit-learn: more by", "≥", 0, _quality, ""),
)


def findings(rows: Sequence[Row]) -> list[Finding]:
    """What came of every bar, wherever it was measured."""
    found = []
    for bar in BARS:
        found += [Finding(bar, where, value) for where, value in bar.values(rows)] or [Finding(bar)]
    return found
