"""JSON Lines packed as .gz or .zst: one work a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tagger.errors import WorkError
from tagger.readers.jsonl import read_record
from tagger.readers.tables.streams import LONGEST_CELL, open_stream
from tagger.works import Failure, Work


def works(path: Path, name: str) -> Iterator[Work | Failure]:
    """The works of a packed JSON Lines file. Without "id", a work's id is the file and its line."""
    empty = True
    with open_stream(path) as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_CELL), b""), 1):
            if len(line) >= LONGEST_CELL:
                raise WorkError(f"{name}:{number}: the line has more than {LONGEST_CELL:,} bytes; one work a line")
            if not line.isspace():
                empty = False
                yield read_record(line, f"{name}:{number}")
    if empty:
        raise WorkError(f"{name}: is empty: a JSON Lines file holds one work a line")
