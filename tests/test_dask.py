"""A real Dask cluster of several processes says what this process says, even when one of them is killed on the way."""

import json
import os
import pickle
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from tagger import labelled, shards
from tagger.cli import app
from tagger.cluster import Errand
from tagger.errors import EngineError, UsageError
from tagger.recipe import Recipe
from tagger.streaming import counting, featurizing, reading
from tagger.training import no_progress

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
TIMING = re.compile(rb'"timing_ms":[0-9.]+')
DASK = [sys.executable, "-m", "dask"]


def untimed(output: bytes) -> bytes:
    return TIMING.sub(b'"timing_ms":0', output)


def record(id: object, text: str = STORY) -> bytes:
    return json.dumps({"id": id, "text": text}).encode() + b"\n"


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes about in another process."""
    for _ in range(1500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about in 30 seconds")


class Cluster:
    """A scheduler and workers of one thread each, all processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        host, port = self.address.removeprefix("tcp://").split(":")
        self.start("scheduler", "--host", host, "--port", port, "--dashboard-address", "127.0.0.1:0")

    def start(self, kind: str, *options: str) -> "subprocess.Popen[bytes]":
        place = self.folder / str(len(self.processes))
        place.mkdir()
        with (place / "log").open("wb") as log:
            process = subprocess.Popen([*DASK, kind, *options], stdout=log, stderr=log, cwd=place)
        self.processes.append(process)
        return process

    def worker(self) -> "subprocess.Popen[bytes]":
        """One more, once the scheduler knows it."""
        alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", ".")
        process = self.start("worker", self.address, *alone)
        until(lambda: (self.folder / "0" / "log").read_text().count("Register worker") >= len(self.processes) - 1)
        return process

    def has_begun(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether a worker has taken up a batch, and so the model."""
        return any((self.folder / str(self.processes.index(process))).glob("dask-*/worker-*/*/manifest.json"))

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers; each starts where no path of ours leads anywhere."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.worker()
        cluster.worker()
        yield cluster


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """JSON Lines, Parquet, a plain file and one that cannot be read as what it is said to be."""
    (tmp_path / "in").mkdir()
    lines = b"".join(record(i, STORY * (i % 40)) for i in range(300)) + b"broken\n" + record(7)
    (tmp_path / "in" / "a.jsonl").write_bytes(lines)
    table = pyarrow.table({"id": ["p", "q"], "text": [STORY, STORY + "Captivity."]})
    pyarrow.parquet.write_table(table, tmp_path / "in" / "b.parquet")
    (tmp_path / "in" / "c.txt").write_text(STORY)
    (tmp_path / "in" / "d.epub").write_bytes(b"PK\3\4")
    return tmp_path / "in"


def command(name: str, model: Path, *arguments: object) -> list[str]:
    return [name, "-m", os.path.relpath(model), "-f", "jsonl", *map(str, arguments)]


@pytest.mark.parametrize("name", ["predict", "check"])
def test_a_cluster_says_the_same_to_the_byte(cluster: Cluster, source: Path, stand_in_path: Path, name: str) -> None:
    local = CliRunner().invoke(app, command(name, stand_in_path, source, source.parent / "nowhere.txt"))
    on_cluster = ["--engine", "dask", "--scheduler", cluster.address]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tagger",
            *command(name, stand_in_path, source, source.parent / "nowhere.txt"),
            *on_cluster,
        ],
        capture_output=True,
        check=False,
    )
    assert untimed(done.stdout) == untimed(local.stdout_bytes)
    assert (done.stderr.decode(), done.returncode) == (local.stderr, local.exit_code)
    assert local.exit_code == 4


def test_a_worker_killed_in_the_middle_changes_nothing(cluster: Cluster, tmp_path: Path, stand_in_path: Path) -> None:
    (tmp_path / "works.jsonl").write_bytes(b"".join(record(i, STORY * 200) for i in range(300)))
    local = CliRunner().invoke(app, command("predict", stand_in_path, tmp_path / "works.jsonl"))
    out = tmp_path / "out"
    doomed = cluster.worker()
    on_cluster = ["--engine", "dask", "--scheduler", cluster.address, "-o", f"{out}/"]
    run = subprocess.Popen(
        [sys.executable, "-m", "tagger", *command("predict", stand_in_path, tmp_path / "works.jsonl"), *on_cluster],
        stderr=subprocess.PIPE,
    )
    unfinished = out / "part-00000.jsonl.unfinished"
    until(lambda: run.poll() is not None or (unfinished.exists() and cluster.has_begun(doomed)))
    assert run.poll() is None
    doomed.send_signal(signal.SIGKILL)
    _, errors = run.communicate(timeout=300)
    assert (errors, run.returncode) == (b"", 0)
    assert untimed((out / "part-00000.jsonl").read_bytes()) == untimed(local.stdout_bytes)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Works to learn from, every third with a hailstorm and every fifth with icicles in it."""
    path, rng = tmp_path_factory.mktemp("lessons") / "works.jsonl", random.Random(4)
    with path.open("wb") as file:
        for i in range(200):
            present = [label for label, each in (("storm", 3), ("frost", 5)) if i % each == 0]
            said = ["A hailstorm came."] * ("storm" in present) + ["Icicles hung there."] * ("frost" in present)
            sentences = [*said, *rng.choices([part + "." for part in STORY.split(". ")], k=12)]
            text = " ".join(rng.sample(sentences, len(sentences)))
            file.write(json.dumps({"id": f"w-{i}", "text": text, "labels": present}).encode() + b"\n")
    return path


# Learns from data in parts of some kB, in a folder, on the cluster at an address where there is one.
TRAIN = """
import sys
from pathlib import Path
from tagger import bundles, streaming
from tagger.labels import from_names
from tagger.parallel import LOCAL, Engine
from tagger.recipe import Recipe

if __name__ == "__main__":
    data, place = map(Path, sys.argv[1:3])
    engine = Engine("dask", sys.argv[3]) if sys.argv[3:] else LOCAL
    words = streaming.read(place, data, size=30_000, engine=engine)
    assert len(words.shards) > 5
    bundles.save(streaming.train(words, from_names(["storm", "frost"]), Recipe(), engine=engine), place / "model")
"""


def training(data: Path, place: Path, *address: str) -> "subprocess.Popen[bytes]":
    (place / "train.py").write_text(TRAIN)
    return subprocess.Popen([sys.executable, place / "train.py", data, place, *address])


def learned(data: Path, place: Path, *address: str) -> dict[str, bytes]:
    """The files of a model that learned by way of the disk."""
    assert training(data, place, *address).wait() == 0
    return {file.name: file.read_bytes() for file in (place / "model").iterdir()}


@pytest.fixture(scope="module")
def model_of_lessons(lessons: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return learned(lessons, tmp_path_factory.mktemp("local"))


def test_a_training_on_a_cluster_gives_the_same_model(
    cluster: Cluster, lessons: Path, tmp_path: Path, model_of_lessons: dict[str, bytes]
) -> None:
    assert learned(lessons, tmp_path, cluster.address) == model_of_lessons


def test_a_training_goes_on_where_a_cluster_left_it(
    cluster: Cluster, lessons: Path, tmp_path: Path, model_of_lessons: dict[str, bytes]
) -> None:
    doomed = cluster.worker()
    run = training(lessons, tmp_path, cluster.address)
    until(lambda: run.poll() is not None or any((tmp_path / "words").glob("0*")))
    doomed.send_signal(signal.SIGKILL)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (tmp_path / "model").exists()
    assert learned(lessons, tmp_path, cluster.address) == model_of_lessons


def test_a_worker_needs_none_of_the_files(lessons: Path, tmp_path: Path) -> None:
    data = Path(shutil.copy(lessons, tmp_path / "works.jsonl"))
    first = reading.Part(labelled.spans(data, size=30_000)[0], labelled.Choice())
    sent = pickle.loads(pickle.dumps(reading.carried(first)))
    here = reading.read_part(first)
    shards.save(tmp_path / "words", here)
    known = np.ones(len(shards.unpack(here["works"])), bool)
    part = featurizing.Part(tmp_path / "words", 0, known, known, 0)
    counting.learn(tmp_path, [tmp_path / "words"], Recipe().features, 1, no_progress)
    features = featurizing.featurize_part(tmp_path / "vocabulary", part)
    carried = pickle.loads(pickle.dumps(featurizing.carried(part)))
    data.unlink()
    shutil.rmtree(tmp_path / "words")
    for ours, theirs in (
        (reading.read_part(sent), here),
        (featurizing.featurize_part(tmp_path / "vocabulary", carried), features),
    ):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_train_takes_a_cluster(cluster: Cluster, lessons: Path, tmp_path: Path) -> None:
    for name, options in (("here", ["--stream"]), ("there", ["--engine", "dask", "--scheduler", cluster.address])):
        train = [sys.executable, "-m", "tagger", "train", lessons, "--labels", "auto", "-o", tmp_path / name, *options]
        subprocess.run(train, check=True)
    one, other = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("here", "there"))
    assert one == other


def test_a_broken_record_is_told_by_its_line_from_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "works.jsonl").write_bytes(record(1) + b"{broken\n")
    train = [sys.executable, "-m", "tagger", "train", tmp_path / "works.jsonl", "-o", tmp_path / "model"]
    here, there = (
        subprocess.run([*train, *options], capture_output=True, text=True, check=False)
        for options in (["--stream"], ["--engine", "dask", "--scheduler", cluster.address])
    )
    assert re.fullmatch(r"tagger: .*works\.jsonl:1: .*\n", here.stderr)
    assert (there.stderr, there.returncode) == (here.stderr, here.returncode)


@pytest.mark.parametrize("option", ["--no-stream", "--vectors=words.npz"])
def test_a_training_in_memory_takes_no_cluster(lessons: Path, tmp_path: Path, option: str) -> None:
    command = ["train", str(lessons), "-o", str(tmp_path / "model"), option, "--engine", "dask"]
    with pytest.raises(UsageError, match="--engine dask is for trainings by way of the disk"):
        CliRunner().invoke(app, command, catch_exceptions=False)


# Ends every process that unpickles it: a work that no worker survives.
FATAL = """
import os, sys
from pathlib import Path
from tagger.parallel import Engine
from tagger.predicting import Batch, Job, predict
from tagger.works import Work

class Fatal(Work):
    def __reduce__(self):
        return os._exit, (9,)

if __name__ == "__main__":
    line = b'{"id": "%d", "text": "Nobody said very much."}'
    batches = [Batch(lines=[line % 1]), Batch([Fatal("fatal", "", ())]), Batch(lines=[line % 2])]
    for outcome in predict(batches, Job(Path(sys.argv[1])), 2, Engine("dask")):
        print(outcome.id, outcome.status, outcome.message)
"""


def test_a_batch_that_no_worker_survives_is_an_error_that_names_it(tmp_path: Path, stand_in_path: Path) -> None:
    (tmp_path / "fatal.py").write_text(FATAL)
    once = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    done = subprocess.run(
        [sys.executable, tmp_path / "fatal.py", stand_in_path], capture_output=True, text=True, check=False, env=once
    )
    error = "fatal: every worker that took up these works died, perhaps for want of memory"
    assert done.stdout.splitlines() == ["1 abstained None", f"fatal error {error}", "2 abstained None"]
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_scheduler_that_is_not_there_is_one_line(stand_in_path: Path, source: Path) -> None:
    arguments = command("predict", stand_in_path, source, "--engine", "dask", "--scheduler", "nowhere")
    with pytest.raises(UsageError, match=r"--scheduler nowhere: .*; write it as tcp://HOST:8786"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_scheduler_without_the_engine_is_refused(stand_in_path: Path, source: Path) -> None:
    result = CliRunner().invoke(app, command("predict", stand_in_path, source, "--scheduler", "tcp://127.0.0.1:1"))
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "--scheduler is for --engine dask; add that"


# What a worker is sent, without a network.


def listing(folder: Path, name: str) -> tuple[Path, str]:
    return folder, (folder / name).read_text()


def carried(errand: Errand, home: Path) -> Any:
    """The function as it is on a worker with this folder of its own."""
    home.mkdir(exist_ok=True)
    sent = pickle.loads(pickle.dumps(errand))
    sent.setup(SimpleNamespace(local_directory=str(home), address="tcp://worker:1"))
    return sent.function()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder to be taken along."""
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "a").write_text("first")
    return tmp_path / "model"


def test_a_worker_that_reads_the_same_folder_uses_it(tmp_path: Path, model: Path) -> None:
    place, text = carried(Errand(partial(listing, model), [model]), tmp_path / "home")("deep/a")
    assert (place.parent, place.resolve(), text) == (tmp_path / "home", model.resolve(), "first")


@pytest.mark.parametrize("there", ["nothing", "something else"])
def test_a_worker_that_does_not_gets_a_copy(tmp_path: Path, model: Path, there: str) -> None:
    errand = Errand(partial(listing, model), [model])
    if there == "nothing":
        model.rename(tmp_path / "elsewhere")
    else:
        (model / "deep" / "a").write_text("second")
    place, text = carried(errand, tmp_path / "home")("deep/a")
    assert (place.parent, place.is_symlink(), text) == (tmp_path / "home", False, "first")
    assert carried(errand, tmp_path / "home")("deep/a") == (place, "first")


def test_a_worker_never_takes_one_folder_for_another_of_its_name(tmp_path: Path, model: Path) -> None:
    found = []
    for text in ("first", "second"):
        (model / "deep" / "a").write_text(text)
        found.append(carried(Errand(partial(listing, model), [model]), tmp_path / "home")("deep/a"))
    (one, first), (other, second) = found
    assert (first, second) == ("first", "second")
    assert one != other


def test_a_worker_with_another_tagger_says_so(tmp_path: Path) -> None:
    errand = Errand(abs, [])
    errand.version = "0.0.0"
    with pytest.raises(EngineError, match=r"the worker tcp://worker:1 has tagger .* and not 0\.0\.0; install the same"):
        carried(errand, tmp_path / "home")
