"""Rows to works: which columns matter, and how a cell is read, be it plain text or a fragment of HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from tagger.errors import WorkError, printable
from tagger.readers.encoding import decode
from tagger.readers.header import split_list
from tagger.readers.headings import Heading
from tagger.readers.lines import with_line_feeds
from tagger.readers.manuscript import work_of
from tagger.readers.markup import HEADINGS, Document, parse
from tagger.works import Declared, Failure, Source, Work

Cell = object  # str, bytes, numbers, None, and lists of those

TEXT_NAMES = ("text", "body", "story", "storytext", "story_text")
_ID_NAMES = ("id", "work_id", "story_id", "sid")
_RATING_NAMES = ("rating",)
_WARNING_NAMES = ("warnings", "warning", "archive_warnings", "archive_warning", "content_warnings")
_TAG_NAMES = ("tags", "tag", "additional_tags", "freeform_tags", "freeforms")

_LONGEST_NAME, _MOST_NAMES = 40, 30
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|i|b|u|em|strong|hr|a|font|center|blockquote|h[1-6]|s|sup|sub|ul|ol|li|table|img)\b[^<>]*>"
    r"|&(?:amp|lt|gt|quot|nbsp|apos|mdash|ndash|hellip|[lr][sd]quo|#\d{2,6}|#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)


class Columns(NamedTuple):
    """Where the columns that matter stand, from 0; None for one that is not there."""

    text: int
    id: int | None = None
    rating: int | None = None
    warnings: int | None = None
    tags: int | None = None

    def within(self, chosen: Sequence[int]) -> Columns:
        """The same columns where only the `chosen` ones are left."""
        return Columns(chosen.index(self.text), *(None if at is None else chosen.index(at) for at in self[1:]))


def find_columns(names: Sequence[str]) -> Columns | None:
    """The columns, whatever the case of their names; None if none of them holds the text.

    >>> find_columns(["ID", "Title", "Body", "Archive Warnings"])
    Columns(text=2, id=0, rating=None, warnings=3, tags=None)
    """
    known = ["_".join(name.strip().lower().split()) for name in names]

    def find(wanted: Sequence[str]) -> int | None:
        return next((known.index(name) for name in wanted if name in known), None)

    text = find(TEXT_NAMES)
    if text is None:
        return None
    return Columns(text, find(_ID_NAMES), find(_RATING_NAMES), find(_WARNING_NAMES), find(_TAG_NAMES))


def complaint(names: Sequence[str], place: str) -> str:
    """One line that says that no column holds the text, and which there are."""
    shown = [printable(name.strip()) for name in names]
    listed = ", ".join(
        f"{name[:_LONGEST_NAME]}.." if len(name) > _LONGEST_NAME else name for name in shown[:_MOST_NAMES]
    )
    more = " .." if len(names) > _MOST_NAMES else ""
    return f"{place}: no column is named text, body, story or storytext; name one so (found: {listed}{more})"


def read_row(cells: Sequence[Cell], columns: Columns, place: str, format: str) -> Work | Failure:
    """The work of a row, or a Failure that says why there is none. Without an id of its own, `place` is its id.

    What its columns declare goes before what a header in its text declares.
    """
    own = plain(cells[columns.id]).strip() if columns.id is not None else ""
    try:
        work = read_cell(cells[columns.text], place, format)
    except WorkError as error:
        return Failure(own or place, str(error))
    work = work._replace(id=own or place)
    return declaring(work, *(None if at is None else cells[at] for at in columns[2:]))


def declaring(work: Work, rating: Cell = None, warnings: Cell = None, tags: Cell = None) -> Work:
    """The work, with what its row declares, where that says anything."""
    header = work.declared
    declared = Declared(
        plain(rating).strip() or header.rating, items(warnings) or header.warnings, items(tags) or header.tags
    )
    return work._replace(declared=declared)


def read_cell(cell: Cell, id: str, format: str) -> Work:
    """The story in a cell. WorkError if there is none."""
    if not isinstance(cell, str | bytes) and cell is not None:
        raise WorkError(f"{id}: the text is {type(cell).__name__}, not text; put the story there")
    text, encoding, repairs = decoded(cell or "")
    document = parse(text, id=id) if _MARKUP.search(text) else Document(text, (), ())
    headings = [
        Heading(each.start, each.end, document.text_of(each)) for each in document.elements if each.name in HEADINGS
    ]
    source = Source(format, encoding, repairs=repairs + document.repairs)
    return work_of(document.text, document.pieces, headings, id, source)


def decoded(cell: str | bytes) -> tuple[str, str, tuple[str, ...]]:
    """The text of a cell, its encoding, and what had to be mended. A str's surrogates are bytes that are not UTF-8."""
    if isinstance(cell, bytes):
        return decode(cell)
    try:
        cell.encode()
    except UnicodeEncodeError:
        return decode(cell.encode("utf-8", "surrogatepass" if _is_wide(cell) else "surrogateescape"))
    return with_line_feeds(cell), "utf-8", ()


def plain(cell: Cell) -> str:
    """A short cell as text: '' for NULL, no `.0` after a whole number."""
    if cell is None:
        return ""
    if isinstance(cell, str | bytes):
        return decoded(cell)[0]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def items(cell: Cell) -> tuple[str, ...]:
    """The items of a cell that is a list, or has commas or semicolons between them."""
    if isinstance(cell, list | tuple):
        return tuple(filter(None, (plain(each).strip() for each in cell)))
    return split_list(plain(cell))


def _is_wide(text: str) -> bool:
    """Whether some surrogate stands for no byte."""
    return re.search("[\ud800-\udc7f\udd00-\udfff]", text) is not None
