"""Tables: files that hold many works, one a row. They are read as a stream, never whole.

One kind of file a module; `rows` has what they share, the columns and what becomes of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tagger.errors import WorkError, printable
from tagger.works import Failure, Work

Reader = Callable[[Path, str], Iterator[Work | Failure]]

_SQLITE = b"SQLite format 3\0"
_PARQUET = b"PAR1"
HEAD_BYTES = len(_SQLITE)
# What is read by its suffix. JSON Lines is only if it is packed: else its lines are read as they come.
_SUFFIXES = {
    "csv": (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst"),
    "jsonl": (".jsonl.gz", ".jsonl.zst"),
    "parquet": (".parquet", ".pq"),
    "sql": (".sql", ".sql.gz", ".sql.zst"),
    "sqlite": (".sqlite", ".sqlite3"),
}
FORMATS = ("csv", "parquet", "sql", "sqlite")
SUFFIXES = tuple(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)

__all__ = ["FORMATS", "HEAD_BYTES", "SUFFIXES", "is_table", "works"]


def is_table(path: Path, head: bytes) -> bool:
    """Whether `works` reads the file; `head` is at least its first HEAD_BYTES.

    >>> [is_table(Path(name), b"") for name in ("works.csv", "works.jsonl.gz", "story.txt")]
    [True, True, False]
    """
    return _format(path, head) is not None


def works(path: Path, format: str | None = None) -> Iterator[Work | Failure]:
    """Each work in the file, in its order; `format`, one of FORMATS or "jsonl", goes before what it looks like.

    What cannot be read, a row or the whole file, is a Failure in its place.
    """
    from tagger.readers import name_of, why_unreadable

    name = name_of(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if not head:
            raise WorkError(f"{name}: is empty")
        yield from _reader(format or _format(path, head), name)(path, name)
    except OSError as error:
        yield Failure(name, printable(why_unreadable(path, error)))
    except WorkError as error:
        yield Failure(name, printable(str(error)))


def _format(path: Path, head: bytes) -> str | None:
    if head.startswith(_SQLITE):
        return "sqlite"
    if head.startswith(_PARQUET):
        return "parquet"
    name = path.name.lower()
    return next((each for each, suffixes in _SUFFIXES.items() if name.endswith(suffixes)), None)


def _reader(format: str | None, name: str) -> Reader:
    """The reader of a format, loaded when there is something to read."""
    from tagger.readers.tables import delimited, dump, lines, parquet, sqlite

    readers: dict[str | None, Reader] = {
        "csv": delimited.works,
        "jsonl": lines.works,
        "parquet": parquet.works,
        "sql": dump.works,
        "sqlite": sqlite.works,
    }
    if format not in readers:
        raise WorkError(f"{name}: is no table of works; name a .csv, .jsonl.gz, .parquet, .sql or .sqlite file")
    return readers[format]
