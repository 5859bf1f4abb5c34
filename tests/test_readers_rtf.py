import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.rtf import read_rtf
from tagger.works import Declared, Work

FIXTURES = Path(__file__).parent / "fixtures" / "rtf"


def read(name: str) -> Work:
    return read_rtf((FIXTURES / name).read_bytes(), name)


def story(body: bytes) -> str:
    return read_rtf(rb"{\rtf1\ansi " + body + b"}", "a.rtf").text


def bodies(work: Work) -> list[tuple[str, str]]:
    return [(each.title, work.text[each.start : each.end]) for each in work.chapters]


# What the stories read as: titles and bodies.
EXPECTED = {
    "wordpad.rtf": [
        (
            "",
            "The ferry was late, and nobody’s café was open. “Tea?” she asked.\n\n* * *\n\n"
            "He shook his head — there was no need.",
        )
    ],
    "word.rtf": [
        (
            "The Quay",
            "She waited on the quay.\n\nFerry, said the board —“late again”. 😀\nA second line."
            "\n\n* * *\n\nNight came.",
        ),
        ("Home", "At home there was a letter, café in brackets {so}."),
    ],
    "textedit.rtf": [
        ("Chapter 1: Rain", "It’s raining, said the cat.\n\nNobody else spoke — not even you."),
        ("Chapter 2: Sun", "The sun came out ☀️."),
    ],
    "libreoffice-russian.rtf": [("Глава 1", "Наступила ночь. Он ушёл.")],
    "mac.rtf": [("", "It’s a café.\n\n\t“Yes”, he said.")],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_each_program_reads_as_its_story(name):
    assert bodies(read(name)) == EXPECTED[name]


def test_every_file_is_expected():
    assert {path.name for path in FIXTURES.glob("*.rtf")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_pieces_say_which_bytes_a_stretch_stands_in(name):
    work, source = read(name), (FIXTURES / name).read_bytes().decode("latin-1")
    end = 0
    for piece in work.pieces:
        assert piece.start >= end
        assert piece.part == ""
        end = piece.start + piece.length
        there = source[piece.source : piece.source + piece.width]
        if piece.length == piece.width:
            assert work.text[piece.start : end] == there
        else:
            assert there.startswith(("\\", "é")), there
    assert end <= len(work.text)
    covered = sum(piece.length for piece in work.pieces)
    assert covered == len(re.sub(r"\n\n", "", work.text))


def test_the_header_is_declared_and_notes_are_left_out():
    work = read("wordpad.rtf")
    assert work.declared == Declared("PG-13", ("grief", "blood"))
    assert work.source.ignored == ("header", "author's note")


def test_what_is_left_out_is_named():
    assert read("word.rtf").source.ignored == ("footnote", "text box")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"one\par two", "one\n\ntwo"),
        (rb"one\par\par\par two", "one\n\ntwo"),
        (b"one \\\r\ntwo", "one \n\ntwo"),
        (b"on\r\ne", "one"),
        (rb"C{\b ontinue}d", "Continued"),
        (rb"co\-operate well\_known a\~b", "cooperate well-known a\xa0b"),
        (rb"\u8220x\u8221 y", "“\u201d"),
        (rb"\uc2\u233\'c3\'a9t\uc0\u233 .", "été."),
        (rb"\u233{\i t}", "ét"),
        (rb"\u128512?", "😀"),
        (rb"a{\*\unheardof {b} c}d", "ad"),
        (rb"a{\pict\bin5 }}}{{x}d", "ad"),
        (rb"a\bin3 }}}b", "ab"),
        (b"caf\xe9 caf\xc3\xa9", "café café"),
        (rb"one {\v gone}{\deleted\par gone}two", "one two"),
        (rb"\v gone\v0 there", "there"),
        (rb"\trowd a\cell b\cell\row c", "a\n\nb\n\nc"),
    ],
)
def test_control_words(body, text):
    assert story(body) == text


def test_half_a_surrogate_is_mended_and_told():
    work = read_rtf(rb"{\rtf1 a\u-10179? b\u-8704? c}", "a.rtf")
    assert work.text == "a\ufffd b\ufffd c"
    assert work.source.repairs == ("2 lone surrogates read as U+FFFD",)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "a.rtf: does not begin with {\\rtf, so it is no RTF file; if it is text, name it .txt"),
        (b"Once upon a time.", "a.rtf: does not begin with {\\rtf"),
        (rb"{\rtf1}", "a.rtf: holds no text"),
        (rb"{\rtf1{\pict 0123}\par}", "a.rtf: holds no text"),
    ],
)
def test_what_is_no_story(data, error):
    with pytest.raises(WorkError, match=re.escape(error)):
        read_rtf(data, "a.rtf")


def test_a_million_open_groups_are_no_trouble():
    assert read_rtf(rb"{\rtf1 a" + b"{" * 1_000_000 + b"b", "a.rtf").text == "ab"


def check(work: Work) -> None:
    work.text.encode()
    for chapter in work.chapters:
        assert 0 <= chapter.start <= chapter.end <= len(work.text)
    for piece in work.pieces:
        assert 0 <= piece.start <= piece.start + piece.length <= len(work.text)


WORDS = st.sampled_from(
    rb"\par|\u|\u-10179|\u-8704?|\u99999999|\uc|\uc-3|\uc999999999|\f1|\fcharset204|\ansicpg|\ansicpg65001|\ansicpg932".split(
        b"|"
    )
    + rb"\'e9|\'|\*|{|}|\bin|\bin9999999999|\bin-1|\s1|\stylesheet|\fonttbl|\outlinelevel0|\deleted|\v".split(b"|")
    + [b" heading 1;", b"a", b"text ", b"\\x", b"\\", b"\n"]
)


@given(st.lists(WORDS, max_size=40).map(b"".join) | st.binary(max_size=200))
def test_anything_after_the_first_word_is_a_work_or_an_error_of_ours(body):
    with suppress(WorkError):
        check(read_rtf(rb"{\rtf1 " + body, "a.rtf"))


@given(st.sampled_from(sorted(EXPECTED)), st.integers(0, 2000), st.binary(max_size=4))
def test_mutated_files(name, place, change):
    data = (FIXTURES / name).read_bytes()
    try:
        check(read_rtf(data[:place] + change + data[place + len(change) :], name))
    except WorkError:
        return
