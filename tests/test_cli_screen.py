"""`tagger screen` and `tagger watch` from the outside: what is written where, and what survives."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tagger.cli import app
from tagger.errors import BundleError, PolicyError, TaggerError, UsageError

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
POLICY = 'name = "p"\non_error = "hold"\n[warnings]\nreview = 0.3\nhold = 0.9\n'
PATIENCE = 30.0  # seconds, for a busy machine


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def works(tmp_path: Path) -> Path:
    path = tmp_path / "works.jsonl"
    told = [{"id": "a", "text": STORY}, {"id": "b", "text": STORY + "war"}, {"id": "c", "text": ""}]
    path.write_text("".join(json.dumps(each) + "\n" for each in told))
    return path


@pytest.fixture
def screen(stand_in_path: Path, policy: Path) -> Any:
    """Run `tagger screen` in this process, with the stand-in for a model."""

    def run(*arguments: object, **options: Any) -> Result:
        command = ["screen", "-m", str(stand_in_path), "-p", str(policy), *map(str, arguments)]
        return CliRunner().invoke(app, command, **options)

    return run


@pytest.fixture
def command(stand_in_path: Path, policy: Path) -> Callable[..., list[str]]:
    """A command of tagger, to be run as a process of its own."""

    def build(name: str, *arguments: object) -> list[str]:
        given = ("-m", stand_in_path, "-p", policy, *arguments)
        return [sys.executable, "-m", "tagger", name, *map(str, given)]

    return build


def test_decisions_on_stdout_and_messages_on_stderr(screen: Any, works: Path) -> None:
    done = screen(works)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["id"], each["decision"]) for each in records] == [("a", "approve"), ("b", "hold"), ("c", "hold")]
    assert done.stderr == f'tagger: {works}:3: "text" is empty\ntagger: approve 1, hold 2\n'
    assert done.exit_code == 4


def test_a_stream(screen: Any, works: Path) -> None:
    assert screen("-", "-q", input=works.read_bytes()).stdout.replace("-:3", f"{works}:3").count("\n") == 3


def test_a_table_for_people(screen: Any, works: Path) -> None:
    shown = screen(works, "-f", "table").stdout.splitlines()
    assert shown[:4] == [
        "approve  a",
        "hold     b",
        "         shows-war  war 1.00",
        "           The text seems to show war.",
    ]
    assert shown[-4] == "hold     c"
    assert shown[-2:] == ["         not-read", "           The work could not be read."]
    assert STORY[:20] not in "".join(shown)


def test_a_folder_and_a_table_of_works(screen: Any, tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    folder.mkdir()
    (folder / "one.txt").write_text(STORY)
    (folder / "two.csv").write_text(f'id,text,rating\n7,"{STORY} war",T\n8,"{STORY}",M\n')
    records = [json.loads(line) for line in screen(folder).stdout.splitlines()]
    assert [each["id"] for each in records] == [str(folder / "one.txt"), "7", "8"]
    assert [each["declared"]["rating"] for each in records] == [None, "T", "M"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--resume",), UsageError),
        (("--resume", "-o", "d.jsonl", "-f", "table"), UsageError),
        (("-m", "none"), BundleError),
        (("-p", "none.toml"), PolicyError),
    ],
)
def test_what_will_not_do_is_told_before_any_work(
    arguments: tuple[str, ...], error: type[TaggerError], screen: Any, works: Path
) -> None:
    done = screen(works, *arguments)
    assert isinstance(done.exception, error)
    assert done.stdout == ""


def test_a_policy_that_rejects_unseen_ends_with_3(command: Any, policy: Path, works: Path) -> None:
    policy.write_text('name = "p"\notherwise = "reject"\n')
    done = subprocess.run(command("screen", works), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "allow_auto_reject" in done.stderr


def test_resume_on_a_finished_file_adds_what_is_new(screen: Any, works: Path, tmp_path: Path) -> None:
    output = tmp_path / "d.jsonl"
    screen(works, "-o", output)
    before = output.read_bytes()
    assert screen(works, "-o", output, "--resume").exit_code == 4
    assert output.read_bytes() == before
    with works.open("a") as stream:
        stream.write(json.dumps({"id": "d", "text": STORY}) + "\n")
    done = screen(works, "-o", output, "--resume")
    assert done.stderr.endswith("tagger: approve 1 (3 decided before)\n")
    assert output.read_bytes()[: len(before)] == before
    assert output.read_bytes().count(b"\n") == 4


def test_a_broken_cache_is_told_and_made_again(screen: Any, works: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    expected = screen(works, "--cache", cache).stdout
    cache.write_bytes(cache.read_bytes()[:5000])
    done = screen(works, "--cache", cache)
    assert "was broken" in done.stderr
    assert done.stdout == expected == screen(works, "--cache", cache).stdout


def test_killed_at_random_moments_it_writes_the_same_bytes(command: Any, tmp_path: Path) -> None:
    """A small one; scripts/soak-screen does the same with ten thousand works."""
    many, output = tmp_path / "many.jsonl", tmp_path / "d.jsonl"
    with many.open("w") as stream:
        for number in range(1500):
            stream.write(json.dumps({"id": str(number % 1400), "text": f"{STORY} {number % 1400} war" * 6}) + "\n")
    whole = subprocess.run(command("screen", many, "-q"), capture_output=True, check=True).stdout
    assert whole.count(b"\n") == 1400
    rng, sizes = random.Random(0), []
    run = command("screen", many, "-q", "-o", output, "--resume")
    for share in (0.2, 0.5, 0.7):
        process = subprocess.Popen(run)
        least = share * len(whole)
        _until(lambda least=least: _size(output) >= least)
        time.sleep(rng.random() / 50)
        process.kill()
        process.wait()
        sizes.append(_size(output))
        with output.open("ab") as stream:
            stream.write(whole[sizes[-1] : sizes[-1] + rng.randrange(200)])  # as if the last write had been cut
    assert subprocess.run(run, check=True).returncode == 0
    assert 0 < sizes[0] < len(whole)
    assert output.read_bytes() == whole


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


# tagger watch


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


@pytest.fixture
def watching(command: Any, incoming: Path, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start `tagger watch` in the background; whatever still runs in the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        run = command("watch", incoming, "-o", tmp_path / "d.jsonl", "--every", "0.05")
        started.append(subprocess.Popen(run, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def decisions(tmp_path: Path) -> dict[str, str]:
    lines = (tmp_path / "d.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert len({each["key"] for each in told}) == len(told)
    return {Path(each["id"]).name: each["decision"] for each in told}


def test_watch_decides_files_and_puts_them_away(watching: Any, incoming: Path, tmp_path: Path) -> None:
    (incoming / "early.txt").write_text(STORY)
    process = watching()
    _until((incoming / "done" / "early.txt").exists)
    (incoming / ".hidden.txt").write_text(STORY)
    (incoming / "late.txt.part").write_text(STORY)
    (incoming / "empty.txt").write_text("")
    (incoming / "war.txt").write_text(STORY + "war")
    _until((incoming / "failed" / "empty.txt").exists)
    _until((incoming / "done" / "war.txt").exists)
    (incoming / "late.txt.part").rename(incoming / "late.txt")
    _until((incoming / "done" / "late.txt").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert [path.name for path in incoming.iterdir() if path.is_file()] == [".hidden.txt"]
    told = {"early.txt": "approve", "empty.txt": "hold", "war.txt": "hold", "late.txt": "approve"}
    assert decisions(tmp_path) == told


def test_watch_waits_for_a_file_that_grows(watching: Any, incoming: Path, tmp_path: Path) -> None:
    watching()
    with (incoming / "slow.txt").open("w") as stream:
        for _ in range(25):
            stream.write(STORY)
            stream.flush()
            time.sleep(0.02)
        stream.write("war")
    _until((incoming / "done" / "slow.txt").exists)
    assert decisions(tmp_path) == {"slow.txt": "hold"}


def test_watch_overwrites_nothing(watching: Any, incoming: Path) -> None:
    watching()
    for number, text in enumerate((STORY, STORY + "again", STORY)):
        (incoming / "story.txt").write_text(text)
        _until(lambda number=number: len(list((incoming / "done").glob("*"))) == number + 1)
        _until(lambda: not (incoming / "story.txt").exists())  # its new name is reserved a moment before it moves
    kept = {path.name: path.read_text() for path in (incoming / "done").iterdir()}
    assert kept == {"story.txt": STORY, "story-2.txt": STORY + "again", "story-3.txt": STORY}


def test_watch_killed_and_started_again_loses_nothing_and_repeats_nothing(
    watching: Any, incoming: Path, tmp_path: Path
) -> None:
    names = [f"{number}.txt" for number in range(60)]
    for name in names:
        (incoming / name).write_text(f"{STORY} {name}")
    for share in (10, 30):
        process = watching()
        _until(lambda share=share: len(list((incoming / "done").glob("*.txt"))) >= share)
        process.kill()
        process.wait()
    last = watching()
    _until(lambda: not list(incoming.glob("*.txt")))
    last.send_signal(signal.SIGTERM)
    assert last.wait(PATIENCE) == 0
    kept = sorted(path.read_text() for path in (incoming / "done").iterdir() if path.stat().st_size)
    assert kept == sorted(f"{STORY} {name}" for name in names)
    assert decisions(tmp_path) == dict.fromkeys(names, "approve")


def test_watch_needs_a_folder(stand_in_path: Path, policy: Path, tmp_path: Path) -> None:
    command = ["watch", str(tmp_path / "none"), "-p", str(policy), "-m", str(stand_in_path)]
    assert isinstance(CliRunner().invoke(app, command).exception, UsageError)
