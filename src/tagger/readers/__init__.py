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

FORMATS: dict[str, Callable[[bytes, str], Work]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
}
JSON_LINES = ".jsonl"

__all__ = ["FORMATS", "JSON_LINES", "read_file", "read_markdown", "read_text", "story_files"]


def read_file(path: Path) -> Work:
    """The story in a file, by its suffix; a file with any other suffix is read as plain text.

    WorkError if it is missing, a folder, cannot be read, or holds no text.
    """
    if path.is_dir():
        raise WorkError(f"{path}: is a folder; name the stories in it")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise WorkError(f"{path}: no such file; check the spelling") from None
    except OSError as error:
        raise WorkError(f"{path}: cannot be read: {error.strerror or error}") from error
    return FORMATS.get(path.suffix.lower(), read_text)(data, str(path))


def story_files(folder: Path) -> list[Path]:
    """The stories in a folder and the folders in it, sorted; hidden ones are left out. WorkError if there are none."""
    suffixes = [*FORMATS, JSON_LINES]
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
