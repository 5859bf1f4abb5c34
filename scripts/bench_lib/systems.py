"""The systems that are compared: how each is told to learn from a file, and to predict another, as a whole program."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from bench_lib import annif
from bench_lib.processes import Run, program, run
from bench_lib.rows import OURS

TITLES = {
    "ours": "tagger",
    "sklearn": "scikit-learn TfidfVectorizer(1,2)",
    "sklearn-hash": "scikit-learn HashingVectorizer(1,2)",
    "fasttext": "fastText, one against all",
    "vw": "Vowpal Wabbit, one against all",
    "annif": "Annif, Omikuji",
    "wc": "`wc -w`",
    "numpy": '`python -c "import numpy"`',
}
_MODULES = {"sklearn": "sklearn", "sklearn-hash": "sklearn", "fasttext": "fasttext", "vw": "vowpalwabbit"}


class System(NamedTuple):
    """`train(data, model)` makes the folder `model` and tells what learning took; `prepare(model, path)` gives the
    command that predicts a file of works, and the folder it runs in; `predict(model, path, out)` predicts with
    scores that can be ranked. `served`: whether it can be asked in memory. `missing` says why it cannot be had.
    """

    name: str
    train: Callable[[Path, Path], Run]
    prepare: Callable[[Path, Path], Callable[[], Run]]
    predict: Callable[[Path, Path, Path], Run]
    served: bool = True
    missing: str = ""


def tagger(*arguments: object) -> list[str]:
    """The command line of tagger."""
    script = Path(sys.executable).with_name("tagger")
    return [*([str(script)] if script.exists() else [sys.executable, "-m", "tagger"]), *map(str, arguments)]


def predict_command(path: Path, model: Path, out: Path | str = "/dev/null", *options: object) -> list[str]:
    """`tagger predict`, results as JSON Lines with evidence."""
    return tagger("predict", path, "-m", model, "-f", "jsonl", "-o", out, "-q", *options)


def known(names: list[str], python: Path) -> list[System]:
    """The systems of these names; Annif in that Python."""
    return [_annif(python) if name == "annif" else _ours() if name == OURS else _peer(name) for name in names]


def _ours() -> System:
    return System(
        OURS,
        train=lambda data, model: run(tagger("train", data, "-o", model, "--labels", "auto", "-q")),
        prepare=lambda model, path: lambda: run(predict_command(path, model)),
        predict=lambda model, path, out: run(predict_command(path, model, out)),
    )


def _peer(name: str) -> System:
    module = _MODULES[name]
    return System(
        name,
        train=lambda data, model: run(program("train", name, data, model)),
        prepare=lambda model, path: lambda: run(program("predict", name, model, path, "/dev/null")),
        predict=lambda model, path, out: run(program("predict", name, model, path, out, "ranked")),
        missing="" if find_spec(module) else "not installed: pip install '.[bench]'",
    )


def _annif(python: Path) -> System:
    def train(data: Path, model: Path) -> Run:
        annif.prepare(python, data, model)
        took = run(annif.train(python), model, **annif.variables(model))
        annif.clean(model)
        return took

    def prepare(model: Path, path: Path) -> Callable[[], Run]:
        read = annif.prepare_input(model, path)
        return lambda: run(annif.predict(python, read, Path("/dev/null")), model, **annif.variables(model))

    def predict(model: Path, path: Path, out: Path) -> Run:
        read = annif.prepare_input(model, path)
        return run(annif.predict(python, read, out), model, **annif.variables(model))

    return System("annif", train, prepare, predict, served=False, missing=annif.missing(python))


def size_of(model: Path) -> float:
    """MB that a model takes on disk, what was only its input left out."""
    files = [each for each in model.rglob("*") if each.is_file() and not each.name.startswith("input-")]
    return sum(each.stat().st_size for each in files if "nltk_data" not in each.parts) / 1e6


def remove(model: Path) -> None:
    """Remove a model that is in the way."""
    shutil.rmtree(model, ignore_errors=True)
