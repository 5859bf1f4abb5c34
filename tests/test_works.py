"""Where a work's text stands in the file it was read from."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tagger.works import Piece, Place, Work, locate


class Character(NamedTuple):
    """Where one character of a text stands; a `part` of None says that it was inserted."""

    part: str | None
    start: int = 0
    end: int = 0


# What stands in a source: text word for word, characters written as several, two of them in five that cannot be parted;
# and what does not: markup, line breaks put in, the end of a part.
KINDS = st.sampled_from(("verbatim", "wide", "lump", "markup", "inserted", "next part"))


@st.composite
def works(draw: st.DrawFn) -> tuple[Work, list[Character]]:
    pieces: list[Piece] = []
    characters: list[Character] = []
    part, at = 0, 0
    for kind, length in draw(st.lists(st.tuples(KINDS, st.integers(1, 5)), max_size=12)):
        name, start = f"{part}.xhtml", len(characters)
        if kind == "markup":
            at += length
        elif kind == "inserted":
            characters += [Character(None)] * length
        elif kind == "next part":
            part, at = part + 1, 0
        elif kind == "lump":
            pieces.append(Piece(start, 2, at, 5, name))
            characters += [Character(name, at, at + 5)] * 2
            at += 5
        else:
            width = 1 if kind == "verbatim" else 5
            pieces.append(Piece(start, length, at, width * length, name))
            characters += [Character(name, at + width * i, at + width * (i + 1)) for i in range(length)]
            at += width * length
    return Work("book", "x" * len(characters), (), pieces=tuple(pieces)), characters


@given(works(), st.data())
def test_a_stretch_stands_where_its_characters_do(made: tuple[Work, list[Character]], data: st.DataObject) -> None:
    work, characters = made
    start = data.draw(st.integers(0, len(characters)))
    end = data.draw(st.integers(start, len(characters)))
    found = locate(work, start, end)
    there = [each for each in characters[start:end] if each.part is not None]
    if not work.pieces:
        assert found == Place("", start, end)
    elif there:
        own = [each for each in there if each.part == there[0].part]
        assert found == Place(str(own[0].part), own[0].start, own[-1].end)
    else:
        assert found.start == found.end or start == end
        assert found.part in {each.part for each in characters}


def test_text_that_nobody_wrote_stands_before_what_follows_it() -> None:
    work = Work("book", "a\n\nb", (), pieces=(Piece(0, 1, 3, 1), Piece(3, 1, 11, 1)))
    assert locate(work, 1, 3) == Place("", 11, 11)
    assert locate(work, 0, 2) == Place("", 3, 4)
    assert locate(work, 4, 4) == Place("", 12, 12)


def test_of_a_stretch_over_two_parts_the_first_counts() -> None:
    work = Work("book", "abcd", (), pieces=(Piece(0, 2, 7, 2, "one.xhtml"), Piece(2, 2, 3, 2, "two.xhtml")))
    assert locate(work, 1, 4) == Place("one.xhtml", 8, 9)
    assert locate(work, 2, 4) == Place("two.xhtml", 3, 5)
