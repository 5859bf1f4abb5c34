"""SQLite files, opened read-only and read by keyset: each query goes on after the last row's key, so that none is long.

Nothing of the file is run: its views, triggers and virtual tables are left alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tagger.errors import WorkError, printable
from tagger.readers.tables.rows import Cell, complaint, find_columns, read_row
from tagger.readers.tables.streams import LONGEST_CELL
from tagger.works import Failure, Work

FORMAT = "sqlite"
_BATCH_ROWS = 32
_ROW_IDS = ("rowid", "_rowid_", "oid")
# What sqlite3 raises for a damaged file, and for names that are no text.
_BROKEN = (sqlite3.Error, UnicodeError, ValueError, OverflowError, MemoryError)


class Table(NamedTuple):
    """A table's name, the names of its columns, and those that tell its rows apart and order them."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def works(path: Path, name: str) -> Iterator[Work | Failure]:
    """The works of a SQLite file: of an eFiction archive, or of each table with a column for the text.

    WorkError if there is no such table.
    """
    with closing(_open(path)) as connection:
        yield from works_of(connection, path.parent, name, FORMAT)


def works_of(connection: sqlite3.Connection, folder: Path, name: str, format: str) -> Iterator[Work | Failure]:
    """The works of a database; `folder` may hold the texts that an eFiction archive keeps in files."""
    from tagger.readers.tables import efiction

    # Cells come as they are stored: what is no UTF-8 becomes surrogates, which `rows.decoded` knows.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)
    try:
        found = tables(connection)
        archive = efiction.find(found)
        if archive:
            yield from efiction.works(connection, archive, folder, name, format)
        else:
            yield from _rows_of(connection, found, name, format)
    except _BROKEN as error:
        raise WorkError(f"{name}: is damaged or no database: {error}") from None


def tables(connection: sqlite3.Connection) -> list[Table]:
    """The ordinary tables, by name."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ).fetchall()
    return [_table(connection, name) for (name,) in names]


def rows(
    connection: sqlite3.Connection, table: Table, columns: Sequence[str], batch: int = _BATCH_ROWS
) -> Iterator[tuple[tuple[Cell, ...], tuple[Cell, ...]]]:
    """The key and those columns of each row, in the order of the key."""
    key = ", ".join(table.key)
    select = f"SELECT {', '.join([*table.key, *map(quoted, columns)])} FROM {quoted(table.name)}"
    after = f" WHERE ({key}) > ({', '.join('?' * len(table.key))})"
    last: tuple[Cell, ...] = ()
    while True:
        query = f"{select}{after if last else ''} ORDER BY {key} LIMIT {batch}"
        found = connection.execute(query, last).fetchall()
        for row in found:
            yield row[: len(table.key)], row[len(table.key) :]
        if len(found) < batch:
            return
        if found[-1][: len(table.key)] == last:
            raise sqlite3.DatabaseError(f"the rows of {table.name} are not in order")
        last = found[-1][: len(table.key)]


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _open(path: Path) -> sqlite3.Connection:
    """Read-only, and leaving no file behind, unless another program is writing: then its log must be read too."""
    writing = path.with_name(path.name + "-wal").exists()
    try:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{'' if writing else '&immutable=1'}", uri=True)
    except _BROKEN as error:
        raise WorkError(f"{path}: cannot be opened as a database: {error}") from None


def _table(connection: sqlite3.Connection, name: str) -> Table:
    info = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    columns = tuple(row[1] for row in info)
    taken = {column.lower() for column in columns}
    for row_id in _ROW_IDS:
        if row_id not in taken and _has(connection, name, row_id):
            return Table(name, columns, (row_id,))
    primary = sorted((row[5], row[1]) for row in info if row[5])
    return Table(name, columns, tuple(quoted(column) for _, column in primary))


def _has(connection: sqlite3.Connection, table: str, row_id: str) -> bool:
    """Whether the table has row ids; one that is WITHOUT ROWID has not."""
    try:
        connection.execute(f"SELECT {row_id} FROM {quoted(table)} LIMIT 0")
    except sqlite3.OperationalError:
        return False
    return True


def _rows_of(
    connection: sqlite3.Connection, found: Sequence[Table], name: str, format: str
) -> Iterator[Work | Failure]:
    chosen = [(table, columns) for table in found if table.key and (columns := find_columns(table.columns))]
    if not chosen:
        names = [f"{table.name}.{column}" for table in found for column in table.columns]
        raise WorkError(complaint(names, name))
    any_row = False
    for table, columns in chosen:
        wanted = sorted({index for index in columns if index is not None})
        for key, cells in rows(connection, table, [table.columns[index] for index in wanted]):
            any_row = True
            place = f"{name}:{printable(table.name)}/{printable('/'.join(map(str, key)))}"
            yield read_row(cells, columns.within(wanted), place, format)
    if not any_row:
        raise WorkError(f"{name}: its tables have no rows")
