"""The text files that FanFicFare writes: a title page of labels, a table of contents, chapters in wrapped Markdown.

    Title | by Author | Label: value .. | TABLE OF CONTENTS .. | <tab>Chapter | text at 78 columns .. | End file.

The work's text is the chapters, each with its heading, unwrapped and without the marks of Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tagger.readers.header import split_list
from tagger.readers.lines import has_words, is_scene_break, line_start, lines, trimmed_end, with_line_feeds
from tagger.readers.mojibake import Edit, chained, edited, place
from tagger.readers.notes import story_end, story_start
from tagger.readers.prose import read_prose, text_of
from tagger.works import Chapter, Declared, Source, Work

_HEAD = 8000  # within which the title page ends
_CONTENTS = "TABLE OF CONTENTS"
_END = "End file."
_TITLE_PAGE = re.compile(rb"\s*\S[^\r\n]*\s+by \S[^\r\n]*\s+(?=[A-Z][\w /&-]{0,30}: )")
_LABEL = re.compile(r"(?P<label>[A-Z][\w /&-]{0,30}): ?(?P<value>.*)", re.DOTALL)
# Labels that only FanFicFare writes, or seldom another.
_TELLING = (b"\nPackaged: ", b"\nStory URL: ", b"\nAuthor URL: ", b"\nPublisher: ")
_TAGS = ("Genre", "Relationships", "Ships", "Additional Tags", "Freeform Tags", "Tags")

_NARROWEST, _WIDEST = 70, 120  # columns at which lines may be wrapped
_SLACK = 3  # columns by which a mended line may differ
_NEARLY_ALL = 0.98

_LINE_MARKS = re.compile(r"[ \t]*(?:>[ \t]?)*(?:#{1,6}[ \t]+)?")
_LIST_ITEM = re.compile(r"[ \t]{2,}(?:[*+-]|\d+\.)[ \t]")
_MARK = re.compile(
    r"\\(?=[\\`*_{}\[\]()#+.!>~-])(?P<kept>.)|(?P<target>\]\([^()\s]{0,2000}\))|(?P<link>!?\[)|(?P<run>[*_]{1,3})"
)


class _Book(NamedTuple):
    """Where the chapters' headings stand, where the text ends, and the title page's labels."""

    headings: list[tuple[int, int]]
    end: int
    labels: dict[str, str]


def is_fanficfare(data: bytes) -> bool:
    r"""Whether a file begins with FanFicFare's title page.

    >>> is_fanficfare(b"\n\nTea\n\nby hesper\n\nStatus: Done\nPackaged: 2020-01-01\nPublisher: tea.example\n")
    True
    """
    head = data[:_HEAD].replace(b"\r", b"\n").removeprefix(b"\xef\xbb\xbf")
    return sum(label in head for label in _TELLING) > 1 and _TITLE_PAGE.match(head) is not None


def read_fanficfare(data: bytes, id: str) -> Work:
    """The story in a text file that FanFicFare wrote; what is laid out in another way is read as plain text.

    WorkError if there is no text in it.
    """
    mended, encoding, below, repairs = text_of(data, id)
    source = with_line_feeds(mended)
    book = _book(source)
    if not book:
        return read_prose(data, id, format="text")
    text, pieces = edited(source, _edits(source, book))
    noted = False
    chapters = []
    for (start, end), (below_start, _) in pairwise([*book.headings, (book.end, book.end)]):
        title = " ".join(source[start:end].split())
        first, last = place(pieces, end), place(pieces, below_start)
        body_start = story_start(text, first, last, hard_wrapped=False)
        body_end = story_end(text, body_start, last, hard_wrapped=False)
        noted = noted or has_words(text, first, body_start) or has_words(text, body_end, last)
        if body_start < body_end:
            chapters.append(Chapter(title, body_start, body_end))
    return Work(
        id=id,
        text=text,
        chapters=tuple(chapters) or (Chapter("", len(text), len(text)),),
        declared=_declared(book.labels),
        source=Source("fanficfare", encoding, ("header", "author's note") if noted else ("header",), repairs),
        pieces=chained(pieces, below),
    )


def _book(text: str) -> _Book | None:
    """The layout of the file, or None if it is another's."""
    rows = list(lines(text, 0, len(text)))
    if not rows:
        return None
    end = rows.pop()[0] if text[slice(*rows[-1])] == _END else len(text)
    top = next(
        (number for number, row in enumerate(rows) if text[slice(*row)] == _CONTENTS or _is_tabbed(text, row)), 0
    )
    labels = _labels(text, rows[:top])
    if not labels:
        return None
    names: set[str] = set()
    if text[slice(*rows[top])] == _CONTENTS:
        top += 1
        first = text[slice(*rows[top])] if top < len(rows) else ""
        while top < len(rows) and not (names and _is_tabbed(text, rows[top]) and text[slice(*rows[top])] == first):
            names.add(text[slice(*rows[top])])
            top += 1
    headings = [row for row in rows[top:] if _is_tabbed(text, row) and (not names or text[slice(*row)] in names)]
    headings = headings if names else headings[:1]
    return _Book([(start, _block_end(text, stop)) for start, stop in headings], end, labels) if headings else None


def _is_tabbed(text: str, row: tuple[int, int]) -> bool:
    """Whether a line is a chapter's heading: a tab at its beginning and a blank line above."""
    begin = line_start(text, row[0])
    return text[begin : row[0]] == "\t" and not text[line_start(text, max(0, begin - 1)) : begin].strip()


def _block_end(text: str, end: int) -> int:
    """Where the last line ends of those that follow each other without a blank one; a long heading is wrapped, too."""
    for row_start, row_end in lines(text, end, len(text)):
        if text.count("\n", end, row_start) > 1:
            break
        end = row_end
    return end


def _labels(text: str, rows: list[tuple[int, int]]) -> dict[str, str]:
    """The values of the title page by label, those over several lines put together."""
    values: dict[str, str] = {}
    label = ""
    for row in rows[2:]:
        line = text[slice(*row)]
        match = _LABEL.match(line)
        if match and match["label"] not in values:
            label = match["label"]
            values[label] = match["value"]
        elif label:
            values[label] += " " + line
    return values


def _declared(labels: dict[str, str]) -> Declared:
    return Declared(
        rating=labels.get("Rating") or None,
        warnings=split_list(labels.get("Warnings", "")),
        tags=tuple(tag for label in _TAGS for tag in split_list(labels.get(label, ""))),
    )


def _edits(text: str, book: _Book) -> Iterator[Edit]:
    """What makes the file into its story: the title page and the last line go, paragraphs become lines."""
    width = _width(text, book)
    yield Edit(0, book.headings[0][0])
    for (start, end), (below, _) in pairwise([*book.headings, (book.end, book.end)]):
        yield from (Edit(*gap.span(), " ") for gap in re.compile(r"\s*\n\s*").finditer(text, start, end))
        for block in _blocks(text, end, below):
            yield from _unwrapped(text, block, width)
        if below < book.end:
            yield Edit(below - 1, below)
    yield Edit(trimmed_end(text, 0, book.end), len(text))


def _blocks(text: str, start: int, end: int) -> Iterator[list[tuple[int, int]]]:
    """The lines between blank lines."""
    block: list[tuple[int, int]] = []
    for row in lines(text, start, end):
        if block and text.count("\n", block[-1][1], row[0]) > 1:
            yield block
            block = []
        block.append(row)
    if block:
        yield block


def _width(text: str, book: _Book) -> float:
    """The number of columns at which lines are wrapped; infinite if they are not."""
    rows = lines(text, book.headings[0][1], book.end)
    lengths = sorted(end - start for (start, end), _ in zip(rows, range(5000), strict=False))
    width = lengths[int(_NEARLY_ALL * len(lengths))] if lengths else 0
    return max(_NARROWEST, width) if width <= _WIDEST else float("inf")


def _unwrapped(text: str, block: list[tuple[int, int]], width: float) -> Iterator[Edit]:
    """The edits that make a paragraph of the lines of a block."""
    if len(block) == 1 and is_scene_break(text, *block[0]):
        return
    edits = []
    for number, (start, end) in enumerate(block):
        begin = line_start(text, start)
        marks = _LINE_MARKS.match(text, begin, end)
        words = marks.end() if marks else start
        if number == 0:
            edits.append(Edit(begin, words))
        elif _goes_on(text, block[number - 1], (words, end), width) and not _LIST_ITEM.match(text, begin):
            edits.append(Edit(block[number - 1][1], words, " "))
        else:
            edits.append(Edit(begin, words))
    emphasis = _marks(text, edits[0].end, block[-1][1])
    yield from sorted([*(edit for edit in edits if edit.start < edit.end), *emphasis])


def _goes_on(text: str, above: tuple[int, int], row: tuple[int, int], width: float) -> bool:
    """Whether the line above ends only since the next word had no room in it, and not in two spaces: a break."""
    start, end = above
    if text.startswith("  ", end):
        return False
    word = text[row[0] : row[1]].split(maxsplit=1)[0] if row[0] < row[1] else ""
    return end - line_start(text, start) + 1 + len(word) > width - _SLACK


def _marks(text: str, start: int, end: int) -> Iterator[Edit]:
    """The marks of emphasis and links that belong together, and the backslashes of those that are none."""
    opened: list[re.Match[str]] = []
    for match in _MARK.finditer(text, start, end):
        if match["kept"]:
            yield Edit(match.start(), match.start() + 1)
        elif match["link"] or (match["run"] and _opens(text, match)):
            opened.append(match)
        elif opened and _closes(text, opened[-1], match):
            yield Edit(*opened.pop().span())
            yield Edit(*match.span())


def _opens(text: str, run: re.Match[str]) -> bool:
    before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
    return not (before.isalnum() or before in tuple("*_")) and bool(after.strip())


def _closes(text: str, opened: re.Match[str], match: re.Match[str]) -> bool:
    if match["target"]:
        return bool(opened["link"])
    before, after = text[match.start() - 1], text[match.end() : match.end() + 1]
    return opened[0] == match[0][::-1] and not before.isspace() and not after.isalnum()
