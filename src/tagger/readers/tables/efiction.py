"""eFiction archives: stories in one table, their chapters in another, and what they are rated in a third.

The text is in `chapters.storytext`, or in files `stories/{uid}/{chapid}.txt` beside the database. Ratings, classes and
warnings are ids of rows of other tables, or the names themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tagger.errors import WorkError, printable
from tagger.readers.tables.rows import Cell, declaring, items, plain, read_cell
from tagger.readers.tables.sqlite import Table, quoted, rows
from tagger.readers.tables.streams import LONGEST_CELL
from tagger.works import NOTHING_DECLARED, Chapter, Failure, Piece, Source, Work

_PREFIX = "fanfiction_"
_STORIES, _CHAPTERS = "stories", "chapters"
_MOST_NAMES = 10_000  # of ratings or classes
_PARTING = "\n\n"


class Archive(NamedTuple):
    """The tables of an archive by their name without what the archive put before it."""

    tables: Mapping[str, Table]

    def columns(self, table: str, wanted: Sequence[str]) -> list[str]:
        """Which of the wanted columns the table has."""
        found = self.tables.get(table)
        return [column for column in wanted if found and column in found.columns]


class _Names(NamedTuple):
    """The names behind the ids; `classes` says of each whether it is a warning."""

    ratings: Mapping[str, str]
    warnings: Mapping[str, str]
    genres: Mapping[str, str]
    classes: Mapping[str, tuple[str, bool]]


def find(tables: Sequence[Table]) -> Archive | None:
    """The archive that these tables make up, if they do."""
    stems = {
        table.name.lower().rpartition(_PREFIX)[2]: table
        for table in tables
        if _PREFIX in table.name.lower() and table.key
    }
    archive = Archive(stems)
    if not archive.columns(_STORIES, ["sid"]) or len(archive.columns(_CHAPTERS, ["sid", "chapid"])) < 2:
        return None
    return archive if len(stems[_CHAPTERS].key) == 1 else None


def works(
    connection: sqlite3.Connection, archive: Archive, folder: Path, name: str, format: str
) -> Iterator[Work | Failure]:
    """The stories of an archive, in the order of the table; a work's id is the file and the story's sid."""
    names = _names(connection, archive)
    _index_chapters(connection, archive)
    wanted = archive.columns(_STORIES, ["sid", "rid", "classes", "wid", "gid", "uid"])
    any_story = False
    for _, cells in rows(connection, archive.tables[_STORIES], wanted):
        any_story = True
        story = dict(zip(wanted, cells, strict=True))
        work_id = f"{name}:{printable(plain(story['sid']))}"
        try:
            work = _join(work_id, list(_chapters(connection, archive, story, folder, work_id)), format)
            yield _declaring(work, story, names)
        except WorkError as error:
            yield Failure(work_id, printable(str(error)))
    if not any_story:
        raise WorkError(f"{name}: has no stories in {archive.tables[_STORIES].name}")


def _index_chapters(connection: sqlite3.Connection, archive: Archive) -> None:
    """A table in memory of which chapters a story has, since the archive's own may have no index."""
    table = archive.tables[_CHAPTERS]
    place = ", ".join([*archive.columns(_CHAPTERS, ["inorder"]), "chapid"])
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(
        "CREATE TEMP TABLE tagger_chapters AS SELECT CAST(sid AS INTEGER) AS story, CAST(chapid AS INTEGER) AS chapter,"
        f" row_number() OVER (ORDER BY {place}) AS place, {table.key[0]} AS key FROM {quoted(table.name)}"
    )
    connection.execute("CREATE INDEX temp.tagger_chapters_of ON tagger_chapters (story, place)")


def _chapters(
    connection: sqlite3.Connection, archive: Archive, story: Mapping[str, Cell], folder: Path, id: str
) -> Iterator[tuple[str, Work]]:
    """The title and the text of each chapter that holds any. WorkError if a chapter's file is missing."""
    table = archive.tables[_CHAPTERS]
    wanted = archive.columns(_CHAPTERS, ["chapid", "title", "storytext", "uid", "notes", "endnotes"])
    select = f"SELECT {', '.join(map(quoted, wanted))} FROM {quoted(table.name)} WHERE {table.key[0]} = ?"
    of_story = "SELECT key FROM temp.tagger_chapters WHERE story = CAST(? AS INTEGER) ORDER BY place"
    size = 0
    for (key,) in connection.execute(of_story, (story["sid"],)).fetchall():
        chapter = {**story, **dict(zip(wanted, connection.execute(select, (key,)).fetchone(), strict=True))}
        stored = chapter.get("storytext")
        part = f"{table.name}/{plain(chapter['chapid'])}"
        if not stored:
            stored, part = _file(folder, chapter, id)
        size += len(stored) if isinstance(stored, str | bytes) else 0
        if size > LONGEST_CELL:
            raise WorkError(f"{id}: has more than {LONGEST_CELL:,} characters, which no story has")
        try:
            work = read_cell(stored, id, "")
        except WorkError:
            continue  # a chapter that was never written
        notes = ("author's note",) if plain(chapter.get("notes")) or plain(chapter.get("endnotes")) else ()
        source = work.source._replace(ignored=tuple(dict.fromkeys(work.source.ignored + notes)))
        pieces = work.pieces or (Piece(0, len(work.text), 0, len(work.text)),)
        pieces = tuple(piece._replace(part=part) for piece in pieces)
        yield plain(chapter.get("title")).strip(), work._replace(source=source, pieces=pieces)


def _file(folder: Path, chapter: Mapping[str, Cell], id: str) -> tuple[bytes, str]:
    """The text of a chapter kept beside the database, and the name of its file. Both ids are whole numbers, so that no
    path leads elsewhere.
    """
    author, number = plain(chapter.get("uid")), plain(chapter["chapid"])
    if not (author + number).isascii() or not author.isdigit() or not number.isdigit():
        raise WorkError(f"{id}: chapter {number} has no text, nor an author whose folder could hold it")
    part = f"stories/{author}/{number}.txt"
    try:
        with (folder / part).open("rb") as stream:
            text = stream.read(LONGEST_CELL + 1)
    except OSError:
        raise WorkError(f"{id}: the text of chapter {number} is missing; put the archive's {part} beside it") from None
    return text, part


def _join(id: str, chapters: Sequence[tuple[str, Work]], format: str) -> Work:
    """One work of all chapters, which a blank line parts. WorkError if there are none."""
    if not chapters:
        raise WorkError(f"{id}: has no chapters with text")
    texts: list[str] = []
    bodies: list[Chapter] = []
    pieces: list[Piece] = []
    start = 0
    for title, work in chapters:
        texts.append(work.text)
        bodies += [
            Chapter(each.title or title, each.start + start, each.end + start)
            for each in work.chapters
            if each.start < each.end
        ]
        pieces += [each._replace(start=each.start + start) for each in work.pieces]
        start += len(work.text) + len(_PARTING)
    works = [work for _, work in chapters]
    return Work(
        id=id,
        text=_PARTING.join(texts),
        chapters=tuple(bodies) or (Chapter("", start - len(_PARTING), start - len(_PARTING)),),
        declared=next((each.declared for each in works if each.declared != NOTHING_DECLARED), NOTHING_DECLARED),
        source=Source(
            format=format,
            encoding=next((each.source.encoding for each in works if each.source.encoding != "utf-8"), "utf-8"),
            ignored=tuple(dict.fromkeys(name for each in works for name in each.source.ignored)),
            repairs=tuple(dict.fromkeys(repair for each in works for repair in each.source.repairs)),
        ),
        hard_wrapped=any(each.hard_wrapped for each in works),
        pieces=tuple(pieces),
    )


def _declaring(work: Work, story: Mapping[str, Cell], names: _Names) -> Work:
    """The work with the names behind its rating, its warnings, and its genres and other classes."""
    rating = plain(story.get("rid")).strip()
    warnings = [_named(each, names.warnings) for each in items(story.get("wid"))]
    tags = [_named(each, names.genres) for each in items(story.get("gid"))]
    for each in items(story.get("classes")):
        name, is_warning = names.classes.get(each.lower(), (_named(each, {}), False))
        (warnings if is_warning else tags).append(name)
    return declaring(work, _named(rating, names.ratings), list(filter(None, warnings)), list(filter(None, tags)))


def _named(value: str, names: Mapping[str, str]) -> str:
    """The name behind an id; a name stays as it is, and a number without a name says nothing."""
    return names.get(value.lower(), "" if value.isdigit() else value)


def _names(connection: sqlite3.Connection, archive: Archive) -> _Names:
    types = _lookup(connection, archive, "classtypes", "classtype_id", ["classtype_name", "classtype_title"])
    warning_types = {key for key, names in types.items() if any("warning" in name.lower() for name in names)}
    classes: dict[str, tuple[str, bool]] = {}
    for key, (name, kind) in _lookup(connection, archive, "classes", "class_id", ["class_name", "class_type"]).items():
        classes[key] = classes[name.lower()] = (name, kind in warning_types)
    return _Names(
        ratings=_firsts(_lookup(connection, archive, "ratings", "rid", ["rating"])),
        warnings=_firsts(_lookup(connection, archive, "warnings", "wid", ["warning"])),
        genres=_firsts(_lookup(connection, archive, "genres", "gid", ["genre"])),
        classes=classes,
    )


def _firsts(found: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key: names[0] for key, names in found.items()}


def _lookup(
    connection: sqlite3.Connection, archive: Archive, table: str, id: str, wanted: Sequence[str]
) -> dict[str, list[str]]:
    """What stands in those columns of a small table, by id; nothing if the archive has no such table."""
    columns = [id, *wanted]
    if archive.columns(table, columns) != columns:
        return {}
    query = f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(archive.tables[table].name)} LIMIT {_MOST_NAMES}"
    return {
        plain(found).lower(): [plain(each).strip() for each in names] for found, *names in connection.execute(query)
    }
