"""Which format a file is in that is marked up or no text at all, told by its first bytes."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from tagger.errors import WorkError
from tagger.readers import tables
from tagger.readers.archive import open_archive
from tagger.readers.unreadable import HEAD_BYTES, refuse

_ZIP = b"PK\x03\x04"
_RTF = re.compile(rb"\s*\{\\rtf", re.IGNORECASE)
# A page says that it is one; a text that begins with any other tag may have been pasted from somewhere.
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:(?:<\?xml[^>]*>|<!--.*?-->)\s*)*<(?:!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_CONTAINER, _PACKAGE, _DOCUMENT = "META-INF/container.xml", ".opf", "word/document"
_ZIPPED = {".epub": "epub", ".docx": "docx", ".docm": "docx"}


def detect(data: bytes, name: str) -> str | None:
    """The format of the file `name`: html, epub, docx or rtf; None if its suffix has to tell.

    WorkError, which says what to use instead, if it is in a format that is not read, or holds many works.
    """
    head = data[:HEAD_BYTES]
    if tables.is_table(Path(), head):
        raise WorkError(f"{name}: is a database of works, which is read as a file; name that file")
    refuse(head, name)
    if head.startswith(_ZIP):
        return _zipped(data, name)
    if _RTF.match(head):
        return "rtf"
    return "html" if _HTML.match(head) else None


def _zipped(data: bytes, name: str) -> str:
    """What a zip file is beside that; what neither its members nor its suffix tell is refused."""
    members = open_archive(data, name).names()
    if any(member == _CONTAINER or member.endswith(_PACKAGE) for member in members):
        return "epub"
    if any(member.startswith(_DOCUMENT) for member in members):
        return "docx"
    told = _ZIPPED.get(PurePath(name).suffix.lower())
    if not told:
        raise WorkError(
            f"{name}: is a zip file, and neither an EPUB nor a DOCX; unpack it first and name what is in it"
        )
    return told
