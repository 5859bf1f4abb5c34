"""A decision as a person reads it on a terminal, and as JSON for machines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import orjson

from tagger.decisions import Place, Reason, Record
from tagger.errors import printable
from tagger.reports import Style
from tagger.reports.terminal import BOLD, DIM, RED, cut, paint

_COLORS = {"approve": DIM, "review": BOLD, "hold": RED, "reject": RED}
_MOST_PLACES = 3


def render(record: Record, style: Style) -> bytes:
    """One decision, as "jsonl" or as a "table" for the terminal."""
    if style.format == "jsonl":
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    return table(record, style.width, style.color).encode("utf-8", "replace")


def table(record: Record, width: int = 80, color: bool = False) -> str:
    """Some lines: the decision, and each reason with what the author is told and where the text shows it."""
    decision = paint(f"{record['decision']:<7}", _COLORS[record["decision"]], color)
    audit = "  drawn for an audit" if record["audit"] else ""
    lines = [f"{decision}  {printable(record['id'])}{audit}"]
    note = record.get("error") or record.get("reason")
    if note:
        lines.append(cut(f"{_MARGIN}{record['status']}: {printable(note)}", width))
    lines += [line for reason in record["reasons"] for line in _reason(reason, width, color)]
    return "\n".join(lines) + "\n"


_MARGIN = " " * 9


def _reason(reason: Reason, width: int, color: bool) -> Iterator[str]:
    score = "" if reason["score"] is None else f"  {reason['label']} {reason['score']:.2f}"
    yield cut(f"{_MARGIN}{printable(reason['code'])}{score}", width)
    inner = _MARGIN + "  "
    yield from textwrap.wrap(
        printable(reason["message"]), max(width, 40), initial_indent=inner, subsequent_indent=inner
    )
    where = "; ".join(map(_place, reason["evidence"][:_MOST_PLACES]))
    if where:
        yield paint(cut(inner + where, width), DIM, color)


def _place(place: Place) -> str:
    return f"chapter {place['chapter']}, paragraph {place['paragraph']}"
