"""Stretches of pages to a work: what is common to stories in HTML and in EPUB."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tagger.errors import WorkError
from tagger.readers.headings import Heading, may_be_title
from tagger.readers.lines import lines
from tagger.readers.manuscript import work_of
from tagger.readers.markup import PARAGRAPH_BREAK, SCENE_BREAK, Document, Element
from tagger.works import NOTHING_DECLARED, Chapter, Declared, Piece, Source, Work

_TITLE_LINES = 3
_CONTENTS = {"contents", "table of contents"}


class Block(NamedTuple):
    """`text[start:end]` of a document, to stand in the work. With a title it begins a chapter and is its heading."""

    document: Document
    start: int
    end: int
    title: str | None = None


class Story(NamedTuple):
    """What a layout finds on the pages it knows. `front_matter` says that the blocks may hold title pages and tables of
    contents, which are then left out.
    """

    blocks: Sequence[Block]
    declared: Declared = NOTHING_DECLARED
    ignored: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    front_matter: bool = False


def heading(document: Document, element: Element) -> Block:
    """The block that an element is as a heading."""
    title = " ".join(document.text_of(element).split())
    return Block(document, element.start, element.end, "" if title == SCENE_BREAK else title)


def compose(story: Story, id: str, source: Source) -> Work:
    """The work that a story's blocks make, parted by blank lines. WorkError if there is no story in them."""
    text, pieces, headings = _join(story.blocks)
    work = work_of(text, pieces, headings, id, source)
    chapters = [chapter for chapter in work.chapters if chapter.start < chapter.end]
    ignored = [*story.ignored, *work.source.ignored]
    if story.front_matter:
        every, chapters = chapters, _without_front_matter(work.text, chapters)
        ignored = ["header", *ignored] if chapters != every else ignored
    if not chapters:
        raise WorkError(f"{id}: holds no story; name a file that has its chapters in it")
    header, page = work.declared, story.declared
    return work._replace(
        chapters=tuple(chapters),
        declared=Declared(page.rating or header.rating, page.warnings or header.warnings, page.tags or header.tags),
        source=work.source._replace(
            ignored=_distinct(ignored),
            repairs=_distinct([*work.source.repairs, *story.repairs]),
        ),
    )


def _join(blocks: Iterable[Block]) -> tuple[str, list[Piece], list[Heading]]:
    """The blocks' text, where it came from, and which of it is a heading."""
    chunks: list[str] = []
    pieces: list[Piece] = []
    headings: list[Heading] = []
    length = 0
    for document, begin, end, title in blocks:
        written = document.text[begin:end].strip("\n")
        if written and chunks:
            chunks.append(PARAGRAPH_BREAK)
            length += len(PARAGRAPH_BREAK)
        if title is not None:
            headings.append(Heading(length, length + len(written), title))
        if written:
            start = document.text.index(written, begin)
            pieces += _shifted(document.pieces, start, start + len(written), length - start)
            chunks.append(written if title is None else written.replace("\n", " "))
            length += len(written)
    return "".join(chunks), pieces, headings


def _shifted(pieces: Sequence[Piece], start: int, end: int, by: int) -> Iterator[Piece]:
    """The pieces of `[start:end]`, which no piece crosses, moved."""
    first, stop = (bisect_left(pieces, edge, key=lambda piece: piece.start) for edge in (start, end))
    return (piece._replace(start=piece.start + by) for piece in pieces[first:stop])


def _without_front_matter(text: str, chapters: Sequence[Chapter]) -> list[Chapter]:
    """The chapters that are no table of contents and, before the first of the story, no title page."""
    kept: list[Chapter] = []
    for number, chapter in enumerate(chapters, start=1):
        titled = not kept and number < len(chapters) and _is_title_page(text, chapter)
        if not titled and chapter.title.lower() not in _CONTENTS:
            kept.append(chapter)
    return kept


def _is_title_page(text: str, chapter: Chapter) -> bool:
    rows = list(islice(lines(text, chapter.start, chapter.end), _TITLE_LINES + 1))
    return len(rows) <= _TITLE_LINES and all(may_be_title(text, *row) for row in rows)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
