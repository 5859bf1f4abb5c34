"""Files to works: one format a module, and here the table of formats.

A file is told by its first bytes, and by its suffix where these say nothing. Files that hold many works are no formats
of this table: JSON Lines is read line by line with `tagger.readers.jsonl`, databases and the like with
`tagger.readers.tables`.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from tagger.errors import WorkError
from tagger.readers import tables
from tagger.readers.markdown import read_markdown
from tagger.readers.text import read_text
from tagger.works import Work


# What reads these formats is loaded when there is something to read: plain text is there sooner.
def read_html(data: bytes, id: str) -> Work:
    """The story in the bytes of an HTML file. WorkError if there is none in it."""
    from tagger.readers import html

    return html.read_html(data, id)


def read_epub(data: bytes, id: str) -> Work:
    """The story in the bytes of an EPUB. WorkError if there is none in it, or the book is locked."""
    from tagger.readers import epub

    return epub.read_epub(data, id)


def read_docx(data: bytes, id: str) -> Work:
    """The story in the bytes of a DOCX file. WorkError if it is none, if it is cut short, or holds no text."""
    from tagger.readers import docx

    return docx.read_docx(data, id)


def read_rtf(data: bytes, id: str) -> Work:
    """The story in the bytes of an RTF file. WorkError if it is none, is absurdly large, or holds no text."""
    from tagger.readers import rtf

    return rtf.read_rtf(data, id)


def read_fanficfare(data: bytes, id: str) -> Work:
    """The story in a text file that FanFicFare wrote. WorkError if there is no text in it."""
    from tagger.readers import fanficfare

    return fanficfare.read_fanficfare(data, id)


def read_mail(data: bytes, id: str) -> Work:
    """The story in posts to a mailing list or newsgroup. WorkError if there is no text in it, or none but replies."""
    from tagger.readers import mail

    return mail.read_mail(data, id)


FORMATS: dict[str, Callable[[bytes, str], Work]] = {
    "text": read_text,
    "markdown": read_markdown,
    "html": read_html,
    "epub": read_epub,
    "docx": read_docx,
    "rtf": read_rtf,
    "fanficfare": read_fanficfare,
    "mail": read_mail,
}
SUFFIXES = {
    **dict.fromkeys((".txt", ".text"), "text"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    ".epub": "epub",
    **dict.fromkeys((".docx", ".docm"), "docx"),
    ".rtf": "rtf",
}
JSON_LINES = ".jsonl"

# What plain text seldom begins with, and which of its first bytes it never is.
_MARKED_UP = (b"<", b"{\\", b"%PDF-")
_NO_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_HEAD_BYTES = 1024
# What stands near the top of text files that programs write.
_BY_PROGRAMS = (b"Subject:", b"Packaged: ", b"Story URL: ", b"Publisher: ")
_TOP_BYTES = 4096

__all__ = [
    "FORMATS",
    "JSON_LINES",
    "SUFFIXES",
    "format_of",
    "holds_table",
    "name_of",
    "read_bytes",
    "read_docx",
    "read_epub",
    "read_fanficfare",
    "read_file",
    "read_html",
    "read_mail",
    "read_markdown",
    "read_rtf",
    "read_text",
    "story_files",
    "why_unreadable",
]


def read_bytes(data: bytes, id: str, format: str | None = None) -> Work:
    """The story in `data`, in the given format, one of FORMATS, or the one it looks like.

    WorkError if there is no text in it.
    """
    return FORMATS[format or format_of(data, id)](data, id)


def read_file(path: Path, format: str | None = None) -> Work:
    """The story in a file, in the given format, one of FORMATS, or the one it looks like.

    WorkError if the file is missing, a folder, cannot be read, or holds no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorkError(why_unreadable(path, error)) from error
    return read_bytes(data, name_of(path), format)


def format_of(data: bytes, name: str) -> str:
    r"""Which of FORMATS the file `name` is in: what its first bytes say, else its suffix, else plain text.

    WorkError, which says what to use instead, if it is in a format that is not read.

    >>> format_of(rb"{\rtf1 Tea.}", "tea.doc"), format_of(b"# Tea", "tea.md"), format_of(b"Tea.", "tea")
    ('rtf', 'markdown', 'text')
    """
    head = data[:_HEAD_BYTES]
    marked_up = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(_MARKED_UP)
    if marked_up or len(head.translate(None, _NO_TEXT)) < len(head):
        from tagger.readers.detection import detect

        told = detect(data, name)
        if told:
            return told
    told = SUFFIXES.get(name[name.rfind(".") :].lower(), "text")
    return _by_program(data) if told == "text" else told


def _by_program(data: bytes) -> str:
    """Which program wrote a text file, if one did."""
    top = data[:_TOP_BYTES]
    if not any(sign in top for sign in _BY_PROGRAMS):
        return "text"
    from tagger.readers import fanficfare, mail

    if mail.is_mail(data):
        return "mail"
    return "fanficfare" if fanficfare.is_fanficfare(data) else "text"


def holds_table(path: Path) -> bool:
    """Whether a file holds a table of works; what is no ordinary file (a pipe) does not, and is not touched."""
    try:
        if not path.is_file():
            return False
        with path.open("rb", buffering=0) as file:
            return tables.is_table(path, file.read(tables.HEAD_BYTES))
    except OSError:
        return False


def why_unreadable(path: Path, error: OSError) -> str:
    """One line on why a file could not be opened."""
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file; check the spelling"
    if isinstance(error, IsADirectoryError) or path.is_dir():
        return f"{path}: is a folder; name the stories in it"
    return f"{path}: cannot be read: {error.strerror or error}"


def name_of(path: Path) -> str:
    """A path as a work's id: bytes of it that are no characters are replaced, since JSON can hold none."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def story_files(folder: Path) -> list[Path]:
    """The stories in a folder and its subfolders, sorted; hidden ones left out. WorkError if there are none."""
    suffixes = (*SUFFIXES, JSON_LINES, *tables.SUFFIXES)
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith(suffixes)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
    if not found:
        looked_for = ", ".join(f"*{suffix}" for suffix in suffixes)
        raise WorkError(f"no stories in {folder} (looked for {looked_for})")
    return found
