import json
import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.html import decode_markup, read_html
from tagger.works import Declared

PAGES = Path(__file__).parent / "fixtures" / "html"
NOTICE = PAGES / "ao3-page-notice.html"
STORIES = sorted(set(PAGES.glob("*.html")) - {NOTICE})


def bodies(work):
    return [[chapter.title, work.text[chapter.start : chapter.end]] for chapter in work.chapters]


def check_offsets(work, parts):
    """Chapters and pieces are in order and in range; `parts` are the decoded sources by their names."""
    end = 0
    for chapter in work.chapters:
        assert end <= chapter.start < chapter.end <= len(work.text)
        end = chapter.end
    end = 0
    for piece in work.pieces:
        assert end <= piece.start < piece.start + piece.length <= len(work.text)
        assert 0 <= piece.source < piece.source + piece.width <= len(parts[piece.part])
        end = piece.start + piece.length


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_each_layout(path):
    work = read_html(path.read_bytes(), path.name)
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    declared = expected["declared"]
    assert bodies(work) == expected["chapters"]
    assert work.declared == Declared(declared["rating"], tuple(declared["warnings"]), tuple(declared["tags"]))
    assert work.source.format == "html"
    assert work.source.encoding == expected["encoding"]
    assert list(work.source.ignored) == expected["ignored"]
    assert list(work.source.repairs) == expected["repairs"]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_pieces_lead_back_to_the_page(path):
    data = path.read_bytes()
    work = read_html(data, path.name)
    source = decode_markup(data)[0]
    check_offsets(work, {"": source})
    for piece in work.pieces:
        if piece.length == piece.width:
            written = source[piece.source : piece.source + piece.width].replace("\n", " ")
            assert work.text[piece.start : piece.start + piece.length] == written
    mapped = sum(piece.length for piece in work.pieces)
    assert mapped == len(work.text.replace("* * *", "").replace("\n", ""))


def test_the_notice_about_adult_content_is_no_story():
    with pytest.raises(WorkError, match=r"^a: is the notice about adult content, not the work; go on to the work"):
        read_html(NOTICE.read_bytes(), "a")


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (b"", "a: is empty"),
        (b"<html><body><p>&nbsp;</p><script>x</script></body></html>", "a: holds no text"),
        (b"<p>Title: Tea</p><p>Rating: G</p>", "a: holds no story; name a file that has its chapters in it"),
        (
            b'<div id="preface"></div><div id="chapters"><div class="userstuff"><img src="x"/></div></div>',
            "a: holds no text",
        ),
    ],
)
def test_nothing_to_read(page, error):
    with pytest.raises(WorkError) as raised:
        read_html(page, "a")
    assert str(raised.value) == error


def test_a_page_larger_than_any_story(monkeypatch):
    monkeypatch.setattr("tagger.readers.html.MOST_MARKUP", 10)
    with pytest.raises(WorkError, match=r"^a: is larger than any story \(12 bytes\); split it into works$"):
        read_html(b"<p>Noon.</p>", "a")


def test_headings_part_chapters_and_those_written_as_paragraphs_too():
    page = "<h2>One</h2><p>Noon.</p><p><b>Chapter 2</b></p><p>Night.</p><h3>Three</h3><p>Dawn.</p>"
    assert bodies(read_html(page.encode(), "a")) == [["One", "Noon."], ["Chapter 2", "Night."], ["Three", "Dawn."]]


def test_a_table_of_contents_is_no_chapter():
    page = "<h1>Contents</h1><p>The Rope</p><p>The Well</p><h1>The Rope</h1><p>Noon.</p>"
    assert bodies(read_html(page.encode(), "a")) == [["The Rope", "Noon."]]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ('<meta charset="koi8-r">Утро'.encode("koi8-r"), "koi8-r"),
        ("<?xml version='1.0' encoding='Shift_JIS'?>朝".encode("shift_jis"), "shift_jis"),
        ('<meta charset="windows-1251">Утро'.encode(), "utf-8"),  # mistaken about itself
        ('<meta charset="utf-7">caf\xe9'.encode("cp1252"), "cp1252"),
        ("<p>Утро".encode("utf-16"), "utf-16-le"),
    ],
)
def test_a_page_may_name_its_encoding(data, encoding):
    text, found, _ = decode_markup(data)
    assert found == encoding
    assert text.endswith(("Утро", "朝", "café"))


FRAGMENTS = st.sampled_from(
    [
        *("<p>", "</p>", "<br>", "<hr>", "<div id=chapters>", "<div id=preface>", "<div class=meta>", "</div>", "<h2>"),
        *("<dl class=tags>", "<dt>Rating:", "<dd>Mature", "</dl>", "<h2 class=heading>", "</h2>", "<article>", "<nav>"),
        *("<table class=full>", "<td>", "</table>", "<a name=section0001>", "<body class=fff_chapter>", "<aside>"),
        *("Chapter 1", "Noon came.", "A/N: hi", "Rating: M", "***", "&amp;", "&nbsp;", "\n", "<div class=chapter>"),
    ]
)


@given(st.binary(max_size=80) | st.lists(FRAGMENTS, max_size=20).map(lambda parts: "".join(parts).encode()))
def test_any_bytes_are_a_work_or_a_work_error(data):
    with suppress(WorkError):
        check_offsets(read_html(data, "a"), {"": decode_markup(data)[0]})


def test_mutated_pages_are_a_work_or_a_work_error():
    chance = random.Random(5)
    works = 0
    for number in range(200):
        data = bytearray(STORIES[number % len(STORIES)].read_bytes())
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        data = bytes(data[: chance.randint(1, len(data))] if number % 2 else data)
        with suppress(WorkError):
            check_offsets(read_html(data, "a"), {"": decode_markup(data)[0]})
            works += 1
    assert works > 20
