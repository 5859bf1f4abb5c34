import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.readers.layout import lay_out
from tagger.works import Chapter, Declared

LONG = "It was late, and then it was later than she had thought, and then there was nothing to be done. " * 3


def bodies(text, **options):
    return [(chapter.title, text[chapter.start : chapter.end]) for chapter in lay_out(text, **options).chapters]


def test_a_text_without_headings_is_one_chapter():
    assert lay_out("  It was late.\n") == ((Chapter("", 2, 14),), Declared(), (), False)


def test_chapters():
    text = "Chapter 1\n\nIt was late.\n\nChapter 2: Noon\n\nIt was noon.\n"
    assert bodies(text) == [("Chapter 1", "It was late."), ("Chapter 2: Noon", "It was noon.")]


def test_what_stands_before_the_first_heading_is_a_chapter_if_it_is_story():
    assert bodies("It was late.\n\nChapter 2\n\nNoon.") == [("", "It was late."), ("Chapter 2", "Noon.")]
    assert bodies("***\n\nChapter 2\n\nNoon.") == [("Chapter 2", "Noon.")]
    assert bodies("A/N: hi\n\nChapter 2\n\nNoon.") == [("Chapter 2", "Noon.")]


def test_a_title_page_is_no_chapter():
    assert bodies("**The Great Race**\n\nby hesper\n\nChapter 1\n\nNoon.") == [("Chapter 1", "Noon.")]
    assert lay_out("The Great Race\n\nChapter 1\n\nNoon.").ignored == ("header",)
    assert bodies('"No!"\n\nChapter 1\n\nNoon.') == [("", '"No!"'), ("Chapter 1", "Noon.")]


def test_a_heading_with_nothing_after_it_is_no_chapter_unless_it_is_the_only_one():
    assert bodies("Part One\n\nChapter 1\n\nNoon.\n\nChapter 2\n\n***\n") == [("Chapter 1", "Noon.")]
    assert bodies("Chapter 1\n") == [("Chapter 1", "")]


def test_headings_in_a_table_of_contents_are_no_chapters():
    text = "Table of Contents\n\nChapter 1\nChapter 2\n\nChapter 1\n\nNoon.\n\nChapter 2\n\nNight."
    assert bodies(text) == [("Chapter 1", "Noon."), ("Chapter 2", "Night.")]


@pytest.mark.parametrize("header_first", [True, False])
def test_a_header_belongs_to_no_chapter(header_first):
    header, heading = "Title: x\nRating: M", "Chapter 1"
    top = f"{header}\n\n{heading}" if header_first else f"{heading}\n\n{header}"
    text = f"{top}\n\nA/N: hi\n\nNoon.\n\nTBC"
    layout = lay_out(text)
    assert bodies(text) == [("Chapter 1", "Noon.")]
    assert layout.ignored == ("header", "author's note")
    assert layout.declared.rating == "M"


def test_scene_breaks_inside_a_chapter_stay():
    assert bodies("One.\n\n***\n\nTwo.") == [("", "One.\n\n***\n\nTwo.")]


def test_markdown_headings_part_chapters_in_markdown_only():
    text = "# Noon\n\nIt was late."
    assert bodies(text, markdown=True) == [("Noon", "It was late.")]
    assert bodies(text) == [("", text)]


def test_line_ends_of_any_kind_give_the_same_chapters():
    text = "Title: x\nRating: M\n\nChapter 1\n\nA/N: hi\n\nNoon.\n\nThen night.\n\nII.\n\nDawn."
    lf = bodies(text)
    assert [title for title, _ in lf] == ["Chapter 1", "II."]
    for end in ("\r\n", "\r"):
        other = bodies(text.replace("\n", end))
        assert [(title, body.replace(end, "\n")) for title, body in other] == lf


def wrapped(paragraphs, width=72):
    return "\n\n".join(textwrap.fill(paragraph, width) for paragraph in paragraphs)


@pytest.mark.parametrize("width", [60, 72, 80])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_wrapped_lines_are_seen(width, line_end):
    text = "Title: x\nRating: M\nTags: y\n\n" + wrapped([LONG, '"No."', LONG, LONG], width)
    assert lay_out(text.replace("\n", line_end)).hard_wrapped


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join([LONG] * 4),
        "\n".join([LONG, '"No."'] * 4),
        wrapped([LONG]),  # no blank line, so nothing says that blank lines part paragraphs
        "\n\n".join(["the rose is red\nthe violet blue\nthe honey sweet\nand so on"] * 9),
        "\n\n".join(["mags: im in mourning\nji-woo: you are thirty one years old\nmags: ok"] * 9),
        wrapped([LONG] * 2) + ("\n\n" + LONG) * 9,
        "",
    ],
)
def test_lines_that_are_not_wrapped(text):
    assert not lay_out(text).hard_wrapped


PARTS = st.sampled_from(
    ["Chapter 1", "Noon came.", "A/N: hi", "***", "Title: x", "Rating: M", "# Two", "TBC", "(A/N: so", ")", "II", LONG]
)


@given(st.lists(PARTS, max_size=12), st.sampled_from(["\n", "\n\n", "\r\n", "\r\r"]), st.booleans())
def test_chapters_are_in_order_and_touch_no_white_space(parts, between, markdown):
    text = between.join(parts)
    layout = lay_out(text, markdown=markdown)
    end = 0
    for chapter in layout.chapters:
        assert end <= chapter.start <= chapter.end <= len(text)
        body = text[chapter.start : chapter.end]
        assert body == body.strip()
        assert body or len(layout.chapters) == 1
        end = chapter.end


@given(st.text(alphabet="aB \n\r*#:.()/3xivAN"))
def test_any_text_has_a_layout_that_case_does_not_change(text):
    assert [c[1:] for c in lay_out(text.upper()).chapters] == [c[1:] for c in lay_out(text.lower()).chapters]
