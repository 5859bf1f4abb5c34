"""Bytes to a work: what plain text and Markdown have in common."""

from __future__ import annotations

import re

from tagger.errors import WorkError
from tagger.readers.encoding import decode
from tagger.readers.layout import lay_out
from tagger.works import Source, Work

_SOMETHING = re.compile(r"[^\s\0\ufeff\u200b]")


def holds_text(text: str) -> bool:
    """Whether there is anything but white space and NUL characters."""
    return _SOMETHING.search(text) is not None


def read_prose(data: bytes, id: str, *, format: str) -> Work:
    """A story from the bytes of a file; `format` is "text" or "markdown"."""
    if not data:
        raise WorkError(f"{id}: is empty")
    text, encoding, repairs = decode(data)
    if not holds_text(text):
        raise WorkError(f"{id}: holds no text")
    layout = lay_out(text, markdown=format == "markdown")
    return Work(
        id=id,
        text=text,
        chapters=layout.chapters,
        declared=layout.declared,
        source=Source(format=format, encoding=encoding, ignored=layout.ignored, repairs=repairs),
        hard_wrapped=layout.hard_wrapped,
    )
