"""Files, folders and streams in, outcomes out: in order, one a work, whatever is wrong with some of them."""

import gzip
import io
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tagger import predicting
from tagger.predicting import STDIN, Batch, Job, Outcome, gather, predict
from tagger.readers import tables
from tagger.reports import Style
from tagger.tagging import Options
from tagger.works import Chapter, Work

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
NOTHING = io.BytesIO()


def record(id: object, text: object = STORY) -> bytes:
    return json.dumps({"id": id, "text": text}).encode() + b"\n"


@pytest.fixture
def job(stand_in_path: Path) -> Job:
    return Job(stand_in_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three stories, a file of records, and what is no story."""
    (tmp_path / "b.txt").write_text(STORY)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "deep.MD").write_text("# Harbour\n\n" + STORY + "*Captivity* came.")
    (tmp_path / "c.jsonl").write_bytes(record(1) + b"\n  \n" + record(2))
    (tmp_path / "d.text").write_text(STORY)
    (tmp_path / ".hidden.txt").write_text(STORY)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "log.txt").write_text(STORY)
    (tmp_path / "cover.png").write_bytes(b"\x89PNG")
    return tmp_path


def told(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(each.id, each.status) for each in outcomes]


def results(outcomes: list[Outcome]) -> list[dict]:
    found = [orjson.loads(each.rendered) for each in outcomes]
    for each in found:
        each.pop("timing_ms", None)
    return found


def test_a_folder_is_read_to_the_bottom_in_the_order_of_names(folder: Path, job: Job) -> None:
    outcomes = list(predict(gather([folder], NOTHING), job))
    assert told(outcomes) == [
        (str(folder / "a" / "deep.MD"), "ok"),
        (str(folder / "b.txt"), "ok"),
        ("1", "ok"),
        ("2", "ok"),
        (str(folder / "d.text"), "ok"),
    ]
    assert [each["source"]["format"] for each in results(outcomes)] == ["markdown", "text", "jsonl", "jsonl", "text"]


def test_paths_are_read_in_the_order_given_and_failures_keep_their_place(folder: Path, job: Job) -> None:
    paths = [folder / "d.text", folder / "nowhere.txt", folder / "c.jsonl", folder / "nowhere.jsonl", folder / "b.txt"]
    outcomes = list(predict(gather(paths, NOTHING), job))
    assert [each.status for each in outcomes] == ["ok", "error", "ok", "ok", "error", "ok"]
    assert outcomes[1].message == f"{folder / 'nowhere.txt'}: no such file; check the spelling"
    assert outcomes[4].message == f"{folder / 'nowhere.jsonl'}: no such file; check the spelling"


def test_a_folder_without_stories_is_one_failure(tmp_path: Path, job: Job) -> None:
    (tmp_path / "photo.png").write_bytes(b"")
    (outcome,) = predict(gather([tmp_path], NOTHING), job)
    assert (outcome.id, outcome.status) == (str(tmp_path), "error")
    assert outcome.message is not None
    assert outcome.message.startswith(f"no stories in {tmp_path}")


def test_the_same_file_may_be_named_twice(folder: Path, job: Job) -> None:
    outcomes = list(predict(gather([folder / "b.txt"] * 2, NOTHING), job))
    assert told(outcomes) == [(str(folder / "b.txt"), "ok")] * 2


def test_a_second_record_of_an_id_is_an_error(tmp_path: Path, job: Job) -> None:
    (tmp_path / "a.jsonl").write_bytes(record("x") + record("y") + record("x"))
    (tmp_path / "b.jsonl").write_bytes(record("y") + record("z"))
    outcomes = list(predict(gather([tmp_path], NOTHING), job))
    assert told(outcomes) == [("x", "ok"), ("y", "ok"), ("x", "error"), ("y", "error"), ("z", "ok")]
    place = tmp_path / "a.jsonl"
    assert outcomes[2].message == f"{place}:3: the id 'x' was used before; give every work an id of its own"


def test_a_broken_record_is_named_by_its_line_and_the_others_go_on(tmp_path: Path, job: Job) -> None:
    file = tmp_path / "works.jsonl"
    file.write_bytes(
        record(1) + b"\n{broken\n" + record(2, 7) + b'{"text": "' + STORY.encode() + b'"}\n' + record(3, "")
    )
    outcomes = list(predict(gather([file], NOTHING), job))
    assert told(outcomes) == [("1", "ok"), (f"{file}:3", "error"), ("2", "error"), (f"{file}:5", "ok"), ("3", "error")]
    messages = [each.message for each in outcomes if each.message]
    assert ": not JSON" in messages[0]
    assert messages[1] == f'{file}:4: "text" is a number, not a string'
    assert messages[2] == f'{file}:6: "text" is empty'


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n\n"])
def test_a_file_of_records_without_any_is_one_failure(tmp_path: Path, job: Job, content: bytes) -> None:
    file = tmp_path / "works.jsonl"
    file.write_bytes(content)
    (outcome,) = predict(gather([file], NOTHING), job)
    assert outcome.message == f"{file} is empty: a JSON Lines file holds one work a line"


def test_standard_input_is_a_story_or_records(job: Job) -> None:
    (story,) = predict(gather([Path(STDIN)], io.BytesIO(STORY.encode())), job)
    assert (story.id, story.status) == ("-", "ok")
    records = list(predict(gather([Path(STDIN)], io.BytesIO(record("x") + b'{"text": "."}\n')), job))
    assert told(records) == [("x", "ok"), ("-:2", "abstained")]


def test_blank_lines_before_the_records_of_standard_input_are_skipped(job: Job) -> None:
    records = list(predict(gather([Path(STDIN)], io.BytesIO(b"\n" + record("x") + record("y"))), job))
    assert told(records) == [("x", "ok"), ("y", "ok")]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\0"])
def test_standard_input_without_text_is_a_failure(job: Job, data: bytes) -> None:
    (outcome,) = predict(gather([Path(STDIN)], io.BytesIO(data)), job)
    assert (outcome.id, outcome.status) == ("-", "error")
    assert outcome.message in ("-: is empty", "-: holds no text")


def test_a_format_asked_for_goes_before_names(tmp_path: Path, job: Job) -> None:
    (tmp_path / "dump.txt").write_bytes(record("x"))
    outcomes = list(predict(gather([tmp_path / "dump.txt"], NOTHING, "jsonl"), job))
    assert told(outcomes) == [("x", "ok")]
    (tmp_path / "notes.jsonl").write_text(STORY)
    (tmp_path / "notes.txt").write_text("# One\n\n" + STORY)
    for asked in ("text", "markdown"):
        outcomes = list(predict(gather([tmp_path / "notes.jsonl", tmp_path / "notes.txt"], NOTHING, asked), job))
        assert [each["source"]["format"] for each in results(outcomes)] == [asked] * 2
    (story,) = predict(gather([Path(STDIN)], io.BytesIO(record("x", "{" + STORY)), "text"), job)
    assert story.id == "-"


def test_batches_of_any_size_say_the_same(folder: Path, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "c.jsonl").write_bytes(b"".join(record(i, STORY * (i % 3 + 1)) for i in range(20)) + record(3))
    paths = [folder, folder / "nowhere.txt", folder / "b.txt"]
    whole = list(gather(paths, NOTHING))
    monkeypatch.setattr(predicting, "BATCH_BYTES", 1)
    monkeypatch.setattr(predicting, "BATCH_FILES", 1)
    small = list(gather(paths, NOTHING))
    assert len(small) > len(whole)
    assert results(list(predict(small, job))) == results(list(predict(whole, job)))


def test_several_processes_say_the_same_in_the_same_order(folder: Path, stand_in_path: Path) -> None:
    (folder / "c.jsonl").write_bytes(b"".join(record(i) for i in range(10)) + record(3) + b"broken\n")
    job = Job(stand_in_path, Options(quotes=True, contributions=True))
    paths = [folder, folder / "nowhere.txt", folder]
    one, two = (list(predict(gather(paths, NOTHING), job, jobs)) for jobs in (1, 2))
    assert results(two) == results(one)
    assert [each[:5] for each in map(tuple, two)] == [each[:5] for each in map(tuple, one)]


def test_a_stream_is_answered_as_it_comes(job: Job) -> None:
    drawn = 0

    def endless() -> Iterator[Batch]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Batch(lines=[record(drawn)], name="-", number=drawn)

    outcomes = predict(endless(), job)
    assert [next(outcomes).id for _ in range(3)] == ["1", "2", "3"]
    assert drawn == 3


def test_an_outcome_says_what_a_caller_needs_without_parsing(tmp_path: Path, stand_in_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY + "There was captivity, and grief.")
    (outcome,) = predict(
        gather([tmp_path / "a.txt"], NOTHING), Job(stand_in_path, Options(course=True), Style("table"))
    )
    assert set(outcome.told) == {"captivity", "grief"}
    assert outcome.message is None
    assert b"chapter 1, paragraph 1" in outcome.rendered


def test_a_file_whose_name_is_not_utf_8_gets_a_result(tmp_path: Path, job: Job) -> None:
    path = Path(str(tmp_path) + "/caf\udce9.txt")
    path.write_text(STORY)
    (outcome,) = predict(gather([path], NOTHING), job)
    assert outcome.status == "ok"


def table(path: Path, rows: list[tuple[str, str]]) -> Path:
    """A CSV file of works."""
    path.write_text("id,text\n" + "".join(f'{name},"{text}"\n' for name, text in rows))
    return path


def database(path: Path, id: str) -> None:
    """A SQLite file of one work."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE works (id TEXT, text TEXT)")
        connection.execute("INSERT INTO works VALUES (?, ?)", (id, STORY))
        connection.commit()


def test_a_table_is_one_work_a_row_and_a_bad_row_an_error(tmp_path: Path, job: Job) -> None:
    file = table(tmp_path / "works.csv", [("a", STORY), ("b", ""), ("c", STORY), ("a", STORY), ("", STORY)])
    (tmp_path / "last.txt").write_text(STORY)
    outcomes = list(predict(gather([file, tmp_path / "last.txt"], NOTHING), job))
    own = [("a", "ok"), ("b", "error"), ("c", "ok"), ("a", "error"), (f"{file}:6", "ok")]
    assert told(outcomes) == [*own, (str(tmp_path / "last.txt"), "ok")]
    assert outcomes[3].message == "the id 'a' was used before; give every work an id of its own"
    assert [each["source"]["format"] for each in results(outcomes) if each["status"] == "ok"] == ["csv"] * 3 + ["text"]


def test_a_table_is_never_held_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 0

    def endless(path: Path, format: str | None) -> Iterator[Work]:
        nonlocal rows
        while True:
            rows += 1
            yield Work(str(rows), "x" * 1000, (Chapter("", 0, 1000),))

    monkeypatch.setattr(tables, "works", endless)
    monkeypatch.setattr(predicting, "BATCH_BYTES", 3000)
    batches = gather([table(tmp_path / "works.csv", [])], NOTHING)
    assert [len(next(batches).items) for _ in range(5)] == [3] * 5
    assert rows == 15


def test_packed_lines_and_databases_are_read_wherever_they_stand(tmp_path: Path, job: Job) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(record("x") + b"broken\n"))
    database(tmp_path / "b.sqlite", "y")
    database(tmp_path / "misnamed.txt", "z")
    (tmp_path / "torn.csv").write_bytes(b"a,b\n1,2\n")
    outcomes = list(predict(gather([tmp_path], NOTHING), job))
    assert told(outcomes) == [
        ("x", "ok"),
        (f"{tmp_path}/a.jsonl.gz:2", "error"),
        ("y", "ok"),
        ("z", "ok"),
        (f"{tmp_path}/torn.csv", "error"),
    ]


def test_a_format_asked_for_may_be_a_table(tmp_path: Path, job: Job) -> None:
    file = table(tmp_path / "export.log", [("a", STORY)])
    assert told(list(predict(gather([file], NOTHING, "csv"), job))) == [("a", "ok")]
    (outcome,) = predict(gather([Path(STDIN)], io.BytesIO(file.read_bytes()), "csv"), job)
    assert outcome.message == "-: csv is not read from standard input; name a file of it"
    packed = tmp_path / "works.jsonl.gz"
    packed.write_bytes(gzip.compress(record("x")))
    assert told(list(predict(gather([packed], NOTHING, "jsonl"), job))) == [("x", "ok")]


def test_a_pipe_is_read_once(tmp_path: Path, job: Job) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=[STORY])
    writer.start()
    (outcome,) = predict(gather([pipe], NOTHING), job)
    writer.join()
    assert (outcome.id, outcome.status) == (str(pipe), "ok")


def test_lines_from_a_pipe_are_read_as_they_come() -> None:
    reading, writing = os.pipe()
    lines = [json.dumps({"id": str(number), "text": "A story."}).encode() + b"\n" for number in range(3)]
    with os.fdopen(reading, "rb") as pipe:
        batches = gather([Path("-")], pipe)
        for number, line in enumerate(lines, 1):
            os.write(writing, line[:9])
            os.write(writing, line[9:])
            assert next(batches) == Batch(lines=[line], name="-", number=number)
        os.write(writing, b"".join(lines)[:-1])
        os.close(writing)
        assert list(batches) == [Batch(lines=[*lines[:2], lines[2][:-1]], name="-", number=4)]
