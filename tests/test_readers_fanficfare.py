from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.fanficfare import is_fanficfare, read_fanficfare
from tagger.works import Declared

TEXT = Path(__file__).parent / "fixtures" / "text"
TOP = """


The Long Kettle

by gullsong

Genre: Angst, Horror
Packaged: 2020-01-01 10:00:00
Rating: T
Warnings: ghosts
Publisher: tea.example
Story URL: https://tea.example/1
"""


def story(body, contents=""):
    return f"{TOP}\n{contents}\n\n\tOne\n\n{body}\n\nEnd file.\n".encode()


def body(data):
    work = read_fanficfare(data, "a")
    return [work.text[chapter.start : chapter.end] for chapter in work.chapters]


def test_what_is_fanficfare():
    assert is_fanficfare(story("Noon."))
    assert is_fanficfare(b"\xef\xbb\xbf" + story("Noon.").replace(b"\n", b"\r\n"))
    assert not is_fanficfare(b"Title: Tea\nRating: T\n\nPackaged: tea\nPublisher: none\n")
    assert not is_fanficfare(b"Tea\n\nby gullsong\n\nNoon.")
    assert not is_fanficfare(b"")


def test_the_title_page_is_declared_and_no_story():
    work = read_fanficfare(story("Noon."), "a")
    assert work.declared == Declared("T", ("ghosts",), ("Angst", "Horror"))
    assert work.text == "One\n\nNoon."
    assert work.source.ignored == ("header",)


FULL = "and on she went until there was no more room on the line for the next of the"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (f"{FULL}\nwords.", f"{FULL} words."),
        (f"{FULL}\nwords.\n\nThen noon.", f"{FULL} words.\n\nThen noon."),
        ("Roses are red,\nviolets are not.", "Roses are red,\nviolets are not."),
        (f"{FULL}  \nwords.", f"{FULL}  \nwords."),
        ("*One* **two** _three_ ***four***.", "One two three four."),
        (f"*{FULL}\nwords.*", f"{FULL} words."),
        ("snake_case_word and f*ck and 2 * 3 * 4", "snake_case_word and f*ck and 2 * 3 * 4"),
        ("\\*not\\* 1\\. so\\- f\\*\\*\\*", "*not* 1. so- f***"),
        ("[tea](https://tea.example/a_b_c) ![a cup](x.png)", "tea a cup"),
        ("> quoted", "quoted"),
        ("## Later", "Later"),
        ("One.\n\n* * *\n\nTwo.", "One.\n\n* * *\n\nTwo."),
        ("Chapter 2\n\nNoon.", "Chapter 2\n\nNoon."),
    ],
)
def test_markdown_and_wrapped_lines_become_text(lines, text):
    assert body(story(lines)) == [text]


@pytest.mark.parametrize("contents", ["TABLE OF CONTENTS\n\nOne\n\nTwo\n", "TABLE OF CONTENTS\n\n\tOne\n\tTwo\n"])
def test_chapters_are_those_of_the_table_of_contents(contents):
    work = read_fanficfare(story("Noon.\n\n\tThree\n\nNight.\n\n\tTwo\n\nDawn.", contents), "a")
    assert [chapter.title for chapter in work.chapters] == ["One", "Two"]
    assert body(story("Noon.\n\n\tTwo\n\nDawn.", contents)) == ["Noon.", "Dawn."]


def test_notes_are_in_no_chapter():
    work = read_fanficfare(story("A/N: hi\n\nNoon.\n\nTBC"), "a")
    assert body(story("A/N: hi\n\nNoon.\n\nTBC")) == ["Noon."]
    assert work.source.ignored == ("header", "author's note")


def test_another_layout_is_read_as_plain_text():
    assert read_fanficfare(b"Chapter 1\n\nNoon.", "a").source.format == "text"
    with pytest.raises(WorkError, match=r"^a: is empty$"):
        read_fanficfare(b"", "a")


@given(st.integers(0, 4000), st.integers(0, 4000), st.binary(max_size=3))
def test_a_damaged_file_is_read_or_refused(start, end, bytes_between):
    data = (TEXT / "fanficfare-crlf.txt").read_bytes()
    try:
        work = read_fanficfare(data[:start] + bytes_between + data[end:], "a")
    except WorkError:
        event("refused")
        return
    for chapter in work.chapters:
        assert 0 <= chapter.start <= chapter.end <= len(work.text)


@given(st.text("ab *_[]()\\\n>#-!.", max_size=80))
def test_the_words_stay_in_order(text):
    work = read_fanficfare(story("Noon " + text), "a")
    rest = iter("".join(text.split()))
    letters = [letter for letter in work.text.split("Noon", 1)[1] if letter.isalpha()]
    assert all(letter in rest for letter in letters)
