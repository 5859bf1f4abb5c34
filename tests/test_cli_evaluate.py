"""`tagger evaluate` from the outside."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tagger import bundles, labelled
from tagger.cli import app
from tagger.errors import BundleError, DataError, OutputError, UsageError
from tagger.evaluation import cross_validate
from tagger.evaluation import evaluate as evaluate_bundle
from tagger.recipe import parse
from tagger.reports.evaluation import render_json, render_table
from tagger.works import LabelledWork

RECIPE = "[calibration]\nfolds = 2\ncomposites = 0\n"


@pytest.fixture(scope="module")
def data(corpus: list[LabelledWork], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third of the corpus; a third of that is the split `test`."""
    folder = tmp_path_factory.mktemp("data")
    records = [{"id": each.work.id, "text": each.work.text, "labels": sorted(each.present)} for each in corpus[::3]]
    (folder / "works.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    (folder / "splits").mkdir()
    (folder / "splits" / "test.txt").write_text("".join(f"{each['id']}\n" for each in records[::3]))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


@pytest.fixture(scope="module")
def works(data: Path) -> list[LabelledWork]:
    return labelled.load(data)


def evaluate(data: Path, *more: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", str(data), *map(str, more)])


def test_it_measures_the_split_test_unless_told_otherwise(
    data: Path, works: list[LabelledWork], bundle_path: Path
) -> None:
    loaded = bundles.load(bundle_path)
    for more, split in (([], "test"), (["--split", "all"], "all"), (["--split", "train,test"], "all")):
        result = evaluate(data, "-m", bundle_path, "-f", "json", "--resamples", 20, *more)
        assert (result.exit_code, result.stderr) == (0, "")
        chosen = labelled.select(works, data, split)
        assert result.stdout == render_json(evaluate_bundle(loaded, chosen, resamples=20)) + "\n"
        assert json.loads(result.stdout)["works"] == len(chosen)


def test_people_get_a_table_at_the_thresholds_of_a_preset(
    data: Path, works: list[LabelledWork], bundle_path: Path
) -> None:
    result = evaluate(data, "-m", bundle_path, "--split", "all", "--preset", "high-recall", "--resamples", 0)
    report = evaluate_bundle(bundles.load(bundle_path), works, "high-recall", resamples=0)
    assert result.stdout == render_table(report) + "\n"


def test_figures_go_to_a_file(data: Path, bundle_path: Path, tmp_path: Path) -> None:
    result = evaluate(data, "-m", bundle_path, "-f", "json", "--resamples", 0, "-o", tmp_path / "figures.json")
    assert (result.exit_code, result.output) == (0, "")
    assert json.loads((tmp_path / "figures.json").read_text())["resamples"] == 0
    refused = evaluate(data, "-m", bundle_path, "--resamples", 0, "-o", tmp_path / "nowhere" / "figures.json")
    assert isinstance(refused.exception, OutputError)


def test_folds_measure_a_recipe_without_a_model(data: Path, works: list[LabelledWork]) -> None:
    more = ["--folds", 2, "--split", "all", "--recipe", data / "recipe.toml", "--labels", "auto", "--resamples", 0]
    result = evaluate(data, *more, "-m", "nowhere", "-f", "json")
    assert result.exit_code == 0, result.exception
    own = labelled.labels_of(works)
    assert result.stdout == render_json(cross_validate(works, own, parse(RECIPE, "r"), 2, resamples=0)) + "\n"


def test_what_cannot_be_is_told(data: Path, bundle_path: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.jsonl"
    strange.write_text('{"id": 1, "text": "Text.", "labels": ["violense"]}\n')
    for path, more, kind, message in (
        (data, ["-m", tmp_path / "nowhere"], BundleError, "does not exist"),
        (data, ["-m", bundle_path, "--split", "tset"], DataError, "has no split 'tset'; it has test, train, and `all`"),
        (strange, ["-m", bundle_path, "--split", "all"], DataError, "strange.jsonl:1: There is no label 'violense'"),
        (strange, ["--folds", 2, "--split", "all"], DataError, "strange.jsonl:1: There is no label 'violense'"),
        (tmp_path / "nowhere", ["-m", bundle_path], DataError, "does not exist"),
    ):
        result = evaluate(path, *more)
        assert isinstance(result.exception, kind), result.output
        assert message in str(result.exception)
        assert result.stdout == ""


def test_one_fold_is_a_usage_error(data: Path) -> None:
    result = evaluate(data, "--folds", 1, "--split", "all")
    assert isinstance(result.exception, UsageError) or result.exit_code == 2
