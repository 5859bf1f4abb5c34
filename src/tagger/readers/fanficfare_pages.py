"""FanFicFare's HTML and EPUB files: a title page of labels and values, a table of contents, chapters, an update log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tagger.readers.blocks import Block, Story, heading
from tagger.readers.frontpage import declare
from tagger.readers.markup import Document, Element, has_class

_SECTION = re.compile(r"section\d{4,}")
_NOTES = ("fff_chapter_notes", "fff_head_notes", "fff_foot_notes", "fff_chapter_summary")


def find_story(documents: Sequence[Document]) -> Story | None:
    """The story on these pages; None if FanFicFare did not write them."""
    blocks = [block for document in documents for block in _blocks(document)]
    if not blocks:
        return None
    fields = [field for document in documents for field in _fields(document)]
    ignored = [
        *(["header"] if fields else []),
        *(["author's note"] if any(has_class(each, *_NOTES) for page in documents for each in page.elements) else []),
        *(["update log"] if any(_body(page, "fff_logpage") for page in documents) else []),
    ]
    return Story(blocks, declare(fields, category=False), tuple(ignored))


def _body(document: Document, name: str) -> Element | None:
    return next((each for each in document.elements if each.name == "body" and has_class(each, name)), None)


def _fields(document: Document) -> Iterator[tuple[str, str]]:
    """The labels of the title page: lines of an EPUB's, rows of a table otherwise."""
    title_page = _body(document, "fff_titlepage")
    if title_page:
        for line in document.text_of(title_page).split("\n"):
            label, colon, value = line.partition(":")
            if colon:
                yield label, value
    for table in (each for each in document.elements if each.name == "table" and has_class(each, "full")):
        cells = [document.text_of(each) for each in document.within(table) if each.name == "td"]
        yield from zip(cells[::2], cells[1::2], strict=False)


def _blocks(document: Document) -> Iterator[Block]:
    chapter = _body(document, "fff_chapter")
    if chapter:
        titles = [each for each in document.within(chapter) if has_class(each, "fff_chapter_title")]
        yield from _between(document, titles[:1], chapter.end) if titles else [Block(document, 0, chapter.end, "")]
    elif any(each.name == "table" and has_class(each, "full") for each in document.elements):
        yield from _between(document, list(_section_titles(document)), len(document.text))


def _section_titles(document: Document) -> Iterator[Element]:
    """The headings right behind an anchor named `section0001` and so on."""
    for anchor in document.elements:
        if anchor.name == "a" and _SECTION.fullmatch(anchor.attributes.get("name", "")):
            below = document.elements[anchor.number + 1 : anchor.number + 2]
            yield from (each for each in below if each.name == "h2")


def _between(document: Document, titles: Sequence[Element], end: int) -> Iterator[Block]:
    """Each title, and what stands below it without notes."""
    for title, below in zip_longest(titles, titles[1:]):
        stop = below.start if below else end
        yield heading(document, title)
        at = title.end
        for note in document.elements:
            if has_class(note, *_NOTES) and at <= note.start and note.end <= stop:
                yield Block(document, at, note.start)
                at = note.end
        yield Block(document, at, stop)
