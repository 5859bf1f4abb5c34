"""`tagger model` from the outside: describe, verify, export."""

import json
import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tagger import bundles
from tagger.cli import app
from tagger.errors import BundleError, OutputError
from tagger.reports.model import description, render


def model(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["model", *map(str, arguments)])


def test_describe_tells_people_and_machines(bundle_path: Path) -> None:
    told = description(bundles.load(bundle_path))
    assert model("describe", "-m", bundle_path).stdout == render(told) + "\n"
    assert json.loads(model("describe", "-m", bundle_path, "-f", "json").stdout) == told


def test_verify_says_that_a_model_is_whole(bundle_path: Path) -> None:
    loaded = bundles.load(bundle_path)
    assert model("verify", "-m", bundle_path).stdout == (
        f"{bundle_path}: whole and unaltered, {int(loaded.supported.sum())} labels, sha256 {loaded.sha256}\n"
    )


@pytest.mark.parametrize("command", [["describe"], ["verify"], ["export", "--sklearn", "model.joblib"]])
def test_a_model_that_will_not_do_is_refused(
    bundle_path: Path, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = Path(shutil.copytree(bundle_path, "model"))
    (copy / "weights.npy").write_bytes((copy / "weights.npy").read_bytes()[:-4])
    for path, message in ((copy, "weights.npy has"), (tmp_path / "nowhere", "does not exist")):
        result = model(*command, "-m", path)
        assert isinstance(result.exception, BundleError)
        assert message in str(result.exception)
        assert result.stdout == ""
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_export_writes_a_pipeline_and_warns_of_such_files(bundle_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    result = model("export", "--sklearn", path, "-m", bundle_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"wrote {path}; load it with joblib.load, and only if you trust who sent it")
    loaded = bundles.load(bundle_path)
    np.testing.assert_allclose(joblib.load(path).decision_function([""])[0], loaded.weights.bias, atol=1e-5)


def test_an_export_that_cannot_be_written_is_told(bundle_path: Path, tmp_path: Path) -> None:
    result = model("export", "--sklearn", tmp_path / "nowhere" / "model.joblib", "-m", bundle_path)
    assert isinstance(result.exception, OutputError)
    assert result.stdout == ""
