"""segment(): a work to passages of about 150-300 words that cross neither a chapter nor a scene break."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagger.readers.lines import LONGEST_SCENE_BREAK, is_scene_break, lines, with_line_feeds
from tagger.works import Chapter, Passage, Work

# Characters, so that no words need counting: an English word and the space after it take five and a half.
MIN_CHARS = 800
MAX_CHARS = 1600

# Quotation marks that open in English close in German and Danish.
_SENTENCE_END = re.compile(r"""[.!?…]["'“”‘’«»)\]*_]{0,4}(?=\s)""")
_WORD_START = re.compile(r"\S")
_WRAPPED_LINE_END = re.compile(r"(?<=\S)[^\S\n]*\n(?!\s*\n)")
_WORD_END = re.compile(r"\S(?=\s)")

# What most lines of a story begin with and no scene break does: looked at first, for speed.
_SPEECH = frozenset("\"'“‘" + "abcdefghijklmnpqrstuvwyz" + "ABCDEFGHIJKLMNPQRSTUVWYZ")


def segment(work: Work) -> list[Passage]:
    r"""The passages of a work, in order.

    Paragraphs are put together until they have MIN_CHARS. No passage has more than MAX_CHARS: a longer
    paragraph is cut at the ends of sentences. A line break inside a paragraph counts as one character, one
    between two paragraphs as none.

    >>> segment(Work("tea", "Tea?\n\n***\n\nYes, tea.", (Chapter("", 0, 20),)))
    [Passage(chapter=1, paragraph=1, start=0, end=4), Passage(chapter=1, paragraph=2, start=11, end=20)]
    """
    text = with_line_feeds(work.text)
    return [
        passage
        for number, chapter in enumerate(work.chapters, start=1)
        for passage in _segment_chapter(text, number, chapter, hard_wrapped=work.hard_wrapped)
    ]


def text_of(work: Work, passage: Passage) -> str:
    """The text of a passage, in which a line break ends a paragraph."""
    text = work.text[passage.start : passage.end]
    return unwrap(text) if work.hard_wrapped else text


def unwrap(text: str) -> str:
    r"""A hard-wrapped text with each paragraph on one line.

    >>> unwrap("She put\nthe kettle on.\n\nIt sang.")
    'She put the kettle on.\n\nIt sang.'
    """
    return _WRAPPED_LINE_END.sub(" ", text)


def _segment_chapter(text: str, number: int, chapter: Chapter, *, hard_wrapped: bool) -> list[Passage]:
    """Fill passages with paragraphs, scene by scene. This loop runs for every line, so it calls little."""
    passages: list[Passage] = []
    size = first = passage_start = passage_end = 0  # of the passage being filled
    size_before = 0  # of the passage before it in the same scene
    paragraph = 0
    rows = lines(text, chapter.start, chapter.end)
    for start, end in _blocks(text, rows) if hard_wrapped else rows:
        if end - start <= LONGEST_SCENE_BREAK and text[start] not in _SPEECH and is_scene_break(text, start, end):
            _end_scene(passages, Passage(number, first, passage_start, passage_end), size, size_before)
            size = size_before = 0
            continue
        paragraph += 1
        length = end - start - (text.count("\r\n", start, end) if hard_wrapped else 0)
        if 0 < size < MIN_CHARS - length:  # most paragraphs do no more than this
            passage_end = end
            size += length
            continue
        whole = (start, end, length)
        for piece_start, piece_end, piece_size in (whole,) if length <= MAX_CHARS else _pieces(text, *whole):
            if size and size + piece_size > MAX_CHARS:
                passages.append(Passage(number, first, passage_start, passage_end))
                size, size_before = 0, size
            if not size:
                first, passage_start = paragraph, piece_start
            passage_end = piece_end
            size += piece_size
            if size >= MIN_CHARS:
                passages.append(Passage(number, first, passage_start, passage_end))
                size, size_before = 0, size
    _end_scene(passages, Passage(number, first, passage_start, passage_end), size, size_before)
    return passages


def _end_scene(passages: list[Passage], last: Passage, size: int, size_before: int) -> None:
    """Add the scene's last passage; a short one joins the one before it where there is room."""
    if not size:
        return
    if size_before and size < MIN_CHARS / 2 and size_before + size <= MAX_CHARS:
        passages[-1] = passages[-1]._replace(end=last.end)
    else:
        passages.append(last)


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
    """The (start, end, size) of nearly equal pieces, of at most MAX_CHARS each, of a paragraph.

    A piece's size counts the white space up to the next one, lest two pieces with a void between them be put together.
    """
    while size > MAX_CHARS:
        window = text[start : min(end, _advance(text, start, MAX_CHARS + 1))].replace("\r\n", "\n")
        piece_end = _advance(text, start, _best_cut(window, size / -(-size // MAX_CHARS)))
        following = _WORD_START.search(text, piece_end, end)
        assert following  # a paragraph does not end in white space
        piece_size = following.start() - start - text.count("\r\n", start, following.start())
        yield start, piece_end, piece_size
        start, size = following.start(), size - piece_size
    yield start, end, size


def _best_cut(window: str, target: float) -> int:
    """The length of the first piece: to the sentence end nearest `target`, else word end, else MAX_CHARS."""
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
