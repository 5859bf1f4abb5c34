"""HTML to text: the paragraphs as a reader of the page sees them, and where each stands in the source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tagger.readers.lines import LONGEST_SCENE_BREAK, is_scene_break, with_line_feeds
from tagger.readers.pieces import MOST_PIECES, add, cut, refuse_beyond
from tagger.readers.prose import holds_text
from tagger.readers.tokens import Reference, Tag, Text, attributes_of, references, tokenize
from tagger.works import Piece

SCENE_BREAK = "* * *"
PARAGRAPH_BREAK = "\n\n"
LINE_BREAK = "\n"
MOST_ELEMENTS = 300_000  # to keep memory flat: the longest works have a few thousand

HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_BLOCKS = HEADINGS | {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir"),
    *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "legend", "li", "main"),
    *("menu", "nav", "ol", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    "ul",
}
_UNSEEN = {
    *("audio", "button", "canvas", "datalist", "iframe", "noscript", "object", "script", "select", "style", "svg"),
    *("template", "textarea", "title", "video"),
}
# Headings that the Archive of Our Own writes for screen readers or for a table of contents, and its style hides.
_UNSEEN_HEADINGS = ("landmark", "toc-heading")
# Which open elements end where a block begins: those whose end tags may be left out.
_ENDS = {
    "li": {"li"},
    **{name: {"dt", "dd"} for name in ("dt", "dd")},
    **{name: {"td", "th"} for name in ("td", "th")},
    "tr": {"td", "th", "tr"},
}

_SPACES = " \t\r\n\f"
_WORDS = re.compile(rf"[^{_SPACES}]++(?:[{_SPACES}][^{_SPACES}]++)*+")
_AS_SPACE = str.maketrans(dict.fromkeys(_SPACES, " "))
# A page without any of these was written as plain text is: its line breaks are meant.
_ANY_BREAK = re.compile(r"<(?:br|p|div|li|td|pre|blockquote|h[1-6])(?=[\s/>])", re.IGNORECASE)


class Element(NamedTuple):
    """A block of a page that is more than a paragraph, or an anchor. Its text is `text[start:end]` of the document.
    `number` is its place among the document's elements, `parent` that of the element around it.
    """

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    number: int
    parent: int


@dataclass(frozen=True, slots=True)
class Document:
    """A page: paragraphs parted by a blank line, lines by a line feed, scenes by `* * *`. The first of the elements, in
    the order in which they begin, is the page itself.
    """

    text: str
    pieces: tuple[Piece, ...]
    elements: tuple[Element, ...]
    repairs: tuple[str, ...] = ()

    def within(self, element: Element) -> Iterator[Element]:
        """The elements inside an element, in order."""
        for index in range(element.number + 1, len(self.elements)):
            if self.elements[index].parent < element.number:
                return
            yield self.elements[index]

    def children(self, element: Element) -> Iterator[Element]:
        """The elements directly inside an element."""
        return (each for each in self.within(element) if each.parent == element.number)

    def by_id(self, id: str) -> Element | None:
        """The first element of that id."""
        return next((each for each in self.elements if each.attributes.get("id") == id), None)

    def text_of(self, element: Element) -> str:
        """An element's text without white space around it."""
        return self.text[element.start : element.end].strip()


def has_class(element: Element, *names: str) -> bool:
    """Whether an element is of one of these classes; a number that a converter appended does not count."""
    written = element.attributes.get("class")
    return written is not None and any(each.rstrip("0123456789") in names for each in written.split())


def parse(
    source: str,
    part: str = "",
    *,
    id: str = "the page",
    most_elements: int = MOST_ELEMENTS,
    most_pieces: int = MOST_PIECES,
) -> Document:
    r"""The page in `source`, which is the member `part` of an archive or the whole file `id`.

    Nothing stands between two words that does not part them in the source, and inline tags part nothing. Of more
    elements than `most_elements`, the text alone is kept. WorkError if it falls into more than `most_pieces`.

    >>> parse("<p>C<b>ontinued</b> R&amp;R<br><br>***<p>&nbsp;<p>Noon.").text
    'Continued R&R\n\n* * *\n\nNoon.'
    """
    source = with_line_feeds(source)
    lines = _Lines(part, id, most_pieces)
    page = _Page(source, lines, most_elements, preformatted=_ANY_BREAK.search(source) is None)
    for token in tokenize(source):
        if isinstance(token, Text):
            page.add_text(token)
        else:
            page.add_tag(token)
    return page.finished()


class _Open:
    """An element whose end is yet to come."""

    __slots__ = ("attributes", "end", "name", "parent", "start")

    def __init__(self, name: str, attributes: dict[str, str], start: int, parent: int) -> None:
        self.name, self.attributes, self.start, self.parent = name, attributes, start, parent
        self.end = start


class _Page:
    """A document in the making: which elements are open, and what of the source is text."""

    def __init__(self, source: str, lines: _Lines, most_elements: int, *, preformatted: bool) -> None:
        self._source = source
        self._lines = lines
        self._most_elements = most_elements
        self._elements = [_Open("", {}, 0, -1)]
        self._open = [0]
        self._counts: Counter[str] = Counter({"pre": int(preformatted)})
        self._unseen: set[int] = set()
        self._twice = 0

    def finished(self) -> Document:
        while self._open:
            self._close_last()
        elements = tuple(
            Element(each.name, each.attributes, each.start, each.end, index, each.parent)
            for index, each in enumerate(self._elements)
        )
        repairs = (f"{self._twice:,} characters escaped twice decoded",) if self._twice else ()
        return Document("".join(self._lines.chunks), tuple(self._lines.pieces), elements, repairs)

    def add_tag(self, tag: Tag) -> None:
        name = tag.name
        if name == "br":
            self._end_line(LINE_BREAK)
        elif name == "p":
            self._end_line(PARAGRAPH_BREAK)
        elif name == "hr":
            self._end_line(PARAGRAPH_BREAK)
            if not self._unseen:
                self._lines.scene_break()
        elif name in _BLOCKS or name in _UNSEEN:
            if name in _BLOCKS:
                self._end_line(PARAGRAPH_BREAK)
            if tag.opens and len(self._elements) < self._most_elements:
                self._start(tag)
            if tag.closes and self._counts[name] > 0:
                self._close(name)
        elif name == "a" and tag.opens and tag.attributes:
            attributes = attributes_of(tag.attributes)
            if "name" in attributes or "id" in attributes:
                self._elements.append(_Open("a", attributes, self._lines.length, self._open[-1]))

    def add_text(self, text: Text) -> None:
        if self._unseen:
            return
        at = text.start
        for found in () if text.literal else references(self._source, text.start, text.end):
            self._words(at, found.start)
            self._add_reference(found)
            at = found.end
        self._words(at, text.end)

    def _add_reference(self, found: Reference) -> None:
        self._twice += found.twice
        width = found.end - found.start
        if found.text and found.text in _SPACES:
            self._lines.space(found.start, width)
        elif found.text:
            self._lines.add(found.text, found.start, width)

    def _words(self, start: int, end: int) -> None:
        """Text without references in it; a line break in the source is a space, or itself in a `pre`."""
        while self._counts["pre"] and (stop := self._source.find("\n", start, end)) >= 0:
            self._words_of_line(start, stop)
            self._end_line(LINE_BREAK)
            start = stop + 1
        self._words_of_line(start, end)

    def _words_of_line(self, start: int, end: int) -> None:
        for words in _WORDS.finditer(self._source, start, end):
            if words.start() > start:
                self._lines.space(start, words.start() - start)
            self._lines.add(words[0].translate(_AS_SPACE), words.start(), len(words[0]))
            start = words.end()
        if start < end:
            self._lines.space(start, end - start)

    def _end_line(self, gap: str) -> None:
        if not self._unseen:
            self._lines.end(gap)

    def _start(self, tag: Tag) -> None:
        if tag.name in _BLOCKS:
            self._end_open(_ENDS.get(tag.name, ()))
        attributes = attributes_of(tag.attributes) if tag.attributes else {}
        index = len(self._elements)
        element = _Open(tag.name, attributes, self._lines.length, self._open[-1])
        self._elements.append(element)
        self._open.append(index)
        self._counts[tag.name] += 1
        if tag.name in _UNSEEN or (tag.name in HEADINGS and has_class(self._view(element), *_UNSEEN_HEADINGS)):
            self._unseen.add(index)

    def _end_open(self, names: Collection[str]) -> None:
        """Close the innermost elements as long as their name is one of these."""
        while self._elements[self._open[-1]].name in names:
            self._close_last()

    @staticmethod
    def _view(element: _Open) -> Element:
        return Element(element.name, element.attributes, element.start, element.end, 0, 0)

    def _close(self, name: str) -> None:
        """Close the innermost element of that name, and what was left open inside it."""
        while self._elements[self._open[-1]].name not in {name, ""}:
            self._close_last()
        if len(self._open) > 1:
            self._close_last()

    def _close_last(self) -> None:
        index = self._open.pop()
        element = self._elements[index]
        if not element.name or element.name in _BLOCKS:
            self._end_line(PARAGRAPH_BREAK)
        element.end = self._lines.length
        self._counts[element.name] -= 1
        self._unseen.discard(index)


class _Lines:
    """Text in the making, line by line."""

    def __init__(self, part: str, id: str, most_pieces: int) -> None:
        self.chunks: list[str] = []
        self.pieces: list[Piece] = []
        self.length = 0
        self._part = part
        self._id = id
        self._most_pieces = most_pieces
        self._gap = ""  # what goes between the text so far and the next line
        self._broken = False  # whether the text so far ends in a scene break
        self._line: list[str] = []
        self._line_pieces: list[Piece] = []
        self._line_length = 0
        self._space: tuple[int, int] | None = None  # where white space stood after the line so far

    def add(self, text: str, source: int, width: int) -> None:
        """Text that stands at `source[source:source + width]`; at the start of a line, white space is left out."""
        if not self._line:
            visible = text.lstrip()
            indent = len(text) - len(visible)
            if not visible:
                return
            text, source, width = visible, source + indent, width - indent
        elif self._space:
            self._append(" ", *self._space)
        self._space = None
        self._append(text, source, width)

    def space(self, source: int, width: int) -> None:
        """White space, which parts what stands before it from what follows, if anything does."""
        self._space = self._space or (source, width)

    def end(self, gap: str) -> None:
        """End the line; `gap` parts it from the next one. A line that shows nothing parts paragraphs."""
        line = "".join(self._line).rstrip()
        if not holds_text(line):
            self._gap = PARAGRAPH_BREAK if gap == PARAGRAPH_BREAK or self._gap else ""
        elif len(line) <= LONGEST_SCENE_BREAK and is_scene_break(line, 0, len(line)):
            self.scene_break()
        else:
            self._write_with_pieces(line)
            self._broken, self._gap = False, gap
        self._line, self._line_pieces, self._line_length, self._space = [], [], 0, None

    def scene_break(self) -> None:
        """A scene break; several in a row are one."""
        if not self._broken:
            self._gap = PARAGRAPH_BREAK
            self._write(SCENE_BREAK)
        self._broken, self._gap = True, PARAGRAPH_BREAK

    def _write_with_pieces(self, line: str) -> None:
        self._write(line)
        start = self.length - len(line)
        for each in self._line_pieces:
            kept = min(each.length, len(line) - each.start)
            if kept > 0:
                self.pieces.append(cut(each, kept)._replace(start=start + each.start))

    def _write(self, line: str) -> None:
        if self.length:
            self.chunks.append(self._gap)
            self.length += len(self._gap)
        self.chunks.append(line)
        self.length += len(line)

    def _append(self, text: str, source: int, width: int) -> None:
        """Go on with the line. WorkError if the page has too many pieces."""
        add(self._line_pieces, Piece(self._line_length, len(text), source, width, self._part))
        refuse_beyond(self._most_pieces, len(self.pieces) + len(self._line_pieces), self._id)
        self._line.append(text)
        self._line_length += len(text)
