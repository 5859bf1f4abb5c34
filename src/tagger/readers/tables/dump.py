"""Dumps of MySQL databases, `.sql`: their rows go into a database of SQLite's own, which is then read as any other.

That database is in memory, and in a nameless file that ends with it once it grows. Nothing of the dump is run: only
CREATE TABLE, for the names of columns, and INSERT .. VALUES are looked at.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tagger.errors import WorkError
from tagger.readers.tables.rows import Cell
from tagger.readers.tables.sqlite import quoted, works_of
from tagger.readers.tables.streams import LONGEST_CELL, open_stream
from tagger.works import Failure, Work

FORMAT = "sql"
_CHUNK = 1 << 20
_BATCH_ROWS = 200
_MOST_COLUMNS = 500
_TOKEN = re.compile(
    rb"""  (?P<space>[\s]++|--[ \t\r][^\n]*+\n|--\n|\#[^\n]*+\n|/\*.*?\*/)
         | (?P<string>'(?:[^'\\]++|\\.|'')*+')
         | `(?P<ticked>(?:[^`]++|``)*+)` | "(?P<quoted>(?:[^"]++|"")*+)"
         | 0x(?P<hex>[0-9a-fA-F]++)
         | (?P<number>[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)
         | (?P<word>[A-Za-z_][\w$]*+)
         | (?P<mark>[(),;])
         | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(.)|''", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"b": b"\b", b"Z": b"\x1a"}
# What may stand where a column's name could: `KEY (sid)`.
_NO_COLUMN = {b"PRIMARY", b"KEY", b"INDEX", b"UNIQUE", b"FULLTEXT", b"SPATIAL", b"CONSTRAINT", b"FOREIGN", b"CHECK"}


class _Token(NamedTuple):
    """`kind` is the name of a group of _TOKEN; a name in backticks or quotation marks is a "name"."""

    kind: str
    text: bytes


def works(path: Path, name: str) -> Iterator[Work | Failure]:
    """The works of a dump: of an eFiction archive, or of each table with a column for the text."""
    with closing(sqlite3.connect("")) as connection:
        try:
            with open_stream(path) as stream:
                _load(connection, _tokens(stream, name), name)
        except (sqlite3.Error, OverflowError, UnicodeError, ValueError) as error:
            raise WorkError(f"{name}: is no dump that can be read: {error}") from None
        yield from works_of(connection, path.parent, name, FORMAT)


def _load(connection: sqlite3.Connection, tokens: Iterator[_Token], name: str) -> None:
    """Create the dump's tables and fill them."""
    tables: dict[str, tuple[str, ...]] = {}
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("BEGIN")
    for token in tokens:
        verb = token.text.upper() if token.kind == "word" else b""
        if verb == b"CREATE":
            _create(connection, tokens, tables)
        elif verb in {b"INSERT", b"REPLACE"}:
            _insert(connection, tokens, tables)
        elif token.text != b";":
            _skip_statement(tokens)
    connection.execute("COMMIT")
    if not tables:
        raise WorkError(f"{name}: has no CREATE TABLE or INSERT, so it is no SQL dump")


def _create(connection: sqlite3.Connection, tokens: Iterator[_Token], tables: dict[str, tuple[str, ...]]) -> None:
    """The rest of `CREATE TABLE name (column type, ..)`; any other CREATE is passed over."""
    token = next(tokens, None)
    if token is None or token.text.upper() != b"TABLE":
        if token and token.text != b";":
            _skip_statement(tokens)
        return
    name = _name_before(tokens, b"(")
    columns: list[str] = []
    depth, at_start = 1, True
    for token in tokens:
        if token == _END:
            break
        names_column = token.kind == "name" or (token.kind == "word" and token.text.upper() not in _NO_COLUMN)
        if depth == 1 and at_start and names_column:
            columns.append(_text(token.text))
        at_start = depth == 1 and token == _COMMA
        depth += (token == _OPEN) - (token == _CLOSE)
    if name and columns:
        _add_table(connection, name, columns, tables)


def _add_table(
    connection: sqlite3.Connection, name: str, columns: list[str], tables: dict[str, tuple[str, ...]]
) -> None:
    if name not in tables:
        tables[name] = tuple(columns[:_MOST_COLUMNS])
        connection.execute(f"CREATE TABLE {quoted(name)} ({', '.join(map(quoted, tables[name]))})")


def _insert(connection: sqlite3.Connection, tokens: Iterator[_Token], tables: dict[str, tuple[str, ...]]) -> None:
    """The rest of `INSERT INTO name (columns) VALUES (..), (..);`."""
    name = ""
    named: list[str] = []
    opened = False
    for token in tokens:
        if token == _END:
            return
        if token.kind == "word" and token.text.upper() in {b"VALUES", b"VALUE"}:
            break
        opened = (opened or token == _OPEN) and token != _CLOSE
        if token.kind == "name" or (token.kind == "word" and token.text.upper() not in {b"INTO", b"IGNORE"}):
            if opened:
                named.append(_text(token.text))
            else:
                name = _text(token.text)  # the last one counts: `database`.`table`
    if name and named:
        _add_table(connection, name, named, tables)
    columns = named or list(tables.get(name, ()))
    if not columns:
        _skip_statement(tokens)
        return
    insert = f"INSERT INTO {quoted(name)} ({', '.join(map(quoted, columns))}) VALUES ({', '.join('?' * len(columns))})"
    waiting: list[list[Cell]] = []
    for row in _values(tokens):
        if len(row) == len(columns):
            waiting.append(row)
        if len(waiting) == _BATCH_ROWS:
            connection.executemany(insert, waiting)
            waiting.clear()
    connection.executemany(insert, waiting)


def _values(tokens: Iterator[_Token]) -> Iterator[list[Cell]]:
    """The rows in brackets up to the end of the statement."""
    row: list[Cell] = []
    value: Cell = None
    depth = 0
    for token in tokens:
        if token == _END and not depth:
            return
        if token == _OPEN:
            depth += 1
        elif token == _CLOSE:
            depth -= 1
            if depth == 0:
                yield [*row, value]
                row, value = [], None
        elif token == _COMMA and depth == 1:
            row.append(value)
            value = None
        elif depth == 1 and token.kind != "word":  # NULL, or `_binary` before a string
            value = _value(token)
        if depth <= 0 and token not in (_CLOSE, _COMMA):
            return _skip_statement(tokens)  # `ON DUPLICATE KEY ..`


def _value(token: _Token) -> Cell:
    if token.kind == "string":
        return _stored(_ESCAPE.sub(_unescaped, token.text[1:-1]))
    if token.kind == "hex":
        return _stored(bytes.fromhex(token.text.decode().rjust(len(token.text) + len(token.text) % 2, "0")))
    if token.kind == "number":
        return int(token.text) if token.text.lstrip(b"+-").isdigit() and len(token.text) < 19 else float(token.text)
    return _stored(token.text)


def _stored(value: bytes) -> str | bytes:
    """Text where it is UTF-8; other bytes stay as they are, to be decoded when they are read."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    return b"'" if escaped is None else _ESCAPED.get(escaped, escaped)


def _name_before(tokens: Iterator[_Token], mark: bytes) -> str:
    """The last name before the mark: `IF NOT EXISTS database.table (`."""
    name = ""
    for token in tokens:
        if token.kind == "mark":
            return name if token.text == mark else ""
        if token.kind in {"word", "name"}:
            name = _text(token.text)
    return ""


def _skip_statement(tokens: Iterator[_Token]) -> None:
    for token in tokens:
        if token == _END:
            return


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace").replace("\0", "")


def _tokens(stream: BinaryIO, name: str) -> Iterator[_Token]:
    """The tokens of a dump but for white space and comments, read chunk by chunk."""
    buffer, at, ended = b"", 0, False
    while True:
        match = _TOKEN.match(buffer, at)
        # What ends with the buffer, or could begin something that does not, may go on in the next chunk.
        if not ended and (match is None or match.end() == len(buffer) or match["other"]):
            rest = len(buffer) - at
            if rest > LONGEST_CELL:
                raise WorkError(
                    f"{name}: has a value of more than {LONGEST_CELL:,} bytes; is a quotation mark missing?"
                )
            more = stream.read(max(_CHUNK, rest))
            ended = not more
            buffer, at = buffer[at:] + more, 0
            continue
        if match is None:
            return
        at = match.end()
        kind = match.lastgroup or ""
        if kind in {"ticked", "quoted"}:
            mark = b"`" if kind == "ticked" else b'"'
            yield _Token("name", match[kind].replace(mark * 2, mark))
        elif kind != "space":
            yield _Token(kind, match[kind])


_OPEN, _CLOSE, _COMMA, _END = (_Token("mark", mark) for mark in (b"(", b")", b",", b";"))
