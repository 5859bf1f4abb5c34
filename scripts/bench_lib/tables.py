"""What was measured as Markdown tables, and pasting them into a page between markers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench_lib.bars import Finding
from bench_lib.growth import Growth
from bench_lib.rows import OURS, Row, find, speed_ratios
from bench_lib.systems import TITLES
from bench_lib.texts import CORPORA

_WHAT = {
    "cold": "cold start, one story",
    "story": "one story, in memory",
    "score": "featurize and score",
    "lines": "JSON Lines, {works} works",
    "bare": "the same without evidence",
    "cores": "JSON Lines, `-j {jobs}`, wall time",
    "novel": "a novel of {words} words",
    "tome": "a work of {words} words",
    "train": "training, {works} works",
}
_HEAD = [
    *("what", "system", "median", "range", "words/s", "of `wc -w`", "ours is", "peak MB", "model MB"),
    *("macro-F1", "mean AP"),
]


def number(value: float) -> str:
    """Three digits, and commas between thousands.

    >>> number(0.12345), number(12345.6)
    ('0.123', '12,346')
    """
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def times(ratio: float) -> str:
    """A ratio for people.

    >>> times(3.14159), times(0.125)
    ('3.14 ×', '1/8.0')
    """
    return f"{ratio:.2f} ×" if ratio >= 0.5 else f"1/{1 / ratio:.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def of_rows(rows: Sequence[Row]) -> str:
    """The one table: corpus by corpus, kind by kind, the systems under each other."""
    corpora, kinds = list(CORPORA), list(_WHAT)
    ordered = sorted(
        rows, key=lambda row: (corpora.index(row.corpus), kinds.index(row.what), row.what == "train" and row.size.works)
    )
    return table(_HEAD, [_cells(row, rows) for row in ordered])


def _cells(row: Row, rows: Sequence[Row]) -> list[str]:
    what = _WHAT[row.what].format(works=f"{row.size.works:,}", words=f"{row.size.words:,}", jobs=row.jobs)
    head = [f"{CORPORA[row.corpus]}: {what}", TITLES[row.system]]
    if row.missing or not row.seconds:
        return [*head, row.missing, *[""] * (len(_HEAD) - 3)]
    shown, unit = _figures(row)
    return [
        *head,
        f"{number(median(shown))} {unit}",
        f"{number(min(shown))} to {number(max(shown))}" if len(shown) > 1 else "",
        number(row.size.words / median(row.seconds)) if row.size.words and row.what != "cold" else "",
        _of_wc(row, rows),
        _ours_is(row, rows),
        number(median(row.peak)) if row.peak and row.jobs == 1 else "",
        number(row.model_mb) if row.model_mb is not None else "",
        f"{row.macro_f1:.3f}" if row.macro_f1 is not None else "",
        f"{row.mean_ap:.3f}" if row.mean_ap is not None else "",
    ]


def _figures(row: Row) -> tuple[list[float], str]:
    """What is shown of each round, and its unit."""
    if row.what in ("cold", "story"):
        return [1000 * each for each in row.wall], "ms"
    if row.what == "train":
        return [1000 * each / row.size.works for each in row.cpu], "ms a work"
    return row.rates(), "MB/s"


def _of_wc(row: Row, rows: Sequence[Row]) -> str:
    counted = find(rows, row.corpus, "lines", "wc")
    if not counted or row.system == "wc" or row.what in ("cold", "story", "train", "cores"):
        return ""
    return times(median(row.rates()) / median(counted.rates()))


def _ours_is(row: Row, rows: Sequence[Row]) -> str:
    if row.system == OURS:
        return ""
    same = {"size": row.size} if row.what == "train" else {}
    ours = find(rows, row.corpus, row.what, OURS, **same)
    return times(median(speed_ratios(ours, row))) if ours else ""


def of_bars(found: Sequence[Finding]) -> str:
    """The bars, and whether they are met."""
    return table(["bar", "where", "measured", "asked", "met?"], [_bar(each) for each in found])


def _bar(found: Finding) -> list[str]:
    bar = found.bar

    def show(value: float) -> str:
        return times(value) if bar.unit == "×" else f"{number(value)} {bar.unit}".strip()

    asked = f"{bar.sign} {show(bar.limit)}"
    if found.value is None:
        return [bar.what, "", "not measured", asked, ""]
    return [bar.what, found.where, show(found.value), asked, "yes" if found.met else "**no**"]


def of_growth(found: Sequence[Growth]) -> str:
    """Sizes, costs and slopes."""
    return table(
        ["cost", "grows with", "at", "costs", "slope"],
        [
            [
                each.cost,
                each.what,
                ", ".join(map(number, each.sizes)),
                f"{', '.join(map(number, each.costs))} {each.unit}",
                "" if (slope := each.slope()) is None else f"{slope:.2f}",
            ]
            for each in found
        ],
    )


def of_profile(told: Mapping[str, dict[str, Any]]) -> str:
    """Where the time of `predict` goes, as shares, a column for each corpus."""
    stages = next(iter(told.values()))["stages"]
    return table(
        ["stage", *(CORPORA[corpus] for corpus in told)],
        [[stage, *(f"{each['stages'][stage] / each['total_s']:.0%}" for each in told.values())] for stage in stages],
    )


def of_folds(told: Sequence[dict[str, Any]]) -> str:
    """Five grouped folds of our own stories."""
    return table(
        ["five grouped folds of our own stories", "mean AP", "mean AUC", "labels", "works"],
        [
            [TITLES[each["system"]], f"{each['precision']:.3f}", f"{each['auc']:.3f}", *map(str, _counts(each))]
            for each in told
        ],
    )


def _counts(told: dict[str, Any]) -> tuple[int, int]:
    return told["labels"], told["works"]


def paste(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers of that name. ValueError when the page has no such place.

    >>> paste("<!-- bench: bars -->\\nold\\n<!-- end -->", "bars", "new")
    '<!-- bench: bars -->\\nnew\\n<!-- end -->'
    """
    place = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(page):
        raise ValueError(f"no <!-- bench: {name} --> in the page")
    return place.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)
