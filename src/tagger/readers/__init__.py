"""Files to works: one format a module, and here the table of formats.

JSON Lines holds many works in a file; its lines are read one by one with `tagger.readers.jsonl`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tagger.errors import WorkError
from tagger.readers.markdown import read_markdown
from tagger.readers.text import read_text
from tagger.works import Work

FORMATS: dict[str, Callable[[bytes, str], Work]] = {"text": read_text, "markdown": read_markdown}
SUFFIXES = {".txt": "text", ".text": "text", ".md": "markdown", ".markdown": "markdown"}
JSON_LINES = ".jsonl"

__all__ = [
    "FORMATS",
    "JSON_LINES",
    "SUFFIXES",
    "name_of",
    "read_bytes",
    "read_file",
    "read_markdown",
    "read_text",
    "story_files",
    "why_unreadable",
]


def read_bytes(data: bytes, id: str, format: str = "text") -> Work:
    """The story in `data`; `format` is one of FORMATS. WorkError if there is no text in it."""
    return FORMATS[format](data, id)


def read_file(path: Path, format: str | None = None) -> Work:
    """The story in a file, in the given format or the one its suffix tells; any other suffix is plain text.

    WorkError if the file is missing, a folder, cannot be read, or holds no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorkError(why_unreadable(path, error)) from error
    return read_bytes(data, name_of(path), format or SUFFIXES.get(path.suffix.lower(), "text"))


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
    suffixes = [*SUFFIXES, JSON_LINES]
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
    if not found:
        looked_for = ", ".join(f"*{suffix}" for suffix in suffixes)
        raise WorkError(f"no stories in {folder} (looked for {looked_for})")
    return found
