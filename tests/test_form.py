"""What is wrong with the form of a work."""

import pytest

from tagger.form import LONE_PARAGRAPH, MEAN_PARAGRAPH, SHORT, find_form
from tagger.readers import jsonl, read_bytes
from tagger.works import Work

SENTENCE = "The morning went by slowly in the harbour, and nobody said very much. "
HEADER = "Title: Tea\nRating: General\nWarnings: none\n\n"


def record(text: str) -> Work:
    import orjson

    work = jsonl.read_record(orjson.dumps({"text": text}), "works.jsonl:1")
    assert isinstance(work, Work)
    return work


def found(text: str, words: int = 500) -> tuple[str, ...]:
    return find_form(record(text), words)


def test_a_story_in_paragraphs_has_nothing_wrong() -> None:
    assert found("\n\n".join([SENTENCE * 3] * 20)) == ()


def test_one_long_paragraph_is_a_wall() -> None:
    assert found((SENTENCE * 40)[: LONE_PARAGRAPH + 1]) == ("no-paragraphs",)
    assert found((SENTENCE * 40)[: LONE_PARAGRAPH - 1]) == ()


def test_a_few_breaks_do_not_make_a_wall_a_story() -> None:
    long = (SENTENCE * 100)[: MEAN_PARAGRAPH + 500].strip()
    assert found("\n\n".join([long] * 3)) == ("no-paragraphs",)
    assert found("\n\n".join([long, "No.", "Yes."])) == ()


def test_lines_wrapped_by_hand_are_no_paragraphs() -> None:
    line = "The morning went by slowly in the harbour, and nobody said very\n"
    wrapped = record(line * 30 + "\n\n" + line * 30)
    assert wrapped.hard_wrapped
    assert find_form(wrapped, 500) == ()


def test_a_header_in_a_record_belongs_into_its_fields() -> None:
    assert found(HEADER + "\n\n".join([SENTENCE] * 9)) == ("header-in-body",)


def test_a_header_in_a_file_stands_where_it_should() -> None:
    work = read_bytes((HEADER + "\n\n".join([SENTENCE] * 9)).encode(), "tea.txt")
    assert work.source.ignored == ("header",)
    assert find_form(work, 500) == ()


def test_several_chapters() -> None:
    part = "\n\n".join([SENTENCE * 3] * 4)
    assert found(f"Chapter 1\n\n{part}\n\nChapter 2\n\n{part}") == ("several-chapters",)
    assert found(f"Chapter 1\n\n{part}") == ()


@pytest.mark.parametrize(("words", "told"), [(SHORT - 1, ("too-short",)), (SHORT, ())])
def test_shorter_than_a_drabble(words: int, told: tuple[str, ...]) -> None:
    assert found(SENTENCE, words) == told
