"""find_form(): what is wrong with the form of a work, whatever it is about: archives ask for it to be mended first."""

from __future__ import annotations

from tagger.readers import tables
from tagger.readers.header import find_header
from tagger.readers.lines import lines, with_line_feeds
from tagger.works import Work

# The order in which they are told.
NO_PARAGRAPHS, HEADER, CHAPTERS, TOO_SHORT = FORM = ("no-paragraphs", "header-in-body", "several-chapters", "too-short")

# Characters. Beyond the first, a text of one paragraph is a wall; beyond the second, paragraphs are on the average
# longer (700 words) than in any prose but deliberate experiment.
LONE_PARAGRAPH = 1_500
MEAN_PARAGRAPH = 4_000
# Words. A drabble has 100, and little that is posted as a story has less.
SHORT = 100

# Here what the header says has fields of its own; a file has its header in the text, and rightly.
_RECORDS = ("jsonl", *tables.FORMATS)


def find_form(work: Work, words: int) -> tuple[str, ...]:
    """The findings of FORM on a work of so many words.

    *no-paragraphs*: more than LONE_PARAGRAPH characters in a single paragraph, or more than MEAN_PARAGRAPH in the mean
    one. *header-in-body*: the text of a record begins with a header such as belongs into the record's fields.
    *several-chapters*: more than one chapter in the text. *too-short*: under SHORT words.

    >>> from tagger.works import Chapter
    >>> find_form(Work("wall", "She put the kettle on. " * 100, (Chapter("", 0, 2300),)), 500)
    ('no-paragraphs',)
    """
    found = {
        NO_PARAGRAPHS: _is_wall(work),
        HEADER: _has_header(work),
        CHAPTERS: len(work.chapters) > 1,
        TOO_SHORT: words < SHORT,
    }
    return tuple(name for name, holds in found.items() if holds)


def _is_wall(work: Work) -> bool:
    characters = sum(chapter.end - chapter.start for chapter in work.chapters)
    if characters <= LONE_PARAGRAPH:
        return False
    paragraphs = _paragraphs(work, characters // MEAN_PARAGRAPH + 2)
    return paragraphs == 1 or paragraphs * MEAN_PARAGRAPH < characters


def _paragraphs(work: Work, most: int) -> int:
    """How many paragraphs a work has; counted no further than `most`."""
    text = with_line_feeds(work.text)
    count = 0
    for chapter in work.chapters:
        end = chapter.start
        for start, stop in lines(text, chapter.start, chapter.end):
            # In wrapped text a line begins a paragraph only after a blank line.
            count += not work.hard_wrapped or end == chapter.start or text.count("\n", end, start) > 1
            end = stop
            if count >= most:
                return count
    return count


def _has_header(work: Work) -> bool:
    if work.source.format not in _RECORDS or "header" not in work.source.ignored:
        return False
    return find_header(with_line_feeds(work.text)) is not None
