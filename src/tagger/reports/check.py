"""A check as a person reads it on a terminal, and as JSON or CSV for machines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

import orjson

from tagger.checking import FINDINGS, Check, Finding
from tagger.errors import printable
from tagger.reports import Frame, Style
from tagger.reports.terminal import BOLD, DIM, RED, cut, paint, place

COLUMNS = (
    *("id", "status", "finding", "reason", "label", "kind", "name", "declared", "score", "band", "prominence"),
    *("chapter", "paragraph", "start", "end", "sentence", "note"),
)
HEADER = (",".join(COLUMNS) + "\r\n").encode()

_COLORS = {"contradiction": RED, "missing": BOLD}
_MARGIN = " " * 4


def render(checks: Sequence[Check], style: Style) -> list[bytes]:
    """Each check as bytes, in the order given."""
    one = _FORMATS[style.format][0]
    return [one(check, style) for check in checks]


def frame(format: str) -> Frame:
    """What stands around the checks in a format."""
    return _FORMATS[format][1]


def table(check: Check, width: int = 80, color: bool = False) -> str:
    """Some lines: what was declared, the rating, and the findings, contradictions first.

    Evidence is shown for what the author may want to act on; what agrees and what was not seen is one line a finding.
    """
    lines = [paint(printable(check["id"]), BOLD, color)]
    if "error" in check:
        return "\n".join([*lines, f"  {paint('error', RED, color)}  {printable(check['error'])}"]) + "\n"
    lines.append(cut(f"  declared  {_declared(check)}", width))
    if "reason" in check:
        return "\n".join([*lines, f"  not checked  {check['reason']}"]) + "\n"
    lines.append(_rating(check))
    for name in FINDINGS:
        found = [each for each in check["findings"] if each["finding"] == name]
        if found:
            lines.append("  " + paint(name.replace("_", " "), _COLORS.get(name, DIM), color))
            lines += [line for each in found for line in _finding(each, width, color)]
    if not check["findings"]:
        lines.append("  nothing to say, which is no promise that all is declared")
    if check["unchecked"]:
        lines.append(cut(f"  the model knows nothing of  {', '.join(check['unchecked'])}", width))
    return "\n".join(lines) + "\n"


def _declared(check: Check) -> str:
    said = check["declared"]
    rating = [said["rating"]] if said["rating"] else []
    lists = (("rating", rating), ("warnings", said["warnings"]), ("tags", said["tags"]))
    return printable("; ".join(f"{name} {', '.join(words)}" for name, words in lists if words)) or "nothing"


def _rating(check: Check) -> str:
    rating = check["rating"]
    by = f", for {rating['label']}" if rating["label"] else ""
    return f"  rating    declared {rating['declared'] or 'none'}; the text asks for {rating['suggested']}{by}"


def _finding(each: Finding, width: int, color: bool) -> Iterator[str]:
    facts = "" if each["band"] is None else f"  {each['score']:.2f} {each['band']}, {each['prominence']}"
    heading = f"{_MARGIN}{each['name']}{facts}"
    yield f"{heading}  {paint(each['reason'], DIM, color)}"
    if each["finding"] in ("agrees", "not_seen"):
        return
    inner = 2 * _MARGIN
    sentence = printable(each["sentence"])
    yield from textwrap.wrap(sentence, max(width, 40), initial_indent=inner, subsequent_indent=inner)
    for piece in each["evidence"]:
        yield paint(cut(f"{inner}{place(piece)}", width), DIM, color)
        for part in piece.get("quote", "").splitlines():
            lines = textwrap.wrap(part, max(width - len(inner) - 2, 40))
            yield from (f"{inner}| {printable(line)}" for line in lines)


def spreadsheet(check: Check) -> bytes:
    """One row a finding, and one for a work without any (RFC 4180). Place columns are those of the first piece of
    evidence; `note` is the reason of an abstention or the text of an error.
    """
    import csv
    import io

    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(_rows(check))
    return lines.getvalue().encode("utf-8", "replace")


def _rows(check: Check) -> Iterator[tuple[object, ...]]:
    if not check.get("findings"):
        note = check.get("error") or check.get("reason") or ""
        yield (check["id"], check["status"], *[""] * (len(COLUMNS) - 3), note)
    for each in check.get("findings", []):
        first = each["evidence"][0] if each["evidence"] else None
        where = (first["chapter"], first["paragraph"], first["start"], first["end"]) if first else ("",) * 4
        what = (each["finding"], each["reason"], each["label"], each["kind"], each["name"], "; ".join(each["declared"]))
        strength = (each["score"], each["band"], each["prominence"])
        yield (check["id"], check["status"], *what, *strength, *where, each["sentence"], "")


_FORMATS: dict[str, tuple[Callable[[Check, Style], bytes], Frame]] = {
    "table": (
        lambda check, style: table(check, style.width, style.color).encode("utf-8", "replace"),
        Frame(between=b"\n"),
    ),
    "jsonl": (lambda check, style: orjson.dumps(check, option=orjson.OPT_APPEND_NEWLINE), Frame()),
    "json": (lambda check, style: orjson.dumps(check, option=orjson.OPT_INDENT_2), Frame(b"[\n", b",\n", b"\n]\n")),
    "csv": (lambda check, style: spreadsheet(check), Frame(opening=HEADER)),
}
