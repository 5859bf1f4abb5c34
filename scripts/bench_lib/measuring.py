"""What is timed: each function measures some rows of one corpus. Rounds are interleaved, A B A B, so that a ratio
compares neighbours in time; whatever takes long is measured once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench_lib import systems
from bench_lib.processes import Child, FailedError, Run, answers, cores, run
from bench_lib.rows import OURS, Row, cost, from_dict
from bench_lib.systems import System
from bench_lib.texts import SHIPPED, Size, Sizes, learned_from, read_sizes

SLOW = 20.0  # seconds: what takes longer is not repeated
_ANNIF_SHARE = 50  # of so many works Annif reads one
_STARTS = 4  # our cold starts in each round


class Bench(NamedTuple):
    """What is measured: `folder` holds a folder for each corpus, `shipped` is the model that ships with tagger."""

    folder: Path
    systems: list[System]
    sizes: Sizes
    repeats: int
    shipped: Path

    def texts(self, corpus: str) -> Path:
        """The folder of a corpus."""
        return self.folder / corpus

    def model(self, corpus: str, system: str) -> Path:
        """The model that a system has of a corpus."""
        return self.shipped if corpus in SHIPPED else self.texts(corpus) / f"model-{system}"

    def ours(self) -> System:
        """Ourselves."""
        return next(each for each in self.systems if each.name == OURS)

    def present(self, corpus: str) -> list[System]:
        """The systems that have a model of a corpus."""
        return [each for each in self.systems if self.model(corpus, each.name).exists() and self.fits(corpus, each)]

    def fits(self, corpus: str, system: System) -> bool:
        """Whether a system takes part: our own stories are read by the shipped model alone."""
        return corpus not in SHIPPED or system.name == OURS


def say(message: str) -> None:
    """A message for people."""
    print(f"bench: {message}", file=sys.stderr, flush=True)


def train(bench: Bench, corpus: str, *, growing: bool = True) -> list[Row]:
    """What learning costs each system, and how good it is; ours with more works too when it is `growing`.

    A system that fails has no model afterwards, and is left out of everything else.
    """
    place, sizes = bench.texts(corpus), read_sizes(bench.texts(corpus))
    data, rows = f"train-{learned_from(corpus, bench.sizes)}", []
    for system in bench.systems:
        row, model = Row(corpus, "train", system.name, sizes[data]), bench.model(corpus, system.name)
        if system.missing:
            row.missing = system.missing
        else:
            row = _once(model, row, partial(_train, system, place / f"{data}.jsonl", model))
        rows.append(row)
    return [*rows, *(_train_growing(bench, corpus, rows[0]) if growing else ())]


def _train(system: System, data: Path, model: Path, row: Row) -> None:
    """Train one system, and have its predictions of the held-out works judged."""
    with _may_fail(row):
        _learn(system, data, model, row)
        held_out, said = data.with_name("held-out.jsonl"), data.with_name(f"said-{model.name}.jsonl")
        system.predict(model, held_out, said)
        found = answers("judge", held_out, said)
        row.macro_f1, row.mean_ap = found["macro_f1"], found["mean_ap"]
    if row.missing:
        systems.remove(model)


def _learn(system: System, data: Path, model: Path, row: Row) -> None:
    say(f"{row.corpus}: {system.name} learns from {row.size.works:,} works")
    note(row, system.train(data, model))
    row.model_mb = systems.size_of(model)


def _once(model: Path, row: Row, measure: Callable[[Row], None]) -> Row:
    """The row measured or, where `--folder` has one that an earlier run measured of the same works, that one."""
    note_of = model.with_name(f"{model.name}.json")
    if note_of.exists():
        known = from_dict(json.loads(note_of.read_text("utf-8")))
        if known.size == row.size:
            return known
    measure(row)
    if not row.missing:
        note_of.write_text(json.dumps(asdict(row)), "utf-8")
    return row


def _train_growing(bench: Bench, corpus: str, known: Row) -> Iterator[Row]:
    """What learning costs us with other numbers of works, as far as patience goes; `known` is the row we have."""
    place, sizes, ours = bench.texts(corpus), read_sizes(bench.texts(corpus)), bench.ours()
    for count in bench.sizes.train:
        data, model = f"train-{count}", place / f"model-of-{count}"
        if count == bench.sizes.peers or data not in sizes:
            continue
        row = Row(corpus, "train", OURS, sizes[data])
        minutes = cost(known) * count / 60 if known.cpu else 0
        if minutes > bench.sizes.patience:
            row.missing = f"left out: at {1000 * cost(known):.0f} ms a work some {minutes:.0f} minutes"
            yield row
            continue
        yield _once(model, row, partial(_train_only, ours, place / f"{data}.jsonl", model))


def _train_only(ours: System, data: Path, model: Path, row: Row) -> None:
    """Train, and keep nothing."""
    with _may_fail(row):
        _learn(ours, data, model, row)
    systems.remove(model)


def score(bench: Bench, corpus: str) -> list[Row]:
    """In memory: passages to a score for every label, and one story to its suggestions."""
    place, sizes = bench.texts(corpus), read_sizes(bench.texts(corpus))
    served = [each for each in bench.present(corpus) if each.served]
    passages = {each.name: Row(corpus, "score", each.name, sizes["passages"]) for each in served}
    stories = {each.name: Row(corpus, "story", each.name, sizes["story"]) for each in served}
    with ExitStack() as stack:
        children = {each.name: Child("serve", each.name, bench.model(corpus, each.name), place) for each in served}
        for child in children.values():
            stack.callback(child.end)
        for name in list(children):
            with _may_fail(passages[name], stories[name]):
                children[name].answer()
            if passages[name].missing:
                del children[name]
        for number in range(bench.repeats):
            say(f"{corpus}: scoring in memory, round {number + 1} of {bench.repeats}")
            for name, child in children.items():
                with _may_fail(passages[name], stories[name]):
                    told = child.ask()
                    passages[name].cpu.append(told["passages_s"])
                    stories[name].wall.append(told["story_s"])
    return [*passages.values(), *stories.values()]


def cold(bench: Bench, corpus: str) -> list[Row]:
    """Whole programs on one story, from nothing, beside Python importing NumPy."""
    size = read_sizes(bench.texts(corpus))["story"]
    numpy: Task = (Row(corpus, "cold", "numpy"), lambda: run([sys.executable, "-c", "import numpy"]))
    programs = _programs(bench, corpus, "cold", bench.texts(corpus) / "story.txt", size)
    for row, start in (numpy, *programs):
        with _may_fail(row):
            start()  # writes the bytecode, and brings the files into memory
    own = [task for task in programs if task[0].system == OURS]
    peers = [task for task in programs if task[0].system != OURS]
    done = _rounds([numpy, *own], bench.repeats * _STARTS, "cold starts", corpus)
    return [*done, *_rounds(peers, bench.repeats, "cold starts of the peers", corpus)]


def whole(bench: Bench, corpus: str, what: str) -> list[Row]:
    """Whole programs on one long work: `what` is novel or tome."""
    path, size = bench.texts(corpus) / f"{what}.txt", read_sizes(bench.texts(corpus))[what]
    return _rounds(_programs(bench, corpus, what, path, size, but="annif"), bench.repeats, what, corpus)


def lines(bench: Bench, corpus: str) -> list[Row]:
    """Whole programs on JSON Lines, start-up included, beside `wc -w` of the same text; ours also without the evidence,
    which no other program looks for.
    """
    place, size = bench.texts(corpus), read_sizes(bench.texts(corpus))["lines"]
    path, model = place / "lines.jsonl", bench.model(corpus, OURS)
    bare = systems.predict_command(path, model, "/dev/null", "--evidence", 0)
    count = ["wc", "-w", str(place / "lines.txt")]
    tasks = [
        (Row(corpus, "lines", "wc", size), lambda: run(count, LC_ALL="C.UTF-8")),
        (Row(corpus, "bare", OURS, size), lambda: run(bare)),
        *_programs(bench, corpus, "lines", path, size, but="annif"),
    ]
    done = _rounds(tasks, bench.repeats, "JSON Lines", corpus)
    return [*done, *(_annif_lines(bench, corpus, each) for each in bench.present(corpus) if each.name == "annif")]


def _annif_lines(bench: Bench, corpus: str, system: System) -> Row:
    """Annif is slow: it reads a few works only, and its start-up is taken off, as over many it would not count."""
    place, model = bench.texts(corpus), bench.model(corpus, "annif")
    few = place / "few.jsonl"
    size = cut(place / "lines.jsonl", few, max(20, bench.sizes.lines // _ANNIF_SHARE))
    row = Row(corpus, "lines", "annif", size, model_mb=systems.size_of(model))
    say(f"{corpus}: JSON Lines, annif on {size.works} works")
    with _may_fail(row):
        start, took = system.prepare(model, place / "story.txt")(), system.prepare(model, few)()
        note(row, took._replace(cpu=took.cpu - start.cpu, wall=took.wall - start.wall))
    return row


def parallel(bench: Bench, corpus: str) -> list[Row]:
    """Ours on JSON Lines with one process and with as many as there are cores, in wall time."""
    place, size = bench.texts(corpus), read_sizes(bench.texts(corpus))["lines"]
    path, model = place / "lines.jsonl", bench.model(corpus, OURS)
    if len(cores()) < 2 or not model.exists():
        return [Row(corpus, "cores", OURS, size, missing="needs two cores and a model")]
    jobs = sorted({1, 2, len(cores())})

    def task(count: int) -> Callable[[], Run]:
        return lambda: run(systems.predict_command(path, model, "/dev/null", "-j", count))

    tasks = [(Row(corpus, "cores", OURS, size, jobs=count), task(count)) for count in jobs]
    return _rounds(tasks, bench.repeats, "one process and several", corpus)


Task = tuple[Row, Callable[[], Run]]


def _programs(bench: Bench, corpus: str, what: str, path: Path, size: Size, but: str = "") -> list[Task]:
    chosen = [each for each in bench.present(corpus) if each.name != but]
    models = {each.name: bench.model(corpus, each.name) for each in chosen}
    return [
        (
            Row(corpus, what, each.name, size, model_mb=systems.size_of(models[each.name])),
            each.prepare(models[each.name], path),
        )
        for each in chosen
    ]


def _rounds(tasks: Sequence[Task], repeats: int, title: str, corpus: str) -> list[Row]:
    for number in range(repeats):
        say(f"{corpus}: {title}, round {number + 1} of {repeats}")
        for row, start in tasks:
            if not row.missing and not (row.wall and row.wall[-1] > SLOW):
                with _may_fail(row):
                    note(row, start())
    return [row for row, _ in tasks]


@contextmanager
def _may_fail(*of: Row) -> Iterator[None]:
    """What fails is told in its rows, and the run goes on."""
    try:
        yield
    except FailedError as error:
        for row in of:
            row.missing = f"failed: {error}"


def note(row: Row, took: Run) -> None:
    """Add what a run took to a row."""
    row.wall.append(took.wall)
    row.cpu.append(took.cpu)
    row.peak.append(took.peak)


def cut(path: Path, target: Path, most: int) -> Size:
    """The first works of a file as a file; their size."""
    size = Size()
    with path.open(encoding="utf-8") as source, target.open("w", encoding="utf-8") as out:
        for line in islice(source, most):
            out.write(line)
            size = size.with_work(json.loads(line)["text"])
    return size
