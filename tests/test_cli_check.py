"""`tagger check` from the outside: what is printed where, and how it ends."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tagger.checking import FINDINGS, SCHEMA
from tagger.cli import app
from tagger.errors import BundleError
from tagger.reports.check import COLUMNS, frame

GOLDEN = Path(__file__).parent / "golden"
# With this variable set the golden files are written anew first; look at the difference before committing it.
UPDATE = "TAGGER_UPDATE_GOLDEN"
CALM = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
GRAPHIC = "It was graphic. "
NAWA = "No Archive Warnings Apply"


@pytest.fixture
def check(stand_in_path: Path) -> Any:
    """Run `tagger check` in this process, with the stand-in for a model."""

    def run(*arguments: object, **options: Any) -> Result:
        return CliRunner().invoke(app, ["check", "-m", str(stand_in_path), *map(str, arguments)], **options)

    return run


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Works that agree, contradict, do not say, and cannot be judged, in a folder to be in."""
    works = [
        {"id": "agrees", "rating": "M", "warnings": ["Graphic Depictions of Violence"], "text": CALM + GRAPHIC},
        {"id": "against", "rating": "K+", "warnings": [NAWA], "tags": ["no smut", "Fluff"], "text": CALM + GRAPHIC},
        {"id": "will not say", "warnings": ["Creator Chose Not To Use Archive Warnings"], "text": CALM + GRAPHIC},
        {"id": "says nothing", "text": CALM + "There was captivity. There was fluff."},
        {"id": "unseen", "tags": ["TW: abuse", "Coffee for Two"], "text": CALM},
        {"id": "short", "rating": "T", "text": "Too short."},
        {"id": "bad", "text": 7},
    ]
    monkeypatch.chdir(tmp_path)
    path = Path("queue.jsonl")
    path.write_bytes(b"".join(json.dumps(work).encode() + b"\n" for work in works))
    return path


def checks(result: Result) -> dict[str, Any]:
    return {each["id"]: each for each in map(json.loads, result.stdout.splitlines())}


@pytest.mark.parametrize("format", ["table", "json", "jsonl", "csv"])
def test_output_is_as_it_was(check: Any, queue: Path, format: str) -> None:
    result = check(queue, "-f", format)
    told = json.loads(check(queue, "-f", "json").stdout)
    output = result.stdout_bytes.replace(told[0]["model"]["sha256"].encode(), b"0")
    golden = GOLDEN / f"check.{format}"
    if os.environ.get(UPDATE):
        golden.write_bytes(output)
    assert output == golden.read_bytes()
    assert result.exit_code == 4
    assert result.stderr == 'tagger: queue.jsonl:7: "text" is a number, not a string\n'


def test_each_work_is_told_in_its_own_way(check: Any, queue: Path) -> None:
    found = {
        name: {each["label"]: each["finding"] for each in told.get("findings", [])}
        for name, told in checks(check(queue, "-f", "jsonl")).items()
    }
    assert found["agrees"] == {"rating": "agrees", "graphic-violence": "agrees", "violence": "agrees"}
    assert found["against"]["rating"] == found["against"]["graphic-violence"] == "contradiction"
    assert found["against"]["fluff"] == "contradiction"
    assert set(found["will not say"].values()) == {"undisclosed_by_choice"}
    assert found["says nothing"] == {"captivity": "missing", "fluff": "missing"}
    assert found["unseen"] == {"abuse": "not_seen"}
    assert found["short"] == found["bad"] == {}


def test_the_formats_say_the_same(check: Any, queue: Path) -> None:
    outputs = {name: check(queue, "-f", name).stdout for name in ("json", "jsonl", "csv", "table")}
    works = json.loads(outputs["json"])
    assert [json.loads(line) for line in outputs["jsonl"].splitlines()] == works
    rows = list(csv.DictReader(io.StringIO(outputs["csv"], newline="")))
    expected = [
        (work["id"], each["finding"], each["label"], each["sentence"])
        for work in works
        for each in work.get("findings", []) or [{"finding": "", "label": "", "sentence": ""}]
    ]
    assert [(row["id"], row["finding"], row["label"], row["sentence"]) for row in rows] == expected
    assert all(row["note"] for row in rows if row["status"] != "ok")
    for work in works:
        assert work["schema"] == SCHEMA
        assert work["id"] in outputs["table"]


@pytest.mark.parametrize(("format", "expected"), [("json", b"[\n\n]\n"), ("jsonl", b""), ("csv", b"id,status,finding")])
def test_no_check_at_all_is_still_well_formed(format: str, expected: bytes) -> None:
    around = frame(format)
    assert (around.opening + around.closing).startswith(expected)
    assert format != "csv" or around.opening == (",".join(COLUMNS) + "\r\n").encode()


@pytest.mark.parametrize(
    ("work", "wanted", "code"),
    [
        ({"warnings": [NAWA]}, ["contradiction"], 1),
        ({"warnings": [NAWA]}, ["missing"], 0),
        ({"warnings": [NAWA]}, [], 0),
        ({}, ["missing"], 1),
        ({}, ["contradiction"], 0),
        ({}, ["contradiction", "missing"], 1),
        ({"warnings": ["CNTW"]}, ["contradiction", "missing"], 0),
        ({"warnings": ["CNTW"]}, ["undisclosed_by_choice"], 1),
        ({"tags": ["Gore", "Angst"]}, ["contradiction", "missing", "undisclosed_by_choice"], 0),
    ],
)
def test_findings_fail_a_run_only_when_asked(check: Any, work: dict[str, Any], wanted: list[str], code: int) -> None:
    options = [part for finding in wanted for part in ("--fail-on", finding)]
    record = json.dumps({"id": "x", "text": CALM + GRAPHIC, **work})
    result = check("-", "-f", "jsonl", *options, input=record)
    assert result.exit_code == code
    assert result.stdout


def test_a_missing_tag_fails_nothing(check: Any) -> None:
    record = json.dumps({"id": "x", "text": CALM + "There was fluff."})
    result = check("-", "-f", "jsonl", "--fail-on", "missing", input=record)
    assert [each["finding"] for each in checks(result)["x"]["findings"]] == ["missing"]
    assert result.exit_code == 0


@pytest.mark.parametrize("options", [["--fail-on", "not_seen"], ["--fail-on", "agrees"], ["-f", "xml"], ["--nonsense"]])
def test_usage_errors_end_with_two(check: Any, queue: Path, options: list[str]) -> None:
    result = check(queue, *options)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_model_that_is_not_there_is_told_before_any_work_is_read(queue: Path) -> None:
    result = CliRunner().invoke(app, ["check", "-m", "nowhere", str(queue), "-o", "out.jsonl"])
    assert isinstance(result.exception, BundleError)
    assert not Path("out.jsonl").exists()


def test_a_second_record_of_an_id_is_an_error_record(check: Any) -> None:
    record = json.dumps({"id": "x", "text": CALM}) + "\n"
    result = check("-", "-f", "jsonl", input=record + record)
    assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["ok", "error"]
    assert result.exit_code == 4


def test_files_results_and_quiet_go_where_they_are_told(check: Any, queue: Path) -> None:
    result = check(queue, "-q", "-f", "jsonl", "-o", "out.jsonl", "-j", 2)
    assert result.output == ""
    assert Path("out.jsonl").read_text() == check(queue, "-f", "jsonl").stdout


def test_a_story_with_a_header_is_checked_and_quoted_only_when_asked(check: Any, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text(f"Title: One\nRating: G\nWarnings: {NAWA}\n\n{CALM}{GRAPHIC}\n")
    plain, quoted = check(story).stdout, check(story, "--quotes").stdout
    assert "rating    declared General Audiences; the text asks for Mature, for graphic-violence" in plain
    assert "The author declared “No Archive Warnings Apply”, and the text seems to" in plain
    assert "harbour" not in plain
    assert "        | " in quoted
    assert "harbour" in quoted


def test_findings_come_in_their_order_and_none_but_those(check: Any, queue: Path) -> None:
    shown = [line.strip() for line in check(queue, "-f", "table").stdout.splitlines()]
    against = shown[shown.index("against") :]
    headings = [line for line in against[: against.index("")] if line.replace(" ", "_") in FINDINGS]
    assert headings == ["contradiction"]


def test_a_header_cannot_steer_the_terminal(check: Any) -> None:
    work = {"id": "x\033[2J", "warnings": ["\033[2JGore\x07"], "rating": "\u202eM", "text": CALM + GRAPHIC}
    shown = check("-", "-f", "table", input=json.dumps(work)).stdout
    assert all(char.isprintable() for char in shown.replace("\n", ""))
