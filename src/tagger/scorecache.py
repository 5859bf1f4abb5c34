"""ScoreCache: what was counted in each chapter, remembered by its digest, so that a new chapter is scored alone.

A passage crosses no chapter, so all that is counted in a chapter depends on its text, on whether its lines are wrapped,
and on the bundle. A work put together from remembered chapters equals one that was read whole, to the bit. One SQLite
file; what has not been used for the longest goes first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b, sha256
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tagger import __version__
from tagger.arrays import NDArray
from tagger.bundles import Bundle
from tagger.errors import OutputError, UsageError
from tagger.reading import Reading, read
from tagger.structure import Observed
from tagger.works import Chapter, Passage, Work

DEFAULT_MEGABYTES = 256
_APPLICATION, _LAYOUT = 0x74616763, 1  # "tagc"
_SCHEMA = """
    PRAGMA auto_vacuum = FULL;
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS chapters (key BLOB PRIMARY KEY, data BLOB NOT NULL, used INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS by_use ON chapters (used);
    PRAGMA application_id = {application};
    PRAGMA user_version = {layout};
    COMMIT;
"""
_CHECK_BYTES = 8
_WAIT_SECONDS = 30.0

# One row a passage, int32: its place, what `reading.Reading` counts, and the bits of its float32 margins.
_Rows = NDArray[np.int32]
_PLACES, _COUNTS = 3, 10


class ScoreCache(NamedTuple):
    """An open cache, of at most so many bytes. `open_cache` makes one."""

    connection: sqlite3.Connection
    limit: int

    def read(self, works: Sequence[Work], bundle: Bundle) -> Reading:
        """What `reading.read` gives, without its blocks; only chapters that are not remembered are read."""
        keys = [[_key(work, chapter, bundle) for chapter in work.chapters] for work in works]
        known = _get(self, {key for own in keys for key in own}, len(bundle.labels))
        unread = [
            work._replace(chapters=tuple(compress(work.chapters, [key not in known for key in own])))
            for work, own in zip(works, keys, strict=True)
        ]
        missing = [key for own in keys for key in own if key not in known]
        new = dict(zip(missing, _read_chapters(unread, bundle), strict=True))
        _remember(self, known, new)
        rows = {**known, **new}
        return _assemble(works, [[rows[key] for key in own] for own in keys], len(bundle.labels))


def open_cache(path: Path, megabytes: int = DEFAULT_MEGABYTES) -> ScoreCache:
    """Open a cache that `prepare` has looked at; OutputError if that is not possible."""
    try:
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")  # what a power cut breaks is made again
        return ScoreCache(connection, megabytes * 1_000_000)
    except sqlite3.Error as error:
        raise OutputError(f"cannot open the cache {path}: {error}") from error


def prepare(path: Path) -> bool:
    """Make the file a sound, perhaps empty, cache. Whether a broken one had to be moved aside, to FILE.broken.

    UsageError if it is a database of something else; OutputError if it cannot be written.
    """
    try:
        broken = path.exists() and path.stat().st_size > 0 and not _is_sound(path)
        if broken:
            path.replace(path.with_name(path.name + ".broken"))
            path.with_name(path.name + "-journal").unlink(missing_ok=True)
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as connection:
            if connection.execute("PRAGMA application_id").fetchone() != (_APPLICATION,):
                connection.executescript(_SCHEMA.format(application=_APPLICATION, layout=_LAYOUT))
    except (sqlite3.Error, OSError) as error:
        raise OutputError(f"cannot write the cache {path}: {error}") from error
    return broken


def _is_sound(path: Path) -> bool:
    """Whether a file is a whole cache of this layout. UsageError if it is a whole database of something else."""
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as connection:
            (whole,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (layout,) = connection.execute("PRAGMA user_version").fetchone()
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError:
        return False
    if whole == "ok" and application != _APPLICATION and tables:
        raise UsageError(f"{path} is a database, and not a cache of tagger; name another file with --cache")
    return bool(whole == "ok" and (not tables or layout == _LAYOUT))


def _key(work: Work, chapter: Chapter, bundle: Bundle) -> bytes:
    head = f"{__version__}\0{_LAYOUT}\0{bundle.sha256}\0{work.hard_wrapped}\0"
    body = work.text[chapter.start : chapter.end]
    return sha256(head.encode() + body.encode("utf-8", "surrogatepass")).digest()


def _get(cache: ScoreCache, keys: Iterable[bytes], n_labels: int) -> dict[bytes, _Rows]:
    """The rows of the chapters that are remembered, and are whole; a database in trouble remembers nothing."""
    found = {}
    try:
        for key in keys:
            row = cache.connection.execute("SELECT data FROM chapters WHERE key = ?", (key,)).fetchone()
            rows = None if row is None else _decoded(row[0], n_labels)
            if rows is not None:
                found[key] = rows
    except sqlite3.Error:
        return {}
    return found


def _remember(cache: ScoreCache, used: Iterable[bytes], new: Mapping[bytes, _Rows]) -> None:
    """Store what is new, mark what was used, and drop what has not been for the longest until the rest fits."""
    execute = cache.connection.execute
    try:
        execute("BEGIN IMMEDIATE")
        (now,) = execute("SELECT coalesce(max(used), 0) + 1 FROM chapters").fetchone()
        cache.connection.executemany("UPDATE chapters SET used = ? WHERE key = ?", [(now, key) for key in used])
        stored = [(key, _encoded(rows), now) for key, rows in new.items()]
        cache.connection.executemany("INSERT OR REPLACE INTO chapters VALUES (?, ?, ?)", stored)
        while _bytes_in(cache) > cache.limit:
            (count,) = execute("SELECT count(*) FROM chapters").fetchone()
            if not count:
                break
            oldest = "SELECT key FROM chapters ORDER BY used, rowid LIMIT ?"
            execute(f"DELETE FROM chapters WHERE key IN ({oldest})", (-(-count // 10),))
        execute("COMMIT")
    except sqlite3.Error:  # a full disk, or another process that does not let go: nothing is lost but time
        if cache.connection.in_transaction:
            cache.connection.rollback()


def _bytes_in(cache: ScoreCache) -> int:
    """The bytes of the file's pages that are in use."""
    sizes = [cache.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")]
    page: int = cache.connection.execute("PRAGMA page_size").fetchone()[0]
    return int(sizes[0] - sizes[1]) * page


def _encoded(rows: _Rows) -> bytes:
    """Rows with a check of their bytes before them: SQLite does not notice a bit that has fallen over."""
    data = rows.astype("<i4").tobytes()
    return _check(data) + data


def _decoded(data: bytes, n_labels: int) -> _Rows | None:
    """The rows, unless they are damaged or of another shape."""
    check, body = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
    width = _PLACES + _COUNTS + n_labels
    if check != _check(body) or len(body) % (4 * width):
        return None
    return np.frombuffer(body, "<i4").reshape(-1, width)


def _check(data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECK_BYTES).digest()


def _read_chapters(works: Sequence[Work], bundle: Bundle) -> list[_Rows]:
    """The rows of every chapter of some works, in order; places are relative to the chapter's start."""
    reading = read(works, bundle)
    columns = (reading.known, reading.total, *reading.observed.markers.T, *reading.observed[1:])
    counts = np.stack(columns, axis=1).astype(np.int32)
    margins = np.ascontiguousarray(reading.margins, np.float32).view(np.int32)
    found = []
    for work, start, end in zip(works, reading.rows[:-1].tolist(), reading.rows[1:].tolist(), strict=True):
        owners = np.array([passage.chapter for passage in reading.passages[start:end]], np.int64)
        bounds = start + np.searchsorted(owners, np.arange(1, len(work.chapters) + 2))
        for chapter, first, last in zip(work.chapters, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            places = [(each.paragraph, each.start, each.end) for each in reading.passages[first:last]]
            relative = np.array(places, np.int64).reshape(-1, _PLACES) - (0, chapter.start, chapter.start)
            rows = (relative.astype(np.int32), counts[first:last], margins[first:last])
            found.append(np.concatenate(rows, axis=1, dtype=np.int32))
    return found


def _assemble(works: Sequence[Work], chapters: Sequence[Sequence[_Rows]], n_labels: int) -> Reading:
    """Put works together from the rows of their chapters."""
    passages = [
        Passage(number, paragraph, chapter.start + start, chapter.start + end)
        for work, own in zip(works, chapters, strict=True)
        for number, (chapter, rows) in enumerate(zip(work.chapters, own, strict=True), start=1)
        for paragraph, start, end in rows[:, :_PLACES].tolist()
    ]
    empty = np.zeros((0, _PLACES + _COUNTS + n_labels), np.int32)
    rows = np.concatenate([empty, *(each for own in chapters for each in own)])
    known, total, *markers, letters, signs, visible = rows[:, _PLACES : _PLACES + _COUNTS].T.astype(np.int64)
    return Reading(
        passages=passages,
        rows=np.cumsum([0, *(sum(map(len, own)) for own in chapters)]),
        blocks=(),
        bounds=np.zeros(1, np.int64),
        margins=np.ascontiguousarray(rows[:, _PLACES + _COUNTS :]).view(np.float32),
        known=known,
        total=total,
        observed=Observed(np.stack(markers, axis=1), letters, signs, visible),
    )
