"""CSV and its kin: the delimiter is the one that parts the header into names we know."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tagger.errors import WorkError
from tagger.readers.tables.rows import Columns, complaint, find_columns, read_row
from tagger.readers.tables.streams import LONGEST_CELL, open_stream
from tagger.works import Failure, Work

_DELIMITERS = ",;\t|"
_SAMPLE_BYTES = 1 << 16
_EXCEL_HINT = re.compile(r"sep=(?P<delimiter>.)\s*", re.IGNORECASE)


class _Dialect(NamedTuple):
    """How a file is written. Each byte of `latin-1` is a character, to be decoded cell by cell: one file may well be
    in two encodings.
    """

    encoding: str
    bom: int  # bytes
    delimiter: str
    quote: str
    escape: str | None
    header: int  # the line with the names, from 0
    names: tuple[str, ...]
    columns: Columns


def works(path: Path, name: str) -> Iterator[Work | Failure]:
    """The works of a CSV or TSV file, one a row. Without an id, a work's id is the file and the row, the header's being
    1. WorkError if no column has a name of a story's text.
    """
    import csv

    with open_stream(path) as stream:
        dialect = _sniff(stream.read(_SAMPLE_BYTES), name)
    csv.field_size_limit(LONGEST_CELL)
    with open_stream(path) as stream:
        stream.read(dialect.bom)
        text = io.TextIOWrapper(stream, dialect.encoding, "replace", newline="")
        rows = csv.reader(
            iter(lambda: text.readline(LONGEST_CELL), ""),
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            escapechar=dialect.escape,
            doublequote=dialect.escape is None,
        )
        number = 0
        try:
            for number, cells in enumerate(rows, 1):
                if number > dialect.header + 1 and cells:
                    yield _read(cells, dialect, f"{name}:{number}")
        except csv.Error as error:
            raise WorkError(f"{name}: after row {number}: {error}; is a quotation mark left open?") from None
    if number <= dialect.header + 1:
        raise WorkError(f"{name}: has a header and no rows")


def _read(cells: list[str], dialect: _Dialect, place: str) -> Work | Failure:
    if len(cells) != len(dialect.names):
        return Failure(place, f"{place}: has {len(cells)} cells where the header has {len(dialect.names)}")
    if dialect.encoding == "latin-1":
        return read_row([cell.encode("latin-1") for cell in cells], dialect.columns, place, "csv")
    return read_row(cells, dialect.columns, place, "csv")


def _sniff(sample: bytes, name: str) -> _Dialect:
    """The dialect under which the header has a column that holds text. WorkError, which names the columns, if none."""
    import csv

    encoding, bom = "latin-1", len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, bom = "utf-16-le" if sample.startswith(codecs.BOM_UTF16_LE) else "utf-16-be", 2
    text = sample[bom:].decode(encoding, "replace")
    rows = text.splitlines()[:2] or [""]
    hint = _EXCEL_HINT.fullmatch(rows[0])
    header = rows[-1 if hint else 0]
    quote = "'" if header.startswith("'") else '"'
    escape = "\\" if text.count("\\" + quote) > text.count(2 * quote) else None
    best: tuple[str, ...] = ()
    for delimiter in hint["delimiter"] if hint else _DELIMITERS:
        try:
            names = tuple(next(csv.reader([header], delimiter=delimiter, quotechar=quote), ()))
        except (csv.Error, TypeError, ValueError):
            continue
        columns = find_columns(names)
        if columns:
            return _Dialect(encoding, bom, delimiter, quote, escape, int(bool(hint)), names, columns)
        best = max(best, names, key=len)
    raise WorkError(complaint(best, name))
