"""Work, Chapter, Passage: text with its place in the work. Declared: what the author said.

Every `start` and `end` is an offset in Unicode code points into `Work.text`, the text as it was decoded, with
nothing added or taken away; `text[start:end]` is the thing itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Declared:
    """What the author's header says, word for word; empty where it says nothing."""

    rating: str | None = None
    warnings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
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


@dataclass(frozen=True, slots=True)
class Work:
    """A story of any length. `chapters` are in order and do not overlap; `hard_wrapped` says that single line
    breaks inside a paragraph are only the end of a line, so that blank lines alone part paragraphs.
    """

    id: str
    text: str
    chapters: tuple[Chapter, ...]
    declared: Declared = NOTHING_DECLARED
    source: Source = PLAIN
    hard_wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A work that could not be read: its id and one line that says why. It takes a Work's place in the stream."""

    id: str
    error: str


@dataclass(frozen=True, slots=True)
class LabelledWork:
    """A work and what people say of it. A label in neither set is absent, unless `partial` says that silence
    means nothing (then it is unknown). `group` keeps kindred works on one side of every split. `weight`, above 0, is
    how much the work counts in training beside others.
    """

    work: Work
    present: frozenset[str]
    unknown: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    partial: bool = False
    group: str = ""
    weight: float = 1.0
    place: str = field(default="", compare=False)
