"""Pieces of a text in the making: where each stretch of it comes from, in as few of them as will do."""

from __future__ import annotations

from tagger.errors import WorkError
from tagger.works import Piece

MOST_PIECES = 1_000_000  # to keep memory flat: the longest works have a few hundred thousand


def add(pieces: list[Piece], piece: Piece) -> None:
    """Append a piece, or make the last one longer where the two are one stretch of evenly written characters.

    >>> pieces = [Piece(0, 1, 3, 5)]
    >>> add(pieces, Piece(1, 1, 8, 5))
    >>> pieces
    [Piece(start=0, length=2, source=3, width=10, part='')]
    """
    if pieces and _goes_on(pieces[-1], piece):
        last = pieces[-1]
        pieces[-1] = last._replace(length=last.length + piece.length, width=last.width + piece.width)
    else:
        pieces.append(piece)


def cut(piece: Piece, length: int) -> Piece:
    """The beginning of a piece; of one that cannot be parted, all of the source."""
    even = piece.width % piece.length == 0
    return piece._replace(length=length, width=length * piece.width // piece.length if even else piece.width)


def refuse_beyond(most: int, number: int, id: str) -> None:
    """WorkError if there are more pieces, or what will become some, than `most`."""
    if number > most:
        raise WorkError(f"{id}: its text stands in more pieces than that of any story; save it as plain text")


def _goes_on(last: Piece, piece: Piece) -> bool:
    return (
        last.source + last.width == piece.source
        and last.start + last.length == piece.start
        and last.width * piece.length == piece.width * last.length
        and piece.width % piece.length == 0
        and last.part == piece.part
    )
