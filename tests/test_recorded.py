"""What `screen` wrote is read back as it comes, and what it did not write is refused by line."""

from __future__ import annotations

import io
import json
import os
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import DataError
from tagger.recorded import read_records

RECORD: dict[str, Any] = {
    "schema": "tagger.decision/1",
    "id": "a",
    "key": "0" * 64,
    "text_sha256": None,
    "status": "ok",
    "decision": "review",
    "share": 1.0,
    "scores": {},
    "suggested": [],
    "model": {"sha256": ""},
    "policy": {"sha256": ""},
}


def line(**more: Any) -> bytes:
    return json.dumps({**RECORD, **more}).encode() + b"\n"


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(7)


@given(st.lists(st.text(max_size=5), max_size=5), st.booleans())
def test_however_the_bytes_come_the_records_are_the_same(names: list[str], ended: bool) -> None:
    data = b"\n".join(line(id=name) for name in names)
    data = data if ended else data.rstrip(b"\n")
    found = [record["id"] for records in read_records(Trickle(data), "f") for record in records]
    assert found == names


def test_a_record_is_read_when_its_line_is_there() -> None:
    source, sink = os.pipe()
    with open(source, "rb") as stream:  # noqa: PTH123
        records = read_records(stream, "f")
        writer = threading.Thread(target=os.write, args=(sink, line(id="first") + b'{"half'))
        writer.start()
        assert [record["id"] for record in next(records)] == ["first"]
        writer.join()
        os.close(sink)
        with pytest.raises(DataError, match="f:2 is not JSON"):
            next(records)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"{", "f:2 is not JSON"),
        (b"[]", "f:2 is no decision of this tagger"),
        (b'{"schema": "tagger.result/1"}', "f:2 is no decision of this tagger"),
        (line(key=None), "f:2: something is missing"),
        (line(decision="burn"), "f:2: something is missing"),
        (line(model={}), "f:2: something is missing"),
        (line(suggested=["violence"]), "f:2: something is missing"),
    ],
)
def test_what_is_no_decision_is_told_by_line(bad: bytes, why: str) -> None:
    with pytest.raises(DataError, match=why):
        list(read_records(io.BytesIO(line() + bad), "f"))
