"""`tagger predict` from the outside: what is printed where, and how it ends."""

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tagger.cli import app
from tagger.errors import BundleError, OutputError, TaggerError, UnknownLabelError, UsageError

GOLDEN = Path(__file__).parent / "golden"
INPUT = GOLDEN / "input"
# With this variable set the golden files are written anew first; look at the difference before committing it.
UPDATE = "TAGGER_UPDATE_GOLDEN"

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
TIMING = re.compile(rb'("timing_ms": ?)[0-9.]+')
MODEL = re.compile(rb'("sha256": ?)"[0-9a-f]{64}"')


@pytest.fixture
def predict(stand_in_path: Path) -> Any:
    """Run `tagger predict` in this process, with the stand-in for a model."""

    def run(*arguments: object, **options: Any) -> Result:
        return CliRunner().invoke(app, ["predict", "-m", str(stand_in_path), *map(str, arguments)], **options)

    return run


@pytest.fixture
def command(stand_in_path: Path) -> list[str]:
    """`tagger predict`, to be run as a process of its own."""
    return [sys.executable, "-m", "tagger", "predict", "-m", str(stand_in_path)]


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A story with a warning (captivity) and a tag (fluff) for the stand-in to find."""
    path = tmp_path / "story.txt"
    path.write_text(STORY + "There was captivity, and fluff.")
    return path


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    """A story without anything to find."""
    path = tmp_path / "calm.txt"
    path.write_text(STORY)
    return path


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More records than fit into a pipe."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"".join(record(i, STORY * 3) for i in range(4000)))
    return path


def record(id: object, text: object = STORY) -> bytes:
    return json.dumps({"id": id, "text": text}).encode() + b"\n"


def untimed(output: bytes) -> bytes:
    return TIMING.sub(rb"\g<1>0", output)


def error_of(result: Result) -> TaggerError:
    assert isinstance(result.exception, TaggerError), result.output
    assert result.stdout == ""
    return result.exception


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("table", ["-f", "table"]),
        ("json", ["-f", "json"]),
        ("jsonl", ["-f", "jsonl"]),
        ("csv", ["-f", "csv"]),
        ("explained.table", ["-f", "table", "--explain", "--quotes"]),
        ("explained.json", ["-f", "json", "--explain", "--quotes"]),
        ("lenient.jsonl", ["-f", "jsonl", "--preset", "high-recall", "--threshold", "grief=0.99"]),
    ],
)
def test_output_is_as_it_was(name: str, options: list[str], predict: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INPUT)
    result = predict(".", "nowhere.txt", *options)
    output = MODEL.sub(rb'\1"0"', untimed(result.stdout_bytes))
    golden = GOLDEN / f"predict.{name}"
    if os.environ.get(UPDATE):
        golden.write_bytes(output)
    assert output == golden.read_bytes()
    assert result.exit_code == 4


def test_the_formats_say_the_same(predict: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INPUT)
    outputs = {name: untimed(predict(".", "-f", name).stdout_bytes) for name in ("json", "jsonl", "csv")}
    results = json.loads(outputs["json"])
    assert [json.loads(line) for line in outputs["jsonl"].splitlines()] == results
    expected = [
        (each["id"], each["status"], label)
        for each in results
        for label in [some["label"] for some in each.get("suggested", [])] or [""]
    ]
    rows = list(csv.DictReader(io.StringIO(outputs["csv"].decode(), newline="")))
    assert [(row["id"], row["status"], row["label"]) for row in rows] == expected
    assert all(row["note"] for row in rows if row["status"] != "ok")


def test_json_is_valid_whatever_the_number_of_works(predict: Any, story: Path) -> None:
    for number in (1, 2, 3):
        assert len(json.loads(predict(*[story] * number, "-f", "json").stdout)) == number


@pytest.mark.parametrize(
    ("files", "is_lines"),
    [
        (["works.jsonl"], True),
        (["works.csv"], True),
        (["works.jsonl", "works.csv"], True),
        (["story.txt"], False),
        (["works.jsonl", "story.txt"], False),
        (["."], False),
        (["story.txt", "--input-format", "csv"], True),
    ],
)
def test_json_lines_beget_json_lines(
    predict: Any, story: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], is_lines: bool
) -> None:
    monkeypatch.chdir(story.parent)
    Path("works.jsonl").write_bytes(record("x"))
    Path("works.csv").write_text(f"text\n{STORY}\n")
    assert predict(*files).stdout.startswith("{") == is_lines


def test_standard_input_is_read_as_text_and_as_records(predict: Any) -> None:
    as_text = predict("-", "-f", "jsonl", input=STORY)
    assert json.loads(as_text.stdout)["source"]["format"] == "text"
    as_records = predict("-", "-f", "jsonl", input=record("x") + record("y"))
    assert [json.loads(line)["id"] for line in as_records.stdout.splitlines()] == ["x", "y"]
    as_markdown = predict("-", "-f", "jsonl", "--input-format", "markdown", input="# One\n\n" + STORY)
    assert json.loads(as_markdown.stdout)["source"]["format"] == "markdown"


def test_files_folders_and_standard_input_go_together(predict: Any, story: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.md").write_text(STORY)
    result = predict(story, "-", tmp_path / "folder", "-f", "jsonl", input=STORY)
    ids = [json.loads(line)["id"] for line in result.stdout.splitlines()]
    assert ids == [str(story), "-", str(tmp_path / "folder" / "one.md")]


def test_a_second_record_of_an_id_is_an_error_record(predict: Any) -> None:
    result = predict("-", "-f", "jsonl", input=record("x") + b"\n\n" + record("y") + record("x"))
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["id"], each["status"]) for each in found] == [("x", "ok"), ("y", "ok"), ("x", "error")]
    assert result.exit_code == 4
    assert result.stderr == "tagger: -:5: the id 'x' was used before; give every work an id of its own\n"


def test_results_go_to_a_file_whole_and_to_nowhere_else(predict: Any, story: Path, tmp_path: Path) -> None:
    to_stdout = predict(story, "-f", "jsonl")
    result = predict(story, "-f", "jsonl", "-o", tmp_path / "out.jsonl")
    assert result.output == ""
    assert untimed((tmp_path / "out.jsonl").read_bytes()) == untimed(to_stdout.stdout_bytes)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "story.txt"]


def test_a_file_of_results_that_cannot_be_written_is_told(predict: Any, story: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere" / "out.jsonl", tmp_path):
        error = error_of(predict(story, "-o", path))
        assert isinstance(error, OutputError)
        assert str(error).startswith(f"cannot write the results to {path}: ")


def suggested(result: Result) -> list[str]:
    return [each["label"] for each in json.loads(result.stdout)["suggested"]]


def test_presets_and_thresholds(predict: Any, story: Path) -> None:
    assert suggested(predict(story, "-f", "jsonl")) == ["captivity", "fluff"]
    assert suggested(predict(story, "-f", "jsonl", "--threshold", "captivity=0.999")) == ["fluff"]
    both = ("--threshold", "captivity=1", "--threshold", "fluff=1", "--threshold", "grief=0.1")
    assert suggested(predict(story, "-f", "jsonl", *both)) == ["grief"]
    (each,) = json.loads(predict(story, "-f", "json", "--preset", "high-recall").stdout)
    assert [some["threshold"] for some in each["suggested"]] == [0.3, 0.3]


@pytest.mark.parametrize(
    ("option", "kind"),
    [
        (("--threshold", "violense=0.5"), UnknownLabelError),
        (("--threshold", "violence"), UsageError),
        (("--threshold", "violence=high"), UsageError),
        (("--threshold", "violence=1.1"), UsageError),
        (("--threshold", "violence=nan"), UsageError),
        (("--fail-on", "violense"), UnknownLabelError),
        (("-m", "nowhere"), BundleError),
    ],
)
def test_what_cannot_be_is_told_before_any_work_is_read(
    predict: Any, story: Path, tmp_path: Path, option: tuple[str, str], kind: type
) -> None:
    assert isinstance(error_of(predict(story, *option, "-o", tmp_path / "out")), kind)
    assert not (tmp_path / "out").exists()


def test_explain_shows_the_sum_and_quotes_the_passage(predict: Any, story: Path) -> None:
    piece = json.loads(predict(story, "-f", "jsonl", "--explain").stdout)["suggested"][0]["evidence"][0]
    assert piece["bias"] + sum(each["amount"] for each in piece["contributions"]) == pytest.approx(piece["margin"])
    assert "quote" not in piece
    piece = json.loads(predict(story, "-f", "jsonl", "--quotes").stdout)["suggested"][0]["evidence"][0]
    assert piece["quote"] == story.read_text()
    assert "contributions" not in piece
    plain = predict(story).stdout
    assert "harbour" not in plain
    assert "harbour" in predict(story, "--quotes").stdout
    assert "bias -2.00" in predict(story, "--explain").stdout


@pytest.mark.parametrize(
    ("file", "wanted", "code"),
    [
        ("story", ["any"], 1),
        ("story", ["captivity"], 1),
        ("story", ["grief", "fluff"], 1),
        ("story", ["grief"], 0),
        ("story", [], 0),
        ("calm", ["any", "captivity"], 0),
    ],
)
def test_suggestions_fail_a_run_only_when_asked(
    predict: Any, request: pytest.FixtureRequest, file: str, wanted: list[str], code: int
) -> None:
    options = [part for label in wanted for part in ("--fail-on", label)]
    result = predict(request.getfixturevalue(file), *options)
    assert result.exit_code == code
    assert result.stdout


def test_any_means_any_warning_and_no_tag(predict: Any, tmp_path: Path) -> None:
    (tmp_path / "soft.txt").write_text(STORY + "Fluff.")
    assert predict(tmp_path / "soft.txt", "--fail-on", "any").exit_code == 0


def test_failed_works_tell_in_the_exit_code(predict: Any, story: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.txt"
    assert predict(story, nowhere).exit_code == 4
    assert predict(story, nowhere, "--fail-on", "any").exit_code == 4
    assert predict(nowhere, nowhere).exit_code == 5
    assert predict("-", input="").exit_code == 5
    assert predict("-", input="Too short.").exit_code == 0


@pytest.mark.parametrize("options", [["--nonsense"], ["-f", "xml"], ["-j", "-1"], ["--preset", "strict"]])
def test_usage_errors_end_with_two(predict: Any, story: Path, options: list[str]) -> None:
    result = predict(story, *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Try 'tagger predict -h' for help." in result.stderr.replace("root", "tagger")


def test_messages_go_to_standard_error_and_quiet_stops_them(predict: Any, story: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.txt"
    for style in ("table", "jsonl"):
        loud, quiet = predict(nowhere, story, "-f", style), predict(nowhere, story, "-f", style, "-q")
        assert loud.stderr == f"tagger: {nowhere}: no such file; check the spelling\n"
        assert quiet.stderr == ""
        assert untimed(quiet.stdout_bytes) == untimed(loud.stdout_bytes)
        assert "tagger: " not in loud.stdout


def test_any_number_of_jobs_prints_the_same(predict: Any, story: Path, calm: Path, tmp_path: Path) -> None:
    works = tmp_path / "works.jsonl"
    works.write_bytes(b"".join(record(i, STORY + "Grief. " * (i % 2)) for i in range(30)) + record(7) + b"broken\n")
    one, two = (predict(story, works, calm, "-f", "jsonl", "-j", jobs) for jobs in (1, 2))
    assert untimed(two.stdout_bytes) == untimed(one.stdout_bytes)
    assert (two.stderr, two.exit_code) == (one.stderr, one.exit_code)


# What follows needs a process: signals, pipes, terminals and full disks.


def test_an_error_is_one_line_and_its_exit_code(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run([*command, "-m", "nowhere", "-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == ("tagger: the model nowhere does not exist; name another, or make one with `tagger train`\n")


@contextmanager
def begun(command: list[str], *more: object) -> Iterator["subprocess.Popen[bytes]"]:
    """A run that has printed its first line and waits for somebody to read the rest."""
    process = subprocess.Popen(
        [*command, *map(str, more)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"schema"')
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_quietly(command: list[str], many: Path, jobs: int) -> None:
    with begun(command, many, "-j", jobs) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (130, b"")


def test_ctrl_c_leaves_earlier_results_alone(command: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("earlier\n")
    process = subprocess.Popen([*command, "-", "-o", str(out)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(record("x"))
    process.stdin.flush()
    while not out.with_name("out.jsonl.unfinished").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, b"")
    assert out.read_text() == "earlier\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_closed_pipe_ends_quietly(command: list[str], many: Path, jobs: int) -> None:
    with begun(command, many, "-j", jobs) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("to", ["stdout", "-o"])
def test_a_full_disk_is_one_line(command: list[str], story: Path, to: str) -> None:
    with Path("/dev/full").open("wb") as full:
        more = [str(story)] if to == "stdout" else [str(story), "-o", "/dev/full"]
        done = subprocess.run([*command, *more], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    where = "standard output" if to == "stdout" else "/dev/full"
    assert done.stderr == f"tagger: cannot write the results to {where}: No space left on device\n"
    assert done.returncode == 5


def on_terminal(command: list[str], stream: str, **variables: str) -> tuple[str, str]:
    """Run with one stream on a terminal: what the terminal showed, and what came from the other."""
    keep = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS")}
    ours, theirs = pty.openpty()
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: theirs}
    process = subprocess.Popen(command, env={**keep, "TERM": "xterm", **variables}, **streams)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other end is closed: how Linux says that a terminal has ended
        pass
    os.close(ours)
    other = b"".join(filter(None, process.communicate(timeout=30)))
    return shown.decode(), other.decode()


def test_color_is_for_terminals_that_want_it(command: list[str], story: Path) -> None:
    assert "\033[1m" in on_terminal([*command, str(story)], "stdout")[0]
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown, _ = on_terminal([*command, str(story)], "stdout", **variables)
        assert "captivity" in shown
        assert "\033" not in shown


def test_progress_is_for_terminals_and_never_on_standard_output(command: list[str], story: Path) -> None:
    shown, output = on_terminal([*command, str(story), "-f", "jsonl"], "stderr")
    assert "works" in shown
    assert json.loads(output)["status"] == "ok"
    shown, output = on_terminal([*command, str(story), "-f", "jsonl", "-q"], "stderr")
    assert shown == ""
    assert json.loads(output)["status"] == "ok"


def test_json_lines_into_a_file_are_json_lines_on_a_terminal_too(command: list[str], tmp_path: Path) -> None:
    works, out = tmp_path / "works.jsonl", tmp_path / "out.jsonl"
    works.write_bytes(record("x"))
    on_terminal([*command, str(works), "-o", str(out)], "stdout")
    assert out.read_text().startswith("{")
