from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tagger.readers.layout import lay_out
from tagger.readers.lines import is_scene_break
from tagger.segmentation import MAX_CHARS, MIN_CHARS, segment
from tagger.works import Chapter, Work


def work_of(text, *, chapters=None, hard_wrapped=False):
    return Work("w", text, chapters or (Chapter("", 0, len(text)),), hard_wrapped=hard_wrapped)


def pieces(text, **options):
    work = work_of(text, **options)
    return [text[passage.start : passage.end] for passage in segment(work)]


def sentence(length, mark="."):
    return ("word " * length)[: length - 1].strip().ljust(length - 1, "x") + mark


def test_an_empty_chapter_has_no_passages():
    assert segment(work_of("")) == []
    assert segment(work_of("\n\n***\n\n")) == []


def test_a_short_work_is_one_passage():
    assert segment(work_of("\n It was late. \n\nIt was noon.\n")) == [(1, 1, 2, 29)]


def test_paragraphs_are_put_together_until_there_are_enough():
    rows = [sentence(300)] * 7
    assert pieces("\n\n".join(rows)) == ["\n\n".join(rows[:3]), "\n\n".join(rows[3:6] + rows[6:])]
    rows = [sentence(450)] * 5
    assert pieces("\n".join(rows)) == ["\n".join(rows[:2]), "\n".join(rows[2:4]), rows[4]]


def test_a_paragraph_that_would_be_too_much_begins_a_passage():
    rows = [sentence(700), sentence(901), sentence(700), sentence(900)]
    assert pieces("\n".join(rows)) == [rows[0], rows[1], "\n".join(rows[2:])]


def test_a_short_remainder_joins_the_passage_before_it_where_there_is_room():
    rows = [sentence(800), sentence(399)]
    assert pieces("\n".join(rows)) == ["\n".join(rows)]
    rows = [sentence(1300), sentence(301)]
    assert pieces("\n".join(rows)) == rows
    assert pieces(f"{sentence(800)}\n***\nNo.\n***\n{sentence(800)}") == [sentence(800), "No.", sentence(800)]


def test_a_long_paragraph_is_cut_at_sentence_ends():
    text = " ".join([sentence(99)] * 40)
    found = pieces(text)
    assert all(piece.endswith(".") for piece in found)
    assert " ".join(found) == text
    assert [len(piece) for piece in found] == [1299, 1399, 1299]
    assert {passage.paragraph for passage in segment(work_of(text))} == {1}


@pytest.mark.parametrize("mark", [".", "!", "?", "…", '."', "?”", ".*", '!"*', ".)", "!’"])
def test_sentence_ends(mark):
    found = pieces(" ".join([sentence(98, mark)] * 20))
    assert len(found) == 2
    assert found[0].endswith(mark)


def test_a_paragraph_without_sentence_ends_is_cut_between_words():
    text = "word " * 600
    assert " ".join(pieces(text)) == text.strip()
    assert pieces("a" * 10 + " " + "b" * 1700) == ["a" * 10, "b" * 1600, "b" * 100]
    assert pieces("a" + " " * 3000 + "b") == ["a", "b"]


def test_a_text_without_white_space_is_cut_anywhere():
    assert [len(piece) for piece in pieces("a" * 4000)] == [1600, 1600, 800]


def test_places_are_counted_by_chapter_and_paragraph():
    text = f"Chapter 1\n\nOne.\n\n***\n\n{sentence(900)}\n\nThree.\n\nChapter 2\n\n{sentence(900)}\n\n{sentence(900)}"
    work = work_of(text, chapters=lay_out(text).chapters)
    places = [passage[:2] for passage in segment(work)]
    assert places == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_in_a_wrapped_text_blank_lines_part_paragraphs():
    block = "\n".join(["seventy characters or so of story, and then there is the end of a line"] * 6)
    text = "\n\n".join([block] * 4)
    found = segment(work_of(text, hard_wrapped=True))
    assert [passage.paragraph for passage in found] == [1, 3]
    text = f"{block}\n***\n{block}"
    assert pieces(text, hard_wrapped=True) == [block, block]


ROWS = st.one_of(
    st.sampled_from(["***", "oOo", "-x-", "", " ", "\t", "No.", '"Oh?" she said.']),
    st.builds(sentence, st.integers(2, 2200)),
    st.builds(lambda n, k: " ".join([sentence(n)] * k), st.integers(5, 300), st.integers(2, 30)),
    st.builds(lambda n: "a" * n, st.integers(1, 4000)),
)
TEXTS = st.builds(
    "".join, st.lists(st.builds("{}{}".format, ROWS, st.sampled_from(["\n", "\n\n", "\n \n"])), max_size=20)
)


def story(text):
    """Everything that a passage must hold: no white space, no scene breaks."""
    rows = (row.strip() for row in text.splitlines())
    return "".join("".join(row.split()) for row in rows if not is_scene_break(row, 0, len(row)))


@given(TEXTS, st.booleans())
def test_passages_rejoin_to_the_chapter(text, hard_wrapped):
    found = pieces(text, hard_wrapped=hard_wrapped)
    assert "".join("".join(piece.split()) for piece in found) == story(text)


@given(TEXTS, TEXTS, st.booleans())
def test_passages_keep_to_their_size_place_and_scene(one, two, hard_wrapped):
    text = f"{one}\n{two}"
    chapters = (Chapter("1", 0, len(one)), Chapter("2", len(one) + 1, len(text)))
    end, place = 0, (1, 1)
    for passage in segment(work_of(text, chapters=chapters, hard_wrapped=hard_wrapped)):
        chapter = chapters[passage.chapter - 1]
        piece = text[passage.start : passage.end]
        rows = [row.strip() for row in piece.split("\n")]
        assert max(end, chapter.start) <= passage.start < passage.end <= chapter.end
        assert passage[:2] >= place
        assert piece == piece.strip()
        assert sum(map(len, rows)) <= MAX_CHARS
        assert not any(is_scene_break(row, 0, len(row)) for row in rows)
        end, place = passage.end, passage[:2]


@given(TEXTS.filter(lambda text: story(text) == "".join(text.split())), st.booleans())
def test_only_the_ends_of_scenes_and_crowded_passages_are_short(text, hard_wrapped):
    found = pieces(text, hard_wrapped=hard_wrapped)
    for piece, below in pairwise(found):
        # The space between two pieces of a paragraph counts as well, and belongs to neither.
        assert len(piece) >= MIN_CHARS / 2 or len(piece) + len(below) >= MAX_CHARS


@given(TEXTS, st.booleans(), st.sampled_from(["\r\n", "\r"]))
def test_line_ends_of_any_kind_give_the_same_passages(text, hard_wrapped, line_end):
    other = pieces(text.replace("\n", line_end), hard_wrapped=hard_wrapped)
    assert [piece.replace(line_end, "\n") for piece in other] == pieces(text, hard_wrapped=hard_wrapped)


@given(TEXTS, st.booleans())
@example("a" * 1425 + '\n"Oh?" she said.\n' + "word " * 31 + "word.\n", True)
def test_case_and_quotation_marks_change_no_passage(text, hard_wrapped):
    found = segment(work_of(text, hard_wrapped=hard_wrapped))
    assert segment(work_of(text.upper(), hard_wrapped=hard_wrapped)) == found
    assert segment(work_of(text.replace('"', "“"), hard_wrapped=hard_wrapped)) == found
