"""Where a queue is kept: a file of SQLite, or a PostgreSQL database by its URL; its tables, and its transactions.

    items   one row a work that was screened, with what has become of it
    events  every change, one row each; rows are only ever added, and the database itself refuses anything else

An item's state is kept beside its events for the sake of speed, and changes in one transaction with them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tagger.errors import QueueError

try:
    import sqlalchemy as sql
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.engine import URL, Connection, Engine, make_url
except ImportError as error:
    raise QueueError(f"a queue needs {error.name}: pip install sqlalchemy") from error

# The one place where the library is imported, so that its absence is one line; the rest of the folder takes it here.
__all__ = [
    "READING",
    "Connection",
    "Engine",
    "batches",
    "connect",
    "events",
    "insert_new",
    "items",
    "sql",
    "told",
]

FORMAT = "tagger.queue/1"

READING = "tagger_reading"  # the option of a connection that writes nothing

_PARAMETERS = 900  # of one statement: older SQLites take 999
_BUSY_MS = 30_000  # how long a writer waits for another one: longer than any transaction here

metadata = sql.MetaData()

about = sql.Table(
    "tagger_about",
    metadata,
    sql.Column("key", sql.Text, primary_key=True),
    sql.Column("value", sql.Text, nullable=False),
)

# Times are UTC, as "2026-07-31T12:00:00.000000Z": in that form their order is that of the letters.
items = sql.Table(
    "tagger_items",
    metadata,
    sql.Column("number", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True),
    sql.Column("key", sql.String(64), nullable=False, unique=True),
    sql.Column("id", sql.Text, nullable=False, index=True),
    sql.Column("text_sha256", sql.Text),
    sql.Column("record", sql.Text, nullable=False),
    sql.Column("added", sql.String(27), nullable=False),
    sql.Column("rank", sql.Integer, nullable=False),
    sql.Column("state", sql.String(16), nullable=False),
    sql.Column("holder", sql.Text),
    sql.Column("held_until", sql.String(27)),
    sql.Index("tagger_items_open", "state", "rank", "number"),
)

events = sql.Table(
    "tagger_events",
    metadata,
    sql.Column("number", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True),
    sql.Column("key", sql.String(64), sql.ForeignKey("tagger_items.key"), nullable=False, index=True),
    sql.Column("at", sql.String(27), nullable=False),
    sql.Column("who", sql.Text, nullable=False),
    sql.Column("kind", sql.String(16), nullable=False),
    sql.Column("model_sha256", sql.Text, nullable=False),
    sql.Column("policy_sha256", sql.Text, nullable=False),
    sql.Column("detail", sql.Text, nullable=False),
    sqlite_autoincrement=True,
)

# An INSERT OR REPLACE deletes a row without asking the trigger for deletes, so it has one of its own.
_SQLITE_GUARDS = (
    """CREATE TRIGGER tagger_events_update BEFORE UPDATE ON tagger_events
    BEGIN SELECT RAISE(ABORT, 'the log of a queue is append-only'); END""",
    """CREATE TRIGGER tagger_events_delete BEFORE DELETE ON tagger_events
    BEGIN SELECT RAISE(ABORT, 'the log of a queue is append-only'); END""",
    """CREATE TRIGGER tagger_events_replace BEFORE INSERT ON tagger_events
    WHEN EXISTS (SELECT 1 FROM tagger_events WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'the log of a queue is append-only'); END""",
)
_POSTGRESQL_GUARDS = (
    """CREATE FUNCTION tagger_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the log of a queue is append-only'; END $$""",
    """CREATE TRIGGER tagger_events_changes BEFORE UPDATE OR DELETE ON tagger_events
    FOR EACH ROW EXECUTE FUNCTION tagger_refuse()""",
    """CREATE TRIGGER tagger_events_truncate BEFORE TRUNCATE ON tagger_events
    FOR EACH STATEMENT EXECUTE FUNCTION tagger_refuse()""",
)


def connect(place: str, *, create: bool) -> Engine:
    """The queue in a file of SQLite or, where `place` is a URL, in that database; with `create`, made where none is.

    Raises QueueError, without the URL's password, where there is none or it cannot be used.
    """
    url = _url(place)
    if not create and url.drivername == "sqlite" and not Path(url.database or "").is_file():
        raise QueueError(f"there is no queue at {place}; make one with `tagger screen ... | tagger queue add -`")
    engine = _engine(url)
    with told(engine), engine.begin() as connection:
        if not sql.inspect(connection).has_table(about.name):
            if not create:
                raise QueueError(f"{_shown(url)} holds no queue of tagger; `tagger queue add` makes one")
            _lay_out(connection)
        found = connection.scalar(sql.select(about.c.value).where(about.c.key == "format"))
    if found != FORMAT:
        raise QueueError(f"{_shown(url)} has the format {found!r}, and this tagger reads {FORMAT!r}; upgrade tagger")
    return engine


def _url(place: str) -> URL:
    if "://" not in place:
        return URL.create("sqlite", database=place)
    try:
        url = make_url(place)
    except sql.exc.ArgumentError:
        raise QueueError("the queue's URL cannot be read; write it as postgresql://USER@HOST/DATABASE") from None
    if url.drivername == "sqlite":
        return url
    if url.drivername not in ("postgresql", "postgresql+pg8000"):
        raise QueueError(
            f"{_shown(url)}: a queue is kept in a file or at postgresql://USER@HOST/DATABASE, not in {url.drivername}"
        )
    return _with_socket(url.set(drivername="postgresql+pg8000"))


def _with_socket(url: URL) -> URL:
    """`?host=/folder`, as PostgreSQL's own programs write the folder of a server's socket, in pg8000's words."""
    folder = url.query.get("host")
    if not isinstance(folder, str) or not folder.startswith("/"):
        return url
    socket = f"{folder}/.s.PGSQL.{url.port or 5432}"
    return url.difference_update_query(["host"]).update_query_dict({"unix_sock": socket})


def _shown(url: URL) -> str:
    return str(url.database) if url.drivername == "sqlite" else url.render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    try:
        if url.drivername != "sqlite":
            return sql.create_engine(url)
        engine = sql.create_engine(url, connect_args={"isolation_level": None})
    except ImportError as error:
        raise QueueError(f"a queue in PostgreSQL needs {error.name}: pip install sqlalchemy pg8000") from error
    sql.event.listen(engine, "connect", _prepare_sqlite)
    sql.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Readers and a writer at once (WAL); and a writer waits for the one before it."""
    import sqlite3

    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    patience = time.monotonic() + _BUSY_MS / 1000
    while True:  # of two that make a queue at once: for a change of the journal SQLite itself does not wait
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.02)
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A transaction takes the right to write when it begins: one that reads first and writes then could fail."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(READING) else "BEGIN IMMEDIATE")


def _lay_out(connection: Connection) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    if not on_sqlite:  # of two that make a queue at once the second waits, and finds it made
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7430263)")
        if sql.inspect(connection).has_table(about.name):
            return
    metadata.create_all(connection)
    for guard in _SQLITE_GUARDS if on_sqlite else _POSTGRESQL_GUARDS:
        connection.exec_driver_sql(guard)
    connection.execute(about.insert().values(key="format", value=FORMAT))


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Turn whatever a database says into one line that names the queue."""
    try:
        yield
    except sql.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        why = cause.args[0] if cause.args else cause
        why = why.get("M", why) if isinstance(why, dict) else why  # a message of PostgreSQL has its text under M
        raise QueueError(f"cannot use the queue {_shown(engine.url)}: {str(why).splitlines()[0]}") from error


def insert_new(connection: Connection, rows: list[dict[str, Any]]) -> set[str]:
    """Add those items whose keys are not there yet; which keys these were."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(items).on_conflict_do_nothing(index_elements=["key"]).returning(items.c.key)
    return set(connection.scalars(statement, rows))


def batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values, so many at a time as a statement may have."""
    return (values[start : start + _PARAMETERS] for start in range(0, len(values), _PARAMETERS))
