"""Where results are written: standard output, or a file that comes into being whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tagger.errors import ClosedPipeError, OutputError, UsageError


def refuse_inputs(output: Path | None, inputs: Iterable[Path]) -> None:
    """Raise UsageError where results would take the place of what they are made from, a file or a folder's story."""
    if output is None or not output.is_file():
        return
    for path in inputs:
        if path.exists() and any(each.samefile(output) for each in _files(path)):
            raise UsageError(f"-o {output}: that file is among what is to be read; name another one")


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        return iter([path])
    from tagger.predicting import files_at

    return (each for each in files_at(path) if isinstance(each, Path))


@contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO]:
    """A stream to write results to, flushed on leaving.

    A file is written beside its place and moved there at the end; when the run breaks off, what is there already stays
    as it was, and what was written stays in FILE.unfinished. Raises OutputError when it cannot be written.
    """
    if path is None or not (path.is_file() or not path.exists()):
        with _told(path or Path("standard output")):
            stream = sys.stdout.buffer if path is None else path.open("wb")
            yield stream
            stream.flush()
        return
    unfinished = path.with_name(path.name + ".unfinished")
    with _told(path):
        with unfinished.open("wb") as stream:
            yield stream
        unfinished.replace(path)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn a failure to write into an error that names the file, or that says nothing where a pipe was closed."""
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise OutputError(f"cannot write the results to {path}: {error.strerror or error}") from error
