"""Whatever is wrong with what a person gives: an exit code, one line that names it, and no traceback."""

import json
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tagger.cli import main
from tagger.predicting import loaded

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4


class Ended(NamedTuple):
    """How a run ended, and what it wrote."""

    code: int
    output: str
    errors: str


@pytest.fixture
def tagger(
    tmp_path: Path, stand_in_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Ended]:
    """Run a command line in an empty folder, with a whole model `model` in it, as a process would."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(stand_in_path, "model")
    loaded.cache_clear()  # a process of its own would not remember the model of an earlier test

    def run(line: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tagger", *line.split()])
        with pytest.raises(SystemExit) as caught:
            main()
        sys.stdout.flush()
        output, errors = capfdbinary.readouterr()
        assert isinstance(caught.value.code, int)
        ended = Ended(caught.value.code, output.decode(), errors.decode())
        assert "Traceback" not in ended.output + ended.errors
        return ended

    return run


WORKS: dict[str, tuple[bytes | None, str]] = {
    "missing.txt": (None, "missing.txt: no such file; check the spelling"),
    "missing.jsonl": (None, "missing.jsonl: no such file; check the spelling"),
    "empty.txt": (b"", "empty.txt: is empty"),
    "empty.md": (b"", "empty.md: is empty"),
    "nul.txt": (b"\0", "nul.txt: holds no text"),
    "blank.txt": (b" \n\n \r\n\xef\xbb\xbf", "blank.txt: holds no text"),
    "empty.jsonl": (b"\n", "empty.jsonl is empty: a JSON Lines file holds one work a line"),
    "prose.jsonl": (STORY.encode(), "not JSON: "),
    "cut.jsonl": (b'{"id": "x", "text": "Onc', "not JSON: "),
    "list.jsonl": (b'["Once upon a time."]', 'is a list, not an object with "text"'),
    "textless.jsonl": (b'{"title": "Tea"}', 'has no "text"'),
    "number.jsonl": (b'{"id": "x", "text": 7}', 'number.jsonl:1: "text" is a number, not a string'),
    "wordless.jsonl": (b'{"id": "x", "text": ""}', 'wordless.jsonl:1: "text" is empty'),
    "rated.jsonl": (b'{"text": "Tea.", "rating": 18}', '"rating" is a number, not a string'),
    "listed.jsonl": (b'{"text": "Tea.", "warnings": [1]}', '"warnings" is a list, not a list of strings only'),
    "folder.txt": (None, "no stories in folder.txt (looked for *.txt, *.text, *.md, *.markdown, *.html, "),
    "scan.txt": (b"\x89PNG\r\n\x1a\n" + bytes(5000), "scan.txt: is a picture, which is not read; "),
    "story.txt": (b"%PDF-1.7\n", "story.txt: is a PDF, which has no paragraphs to follow; use the EPUB or "),
    "cut.epub": (b"PK\x03\x04", "cut.epub: is no zip file, or a broken one; download it again"),
    "none.html": (b"<p></p>", "none.html: holds no "),
    "prose.rtf": (STORY.encode(), "prose.rtf: does not begin with {\\rtf"),
    "empty.csv": (b"", "empty.csv: is empty"),
    "prose.csv": (STORY.encode(), "prose.csv: no column is named text, body, story or storytext"),
    "missing.sqlite": (None, "missing.sqlite: no such file; check the spelling"),
    "torn.sqlite": (b"SQLite format 3\0torn", "torn.sqlite: is damaged or no database"),
}


@pytest.mark.parametrize("name", WORKS)
def test_a_work_that_cannot_be_read(tagger: Callable[..., Ended], name: str) -> None:
    content, message = WORKS[name]
    if content is not None:
        Path(name).write_bytes(content)
    if name.startswith("folder"):
        Path(name).mkdir()
    ended = tagger(f"predict {name} -m model -f jsonl")
    assert ended.code == 5
    result = json.loads(ended.output)
    assert result["status"] == "error"
    assert message in result["error"]
    assert ended.errors == f"tagger: {result['error']}\n"
    assert name in result["error"]


@pytest.mark.parametrize("name", ["prose.jsonl", "cut.jsonl", "list.jsonl", "textless.jsonl"])
def test_a_broken_record_is_named_on_standard_error_too(tagger: Callable[..., Ended], name: str) -> None:
    content, _ = WORKS[name]
    assert content
    Path(name).write_bytes(content)
    assert f"{name}:1" in tagger(f"predict {name} -m model -f jsonl").errors


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (random.Random(0).randbytes(300_000), "abstained", "not prose: only"),
        (STORY.encode() + b"\xff\xc3(" + STORY.encode(), "ok", "2 bytes that are not UTF-8 read as cp1252"),
        (STORY.encode("utf-16"), "ok", "utf-16-le"),
        (STORY.encode("utf-16")[:-1], "ok", "1 place that is not UTF-16 read as U+FFFD"),
        (STORY.encode().replace(b" ", b"\0 "), "ok", "'words': 68"),
        (b"x" * 300_000, "ok", "'chapters': 1"),
        (b"[" * 100_000, "abstained", "too short: 0 words"),
    ],
)
def test_a_work_of_any_bytes_gets_a_result(
    tagger: Callable[..., Ended], content: bytes, status: str, told: str
) -> None:
    Path("odd.txt").write_bytes(content)
    ended = tagger("predict odd.txt -m model -f jsonl")
    assert (ended.code, ended.errors) == (0, "")
    result = json.loads(ended.output)
    assert result["status"] == status
    assert told in result.get("reason", "") + str(result["source"])


def test_json_nested_too_deep_is_one_bad_record(tagger: Callable[..., Ended]) -> None:
    Path("deep.jsonl").write_bytes(b"[" * 200_000 + b"\n" + json.dumps({"id": "x", "text": STORY}).encode())
    ended = tagger("predict deep.jsonl -m model -f jsonl")
    assert ended.code == 4
    assert [json.loads(line)["status"] for line in ended.output.splitlines()] == ["error", "ok"]
    assert ended.errors.count("\n") == 1


def test_a_duplicate_id_is_one_bad_record(tagger: Callable[..., Ended]) -> None:
    Path("twice.jsonl").write_text((json.dumps({"id": "x", "text": STORY}) + "\n") * 2)
    ended = tagger("predict twice.jsonl -m model")
    error = "tagger: twice.jsonl:2: the id 'x' was used before; give every work an id of its own\n"
    assert (ended.code, ended.errors) == (4, error)


def test_one_bad_work_among_good_ones_is_named_and_the_run_goes_on(tagger: Callable[..., Ended]) -> None:
    Path("a.txt").write_text(STORY)
    for style in ("table", "json", "jsonl", "csv"):
        ended = tagger(f"predict a.txt missing.txt a.txt -m model -f {style}")
        assert ended.code == 4
        assert ended.errors == "tagger: missing.txt: no such file; check the spelling\n"
        assert ended.output.count("a.txt") == 2
        assert "no such file" in ended.output


def test_a_name_with_a_line_break_is_still_one_line(tagger: Callable[..., Ended]) -> None:
    Path("story\n\033[2J.txt").write_bytes(b"")
    ended = tagger("predict . -m model --input-format text -f jsonl")
    assert ended.errors.count("\n") == 1
    assert "\033" not in ended.errors


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def alter(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def another_format(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"tagger.bundle/3", b"tagger.bundle/9"))


HARMED: dict[str, tuple[Callable[[Path], None], str]] = {
    "weights.npy, cut": (cut, "tagger: model/weights.npy has "),
    "weights.npy, altered": (alter, "tagger: model/weights.npy was altered after training"),
    "features.txt, altered": (alter, "tagger: model/features.txt was altered after training"),
    "idf.npy, missing": (Path.unlink, "tagger: model/idf.npy is missing from the model"),
    "manifest.json, cut": (cut, "tagger: model/manifest.json is cut short"),
    "manifest.json, missing": (Path.unlink, "tagger: the model model holds no manifest.json"),
    "manifest.json, of another time": (another_format, "tagger: model has the format 'tagger.bundle/9', and this"),
    "manifest.json, foreign": (
        lambda path: path.write_text("{}") and None,
        "tagger: model/manifest.json is cut short or",
    ),
}


@pytest.mark.parametrize("harm", HARMED)
@pytest.mark.parametrize("command", ["predict story.txt", "model verify", "model describe", "evaluate data.jsonl"])
def test_a_model_that_is_not_whole(tagger: Callable[..., Ended], harm: str, command: str) -> None:
    Path("story.txt").write_text(STORY)
    Path("data.jsonl").write_text(json.dumps({"text": STORY, "labels": []}))
    do, message = HARMED[harm]
    do(Path("model") / harm.partition(",")[0])
    ended = tagger(f"{command} -m model")
    assert (ended.code, ended.output) == (3, "")
    assert ended.errors.startswith(message)
    assert ended.errors.count("\n") == 1


LINES: dict[str, tuple[int, str]] = {
    "predict s.txt -m nowhere": (3, "the model nowhere does not exist; name another"),
    "predict s.txt -m s.txt": (3, "the model s.txt holds no manifest.json, so it is not a model of tagger"),
    "predict s.txt -m model --threshold violense=0.5": (2, "There is no label 'violense'; did you mean violence"),
    "predict s.txt -m model --threshold violence=much": (2, "--threshold violence=much: write it as LABEL=NUMBER"),
    "predict s.txt -m model --threshold violence": (2, "--threshold violence: write it as LABEL=NUMBER"),
    "predict s.txt -m model --threshold =0.5": (2, "There is no label ''"),
    "predict s.txt -m model --threshold violence=7": (2, "the threshold of violence is 7, but scores run from 0 to 1"),
    "predict s.txt -m model --fail-on violense": (2, "There is no label 'violense'"),
    "predict s.txt -m model -o nowhere/out": (5, "cannot write the results to nowhere/out: No such file or directory"),
    "predict s.txt -m model -o model": (
        5,
        "cannot write the results to model: it holds other files; name a new folder",
    ),
    "train nowhere -o new": (3, "nowhere does not exist; name a folder or a .jsonl or .txt file"),
    "train model -o new": (3, "model/features.txt:1: text before the first line of the form"),
    "train s.txt -o new": (3, "s.txt:1: text before the first line of the form"),
    "train d.jsonl -o new --recipe nowhere.toml": (3, "cannot read the recipe nowhere.toml: No such file or directory"),
    "train d.jsonl -o new --recipe broken.toml": (3, "broken.toml is not valid TOML: "),
    "train d.jsonl -o new --recipe strange.toml": (3, "strange.toml: there is no key 'speed'; the keys are"),
    "train d.jsonl -o new --recipe wild.toml": (3, "wild.toml: learner.c is -1, but must lie between"),
    "train d.jsonl -o new --labels broken.toml": (3, "broken.toml"),
    "train d.jsonl -o new": (3, "no label has 5 works with it and as many without among the 1 works"),
    "evaluate d.jsonl -m model": (3, "d.jsonl has no split 'test'; it has train, and `all`"),
    "model export --sklearn nowhere/m.joblib -m model": (5, "cannot write nowhere/m.joblib: No such file or directory"),
    "labels violense": (2, "There is no label 'violense'"),
    "predict s.txt -m model -o ./s.txt": (2, "-o s.txt: that file is among what is to be read; name another one"),
    "predict . -m model -o s.txt": (2, "-o s.txt: that file is among what is to be read"),
    "check s.txt -m model -o s.txt": (2, "-o s.txt: that file is among what is to be read"),
    "screen s.txt -m model -p policy.toml -o s.txt": (2, "-o s.txt: that file is among what is to be read"),
    "evaluate d.jsonl -m model --split all -o d.jsonl": (2, "-o d.jsonl: that file is among what is to be read"),
    "feedback export q.db --texts d.jsonl -o d.jsonl": (2, "-o d.jsonl: that file is among what is to be read"),
    "feedback export q.db --texts nowhere.jsonl -o new.jsonl": (2, "--texts nowhere.jsonl: no such file or folder"),
    "predict s.txt -m model --evidence 0 --explain": (
        2,
        "--explain and --quotes show evidence; leave out --evidence 0",
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_that_will_not_do(tagger: Callable[..., Ended], line: str) -> None:
    Path("s.txt").write_text(STORY)
    Path("d.jsonl").write_text(json.dumps({"text": STORY, "labels": []}))
    Path("broken.toml").write_text("[learner\nc = 1")
    Path("strange.toml").write_text("speed = 11")
    Path("wild.toml").write_text("[learner]\nc = -1")
    Path("policy.toml").write_text('name = "any"')
    before = {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    code, message = LINES[line]
    ended = tagger(line)
    assert (ended.code, ended.output) == (code, "")
    assert ended.errors.startswith(f"tagger: {message}")
    assert ended.errors.count("\n") == 1
    assert {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("predict s.txt --nonsense", "--nonsense"),
        ("predict", "FILE"),
        ("predict s.txt --preset strict", "strict"),
        ("predict s.txt -f xml", "xml"),
        ("predict s.txt -j many", "many"),
        ("predict s.txt --input-format pdf", "pdf"),
        ("train s.txt", "--output"),
        ("evaluate s.txt --folds -1", "-1"),
        ("model export", "--sklearn"),
        ("divine s.txt", "divine"),
    ],
)
def test_an_option_that_is_not_there_is_named_with_the_way_to_help(
    tagger: Callable[..., Ended], line: str, named: str
) -> None:
    ended = tagger(line)
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors.startswith("Usage: tagger ")
    assert "-h' for help." in ended.errors
    assert named in ended.errors.splitlines()[-1]
