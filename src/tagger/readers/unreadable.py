"""Files that people have and that are not read: PDF, MOBI, old Word files, pictures. Each is told what to use instead.

A file is known by its first bytes; by its suffix only if it is no text, since a `story.doc` may well be one.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from tagger.errors import WorkError

HEAD_BYTES = 1024

_USE = "use the EPUB or a text file of the story"
_SAVE = "open it in Word or LibreOffice and save it as DOCX"
_UNPACK = "unpack it first and name what is in it"
_TYPE = "it shows a story as pixels at most; use a text file of the story"
_KINDLE = "use its EPUB, which Calibre makes of it, or a text file of the story"

# First bytes, what they say the file is, and what to do instead.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (rb"\s{0,20}%PDF-", "a PDF", f"which has no paragraphs to follow; {_USE}"),
    (rb".{60}(?:BOOKMOBI|TEXtREAd)", "a MOBI or AZW3 book", _KINDLE),
    (rb"TPZ|\xeaDRMION\xee|CONT\x02\x00.{12}.{0,100}\{", "a Kindle book", _KINDLE),
    (rb".{60}PNRdPPrs", "an eReader book", _KINDLE),
    (rb"ITOLITLS", "a Microsoft Reader book", _KINDLE),
    (rb"L\x00R\x00F\x00", "a Sony Reader book", _KINDLE),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<FictionBook\b", "a FictionBook file", _KINDLE),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument", "an OpenDocument file", _SAVE),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word file of before 2007, or one with a password", _SAVE),
    (rb"\xffWPC", "a WordPerfect file", _SAVE),
    (rb"AT&TFORM", "a DjVu file", _TYPE),
    (
        rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|II\*\x00|MM\x00\*|....ftyp(?:hei|avif|mif1)",
        "a picture",
        _TYPE,
    ),
    (rb"ID3[\x02-\x04]|OggS\x00|fLaC\x00|RIFF....(?:WAVE|AVI )|....ftyp|\x1aE\xdf\xa3", "a sound or a film", _USE),
    (
        rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd",
        "a packed file",
        _UNPACK,
    ),
)
_BY_CONTENT = tuple((re.compile(opening, re.DOTALL), kind, instead) for opening, kind, instead in _SIGNATURES)

_BY_SUFFIX = {
    **{".pdf": ("a PDF", f"which has no paragraphs to follow; {_USE}")},
    **dict.fromkeys((".mobi", ".azw", ".azw1", ".azw3", ".azw4", ".kfx", ".prc"), ("a Kindle book", _KINDLE)),
    **dict.fromkeys((".lit", ".lrf", ".pdb", ".fb2", ".cbz", ".cbr"), ("a book of a kind that is not read", _KINDLE)),
    **dict.fromkeys((".doc", ".dot", ".wps", ".wpd", ".odt", ".ott", ".sxw"), ("a word processor's file", _SAVE)),
    **dict.fromkeys((".pages",), ("a Pages file", "open it in Pages and export it as EPUB or Word")),
    **dict.fromkeys((".xls", ".xlsx", ".ods", ".numbers"), ("a spreadsheet", "save it as CSV")),
    **dict.fromkeys((".ppt", ".pptx", ".odp", ".key"), ("slides", _USE)),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"), ("a picture", _TYPE)),
    **dict.fromkeys(
        (".mp3", ".m4a", ".m4b", ".ogg", ".wav", ".flac", ".mp4", ".mkv", ".avi"), ("a sound or a film", _USE)
    ),
    **dict.fromkeys((".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".tar"), ("a packed file", _UNPACK)),
}
_ZIP = b"PK\x03\x04"
# Neither UTF-8 nor cp1252 nor latin-1 text has these; UTF-16 does, and says so by its first two bytes.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def refusal(head: bytes, name: str) -> str | None:
    """One line on why the file is not read and what to use instead; None if it may be a story.

    `head` is the file's first HEAD_BYTES, `name` its name.

    >>> refusal(b"%PDF-1.7", "tea.pdf")
    'tea.pdf: is a PDF, which has no paragraphs to follow; use the EPUB or a text file of the story'
    """
    kind = _by_content(head[:HEAD_BYTES]) or _by_suffix(head[:HEAD_BYTES], name)
    if not kind:
        return None
    noun, instead = kind
    return f"{name}: is {noun}{',' if instead.startswith('which') else ', which is not read;'} {instead}"


def refuse(data: bytes, id: str) -> None:
    """WorkError if the file `id` is of a kind that is not read."""
    why = refusal(data, id)
    if why:
        raise WorkError(why)


def _by_content(head: bytes) -> tuple[str, str] | None:
    return next(((kind, instead) for opening, kind, instead in _BY_CONTENT if opening.match(head)), None)


def _by_suffix(head: bytes, name: str) -> tuple[str, str] | None:
    may_be_text = head.startswith(_UTF16) or not (head.startswith(_ZIP) or _NO_TEXT.search(head))
    return None if may_be_text else _BY_SUFFIX.get(PurePath(name).suffix.lower())
