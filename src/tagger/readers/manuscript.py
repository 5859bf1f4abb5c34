"""A word processor's document, put together paragraph by paragraph: what DOCX and RTF have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tagger.errors import WorkError
from tagger.readers.headings import Heading, may_be_title
from tagger.readers.layout import Layout, lay_out
from tagger.readers.lines import lines
from tagger.readers.notes import is_note
from tagger.readers.pieces import MOST_PIECES, add, refuse_beyond
from tagger.readers.prose import holds_text, mended
from tagger.works import NOTHING_DECLARED, Chapter, Piece, Source, Work

SCENE_BREAK = "* * *"
_HEADING = re.compile(r"heading ?[1-9]", re.IGNORECASE)
_CONTENTS = re.compile(r"toc ?(?:[1-9]|heading)|contents (?:[1-9]|heading)", re.IGNORECASE)
_TITLE_LINES = 3
_NOWHERE = -1


def role_of(style: str) -> str:
    """What the name of a style says that its paragraphs are: "heading", "title" (of the whole), "contents" or "".

    >>> [role_of(name) for name in ("heading 1", "Heading2", "Title", "toc 1", "Body Text")]
    ['heading', 'heading', 'title', 'contents', '']
    """
    if _HEADING.fullmatch(style):
        return "heading"
    if _CONTENTS.fullmatch(style):
        return "contents"
    return "title" if style.lower() in {"title", "subtitle"} else ""


class Manuscript:
    """Text as it is written, with where it comes from; paragraphs are parted by a blank line.

    `part` is the file within the file `id` that offsets into the source point into, or "".
    """

    def __init__(self, id: str, part: str = "") -> None:
        self._id = id
        self._part = part
        self._paragraph: list[tuple[str, int, int]] = []
        self._texts: list[str] = []
        self._length = 0
        self._pieces: list[Piece] = []
        self._headings: list[Heading] = []

    def write(self, text: str, source: int, width: int) -> None:
        """Add what stands at `source[source:source + width]` to the paragraph. WorkError if that is absurdly often."""
        if text:
            self._paragraph.append((text, source, width))
            refuse_beyond(MOST_PIECES, len(self._pieces) + len(self._paragraph), self._id)

    def extend(self, end: int) -> None:
        """What was written last goes on to `end` in the source."""
        if self._paragraph:
            text, source, _ = self._paragraph[-1]
            self._paragraph[-1] = (text, source, end - source if source != _NOWHERE else 0)

    def insert(self, text: str) -> None:
        """Add what the source says in other ways than by characters, as a line break is."""
        self._paragraph.append((text, _NOWHERE, 0))

    def end_paragraph(self, role: str = "") -> None:
        """End the paragraph, whose role is one of `role_of`'s. A blank one and the contents leave no trace."""
        if role != "contents" and any(not text.isspace() for text, _, _ in self._paragraph):
            if self._length:
                self._append("\n\n", _NOWHERE, 0)
            start, first = self._length, len(self._texts)
            for fragment in self._paragraph:
                self._append(*fragment)
            if role:
                words = "".join(self._texts[first:]).split() if role == "heading" else []
                self._headings.append(Heading(start, self._length, " ".join(words)))
        self._paragraph.clear()

    def scene_break(self) -> None:
        """End the paragraph and set a scene break below it."""
        self.end_paragraph()
        self.insert(SCENE_BREAK)
        self.end_paragraph()

    def work(self, source: Source) -> Work:
        """The work that was written; `source` goes on with what the layout shows. WorkError if there is no text."""
        self.end_paragraph()
        return work_of("".join(self._texts), self._pieces, self._headings, self._id, source)

    def _append(self, text: str, source: int, width: int) -> None:
        if source != _NOWHERE:
            add(self._pieces, Piece(self._length, len(text), source, width, self._part))
        self._texts.append(text)
        self._length += len(text)


def work_of(text: str, pieces: Sequence[Piece], headings: Sequence[Heading], id: str, source: Source) -> Work:
    """The work whose text, mended where it is mangled, has these headings; `source` goes on with what was mended and
    what the layout shows. WorkError if there is no text.
    """
    text, moved, repairs = mended(text)
    if moved:
        from tagger.readers.mojibake import chained, place

        pieces = chained(moved, pieces)
        headings = [Heading(place(moved, each.start), place(moved, each.end), each.title) for each in headings]
    if not holds_text(text):
        raise WorkError(f"{id}: holds no text")
    layout = _lay_out(text, [heading for heading in headings if not is_note(heading.title)])
    return Work(
        id=id,
        text=text,
        chapters=layout.chapters,
        declared=layout.declared,
        source=source._replace(ignored=layout.ignored + source.ignored, repairs=source.repairs + repairs),
        hard_wrapped=layout.hard_wrapped,
        pieces=tuple(pieces),
    )


def _lay_out(text: str, headings: Sequence[Heading]) -> Layout:
    """The layout of a text some of whose headings are known: what stands between two is laid out by itself."""
    chapters: list[Chapter] = []
    layouts: list[Layout] = []
    titled = False
    for heading, below in pairwise([Heading(0, 0, ""), *headings, Heading(len(text), len(text), "")]):
        section = text[heading.end : below.start]
        if not heading.title and below.start < len(text) and _is_title_page(section):
            titled = True
            continue
        layout = lay_out(section)
        layouts.append(layout)
        chapters += [
            Chapter(title or heading.title, heading.end + start, heading.end + end)
            for title, start, end in layout.chapters
            if start < end
        ]
    ignored = {name for layout in layouts for name in layout.ignored} | ({"header"} if titled else set())
    return Layout(
        chapters=tuple(chapters) or (Chapter("", len(text), len(text)),),
        declared=next((each.declared for each in layouts if each.declared != NOTHING_DECLARED), NOTHING_DECLARED),
        ignored=tuple(sorted(ignored, reverse=True)),
        hard_wrapped=any(layout.hard_wrapped for layout in layouts),
    )


def _is_title_page(section: str) -> bool:
    """Whether a section is a title, a subtitle and whose they are."""
    rows = list(lines(section, 0, len(section)))
    return 0 < len(rows) <= _TITLE_LINES and all(may_be_title(section, *row) for row in rows)
