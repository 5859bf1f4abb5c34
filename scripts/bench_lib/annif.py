"""Annif with its Omikuji back end, through its own command line, in a Python of its own: it pins other versions.

`scripts/bench --setup` makes that Python; `--annif PYTHON` names another that has `annif[omikuji]`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

from bench_lib.peers import LABELS, label_names
from bench_lib.processes import ROOT, FailedError

REQUIREMENT = "annif[omikuji]>=1.4,<1.5"
FOLDER = ROOT / ".cache" / "bench-annif"
PYTHON = FOLDER / "bin" / "python"

_PROJECT = "bench"
# Its `simple` analyzer is its fastest; pairs and `min_df` as the other peers have them.
_SETTINGS = """[bench]
name=bench
language=en
backend=omikuji
analyzer=simple
vocab=bench
ngram=2
min_df=2
limit=1000
"""
# Its analyzers ask for a sentence model that NLTK would download: here it learns one from our own stories.
_PUNKT = """
import pathlib, sys
from nltk.tokenize.punkt import PunktTrainer, save_punkt_params
stories, place = map(pathlib.Path, sys.argv[1:])
place.mkdir(parents=True, exist_ok=True)
trainer = PunktTrainer()
for file in sorted(stories.glob("stories-*.txt")):
    trainer.train(file.read_text("utf-8"), finalize=False)
trainer.finalize_training()
save_punkt_params(trainer.get_params(), dir=str(place))
"""


def set_up() -> None:
    """Make Annif's Python."""
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--disable-pip-version-check", REQUIREMENT], check=True)


def missing(python: Path) -> str:
    """Why Annif cannot be run, or an empty string."""
    if not python.exists():
        return "not installed: scripts/bench --setup"
    done = subprocess.run([python, "-c", "import annif, omikuji"], capture_output=True, text=True, check=False)
    return f"not installed: {done.stderr.strip().splitlines()[-1]}" if done.returncode else ""


def version(python: Path) -> str:
    """The version that is installed, or an empty string."""
    command = [str(python), "-c", "from importlib.metadata import version; print(version('annif'))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def variables(model: Path) -> dict[str, str]:
    """What its environment must hold."""
    return {"NLTK_DATA": str(model / "nltk_data"), "PYTHONPATH": ""}


def prepare(python: Path, data: Path, model: Path) -> None:
    """Its project, vocabulary and training works, in the folder `model`."""
    model.mkdir(parents=True, exist_ok=True)
    names = sorted({label for line in data.open(encoding="utf-8") for label in json.loads(line)["labels"]})
    (model / LABELS).write_text(json.dumps(names), "utf-8")
    (model / "projects.cfg").write_text(_SETTINGS, "utf-8")
    rows = [f"<{_uri(number)}>,{name}" for number, name in enumerate(names)]
    (model / "vocabulary.csv").write_text("\n".join(["uri,label_en", *rows, ""]), "utf-8")
    _convert(data, model / "train.jsonl", names)
    place = model / "nltk_data" / "tokenizers" / "punkt_tab" / "english"
    for command in (
        [str(python), "-c", _PUNKT, str(ROOT / "data" / "stories"), str(place)],
        [*_annif(python), "load-vocab", _PROJECT, "vocabulary.csv"],
    ):
        done = subprocess.run(command, cwd=model, env=variables(model), capture_output=True, text=True, check=False)
        if done.returncode:
            raise FailedError(done.stderr.strip().splitlines()[-1])


def train(python: Path) -> list[str]:
    """The command, to be run in the model's folder."""
    return [*_annif(python), "train", "-j", "1", _PROJECT, "train.jsonl"]


def clean(model: Path) -> None:
    """Remove what prediction does not need."""
    for path in (model / "train.jsonl", *model.glob("data/projects/*/omikuji-train.txt")):
        path.unlink(missing_ok=True)


def prepare_input(model: Path, path: Path, most: int | None = None) -> Path:
    """The works of a text file or of JSON Lines, or the first so many, in the form Annif reads."""
    target = model / f"input-{path.stem}.jsonl"
    if path.suffix == ".jsonl":
        _convert(path, target, label_names(model), most)
    else:
        record = {"document_id": path.name, "text": path.read_text("utf-8")}
        target.write_text(json.dumps(record) + "\n", "utf-8")
    return target


def predict(python: Path, path: Path, out: Path) -> list[str]:
    """The command, to be run in the model's folder; `path` is of `prepare_input`."""
    return [*_annif(python), "index", "--force", "--no-include-doc", "-l", "1000", "-O", str(out), _PROJECT, str(path)]


def _annif(python: Path) -> list[str]:
    return [str(python.with_name("annif"))]


def _uri(number: int) -> str:
    return f"http://example.org/{number}"


def _convert(path: Path, target: Path, names: list[str], most: int | None = None) -> None:
    number = {name: _uri(place) for place, name in enumerate(names)}
    with path.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in islice(lines, most):
            each = json.loads(line)
            subjects = [{"uri": number[label]} for label in each["labels"] if label in number]
            out.write(json.dumps({"document_id": each["id"], "text": each["text"], "subjects": subjects}) + "\n")
