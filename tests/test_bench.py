import json
import os
import random
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.append(str(SCRIPTS))

from bench_lib import annif, bars, growth, prose, quality, rows, tables, texts, zipf  # noqa: E402

LANGUAGE = zipf.invent()
TINY = texts.Sizes((4, 8), 8, 4, 5, 3_000, 6_000, 20_000)


def bench(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPTS / "bench"), *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def row(what: str, system: str, seconds: list[float], works: int = 10, **others: Any) -> rows.Row:
    size = texts.Size(works, 1000 * works, 6000 * works)
    return rows.Row("zipf", what, system, size, cpu=seconds, wall=seconds, **others)


# ---- The script ---------------------------------------------------------------------------------------------------


def test_ours_and_a_peer_stand_in_one_table_with_their_ratio(tmp_path: Path) -> None:
    out = tmp_path / "rows.json"
    asked = ("--only", "score", "--corpora", "zipf", "--systems", "ours,sklearn,annif")
    done = bench("--quick", *asked, "--annif", str(tmp_path / "no-python"), "--json", str(out))
    assert done.returncode == 0, done.stderr
    found = {(each["what"], each["system"]): each for each in json.loads(out.read_text())["rows"]}
    assert len(found["score", "ours"]["cpu"]) == len(found["score", "sklearn"]["cpu"]) == 2
    assert found["train", "ours"]["peak"][0] > found["train", "ours"]["model_mb"] > 0
    assert found["train", "annif"]["missing"] == "not installed: scripts/bench --setup"
    assert ("score", "annif") not in found
    ours, sklearn = (np.array(found["score", each]["cpu"]) for each in ("ours", "sklearn"))
    line = next(line for line in done.stdout.splitlines() if "featurize and score | scikit-learn Tfidf" in line)
    assert f"| {tables.times(float(np.median(sklearn / ours)))} |" in line
    again = bench("--from", str(out))
    assert again.stdout == done.stdout


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--only", "cold,perl"), "there is no perl; there are cold, score, lines,"),
        (("--systems", "vw"), "--systems needs ours"),
        (("--quick", "--full"), "not allowed with argument"),
    ],
)
def test_what_cannot_be_measured_is_refused(asked: tuple[str, ...], told: str) -> None:
    done = bench(*asked)
    assert done.returncode == 2
    assert told in done.stderr


def test_every_stage_of_the_profile_is_a_function_of_tagger() -> None:
    stages = import_module("bench_lib.profile").STAGES
    for place in (place for places in stages.values() for place in places):
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(f"tagger.{module}"), name)), place


# ---- The corpora --------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**6))
def test_a_generated_work_hangs_on_its_number_alone(number: int) -> None:
    (alone,) = zipf.stories(LANGUAGE, number, 1, words=50)
    _, among, _ = zipf.stories(LANGUAGE, number - 1, 3, words=50) if number else (None, alone, None)
    assert alone == among
    assert alone.words == len(alone.text.split()) == 50
    assert all(0 <= label < zipf.LABELS for label in alone.labels)


def test_generated_words_follow_zipf_and_lengths_their_mean() -> None:
    works = list(zipf.stories(LANGUAGE, 0, 300))
    assert np.mean([work.words for work in works]) == pytest.approx(zipf.MEAN_WORDS, rel=0.1)
    words = " ".join(work.text.lower() for work in works).replace(".", " ").replace(",", " ").split()
    counts = np.sort(np.unique(words, return_counts=True)[1])[::-1]
    slope = np.polyfit(np.log(np.arange(10, 1000)), np.log(counts[10:1000]), 1)[0]
    assert slope == pytest.approx(-1.05, abs=0.1)
    assert 1 < np.mean([len(work.labels) for work in works]) < 4


def test_a_label_of_a_generated_work_shows_in_its_words() -> None:
    topic = {str(LANGUAGE.forms[0, word]).strip() for word in LANGUAGE.topics[0]}
    shares: dict[bool, list[float]] = {True: [], False: []}
    for work in zipf.stories(LANGUAGE, 0, 300):
        words = [word.strip(".,\n").lower() for word in work.text.split()]
        shares[0 in work.labels].append(sum(word in topic for word in words) / len(words))
    assert np.mean(shares[True]) > 3 * np.mean(shares[False])


def test_the_files_of_a_corpus_are_as_large_as_they_say(tmp_path: Path) -> None:
    texts.write("zipf", tmp_path, TINY)
    sizes = texts.read_sizes(tmp_path)
    few, more = ((tmp_path / f"train-{count}.jsonl").read_text().splitlines() for count in (4, 8))
    assert few == more[:4]
    assert len(more) == sizes["train-8"].works == 8
    assert sizes["lines"].words == len((tmp_path / "lines.txt").read_text().split())
    assert sizes["novel"].words == len((tmp_path / "novel.txt").read_text().split()) == TINY.novel_words
    assert sizes["tome"].bytes == (tmp_path / "tome.txt").stat().st_size
    passages = json.loads((tmp_path / "passages.json").read_text())
    assert max(len(each.split()) for each in passages) == texts.PASSAGE_WORDS
    assert sizes["passages"].bytes == sum(map(len, passages)) >= TINY.passage_bytes


def test_no_work_is_both_learned_from_and_held_out(tmp_path: Path) -> None:
    texts.write("zipf", tmp_path, TINY)
    learned, held_out = (
        {json.loads(line)["text"] for line in (tmp_path / name).read_text().splitlines()}
        for name in ("train-8.jsonl", "held-out.jsonl")
    )
    assert len(learned) == 8
    assert len(held_out) == 4
    assert not learned & held_out


def test_prose_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prose, "CORPORA", tmp_path)
    assert prose.missing().startswith("reddit_stories, wikipedia_plots, scp_works not in corpora/")


# ---- Figures ------------------------------------------------------------------------------------------------------


def test_macro_f1_and_mean_ap_of_known_rankings() -> None:
    truth = np.array([[1, 0], [1, 0], [0, 1], [0, 1]] * 10, float)
    assert quality.macro_f1(truth, truth) == 1
    assert quality.figures(truth, truth)[0] == 1
    reversed_f1 = quality.macro_f1(1 - truth, truth)
    assert reversed_f1 == pytest.approx(2 / 3)  # the best that can be done is to suggest everything
    rare = truth * (np.arange(len(truth)) < 8)[:, None]  # four positives each
    assert quality.figures(rare, rare)[2] == 0


def test_thresholds_are_never_chosen_on_the_works_they_are_measured_on() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((40, 1)) < 0.5).astype(float)
    noise = rng.random((40, 1))
    seen = max(2 * (truth[noise >= limit]).sum() / ((noise >= limit).sum() + truth.sum()) for limit in noise.ravel())
    assert quality.macro_f1(noise, truth) < seen


def test_predictions_of_each_kind_are_judged_alike(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    works = [{"id": f"w{i}", "text": "x", "labels": ["a"] if i % 4 < 2 else []} for i in range(40)]
    data.write_text("".join(json.dumps(work) + "\n" for work in works))
    scores = [{"a": random.Random(i).random() + bool(work["labels"])} for i, work in enumerate(works)]
    ours = [{"id": work["id"], "scores": each} for work, each in zip(works, scores, strict=True)]
    theirs = [
        {"document_id": work["id"], "results": [{"label": "a", "score": each["a"]}]}
        for work, each in zip(works, scores, strict=True)
    ]
    found = []
    for predictions in (ours, theirs):
        path = tmp_path / "said.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in predictions))
        found.append(quality.judge(data, path))
    assert found[0] == found[1] == {"mean_ap": 1.0, "macro_f1": pytest.approx(1, abs=0.1)}


def test_annif_gets_works_with_the_labels_as_subjects(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('["a", "b"]')
    data = tmp_path / "works.jsonl"
    data.write_text("".join(f'{{"id": "w{i}", "text": "t", "labels": ["b"]}}\n' for i in range(3)))
    lines = annif.prepare_input(tmp_path, data, most=2).read_text().splitlines()
    assert [json.loads(line)["document_id"] for line in lines] == ["w0", "w1"]
    assert json.loads(lines[0])["subjects"] == [{"uri": "http://example.org/1"}]


# ---- Bars and tables ----------------------------------------------------------------------------------------------


def met(found: list[rows.Row], what: str) -> list[tuple[float | None, bool]]:
    return [(each.value, each.met) for each in bars.findings(found) if each.bar.what.startswith(what)]


def test_bars_compare_round_by_round_and_say_what_is_met() -> None:
    ours, peer = row("score", "ours", [1, 2, 4]), row("score", "sklearn", [20, 20, 20])
    assert met([ours, peer], "featurize and score, to scikit") == [(10, False)]
    assert met([ours], "featurize and score, to scikit") == [(None, False)]
    one, two = row("cores", "ours", [3.8]), row("cores", "ours", [2.0], jobs=2)
    assert met([one, two], "`predict -j 2`") == [(pytest.approx(1.9), True)]
    start, numpy = row("cold", "ours", [0.3]), rows.Row("zipf", "cold", "numpy", wall=[0.1], cpu=[0.1])
    assert met([start, numpy], "cold start") == [(pytest.approx(3), False)]


def test_speed_is_compared_by_text_where_a_peer_read_less() -> None:
    ours, annif_row = row("lines", "ours", [1.0], works=1000), row("lines", "annif", [10.0], works=10)
    assert rows.speed_ratios(ours, annif_row) == [pytest.approx(1000)]
    assert met([ours, annif_row], "`predict` of JSON Lines, to Annif") == [(pytest.approx(1000), True)]


def test_memory_is_judged_without_the_bundle() -> None:
    heavy = row("tome", "ours", [1.0], peak=[260.0], model_mb=80.0)
    assert met([heavy], "peak memory of `predict`") == [(180, True)]


def test_training_is_judged_by_the_work_at_ten_times_the_works() -> None:
    small, large = row("train", "ours", [10.0], works=100), row("train", "ours", [130.0], works=1000)
    assert met([small, large], "training, CPU time a work") == [(pytest.approx(1.3), False)]
    assert met([small, row("train", "ours", [1.0], works=300)], "training, CPU time a work") == [(None, False)]
    peer = row("train", "sklearn", [90.0], works=100, macro_f1=0.5)
    assert met([small, large, peer], "training, works a second") == [(pytest.approx(9), True)]


def test_growth_finds_the_exponent_with_the_start_taken_off() -> None:
    assert growth.Growth("x", "s", "y", [1, 2, 4], [3, 4, 6], start=2).slope() == pytest.approx(1)
    assert growth.Growth("x", "MB", "y", [1, 2, 4], [7, 7, 7]).slope() == pytest.approx(0)
    assert growth.Growth("x", "s", "y", [1, 2], [1, 2], start=1).slope() is None


def test_rows_survive_being_kept() -> None:
    from dataclasses import asdict

    kept = row("train", "ours", [1.5], peak=[2.0], macro_f1=0.5)
    assert rows.from_dict(json.loads(json.dumps(asdict(kept)))) == kept


def test_every_row_has_the_cells_of_the_head_and_failures_say_why() -> None:
    failed = rows.Row("zipf", "lines", "vw", missing="failed: out of memory")
    lines = tables.of_rows([row("lines", "wc", [1.0]), row("lines", "ours", [2.0, 3.0]), failed]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "failed: out of memory" in lines[-1]


def test_every_table_has_its_place_in_the_page() -> None:
    page = (SCRIPTS.parent / "docs" / "benchmarks.md").read_text("utf-8")
    for name in ("rows", "bars", "growth", "profile", "folds"):
        assert f"<!-- bench: {name} -->\nnew\n<!-- end -->" in tables.paste(page, name, "new")
    with pytest.raises(ValueError, match="no <!-- bench: rows -->"):
        tables.paste("nothing", "rows", "new")
