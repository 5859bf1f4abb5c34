"""render(): a result -> what a person reads on a terminal, or lines of JSON or CSV for machines.

A run's output is `opening`, then each result rendered, then `closing`; between two results stands `between`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tagger.reports import jsonl, spreadsheet, terminal
from tagger.results import Result


class Style(NamedTuple):
    """How to render: one of FORMATS; for a terminal also its `width` in columns and whether it shows `color`."""

    format: str = "jsonl"
    width: int = 80
    color: bool = False


class Frame(NamedTuple):
    """What stands around the results of a run."""

    opening: bytes = b""
    between: bytes = b""
    closing: bytes = b""


def _table(result: Result, style: Style) -> bytes:
    return terminal.render(result, style.width, style.color).encode("utf-8", "replace")


# Each format's way to render one result, and its frame.
FORMATS: dict[str, tuple[Callable[[Result, Style], bytes], Frame]] = {
    "table": (_table, Frame(between=b"\n")),
    "jsonl": (lambda result, style: jsonl.render(result), Frame()),
    "json": (lambda result, style: jsonl.render_indented(result), Frame(b"[\n", b",\n", b"\n]\n")),
    "csv": (lambda result, style: spreadsheet.render(result), Frame(opening=spreadsheet.HEADER)),
}


def render(results: Sequence[Result], style: Style) -> list[bytes]:
    """Each result as bytes, in the order given."""
    one = FORMATS[style.format][0]
    return [one(result, style) for result in results]


def frame(format: str) -> Frame:
    """What stands around the results in a format."""
    return FORMATS[format][1]
