"""segment(): a work to passages of about 150-300 words that cross neither a chapter nor a scene break."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagger.readers.lines import is_scene_break, lines, with_line_feeds
from tagger.works import Chapter, Passage, Work

# Characters, not words, so that nothing needs counting: an English word and the space after it take five and a half.
MIN_CHARS = 800
MAX_CHARS = 1600

_SENTENCE_END = re.compile(r"""[.!?…]+["'”’»)\]*_]*(?=\s)""")
_WORD_END = re.compile(r"\S(?=\s)")


def segment(work: Work) -> list[Passage]:
    r"""The passages of a work, in order.

    Paragraphs are put together until they have MIN_CHARS; none has more than MAX_CHARS, for which a longer paragraph
    is cut at the ends of sentences. A line break inside a paragraph counts as one character, between two as none.

    >>> segment(Work("tea", "Tea?\n\n***\n\nYes, tea.", (Chapter("", 0, 20),)))
    [Passage(chapter=1, paragraph=1, start=0, end=4), Passage(chapter=1, paragraph=2, start=11, end=20)]
    """
    text = with_line_feeds(work.text)
    return [
        passage
        for number, chapter in enumerate(work.chapters, start=1)
        for passage in _segment_chapter(text, number, chapter, hard_wrapped=work.hard_wrapped)
    ]


def _segment_chapter(text: str, number: int, chapter: Chapter, *, hard_wrapped: bool) -> list[Passage]:
    filler = _Filler(number)
    rows = lines(text, chapter.start, chapter.end)
    paragraph = 0
    for start, end in _blocks(text, rows) if hard_wrapped else rows:
        if is_scene_break(text, start, end):
            filler.end_scene()
            continue
        paragraph += 1
        size = end - start
        if hard_wrapped:
            size -= text.count("\r\n", start, end)
        if size <= MAX_CHARS:
            filler.add(paragraph, start, end, size)
        else:
            for piece in _pieces(text, start, end, size):
                filler.close()
                filler.add(paragraph, *piece)
    filler.end_scene()
    return filler.passages


class _Filler:
    """Fills the passages of one chapter with paragraphs, scene by scene."""

    __slots__ = ("_chapter", "_end", "_last_size", "_paragraph", "_size", "_start", "passages")

    def __init__(self, chapter: int) -> None:
        self.passages: list[Passage] = []
        self._chapter = chapter
        self._size = 0  # of the passage being filled; 0 when there is none
        self._last_size = 0  # of the last full passage of this scene; 0 when there is none
        self._paragraph = self._start = self._end = 0

    def add(self, paragraph: int, start: int, end: int, size: int) -> None:
        """Put a paragraph of at most MAX_CHARS into the passage being filled, or into a new one."""
        if self._size + size > MAX_CHARS:
            self.close()
        if not self._size:
            self._paragraph, self._start = paragraph, start
        self._end = end
        self._size += size
        if self._size >= MIN_CHARS:
            self.close()

    def close(self) -> None:
        """End the passage being filled, if there is one."""
        if self._size:
            self.passages.append(Passage(self._chapter, self._paragraph, self._start, self._end))
            self._last_size, self._size = self._size, 0

    def end_scene(self) -> None:
        """End the scene: a short remainder joins the passage before it where there is room."""
        if self._size < MIN_CHARS / 2 and self._last_size and self._last_size + self._size <= MAX_CHARS:
            if self._size:
                self.passages[-1] = self.passages[-1]._replace(end=self._end)
                self._size = 0
        else:
            self.close()
        self._last_size = 0


def _blocks(text: str, rows: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Lines put together to the paragraphs that blank lines part; a scene break stays a line of its own."""
    block: tuple[int, int] | None = None
    for start, end in rows:
        broken = is_scene_break(text, start, end)
        if block and (broken or text.count("\n", block[1], start) > 1):
            yield block
            block = None
        if broken:
            yield start, end
        else:
            block = (block[0] if block else start), end
    if block:
        yield block


def _pieces(text: str, start: int, end: int, size: int) -> Iterator[tuple[int, int, int]]:
    """A paragraph of `size` characters as (start, end, size) of nearly equal pieces of at most MAX_CHARS."""
    while size > MAX_CHARS:
        window = text[start : min(end, _advance(text, start, MAX_CHARS + 1))].replace("\r\n", "\n")
        cut = _best_cut(window, size / -(-size // MAX_CHARS))
        piece_end = _advance(text, start, cut)
        yield start, piece_end, cut
        rest, _ = next(lines(text, piece_end, end))
        size -= rest - start - text.count("\r\n", start, rest)
        start = rest
    yield start, end, size


def _best_cut(window: str, target: float) -> int:
    """The length of the first piece: up to the sentence end nearest to `target`, else word end, else MAX_CHARS."""
    for pattern in (_SENTENCE_END, _WORD_END):
        cuts = [match.end() for match in pattern.finditer(window, MIN_CHARS // 2)]
        if cuts:
            return min(cuts, key=lambda cut: abs(cut - target))
    first = _WORD_END.search(window)
    return first.end() if first else MAX_CHARS


def _advance(text: str, start: int, size: int) -> int:
    r"""The offset `size` characters after `start`, where `\r\n` counts as one."""
    end = start + size
    while (further := start + size + text.count("\r\n", start, end)) != end:
        end = further
    return end
