"""JSON Lines: one work a line, as an object with "text", and for training with "labels"."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import orjson

from tagger.errors import DataError
from tagger.readers.encoding import decode
from tagger.readers.header import split_list
from tagger.readers.layout import lay_out
from tagger.readers.lines import with_line_feeds
from tagger.readers.prose import holds_text
from tagger.works import Declared, Failure, LabelledWork, Scene, Source, Work

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    type(None): "null",
}
_PLAIN = Source(format="jsonl")


class _UnreadableError(Exception):
    """Why a record cannot be read, and its id where it has one. It never leaves this file."""

    def __init__(self, reason: str, id: str | None = None) -> None:
        super().__init__(reason)
        self.id = id


class _Record(NamedTuple):
    """The object on a line, and what it took to read it."""

    fields: dict[str, Any]
    encoding: str = "utf-8"
    repairs: tuple[str, ...] = ()


def read_record(line: bytes, place: str) -> Work | Failure:
    """The work on a line of JSON Lines; a Failure says in one line why there is none.

    "text" is required; "id", "rating", "warnings", "tags" and "author" (an object, of which "trust" is read) may be
    there. Without "id", `place` is the id, as in "works.jsonl:12". What the record declares goes before what a header
    in its text declares.
    """
    try:
        return _work(_parse(line), place)
    except _UnreadableError as error:
        return Failure(error.id or place, f"{place}: {error}")


def read_labelled(line: bytes, place: str) -> LabelledWork:
    """The labelled work on a line of JSON Lines. DataError, which names `place`, if there is none.

    "labels" (or "present") lists the labels of the work, "unknown" those that nobody can tell. A label in
    neither is absent, unless there is an "absent" list, which makes silence unknown. "group" keeps kindred works
    together; without one a work is a group of its own. "weight" says how much it counts in training (1). "scenes" are
    objects with "label", "start" and "end": where in the text, in characters, a label shows. That the label set has
    these labels is for the caller to check.
    """
    try:
        record = _parse(line)
        return _labelled(record.fields, _work(record, place), place)
    except _UnreadableError as error:
        raise DataError(f"{place}: {error}") from None


def _parse(line: bytes) -> _Record:
    try:
        record = _Record(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        record = _parse_mended(line, error)
    if type(record.fields) is not dict:
        raise _UnreadableError(f'is {_kind(record.fields)}, not an object with "text"')
    return record


def _parse_mended(line: bytes, error: orjson.JSONDecodeError) -> _Record:
    """What orjson is too strict for: lone surrogates, a byte order mark, and bytes that are not UTF-8."""
    text, encoding, repairs = decode(line)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise _UnreadableError(f"not JSON: {error.msg} (column {error.colno})") from None
    dumped = json.dumps(fields, ensure_ascii=False)
    lone = len(_LONE_SURROGATE.findall(dumped))
    if lone:
        fields = json.loads(_LONE_SURROGATE.sub("\ufffd", dumped))
        repairs += (f"{lone} lone surrogate{'s' if lone > 1 else ''} read as U+FFFD",)
    return _Record(fields, encoding, repairs)


def _work(record: _Record, place: str) -> Work:
    fields = record.fields
    work_id = _id(fields, "id", place)
    try:
        text = _text(fields)
        layout = lay_out(text)
        declared = _declared(fields, layout.declared)
        trust = _trust(fields)
    except _UnreadableError as error:
        raise _UnreadableError(str(error), None if work_id == place else work_id) from None
    plain = not layout.ignored and not record.repairs
    return Work(
        id=work_id,
        text=text,
        chapters=layout.chapters,
        declared=declared,
        source=_PLAIN if plain else Source("jsonl", record.encoding, layout.ignored, record.repairs),
        hard_wrapped=layout.hard_wrapped,
        trust=trust,
    )


def _text(fields: dict[str, Any]) -> str:
    text = fields.get("text")
    if type(text) is not str:
        why = f'"text" is {_kind(text)}, not a string' if "text" in fields else 'has no "text"'
        raise _UnreadableError(why)
    if not holds_text(text):
        raise _UnreadableError('"text" is empty')
    return with_line_feeds(text)


def _declared(fields: dict[str, Any], header: Declared) -> Declared:
    if fields.keys().isdisjoint(("rating", "warnings", "tags")):
        return header
    rating = fields.get("rating")
    if not isinstance(rating, str | None):
        raise _UnreadableError(f'"rating" is {_kind(rating)}, not a string')
    return Declared(
        rating=rating or header.rating,
        warnings=_strings(fields, "warnings") or header.warnings,
        tags=_strings(fields, "tags") or header.tags,
    )


def _trust(fields: dict[str, Any]) -> str | None:
    """What the record says of the author; an author given as a name alone says nothing."""
    author = fields.get("author")
    trust = author.get("trust") if isinstance(author, dict) else None
    if not isinstance(trust, str | None):
        raise _UnreadableError(f'"author.trust" is {_kind(trust)}, not a string')
    return trust or None


def _labelled(fields: dict[str, Any], work: Work, place: str) -> LabelledWork:
    if ("labels" in fields) == ("present" in fields):
        raise _UnreadableError('needs "labels" (or "present"): a list of label ids, [] for none')
    present = frozenset(_strings(fields, "labels") + _strings(fields, "present"))
    unknown, absent = frozenset(_strings(fields, "unknown")), frozenset(_strings(fields, "absent"))
    twice = (present & unknown) | (present & absent) | (unknown & absent)
    if twice:
        raise _UnreadableError(f"says two things of {', '.join(sorted(twice))}")
    return LabelledWork(
        work=work,
        present=present,
        unknown=unknown,
        absent=absent,
        partial=fields.get("absent") is not None,
        group=_id(fields, "group", work.id),
        weight=_weight(fields),
        place=place,
        scenes=tuple(_scene(each, present, work) for each in _list(fields, "scenes")),
    )


def _scene(value: object, present: frozenset[str], work: Work) -> Scene:
    label, start, end = (value.get(key) for key in Scene._fields) if isinstance(value, dict) else (None, None, None)
    if (
        type(label) is not str
        or type(start) is not int
        or type(end) is not int
        or not 0 <= start < end <= len(work.text)
    ):
        raise _UnreadableError('a scene is not an object with a "label", and a "start" and an "end" in the text')
    if label not in present:
        raise _UnreadableError(f"marks a scene of {label!r}, which is not among its labels")
    return Scene(label, start, end)


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if value is not None and not isinstance(value, list):
        raise _UnreadableError(f'"{name}" is {_kind(value)}, not a list')
    return value or []


def _id(fields: dict[str, Any], name: str, default: str) -> str:
    value = fields.get(name)
    if value is None or value == "":
        return default
    if type(value) not in (str, int):
        raise _UnreadableError(f'"{name}" is {_kind(value)}, not a string or a whole number')
    return str(value)


def _weight(fields: dict[str, Any]) -> float:
    weight = fields.get("weight", 1)
    if type(weight) not in (int, float) or not 0 < weight < float("inf"):
        raise _UnreadableError('"weight" is not a number above 0')
    return float(weight)


def _strings(fields: dict[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings, or the items of one string with commas between."""
    value = fields.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return split_list(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _UnreadableError(f'"{name}" is {_kind(value)}, not a list of strings only')
    return tuple(value)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")
