"""`tagger queue`, `feedback`, `retrain` and `report` from the outside, from a stream of works to a new model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("sqlalchemy")

from test_queues import record

from tagger import bundles
from tagger.cli import app
from tagger.errors import DataError, QueueError, RefusedError, TaggerError, UsageError
from tagger.works import LabelledWork


def run(*arguments: object, input: str | None = None) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), input=input)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def failure(result: Result) -> TaggerError:
    assert isinstance(result.exception, TaggerError)
    return result.exception


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A queue of three works."""
    records = [record(1, text="A secret story."), record(2, "hold"), record(3, "approve")]
    done = run("queue", "add", "-", "-Q", tmp_path / "q.db", input="".join(json.dumps(each) + "\n" for each in records))
    assert done.stderr == "tagger: 2 works wait for people, 1 were settled by the policy, 0 were known already\n"
    assert done.stdout == ""
    return tmp_path / "q.db"


def test_a_reviewer_s_morning(place: Path) -> None:
    assert [each["id"] for each in lines(run("queue", "list", "-Q", place))] == ["work-2", "work-1"]
    (item,) = lines(run("queue", "next", "-Q", place, "--as", "ann"))
    assert (item["id"], item["holder"]) == ("work-2", "ann")
    said = ("--accept", "violence", "--add", "grief", "--reason", "undeclared", "--outcome", "return")
    (item,) = lines(run("queue", "decide", "work-2", *said, "-Q", place, "--as", "ann"))
    assert item["state"] == "decided"
    assert lines(run("queue", "next", "-Q", place, "--as", "ann"))[0]["id"] == "work-1"
    assert lines(run("queue", "release", "work-1", "-Q", place, "--as", "ann"))[0]["holder"] is None
    (item,) = lines(run("queue", "appeal", "work-2", "--reason", "misread", "-Q", place, "--as", "the author"))
    assert item["state"] == "waiting"
    (shown,) = lines(run("queue", "show", "work-2", "-Q", place))
    assert [event["kind"] for event in shown["events"]] == ["queued", "held", "decided", "appealed"]
    assert len(lines(run("queue", "log", "-Q", place))) == 3 + 2 + 2 + 1
    assert len(lines(run("queue", "log", "work-1", "-Q", place))) == 3


def test_nothing_to_do_is_no_error(place: Path) -> None:
    for name in ("work-1", "work-2"):
        lines(run("queue", "decide", name, "--outcome", "approve", "-Q", place, "--as", "ann"))
    done = run("queue", "next", "-Q", place, "--as", "ann")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "tagger: nothing waits for you\n")


def test_story_text_is_shown_only_where_it_is_asked_for(place: Path) -> None:
    for command in (("list",), ("show", "work-1"), ("next", "--as", "ann"), ("log",)):
        for written in ("table", "jsonl"):
            assert "secret" not in run("queue", *command, "-f", written, "-Q", place).output
    assert "A secret story." in run("queue", "show", "work-1", "--text", "-f", "table", "-Q", place).stdout
    assert lines(run("queue", "show", "work-1", "--text", "-Q", place))[0]["record"]["text"] == "A secret story."


def test_tables_are_for_people(place: Path) -> None:
    run("queue", "decide", "work-2", "--reject", "violence", "--reason", "a joke", "-Q", place, "--as", "ann")
    table = run("queue", "list", "--state", "all", "-f", "table", "-Q", place).stdout
    assert table.splitlines()[0].split() == ["key", "added", "decision", "state", "holder", "work", "suggested"]
    assert "violence 0.90" in table
    card = run("queue", "show", "work-2", "-f", "table", "-Q", place).stdout
    assert "hold by the policy archive 1 and the model default 1" in card
    assert "ann  decided: labels only; rejected violence; because a joke" in card
    log = run("queue", "log", "-f", "table", "-Q", place).stdout
    assert "mmmmmmmm  pppppppp  labels only; rejected violence; because a joke" in log


def test_who_and_where_come_from_the_environment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_QUEUE", str(place))
    monkeypatch.setenv("LOGNAME", "cleo")
    assert lines(run("queue", "next"))[0]["holder"] == "cleo"


@pytest.mark.parametrize(
    ("arguments", "error", "why"),
    [
        (("queue", "decide", "work-1", "--as", "ben"), RefusedError, "ann has work-1 until"),
        (("queue", "decide", "work-1", "--as", " "), UsageError, "say who you are with --as NAME"),
        (("queue", "decide", "work-7"), UsageError, "the queue has no work 'work-7'"),
        (("queue", "decide", "work-2", "--accept", "violense"), UsageError, "violense"),
        (("queue", "list", "-Q", "elsewhere.db"), QueueError, "there is no queue at elsewhere.db"),
        (("queue", "add", "none.jsonl"), DataError, "cannot read none.jsonl: No such file"),
        (("feedback", "export", "elsewhere.db"), QueueError, "there is no queue at elsewhere.db"),
        (("report", "a.jsonl", "b.db"), UsageError, "give one queue, or one or more .jsonl files"),
    ],
)
def test_errors_are_one_line_and_have_their_code(
    place: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], error: type[TaggerError], why: str
) -> None:
    monkeypatch.setenv("TAGGER_QUEUE", str(place))
    run("queue", "next", "--as", "ann")  # work-2
    run("queue", "decide", "work-2", "--as", "ann")
    run("queue", "appeal", "work-2", "--as", "the author")
    run("queue", "next", "--as", "ann")  # work-1
    told = failure(run(*arguments))
    assert isinstance(told, error)
    assert why in str(told)
    assert "\n" not in str(told)


def test_the_queue_is_not_loaded_for_other_commands() -> None:
    code = "import tagger.cli, sys; print(sorted({'sqlalchemy', 'sqlite3', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_the_library_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['sqlalchemy'] = None; from tagger.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "queue", "list"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "tagger: a queue needs sqlalchemy: pip install sqlalchemy\n"


POLICY = 'name = "all"\notherwise = "review"\n'


def test_from_a_stream_of_works_to_a_new_model(
    corpus: list[LabelledWork], bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAGGER_QUEUE", "q.db")
    works = corpus[:24]
    Path("policy.toml").write_text(POLICY)
    Path("works.jsonl").write_text("".join(json.dumps({"id": e.work.id, "text": e.work.text}) + "\n" for e in works))
    screened = run("screen", "works.jsonl", "-p", "policy.toml", "-m", bundle_path)
    assert screened.exit_code == 0
    assert run("queue", "add", "-", input=screened.stdout).exit_code == 0
    Path("decisions.jsonl").write_text(screened.stdout)
    for each, said_of in zip(works, map(json.loads, screened.stdout.splitlines()), strict=True):
        scored, suggested = set(said_of["scores"]), {one["label"] for one in said_of["suggested"]}
        said = [option for label in sorted(each.present & scored) for option in ("--accept", label)]
        said += [option for label in sorted(suggested - each.present) for option in ("--reject", label)]
        decided = run("queue", "decide", each.work.id, *said, "--complete", "--as", "ann", "--outcome", "approve")
        assert decided.exit_code == 0, decided.output
    told = run("feedback", "export", "q.db", "--texts", "works.jsonl", "-o", "feedback.jsonl")
    assert told.stderr == "tagger: 24 of 24 decisions say something of a label\n"
    lost = run("feedback", "export", "q.db")
    assert lost.stderr.endswith("the texts of 24 were not found, name them with --texts\n")
    assert lost.stdout == ""
    assert run("evaluate", "feedback.jsonl", "--split", "all", "-m", bundle_path, "--resamples", "0").exit_code == 0

    forced = run("retrain", "--base", bundle_path, "--add", "feedback.jsonl", "-o", "new", "--force")
    assert forced.exit_code == 0, forced.output
    assert "Compared on 24 works of the feedback itself, out of fold" in forced.stdout
    assert bundles.load(Path("new")).facts["retrained"][0]["works"] == 24

    (week,) = lines(run("report", "q.db"))
    assert (week["works"], week["reviewed"], week["decisions"]) == (24, 24, {"review": 24})
    assert any(label["flags"] and label["agreed"] for label in week["labels"])
    (period,) = lines(run("report", "decisions.jsonl", "--reference", "decisions.jsonl"))
    assert (period["name"], period["reviewed"]) == ("decisions", 0)
    assert {label["psi"] for label in period["labels"]} == {0.0}
    assert "24 works (review 24)" in run("report", "q.db", "-f", "table").stdout


def test_a_challenger_that_is_no_better_is_refused_with_1(
    corpus: list[LabelledWork], bundle_path: Path, tmp_path: Path
) -> None:
    """The model has learned from these works, so there is nothing in them to learn."""
    model = Path(shutil.copytree(bundle_path, tmp_path / "model"))
    told = [
        {"id": e.work.id, "text": e.work.text, "present": sorted(e.present), "unknown": sorted(e.unknown)}
        for e in corpus[:60]
    ]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(each) + "\n" for each in told))
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    done = run("retrain", "--base", model, "--add", tmp_path / "f.jsonl")
    assert done.exit_code == 1
    assert "stays as it is. --force replaces it all the same" in done.stderr
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
