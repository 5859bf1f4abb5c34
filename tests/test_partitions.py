"""Results in parts: together what one file would hold, each written once, whatever broke the run off and where."""

import io
import json
import os
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from tagger import partitions, predicting
from tagger.cli import app
from tagger.errors import OutputError, UsageError
from tagger.partitions import FINISHED, MANIFEST, begin, write
from tagger.predicting import Job, gather, predict
from tagger.tagging import Options

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
TIMING = re.compile(rb'"timing_ms":[0-9.]+')
WORKS = 24


def record(id: object, text: str = STORY) -> bytes:
    return json.dumps({"id": id, "text": text}).encode() + b"\n"


@pytest.fixture
def job(stand_in_path: Path) -> Job:
    return Job(stand_in_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of JSON Lines, Parquet and plain files: 24 works, one of them broken and one with another's id."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"".join(record(i, STORY * (i % 3 + 1)) for i in range(8)) + b"broken\n")
    (folder / "b.jsonl").write_bytes(record("b") + record(3) + record("captive", STORY + "Captivity."))
    table = pyarrow.table({"id": [f"p{i}" for i in range(9)], "text": [STORY] * 9})
    pyarrow.parquet.write_table(table, folder / "c.parquet")
    for name in ("d.txt", "e.md", "f.txt"):
        (folder / name).write_text(STORY)
    return folder


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of about five works, groups of one or two files, and batches of one or two works."""
    monkeypatch.setattr(partitions, "PART_BYTES", 6000)
    monkeypatch.setattr(partitions, "GROUP_BYTES", 3000)
    monkeypatch.setattr(predicting, "BATCH_BYTES", 500)


def untimed(output: bytes) -> bytes:
    return TIMING.sub(b'"timing_ms":0', output)


def joined(folder: Path) -> bytes:
    return untimed(b"".join(file.read_bytes() for file in sorted(folder.glob("part-*.jsonl"))))


def whole(paths: list[Path], job: Job) -> bytes:
    return untimed(b"".join(each.rendered for each in predict(gather(paths, io.BytesIO()), job)))


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Which files the parts are: a part that is written anew is another file."""
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in folder.glob("part-*.jsonl")}


@pytest.mark.parametrize("jobs", [1, 2])
def test_parts_one_after_the_other_are_what_one_file_holds(source: Path, tmp_path: Path, job: Job, jobs: int) -> None:
    out = tmp_path / "out"
    outcomes = list(write(begin(out, [source], job), job, jobs))
    assert len(outcomes) == WORKS
    assert joined(out) == whole([source], job)
    parts = begin(out, [source], job).finished
    assert len(parts) > 3
    assert sum(part.works for part in parts) == WORKS
    assert sum(part.errors for part in parts) == 2
    assert {label for part in parts for label in part.told} == {"captivity"}
    assert sorted(each.name for each in out.iterdir()) == sorted([MANIFEST, FINISHED, *(part.name for part in parts)])


def test_a_finished_run_does_nothing_and_opens_nothing(
    source: Path, tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    list(write(begin(out, [source], job), job))
    before = state(out)

    def refuse(*arguments: Any) -> Any:
        raise AssertionError("the input was read again")

    monkeypatch.setattr(partitions, "gather", refuse)
    assert list(write(begin(out, [source], job), job)) == []
    assert state(out) == before


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(0, WORKS), max_size=3), full=st.sampled_from([1, 3000, 10_000, 10**9]))
def test_a_run_that_is_broken_off_anywhere_goes_on_there(
    source: Path, job: Job, tmp_path_factory: pytest.TempPathFactory, stops: list[int], full: int
) -> None:
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "PART_BYTES", full)
        for stop in stops:
            before = state(out)
            running = write(begin(out, [source], job), job)
            list(islice(running, stop))
            running.close()
            assert before.items() <= state(out).items()
        before = state(out)
        list(write(begin(out, [source], job), job))
    assert before.items() <= state(out).items()
    assert joined(out) == whole([source], job)


def damage_last_line(out: Path) -> None:
    with (out / FINISHED).open("r+b") as log:
        log.truncate((out / FINISHED).stat().st_size - 5)


def cut_a_part_short(out: Path) -> None:
    os.truncate(out / "part-00001.jsonl", 100)


def lose_a_part(out: Path) -> None:
    (out / "part-00002.jsonl").unlink()


def lose_the_record(out: Path) -> None:
    (out / FINISHED).unlink()


def leave_a_part_unfinished(out: Path) -> None:
    (out / "part-00003.jsonl").rename(out / "part-00003.jsonl.unfinished")


@pytest.mark.parametrize(
    "damage", [damage_last_line, cut_a_part_short, lose_a_part, lose_the_record, leave_a_part_unfinished]
)
def test_what_is_not_whole_is_done_again(
    source: Path, tmp_path: Path, job: Job, damage: Callable[[Path], None]
) -> None:
    out = tmp_path / "out"
    list(write(begin(out, [source], job), job))
    damage(out)
    assert list(write(begin(out, [source], job), job))
    assert joined(out) == whole([source], job)
    assert not list(out.glob("*.unfinished"))
    assert list(write(begin(out, [source], job), job)) == []


def change_a_file(source: Path) -> None:
    os.utime(source / "b.jsonl", (1, 1))


def add_a_file(source: Path) -> None:
    (source / "b2.txt").write_text(STORY)


def remove_a_file(source: Path) -> None:
    (source / "b.jsonl").unlink()


@pytest.mark.parametrize(
    ("change", "named"), [(change_a_file, "b.jsonl"), (add_a_file, "b2.txt"), (remove_a_file, "b.jsonl")]
)
def test_other_input_is_refused(
    source: Path, tmp_path: Path, job: Job, change: Callable[[Path], None], named: str
) -> None:
    begin(tmp_path / "out", [source], job)
    change(source)
    with pytest.raises(UsageError, match=f"made from other files .*{named}.*; name another folder"):
        begin(tmp_path / "out", [source], job)


def test_other_options_are_refused(source: Path, tmp_path: Path, stand_in_path: Path, bundle_path: Path) -> None:
    out = tmp_path / "out"
    begin(out, [source], Job(stand_in_path, Options(thresholds={"grief": 0.5})))
    begin(out, [source], Job(stand_in_path, Options(thresholds={"grief": 0.5})))
    for job in (Job(stand_in_path), Job(stand_in_path, Options(preset="high-recall")), Job(stand_in_path, check=True)):
        with pytest.raises(UsageError, match="made with other options"):
            begin(out, [source], job)
    with pytest.raises(UsageError, match="made by another model"):
        begin(out, [source], Job(bundle_path, Options(thresholds={"grief": 0.5})))


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"tagger": 1}', b'{"tagger": {}}'])
def test_a_manifest_of_another_kind_is_refused(source: Path, tmp_path: Path, job: Job, manifest: bytes) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MANIFEST).write_bytes(manifest)
    with pytest.raises(UsageError, match="is not what tagger writes"):
        begin(tmp_path / "out", [source], job)


def test_a_folder_of_other_things_is_left_alone(source: Path, job: Job) -> None:
    before = sorted(source.iterdir())
    with pytest.raises(OutputError, match="holds other files; name a new folder"):
        begin(source, [source / "d.txt"], job)
    assert sorted(source.iterdir()) == before


def test_input_that_cannot_be_read_again_is_refused(tmp_path: Path, job: Job) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("-"), tmp_path / "pipe"):
        with pytest.raises(UsageError, match="save it to a file first"):
            begin(tmp_path / "out", [path], job)


def test_what_is_missing_is_an_error_in_its_place(source: Path, tmp_path: Path, job: Job) -> None:
    (tmp_path / "empty").mkdir()
    paths = [source / "d.txt", tmp_path / "nowhere.jsonl", tmp_path / "empty", source / "e.md"]
    list(write(begin(tmp_path / "out", paths, job), job))
    assert joined(tmp_path / "out") == whole(paths, job)


# From the outside.


@pytest.fixture
def run(stand_in_path: Path) -> Callable[..., Result]:
    """Run a command of tagger in this process, with the stand-in for a model."""

    def command(name: str, *arguments: object) -> Result:
        return CliRunner().invoke(app, [name, "-m", str(stand_in_path), *map(str, arguments)])

    return command


@pytest.mark.parametrize("command", ["predict", "check"])
def test_a_folder_is_named_by_its_slash_or_by_being_there(
    run: Callable[..., Result], source: Path, tmp_path: Path, command: str
) -> None:
    one = run(command, source, "-f", "jsonl")
    (tmp_path / "there").mkdir()
    for name in ("new/", "there"):
        parts = run(command, source, "-o", f"{tmp_path}/{name}")
        assert parts.exit_code == one.exit_code == 4
        assert parts.stderr == one.stderr
        assert joined(tmp_path / name) == untimed(one.stdout_bytes)


def test_what_finished_parts_tell_still_counts(run: Callable[..., Result], source: Path, tmp_path: Path) -> None:
    out = f"{tmp_path}/out/"
    files = [source / "b.jsonl", source / "d.txt"]
    assert run("predict", *files, "-o", out, "--fail-on", "captivity").exit_code == 1
    again = run("predict", *files, "-o", out, "--fail-on", "captivity")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == f"tagger: {tmp_path}/out: going on after 4 works\n"
    assert run("predict", *files, "-o", out, "--fail-on", "grief").exit_code == 0


def test_parts_are_json_lines(run: Callable[..., Result], source: Path, tmp_path: Path) -> None:
    result = run("predict", source, "-o", f"{tmp_path}/out/", "-f", "csv")
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).endswith("results in parts are JSON Lines; leave out -f csv")
    assert not (tmp_path / "out").exists()
