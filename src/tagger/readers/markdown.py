"""Markdown: plain text whose headings are marked with `#` or underlined.

Emphasis marks and links stay in the text, so that offsets hold; for whoever reads words, marks are separators.
"""

from __future__ import annotations

from tagger.readers.prose import read_prose
from tagger.works import Work


def read_markdown(data: bytes, id: str) -> Work:
    """The story in the bytes of a Markdown file. WorkError if there is no text in it."""
    return read_prose(data, id, format="markdown")
