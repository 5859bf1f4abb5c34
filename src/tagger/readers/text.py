"""Plain text: headers, notes, chapters and wrapped lines are told from the layout."""

from __future__ import annotations

from tagger.readers.prose import read_prose
from tagger.works import Work


def read_text(data: bytes, id: str) -> Work:
    """The story in the bytes of a text file. WorkError if there is no text in it."""
    return read_prose(data, id, format="text")
