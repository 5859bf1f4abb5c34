"""Work, Chapter, Passage: text with its place in the work. Declared: what the author said.

Every `start` and `end` is an offset in Unicode code points into `Work.text`; `text[start:end]` is the thing itself. The
text of a plain file is the file as it was decoded, with nothing added or taken away; where the text of any other file
stands in it, `locate` says.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from hashlib import sha256
from typing import NamedTuple


class Passage(NamedTuple):
    """A stretch of about 150-300 words that crosses neither a chapter nor a scene break.

    `chapter` and `paragraph` count from 1; `paragraph` is the first one of the passage within its chapter.
    """

    chapter: int
    paragraph: int
    start: int
    end: int


class Chapter(NamedTuple):
    """A chapter's body, heading and notes left out. `title` is the heading as it stands, or ''."""

    title: str
    start: int
    end: int


class Declared(NamedTuple):
    """What the author's header says, word for word; empty where it says nothing."""

    rating: str | None = None
    warnings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Source(NamedTuple):
    """How the work was read.

    `ignored` names what was left out of the story ("header", "author's note"); `repairs` says in words what was
    mended on the way in, for instance "3 bytes that are not UTF-8 read as cp1252".
    """

    format: str = "text"
    encoding: str = "utf-8"
    ignored: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()


NOTHING_DECLARED = Declared()
PLAIN = Source()


class Piece(NamedTuple):
    """A stretch of a work's text and where it comes from: `text[start:start + length]` stands at
    `[source:source + width]` of the decoded file, or of `part`, a file within it. The lengths differ where a character
    is written as several (`&amp;`); where one is a multiple of the other, every character takes as many.
    """

    start: int
    length: int
    source: int
    width: int
    part: str = ""


class Work(NamedTuple):
    """A story of any length. `chapters` are in order and do not overlap; `hard_wrapped` says that single line
    breaks inside a paragraph are only the end of a line, so that blank lines alone part paragraphs. `pieces`, in
    order, say where the text stands in a file that is more than its text; without any it is the file's text. `trust` is
    what an archive's record says of its author ("new", "trusted"), in the archive's words.
    """

    id: str
    text: str
    chapters: tuple[Chapter, ...]
    declared: Declared = NOTHING_DECLARED
    source: Source = PLAIN
    hard_wrapped: bool = False
    pieces: tuple[Piece, ...] = ()
    trust: str | None = None


def text_digest(text: str) -> str:
    """The sha256 of a text in UTF-8, in hex: what a decision remembers of it.

    >>> text_digest("Tea.")[:8]
    'c6ff7256'
    """
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Place(NamedTuple):
    """`[start:end]` of the decoded file or, where `part` is not "", of that file within it."""

    part: str
    start: int
    end: int


def locate(work: Work, start: int, end: int) -> Place:
    """Where `text[start:end]` stands in the source; of a stretch that goes on in another part, its beginning.

    >>> work = Work("tea.html", "R&R", (), pieces=(Piece(0, 1, 3, 1), Piece(1, 1, 4, 5), Piece(2, 1, 9, 1)))
    >>> locate(work, 1, 3)
    Place(part='', start=4, end=10)
    """
    pieces = work.pieces
    if not pieces:
        return Place("", start, end)
    first = min(bisect_right(pieces, start, key=_end), len(pieces) - 1)
    last = bisect_left(pieces, end, key=_start) - 1
    while last > first and pieces[last].part != pieces[first].part:
        last -= 1
    begin = _source(pieces[first], start, before=True)
    return Place(pieces[first].part, begin, _source(pieces[last], end, before=False) if last >= first else begin)


def _start(piece: Piece) -> int:
    return piece.start


def _end(piece: Piece) -> int:
    return piece.start + piece.length


def _source(piece: Piece, at: int, *, before: bool) -> int:
    """Where in the source an offset stands; in the midst of what cannot be parted, the edge `before` it or after."""
    inside = min(max(at - piece.start, 0), piece.length)
    if piece.width % piece.length and 0 < inside < piece.length:
        inside = 0 if before else piece.length
    return piece.source + inside * piece.width // piece.length


class Failure(NamedTuple):
    """A work that could not be read: its id and one line that says why. It takes a Work's place in the stream."""

    id: str
    error: str


class Scene(NamedTuple):
    """Where in a work a label shows: `text[start:end]`."""

    label: str
    start: int
    end: int


class LabelledWork(NamedTuple):
    """A work and what people say of it. A label in neither set is absent, unless `partial` says that silence
    means nothing (then it is unknown). `group` keeps kindred works on one side of every split. `weight`, above 0, is
    how much the work counts in training beside others. A present label that has any of the `scenes` shows there and
    nowhere else.
    """

    work: Work
    present: frozenset[str]
    unknown: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    partial: bool = False
    group: str = ""
    weight: float = 1.0
    place: str = ""
    scenes: tuple[Scene, ...] = ()
