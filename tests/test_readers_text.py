"""Every text file of fixtures/text gives the body, chapters, header and offsets in the JSON file beside it."""

import json
from pathlib import Path

import pytest

from tagger.readers.encoding import decode
from tagger.readers.fanficfare import is_fanficfare, read_fanficfare
from tagger.readers.lines import with_line_feeds
from tagger.readers.mail import is_mail, read_mail
from tagger.readers.prose import mended
from tagger.readers.text import read_text

FIXTURES = Path(__file__).parent / "fixtures" / "text"
STORIES = sorted(FIXTURES.glob("*.txt"))


def read(path):
    data = path.read_bytes()
    reader = read_fanficfare if is_fanficfare(data) else read_mail if is_mail(data) else read_text
    return reader(data, path.name)


def stretch(work, start, end):
    """Where `text[start:end]` stands in the decoded file: to the character, or to the whole stretch that was mended."""
    if not work.pieces:
        return [start, end]
    first = next(piece for piece in work.pieces if start < piece.start + piece.length)
    last = next(piece for piece in reversed(work.pieces) if piece.start < end)
    begin = first.source + (start - first.start if first.length == first.width else 0)
    return [begin, last.source + (end - last.start if last.length == last.width else last.width)]


def as_read(work):
    """What the JSON file beside a fixture holds."""
    return {
        "format": work.source.format,
        "encoding": work.source.encoding,
        "declared": {
            "rating": work.declared.rating,
            "warnings": list(work.declared.warnings),
            "tags": list(work.declared.tags),
        },
        "ignored": list(work.source.ignored),
        "repairs": list(work.source.repairs),
        "hard_wrapped": work.hard_wrapped,
        "chapters": [
            {
                "title": chapter.title,
                "stands_at": stretch(work, chapter.start, chapter.end),
                "body": work.text[chapter.start : chapter.end].splitlines(),
            }
            for chapter in work.chapters
        ],
    }


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_fixture_is_read_as_expected(path):
    assert as_read(read(path)) == json.loads(path.with_suffix(".json").read_text("utf-8"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_pieces_say_where_the_text_stands(path):
    work, decoded = read(path), decode(path.read_bytes())[0]
    if not work.pieces:
        assert work.text == decoded
    text_end = source_end = 0
    for start, length, source, width, part in work.pieces:
        assert start >= text_end
        assert source >= source_end
        assert part == ""
        text_end, source_end = start + length, source + width
        if length == width > 1:
            same = as_mended(work.text[start:text_end]) == as_mended(decoded[source:source_end])
            assert same, work.text[start:text_end]
    assert text_end <= len(work.text)
    assert source_end <= len(decoded)


def as_mended(text):
    """The text with what is mended character for character."""
    return with_line_feeds(text).replace("\ufffd", "’")


def body(name):
    work = read(FIXTURES / f"{name}.txt")
    return [work.text[chapter.start : chapter.end] for chapter in work.chapters]


def test_mojibake_is_mended_to_the_story_that_it_was():
    assert body("mojibake-once") == body("mojibake-twice")
    assert body("mojibake-once")[0].startswith("“It isn’t here,” said Wick—who hadn’t looked.")


def test_line_ends_and_encodings_make_no_difference():
    story = body("parts-in-a-row")
    assert [text.replace("\r", "\n") for text in body("lone-returns")] == story
    assert body("utf16-without-mark") == ["\n\n".join(story)]
    assert [text.replace("\r\n", "\n") for text in body("header-french")] == story[:1]


def test_a_clean_text_is_left_alone():
    text = "“It’s late—very late…” said Zoë. R&R! 2 < 3, ¯_(ツ)_/¯, Ærø, naïve âme, AT&T; NÃO, “Ça va?” • £5 ½ ‚so‘"
    assert mended(text) == (text, (), ())
    work = read_text(text.encode(), "a")
    assert (work.text, work.pieces, work.source.repairs) == (text, (), ())
