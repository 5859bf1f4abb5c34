"""watch(): a folder's files, each once nobody writes to it any more, and where they go when they are done with.

A file is taken when its size and time stay the same from one look to the next. It moves by one rename, after its
decisions are written: whatever ends the program, no file is lost, and none is decided twice into the same file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tagger.errors import OutputError

DONE, FAILED = "done", "failed"
# What programs name files that they are still writing; hidden files are left alone, too.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".unfinished", ".filepart", "~")
_NAP = 0.1  # seconds: how long a wish to stop may go unheard


class State(NamedTuple):
    """What tells whether a file is still being written."""

    size: int
    modified_ns: int
    inode: int


def watch(folder: Path, apart: Collection[str], every: float, is_over: Callable[[], bool]) -> Iterator[Path]:
    """Files of a folder as they are closed, oldest first, looked for `every` so many seconds until `is_over`.

    `apart` are names of files that are never taken. A file that is still there when it has been handed out is not
    handed out again until it changes. OutputError if the folder cannot be read.
    """
    before: Mapping[Path, State] = {}
    handed: dict[Path, State] = {}
    while not is_over():
        now = look(folder, apart)
        handed = {path: state for path, state in handed.items() if now.get(path) == state}
        for path in settled(before, now):
            if path not in handed:
                handed[path] = now[path]
                yield path
                if is_over():
                    return
        before = now
        _sleep(every, is_over)


def settled(before: Mapping[Path, State], now: Mapping[Path, State]) -> list[Path]:
    """The files that are as they were, oldest first.

    >>> old, new = State(10, 1, 1), State(12, 2, 1)
    >>> settled({Path("a"): old, Path("b"): old}, {Path("a"): old, Path("b"): new})
    [PosixPath('a')]
    """
    same = [path for path, state in now.items() if before.get(path) == state]
    return sorted(same, key=lambda path: (now[path].modified_ns, path))


def look(folder: Path, apart: Collection[str] = ()) -> dict[Path, State]:
    """The files of a folder that may be stories: neither hidden nor named as unfinished."""
    found = {}
    try:
        for entry in os.scandir(folder):
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED) or entry.name in apart:
                continue
            try:
                if entry.is_file():
                    stat = entry.stat()
                    found[path] = State(stat.st_size, stat.st_mtime_ns, stat.st_ino)
            except OSError:
                continue  # it went away in between
    except OSError as error:
        raise OutputError(f"cannot look into {folder}: {error.strerror or error}") from error
    return found


def put_away(path: Path, folder: Path) -> Path | None:
    """Move a file into a folder, under a new name where its own is taken. Where it is now; None if it is gone.

    The name is reserved before the rename, so that no file is ever overwritten. OutputError if it cannot be moved.
    """
    try:
        folder.mkdir(exist_ok=True)
        place = _reserve(folder, path)
        try:
            path.replace(place)
        except FileNotFoundError:
            place.unlink()
            return None
        except OSError:
            place.unlink()
            raise
    except OSError as error:
        raise OutputError(f"cannot move {path} to {folder}: {error.strerror or error}") from error
    return place


def _reserve(folder: Path, path: Path) -> Path:
    """An empty file of the path's name, or the name with a number."""
    for number in count(1):
        place = folder / (path.name if number == 1 else f"{path.stem}-{number}{path.suffix}")
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            continue
        return place
    raise AssertionError("numbers do not end")


def _sleep(seconds: float, is_over: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not is_over() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _NAP))
