"""How each cost grows: with works, with the words of one work, with labels, with cores. Ours alone.

The slope is that of the logarithm of the cost over the logarithm of the size, by least squares: 1 is in proportion,
0 does not grow, -1 halves with each doubling. From times the start-up is taken off.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from bench_lib.measuring import Bench, cut, say
from bench_lib.processes import run
from bench_lib.rows import OURS, Row
from bench_lib.systems import predict_command, remove
from bench_lib.texts import read_sizes

_PARTS = (4, 2, 1)


@dataclass
class Growth:
    """The `cost` of something, in `unit`, at each of some sizes of `what`."""

    cost: str
    unit: str
    what: str
    sizes: list[float]
    costs: list[float]
    start: float = 0.0  # the cost of nothing: that of starting

    def slope(self) -> float | None:
        """The exponent with which the cost grows; None when the start-up is all there is, or there is one size."""
        above = [cost - self.start for cost in self.costs]
        if len(above) < 2 or min(above) <= 0:
            return None
        return _slope([log(size) for size in self.sizes], [log(cost) for cost in above])


def _slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The slope of the straight line that fits best.

    >>> _slope([0, 1, 2], [1, 3, 5])
    2.0
    """
    middle, level = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - middle) ** 2 for a in x)
    return sum((a - middle) * (b - level) for a, b in zip(x, y, strict=True)) / spread


def measure(bench: Bench, corpus: str) -> list[Growth]:
    """What predicting costs with more works, a longer one and more labels; what learning more labels costs."""
    start = run(predict_command(bench.texts(corpus) / "story.txt", bench.model(corpus, OURS))).cpu
    return [*_works(bench, corpus, start), *_words(bench, corpus, start), *_labels(bench, corpus, start)]


def of_rows(rows: Sequence[Row]) -> list[Growth]:
    """What the rows of the table tell: learning from more works, and predicting with more cores."""
    found = []
    for corpus in dict.fromkeys(row.corpus for row in rows):
        mine = [row for row in rows if (row.corpus, row.system) == (corpus, OURS) and row.seconds]
        learned = sorted((row for row in mine if row.what == "train"), key=lambda row: row.size.works)
        cores = [row for row in mine if row.what == "cores"]
        if len(learned) > 1:
            works = [float(row.size.works) for row in learned]
            found.append(Growth("train", "s CPU", "works", works, [min(row.cpu) for row in learned]))
            found.append(Growth("train, memory", "MB", "works", works, [min(row.peak) for row in learned]))
        if len(cores) > 1:
            jobs = [float(row.jobs) for row in cores]
            found.append(Growth("predict", "s wall", "processes", jobs, [min(row.wall) for row in cores]))
    return found


def _works(bench: Bench, corpus: str, start: float) -> list[Growth]:
    place, model = bench.texts(corpus), bench.model(corpus, OURS)
    sizes, took = [], []
    for part in _PARTS:
        few = place / "part.jsonl"
        size = cut(place / "lines.jsonl", few, max(1, bench.sizes.lines // part))
        say(f"{corpus}: growth, {size.works} works")
        sizes.append(float(size.works))
        took.append(run(predict_command(few, model)))
    return [
        Growth("predict", "s CPU", "works", sizes, [each.cpu for each in took], start),
        Growth("predict, memory", "MB", "works", sizes, [each.peak for each in took]),
    ]


def _words(bench: Bench, corpus: str, start: float) -> list[Growth]:
    place, model = bench.texts(corpus), bench.model(corpus, OURS)
    words = read_sizes(place)["tome"].words
    sizes, took = [], []
    for part in _PARTS:
        path = place / "part.txt"
        _copy(place / "tome.txt", path, (place / "tome.txt").stat().st_size // part)
        say(f"{corpus}: growth, a work of {words // part:,} words")
        sizes.append(words / part)
        took.append(run(predict_command(path, model)))
    return [
        Growth("predict", "s CPU", "words of a work", sizes, [each.cpu for each in took], start),
        Growth("predict, memory", "MB", "words of a work", sizes, [each.peak for each in took]),
    ]


def _labels(bench: Bench, corpus: str, start: float) -> list[Growth]:
    place, data = bench.texts(corpus), f"train-{min(bench.sizes.train)}"
    with (place / f"{data}.jsonl").open(encoding="utf-8") as lines:
        names = sorted({label for line in lines for label in json.loads(line)["labels"]})
    sizes, learned, took = [], [], []
    for part in _PARTS:
        chosen, few, model = set(names[: len(names) // part]), place / "part.jsonl", place / "model-part"
        _relabel(place / f"{data}.jsonl", few, chosen)
        say(f"{corpus}: growth, {len(chosen)} labels")
        sizes.append(float(len(chosen)))
        learned.append(bench.ours().train(few, model).cpu)
        took.append(run(predict_command(place / "lines.jsonl", model)).cpu)
        remove(model)
    return [
        Growth("train", "s CPU", "labels", sizes, learned),
        Growth("predict", "s CPU", "labels", sizes, took, start),
    ]


def _copy(path: Path, target: Path, size: int) -> None:
    """The first `size` bytes of a file, a piece at a time: see `processes.run` on our own memory."""
    with path.open("rb") as source, target.open("wb") as out:
        while size > 0:
            size -= out.write(source.read(min(size, 1 << 16)))


def _relabel(path: Path, target: Path, chosen: set[str]) -> None:
    """The same works with some of their labels only."""
    with path.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in lines:
            work = json.loads(line)
            out.write(json.dumps({**work, "labels": [label for label in work["labels"] if label in chosen]}) + "\n")
