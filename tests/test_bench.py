import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


def bench(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPTS / "bench"), *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_ours_and_a_peer_stand_in_one_table_with_their_ratio(tmp_path: Path) -> None:
    # A package of this name that cannot be imported stands for a peer that is not installed.
    (tmp_path / "vowpalwabbit.py").write_text("raise ModuleNotFoundError(name='vowpalwabbit')")
    out = tmp_path / "rows.json"
    done = bench("--quick", "--only", "ours,sklearn,vw", "--json", str(out), PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    ours, sklearn, vw = json.loads(out.read_text())
    assert len(ours["samples"]) == len(sklearn["samples"]) == 2
    ratios = [a / b for a, b in zip(ours["samples"], sklearn["samples"], strict=True)]
    assert sklearn["ratios"] == pytest.approx(ratios)
    assert not vw["samples"]
    assert vw["note"] == "not installed: pip install 'tagger[bench]'"
    printed = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert [row["what"] for row in (ours, sklearn, vw)] == [line.split("|")[1].strip() for line in printed[2:]]


def test_an_unknown_row_is_refused_with_the_rows_there_are() -> None:
    done = bench("--only", "ours,perl")
    assert done.returncode == 2
    assert "there is no row perl; the rows are ours, sklearn," in done.stderr


def test_every_stage_of_the_profile_is_a_function_of_tagger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    stages = import_module("bench_lib.profile").STAGES
    for place in (place for places in stages.values() for place in places):
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(f"tagger.{module}"), name)), place
