"""Bytes to a work: what plain text and Markdown have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tagger.errors import WorkError
from tagger.readers.encoding import decode, looks_mangled
from tagger.readers.layout import lay_out
from tagger.works import Piece, Source, Work

if TYPE_CHECKING:
    from tagger.readers.mojibake import Mended

_SOMETHING = re.compile(r"[^\s\0\ufeff\u200b]")


def holds_text(text: str) -> bool:
    """Whether there is anything but white space and NUL characters."""
    return _SOMETHING.search(text) is not None


def mended(text: str) -> tuple[str, tuple[Piece, ...], tuple[str, ...]]:
    """The text as its author wrote it, the pieces that say where it stood before, and the repairs.

    Both are empty where there is nothing to mend.
    """
    if not looks_mangled(text):
        return text, (), ()
    found = _mend(text)
    return found.text, found.pieces, found.repairs


def text_of(data: bytes, id: str) -> tuple[str, str, tuple[Piece, ...], tuple[str, ...]]:
    """The mended text of a file, its encoding, where the text stands in it, and the repairs.

    WorkError if there is no text in it.
    """
    if not data:
        raise WorkError(f"{id}: is empty")
    text, encoding, repairs = decode(data)
    pieces: tuple[Piece, ...] = ()
    if looks_mangled(text) or 0 in data:
        found = _mend(text)
        del text  # one emoji makes it four bytes a character; the parts it was cut into are less
        text, pieces, repairs = found.text, found.pieces, repairs + found.repairs
        del found
    if not holds_text(text):
        raise WorkError(f"{id}: holds no text")
    return text, encoding, pieces, repairs


def _mend(text: str) -> Mended:
    from tagger.readers.mojibake import mend  # a score of regular expressions, which most texts can do without

    return mend(text)


def read_prose(data: bytes, id: str, *, format: str) -> Work:
    """A story from the bytes of a file; `format` is "text" or "markdown"."""
    text, encoding, pieces, repairs = text_of(data, id)
    layout = lay_out(text, markdown=format == "markdown")
    return Work(
        id=id,
        text=text,
        chapters=layout.chapters,
        declared=layout.declared,
        source=Source(format=format, encoding=encoding, ignored=layout.ignored, repairs=repairs),
        hard_wrapped=layout.hard_wrapped,
        pieces=pieces,
    )
