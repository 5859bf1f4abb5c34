"""read_records(): what `screen` wrote, read back as it comes, and checked for what the queue and the report rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast

import orjson

from tagger.decisions import SCHEMA, Record
from tagger.errors import DataError
from tagger.policies import DECISIONS

_BYTES = 1 << 16
_TEXTS = ("id", "key", "status", "decision")


def read_records(stream: BinaryIO, name: str) -> Iterator[list[Record]]:
    """The decisions in a stream of JSON Lines, so many at a time as there were to read; `name` is for messages.

    Raises DataError, with the line's number, for one that is no decision of tagger.
    """
    number = 0
    for lines in _lines(stream):
        found = [_record(line, f"{name}:{i}") for i, line in enumerate(lines, number + 1) if line.strip()]
        number += len(lines)
        if found:
            yield found


def _lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Whole lines, as soon as they are there: whoever waits for the decisions of a slow stream gets each at once."""
    some = getattr(stream, "read1", stream.read)
    rest = b""
    while data := some(_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        yield lines
    yield [rest]


def _record(line: bytes, place: str) -> Record:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataError(f"{place} is not JSON: {error}; give the JSON Lines that `tagger screen` wrote") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise DataError(f"{place} is no decision of this tagger ({SCHEMA}); give what `tagger screen` wrote")
    whole = (
        all(isinstance(record.get(name), str) for name in _TEXTS)
        and record["decision"] in DECISIONS
        and isinstance(record.get("share"), int | float)
        and isinstance(record.get("scores"), dict)
        and isinstance(record.get("suggested"), list)
        and all(isinstance(record.get(name), dict) and "sha256" in record[name] for name in ("model", "policy"))
        and all(isinstance(each, dict) and "label" in each for each in record["suggested"])
        and "text_sha256" in record
    )
    if not whole:
        raise DataError(f"{place}: something is missing from the decision; give what `tagger screen` wrote, unchanged")
    return cast(Record, record)
