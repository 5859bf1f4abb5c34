"""What the layout of plain prose tells: header, author's notes, chapters, and whether lines are wrapped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice, pairwise
from operator import attrgetter
from typing import NamedTuple

from tagger.readers.header import Header, find_headers
from tagger.readers.headings import Heading, headings, may_be_title
from tagger.readers.lines import has_words, lines, with_line_feeds
from tagger.readers.notes import is_note, story_end, story_start
from tagger.works import NOTHING_DECLARED, Chapter, Declared

_TITLE_LINES = 3
_SAMPLE_LINES = 200
_SAMPLE_CHARS = 20_000
_FIRST_GLANCE_CHARS = 1000
_FULL_FROM, _FULL_TO, _LONG = 50, 90, 100
_FEWEST_INNER = 3
_NEARLY_ALL, _FEW = 0.8, 0.05

_START = attrgetter("start")
_IGNORED = {
    (False, False): (),
    (True, False): ("header",),
    (False, True): ("author's note",),
    (True, True): ("header", "author's note"),
}


class Layout(NamedTuple):
    """`chapters` are the bodies, without headings and notes; a single empty one if there is no story.

    `ignored` names what is in no chapter: "header", "author's note". For `hard_wrapped` see `Work`.
    """

    chapters: tuple[Chapter, ...]
    declared: Declared
    ignored: tuple[str, ...]
    hard_wrapped: bool


def lay_out(text: str, *, markdown: bool = False) -> Layout:
    r"""The parts of a story, told from its layout alone.

    >>> lay_out("Title: Tea\nRating: G\n\nChapter 1\n\nShe put the kettle on.\n\nA/N: thanks!").chapters
    (Chapter(title='Chapter 1', start=33, end=55),)
    """
    text = with_line_feeds(text)
    headers = find_headers(text)
    hard_wrapped = _is_hard_wrapped(text, headers[0].end if headers else 0)
    chapters = []
    noted = titled = False
    title = ""
    for title, start, end in _parts(text, headers, markdown=markdown, hard_wrapped=hard_wrapped):
        body_start = story_start(text, start, end, hard_wrapped=hard_wrapped)
        body_end = story_end(text, body_start, end, hard_wrapped=hard_wrapped)
        noted = noted or has_words(text, start, body_start) or has_words(text, body_end, end)
        if not title and end < len(text) and _is_title_page(text, body_start, body_end):
            titled = True
        elif body_start < body_end:
            chapters.append(Chapter(title, body_start, body_end))
    return Layout(
        chapters=tuple(chapters) or (Chapter(title, len(text), len(text)),),
        declared=headers[0].declared if headers else NOTHING_DECLARED,
        ignored=_IGNORED[titled or bool(headers), noted],
        hard_wrapped=hard_wrapped,
    )


def _parts(
    text: str, headers: tuple[Header, ...], *, markdown: bool, hard_wrapped: bool
) -> Iterator[tuple[str, int, int]]:
    """The title, start and end of what stands between headings and headers."""
    found = [
        heading
        for heading in headings(text, markdown=markdown, hard_wrapped=hard_wrapped)
        if not _in_any(headers, heading.start) and not is_note(heading.title)
    ]
    marks = _with_headers(text, found, headers) if headers else [Heading(0, 0, ""), *found]
    for mark, below in pairwise([*marks, Heading(len(text), len(text), "")]):
        yield mark.title, mark.end, below.start


def _in_any(headers: tuple[Header, ...], offset: int) -> bool:
    number = bisect_right(headers, offset, key=_START) - 1
    return number >= 0 and offset < headers[number].end


def _with_headers(text: str, found: list[Heading], headers: tuple[Header, ...]) -> list[Heading]:
    """Headings and headers in order. The first header, or one that follows a heading, joins what stands above it; any
    other is a heading itself. Where there are several, the titles they give are those of parts.
    """
    marks = [Heading(0, 0, ""), *found]
    for header in headers:
        title = header.title if len(headers) > 1 else ""
        number = bisect_right(marks, header.start, key=_START)
        above = marks[number - 1]
        if header is headers[0] or not text[above.end : header.start].strip():
            marks[number - 1] = Heading(above.start, header.end, above.title or title)
        else:
            marks.insert(number, Heading(header.start, header.end, title))
    return marks


def _is_title_page(text: str, start: int, end: int) -> bool:
    """Whether all that stands above the first heading is a title, a subtitle and whose they are."""
    rows = list(islice(lines(text, start, end), _TITLE_LINES + 1))
    return 0 < len(rows) <= _TITLE_LINES and all(may_be_title(text, *row) for row in rows)


def _is_hard_wrapped(text: str, start: int) -> bool:
    """Whether lines that another line of the same block follows are nearly all full, and few are long."""
    if _has_long_lines(text, start, min(len(text), start + _FIRST_GLANCE_CHARS)):
        return False
    rows = [row.strip() for row in text[start : start + _SAMPLE_CHARS].splitlines()[:_SAMPLE_LINES]]
    inner = [len(row) for row, below in pairwise(rows) if row and below]
    full = sum(_FULL_FROM <= length <= _FULL_TO for length in inner)
    long = sum(len(row) > _LONG for row in rows)
    return "" in rows and len(inner) >= _FEWEST_INNER and full >= _NEARLY_ALL * len(inner) and long <= _FEW * len(rows)


def _has_long_lines(text: str, start: int, end: int) -> bool:
    """Whether more than one line is long: a glance that spares most stories a closer look."""
    long = 0
    while start < end and long < 2:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        long += stop - start > _LONG
        start = stop + 1
    return long > 1
