"""A result as CSV: one row a suggestion, and one row for a work without any, so that no work is lost."""

from __future__ import annotations

from tagger.results import Result

COLUMNS = (
    "id",
    "status",
    "label",
    "kind",
    "score",
    "threshold",
    "band",
    "prominence",
    "chapter",
    "paragraph",
    "start",
    "end",
    "note",
)
HEADER = (",".join(COLUMNS) + "\r\n").encode()


def render(result: Result) -> bytes:
    """The rows of one work (RFC 4180). Place columns are those of the first piece of evidence; `note` is the reason of
    an abstention or the text of an error.
    """
    import csv
    import io

    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    for row in _rows(result):
        writer.writerow(row)
    return lines.getvalue().encode("utf-8", "replace")


def _rows(result: Result) -> list[tuple[object, ...]]:
    suggested = result.get("suggested", [])
    if not suggested:
        note = result.get("error") or result.get("reason") or ""
        return [(result["id"], result["status"], *[""] * (len(COLUMNS) - 3), note)]
    rows: list[tuple[object, ...]] = []
    for each in suggested:
        place = each["evidence"][0] if each["evidence"] else None
        where = (place["chapter"], place["paragraph"], place["start"], place["end"]) if place else ("",) * 4
        what = (each["label"], each["kind"], each["score"], each["threshold"], each["band"], each["prominence"])
        rows.append((result["id"], result["status"], *what, *where, ""))
    return rows
