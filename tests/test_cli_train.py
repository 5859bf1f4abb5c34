"""`tagger train` from the outside."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tagger import bundles, learning, streaming, training
from tagger.cli import app
from tagger.errors import DataError, LabelSetError, OutputError, RecipeError, UsageError
from tagger.labels import from_names
from tagger.streaming import workplace
from tagger.works import LabelledWork

SMALL = from_names(["storm"])
RECIPE = "[calibration]\nfolds = 2\ncomposites = 200\nmax_passages = 12\n"  # as in conftest.py


def write(works: Sequence[LabelledWork], path: Path) -> Path:
    records = [
        {
            "id": each.work.id,
            "text": each.work.text,
            "labels": sorted(each.present),
            "unknown": sorted(each.unknown),
        }
        for each in works
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return path


@pytest.fixture(scope="module")
def data(corpus: list[LabelledWork], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus as a folder, every fifth work in the split `test`; a recipe lies beside it."""
    folder = tmp_path_factory.mktemp("data")
    write(corpus, folder / "works.jsonl")
    (folder / "splits").mkdir()
    (folder / "splits" / "test.txt").write_text("".join(f"{each.work.id}\n" for each in corpus[::5]))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def train(data: Path, output: Path, *more: object) -> Result:
    return CliRunner().invoke(app, ["train", str(data), "-o", str(output), *map(str, more)])


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_another_process_makes_the_same_bundle_byte_for_byte(data: Path, bundle_path: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    command = [sys.executable, "-m", "tagger", "train", str(data), "-o", str(output), "--split", "all"]
    command += ["--recipe", str(data / "recipe.toml")]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    trained = int(bundles.load(bundle_path).supported.sum())
    assert done.stderr.startswith(f"tagger: trained {trained} labels on ")
    assert done.stderr.endswith(f"Try it: tagger predict STORY -m {output}\n")
    assert done.stderr.count("\n") == 1
    assert content(output) == content(bundle_path)


def test_it_learns_from_the_split_train_unless_told_otherwise(
    data: Path, corpus: list[LabelledWork], tmp_path: Path
) -> None:
    result = train(data, tmp_path / "model", "--recipe", data / "recipe.toml", "-q")
    assert (result.exit_code, result.output) == (0, "")
    facts = bundles.load(tmp_path / "model").facts
    held_out = {each.work.id for each in corpus[::5]}
    assert facts["works"] == len(corpus) - len(held_out)
    assert facts["data_sha256"] == training.digest([each for each in corpus if each.work.id not in held_out])


def test_labels_can_be_those_of_the_data(corpus: list[LabelledWork], tmp_path: Path) -> None:
    violent = [each for each in corpus if "violence" in each.present][:20]
    calm = [each for each in corpus if "violence" not in each.present][:20]
    works = [
        LabelledWork(each.work, frozenset({"Fighting!"}) if each in violent else frozenset()) for each in calm + violent
    ]
    (tmp_path / "recipe.toml").write_text(RECIPE + "[learner]\nmin_positives = 3\n")
    data = write(works, tmp_path / "ours.jsonl")
    result = train(data, tmp_path / "model", "--labels", "auto", "--recipe", tmp_path / "recipe.toml", "-q")
    assert result.exit_code == 0, result.exception
    assert bundles.load(tmp_path / "model").labels.ids == ("Fighting!",)
    refused = train(data, tmp_path / "other", "-q")
    assert isinstance(refused.exception, DataError)
    assert "ours.jsonl:21: There is no label 'Fighting!'" in str(refused.exception)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("more", "kind", "message"),
    [
        (["--recipe", "nowhere.toml"], RecipeError, "cannot read the recipe nowhere.toml: No such file or directory"),
        (["--labels", "nowhere.toml"], LabelSetError, "nowhere.toml"),
        (["--split", "tset"], DataError, "has no split 'tset'; it has test, train, and `all`"),
    ],
)
def test_what_cannot_be_is_told(data: Path, tmp_path: Path, more: list[str], kind: type, message: str) -> None:
    result = train(data, tmp_path / "model", *more)
    assert isinstance(result.exception, kind)
    assert message in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_too_few_examples_leave_nothing_behind(corpus: list[LabelledWork], tmp_path: Path) -> None:
    data = write(corpus[:6], tmp_path / "few.jsonl")
    result = train(data, tmp_path / "model")
    assert isinstance(result.exception, DataError)
    assert "lower learner.min_positives in the recipe" in str(result.exception)
    assert [file.name for file in tmp_path.iterdir()] == ["few.jsonl"]


def test_ctrl_c_leaves_no_half_bundle_and_the_old_one_alone(
    data: Path, bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(5))
    fit = learning._fit_linear

    def interrupted(*arguments: Any) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return fit(*arguments)

    monkeypatch.setattr(learning, "_fit_linear", interrupted)
    bundles.save(bundles.load(bundle_path), tmp_path / "old")
    before = content(tmp_path / "old")
    for name in ("old", "new"):
        assert train(data, tmp_path / name, "--recipe", data / "recipe.toml").exit_code == 130
    assert [file.name for file in tmp_path.iterdir()] == ["old"]
    assert content(tmp_path / "old") == before


def test_a_folder_that_is_no_model_is_never_replaced(data: Path, tmp_path: Path) -> None:
    (tmp_path / "draft.txt").write_text("years of work")
    result = train(data, tmp_path, "--recipe", data / "recipe.toml")
    assert isinstance(result.exception, OutputError)
    assert str(result.exception) == f"{tmp_path} exists and is not a model of tagger; choose another place with -o"
    assert content(tmp_path) == {"draft.txt": b"years of work"}


def test_a_place_that_will_not_do_is_told_before_the_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*arguments: Any, **more: Any) -> Any:
        raise AssertionError("it began to train")

    monkeypatch.setattr(training, "train", unexpected)
    (tmp_path / "draft.txt").write_text("years of work")
    assert isinstance(train(data, tmp_path).exception, OutputError)


def test_large_data_are_learned_from_on_disk_and_small_ones_where_asked(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    monkeypatch.setattr(training, "train", lambda *arguments, **more: used.append("memory") or training.stand_in(SMALL))
    monkeypatch.setattr(streaming, "train_files", lambda *a, **more: used.append("disk") or training.stand_in(SMALL))
    for more in ([], ["--stream"], ["--no-stream"]):
        assert train(data, tmp_path / "model", "-q", *more).exit_code != 2
    monkeypatch.setattr(workplace, "LARGE", 100)
    for more in ([], ["--no-stream"]):
        train(data, tmp_path / "model", "-q", *more)
    assert used == ["memory", "disk", "memory", "disk", "memory"]


def test_a_training_on_disk_leaves_only_the_model_unless_told_otherwise(
    data: Path, corpus: list[LabelledWork], tmp_path: Path
) -> None:
    work, recipe = tmp_path / "work", data / "recipe.toml"
    done = train(data, tmp_path / "model", "--stream", "--work-dir", work, "--recipe", recipe)
    assert done.exit_code == 0, done.exception
    facts = bundles.load(tmp_path / "model").facts
    assert facts["works"] == len(corpus) - len(corpus[::5])
    assert list(work.iterdir()) == []
    kept = train(data, tmp_path / "model", "--stream", "--keep-work", "--work-dir", work, "--recipe", recipe, "-q")
    assert (kept.exit_code, kept.output) == (0, "")
    assert {each.name for each in next(work.iterdir()).iterdir()} >= {"words", "vocabulary", "features", "passes"}


def test_word_vectors_are_refused_on_disk(data: Path, tmp_path: Path) -> None:
    result = train(data, tmp_path / "model", "--stream", "--vectors", tmp_path / "v.npz")
    assert isinstance(result.exception, UsageError)
    assert "add --no-stream" in str(result.exception)
