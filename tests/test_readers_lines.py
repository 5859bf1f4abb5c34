import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.readers.lines import is_scene_break, lines, stands_alone, trimmed_end, with_line_feeds

SCENE_BREAKS = r"""
    *** * * * * ** ~*~ ~~~ ~ --- -- - xXx XOXOX oOo xxx XXX xoxo .:. # ## -x- -X- *o* ===== +++ <hr> <hr/> x-x-x ~oOo~
    -oOo- oooOOOooo o0o \*\*\* &nbsp; — – . … ⁂ § ❧ ☆★☆ ♥ _____ /// | · ===============================================
"""
SPACED_SCENE_BREAKS = ["* * *", "- - -", "x X x", "~ * ~", "• • •", "– –", "~*~ xXx ~*~", "<hr />"]


@pytest.mark.parametrize("line", [*SCENE_BREAKS.split(), *SPACED_SCENE_BREAKS])
def test_scene_breaks(line):
    assert is_scene_break(line, 0, len(line))


STORY_LINES = """
    No. Oh oh Ox xo OX x o X O xx oo ?! !!! ? "..." “...” '...' «...» "—" :) :-( (...) <3 1. 2 000 -1- Oxford o_o x.x
    #hashtag --and ...and —No.
"""


@pytest.mark.parametrize("line", [*STORY_LINES.split(), "* no *", "- x marks", "xoxo, Mum", "> hello", "=" * 200, ""])
def test_lines_that_are_speech_or_story(line):
    assert not is_scene_break(line, 0, len(line))


@given(st.text(alphabet="xXoO*~-=. #", max_size=12))
def test_scene_breaks_do_not_depend_on_case(line):
    line = line.strip()
    assert is_scene_break(line.upper(), 0, len(line)) == is_scene_break(line.lower(), 0, len(line))


@given(st.text(alphabet="ab \r\n\t"))
def test_lines_are_what_splitlines_gives_without_blank_ones(text):
    found = [text[start:end] for start, end in lines(with_line_feeds(text), 0, len(text))]
    assert found == [line.strip() for line in text.splitlines() if line.strip()]


@given(st.text(alphabet="ab \n"), st.integers(0, 20), st.integers(0, 20))
def test_trimmed_end(text, start, length):
    end = min(len(text), start + length)
    start = min(start, end)
    assert text[start : trimmed_end(text, start, end)] == text[start:end].rstrip()


def test_trimmed_end_of_much_white_space():
    assert trimmed_end("a" + " " * 5000, 0, 5001) == 1


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("X", True),
        ("\n \nX\n\n", True),
        ("a\n\nX\n\nb", True),
        ("a\r\n\r\n  X\r\n \r\nb", True),
        ("a\nX\n\nb", False),
        ("a\n\nX\nb", False),
        ("a\r\nX", False),
    ],
)
def test_stands_alone(text, alone):
    start = text.index("X")
    assert stands_alone(text, start, start + 1) is alone
