"""Pieces are as few as will do, say the same as the many they were made of, and never fill the memory."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers import manuscript, markup
from tagger.readers.html import read_html
from tagger.readers.pieces import add, cut
from tagger.readers.rtf import read_rtf
from tagger.works import Piece, Work, locate


class Stretch(NamedTuple):
    """What is written next: how many characters, how wide each, after how much of the source and in which part."""

    length: int
    width: int
    gap: int
    part: str


STRETCHES = st.builds(Stretch, st.integers(1, 3), st.sampled_from([1, 5]), st.sampled_from([0, 0, 0, 2]), st.just("a"))


def laid(stretches: list[Stretch]) -> list[Piece]:
    pieces, start, source = [], 0, 0
    for length, width, gap, part in stretches:
        pieces.append(Piece(start, length, source + gap, length * width, part))
        start, source = start + length, source + gap + length * width
    return pieces


@given(st.lists(STRETCHES, min_size=1, max_size=8), st.data())
def test_fewer_pieces_say_the_same(stretches: list[Stretch], data: st.DataObject) -> None:
    many, few = laid(stretches), list[Piece]()
    for piece in many:
        add(few, piece)
    text = "x" * sum(piece.length for piece in many)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    one, other = (locate(Work("a", text, (), pieces=tuple(pieces)), start, end) for pieces in (many, few))
    assert one == other
    breaks = sum(this.gap > 0 or this.width != last.width for last, this in pairwise(stretches))
    assert len(few) == breaks + 1


def test_another_part_or_another_width_begins_a_piece() -> None:
    pieces: list[Piece] = []
    for piece in (Piece(0, 1, 0, 1), Piece(1, 1, 1, 5), Piece(2, 2, 6, 5), Piece(4, 2, 11, 5), Piece(6, 1, 16, 1, "b")):
        add(pieces, piece)
    assert len(pieces) == 5  # two characters in five cannot be parted, nor joined with others


def test_a_piece_is_cut_with_its_source_where_it_can_be() -> None:
    assert cut(Piece(0, 4, 7, 4), 3) == Piece(0, 3, 7, 3)
    assert cut(Piece(0, 4, 7, 20), 3) == Piece(0, 3, 7, 15)
    assert cut(Piece(0, 2, 7, 5), 1) == Piece(0, 1, 7, 5)


def test_a_page_of_nothing_but_entities_is_one_piece() -> None:
    assert len(read_html(b"<p>" + b"&amp;" * 1000, "a").pieces) == 1
    assert len(read_rtf(rb"{\rtf1 " + rb"\u1055?" * 1000 + b"}", "a").pieces) == 1


def test_a_file_in_more_pieces_than_any_story_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkError, match=r"^a: its text stands in more pieces than that of any story"):
        markup.parse("<p>a&amp;</p>" * 51, id="a", most_pieces=100)
    assert len(markup.parse("<p>a&amp;</p>" * 50, id="a", most_pieces=100).pieces) == 100
    monkeypatch.setattr(manuscript, "MOST_PIECES", 100)
    with pytest.raises(WorkError, match=r"^a: its text stands in more pieces than that of any story"):
        read_rtf(rb"{\rtf1 " + rb"a\'e9" * 51 + b"}", "a")
