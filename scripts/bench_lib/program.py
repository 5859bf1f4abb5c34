"""What scripts/bench starts: `python -m bench_lib.program VERB ...`. One process for each thing that is measured.

train SYSTEM DATA MODEL             a peer learns from JSON Lines of labelled works
predict SYSTEM MODEL FILE OUT       a peer tells the labels of works (`ranked`: with scores, for quality)
serve SYSTEM MODEL FOLDER           scores passages and one story in memory, once for each line on its input
judge DATA PREDICTIONS              how good predictions are
write CORPUS FOLDER SIZES           the files of a corpus
profile FOLDER MODEL                where the time of `tagger predict` goes
folds N ALL EVERY                   grouped folds of our own stories beside scikit-learn
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

_BATCH = 256
_SPARE = 0.85  # the share of the free memory that a peer may take: it fails, and the machine goes on


def train(system: str, data: str, model: str) -> None:
    from bench_lib.peers import PEERS

    _limit_memory()
    Path(model).mkdir(parents=True, exist_ok=True)
    PEERS[system].train(Path(data), Path(model))


def predict(system: str, model: str, file: str, out: str, mode: str = "") -> None:
    import orjson

    from bench_lib.peers import PEERS, label_names, records

    scorer, names = PEERS[system].load(Path(model)), label_names(Path(model))
    score = scorer.score if mode == "ranked" else scorer.suggest
    path = Path(file)
    works = records(path) if path.suffix == ".jsonl" else iter([{"id": path.name, "text": path.read_text("utf-8")}])
    with Path(out).open("wb") as lines:
        while batch := list(islice(works, _BATCH)):
            for each, row in zip(batch, score([each["text"] for each in batch]), strict=True):
                told = {"labels": [names[i] for i in row]} if isinstance(row, list) else _scores(names, row)
                lines.write(orjson.dumps({"id": each["id"], **told}) + b"\n")


def _scores(names: list[str], row: Any) -> dict[str, Any]:
    return {"scores": dict(zip(names, row.tolist(), strict=True))}


def serve(system: str, model: str, folder: str) -> Iterator[dict[str, float]]:
    from bench_lib.ours import load as load_ours
    from bench_lib.ours import suggest_one
    from bench_lib.peers import PEERS

    place = Path(folder)
    scorer = load_ours(Path(model)) if system == "ours" else PEERS[system].load(Path(model))
    one = suggest_one(Path(model)) if system == "ours" else lambda text: scorer.suggest([text])
    texts, story = json.loads((place / "passages.json").read_text("utf-8")), (place / "story.txt").read_text("utf-8")
    scorer.suggest(texts[:500])  # tables and caches are warm from the first round on
    one(story)
    yield {}
    for _ in sys.stdin:
        yield {"passages_s": _timed(lambda: scorer.suggest(texts)), "story_s": _timed(lambda: one(story), wall=True)}


def _timed(function: Callable[[], Any], *, wall: bool = False) -> float:
    clock = time.perf_counter if wall else time.process_time
    began = clock()
    function()
    return clock() - began


def judge(data: str, predictions: str) -> Iterator[dict[str, Any]]:
    from bench_lib.quality import judge

    yield judge(Path(data), Path(predictions))


def write(corpus: str, folder: str, sizes: str) -> Iterator[dict[str, Any]]:
    from bench_lib import texts

    texts.write(corpus, Path(folder), texts.Sizes(*json.loads(sizes)))
    yield {}


def profile(folder: str, model: str) -> Iterator[dict[str, Any]]:
    from bench_lib.profile import profile

    yield profile(Path(folder), Path(model))


def folds(count: str, everything: str, every: str) -> Iterator[list[dict[str, Any]]]:
    from bench_lib.quality import folds

    yield folds(int(count), everything == "all", int(every))


def _limit_memory() -> None:
    info = Path("/proc/meminfo")
    if info.exists():
        free = next(line for line in info.read_text().splitlines() if line.startswith("MemAvailable"))
        resource.setrlimit(resource.RLIMIT_AS, (int(int(free.split()[1]) * 1024 * _SPARE), resource.RLIM_INFINITY))


_VERBS: dict[str, Callable[..., Iterator[Any] | None]] = {
    each.__name__: each for each in (train, predict, serve, judge, write, profile, folds)
}


def main() -> None:
    answers_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints must not stand among the answers
    for answer in _VERBS[sys.argv[1]](*sys.argv[2:]) or ():
        print(json.dumps(answer), file=answers_to, flush=True)


if __name__ == "__main__":
    main()
