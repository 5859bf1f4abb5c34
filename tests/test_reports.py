"""Reports: the same result for people on a terminal, for spreadsheets and for machines."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import bundles
from tagger.bundles import Bundle
from tagger.evaluation import evaluate
from tagger.reports import FORMATS, Style, frame, render, spreadsheet, terminal
from tagger.reports.evaluation import render_json, render_table
from tagger.reports.model import description
from tagger.reports.model import render as render_model
from tagger.results import ModelFacts, Result, failed
from tagger.tagging import Options, tag
from tagger.works import Failure, LabelledWork

MODEL: ModelFacts = {"name": "m", "version": "1", "sha256": "0"}
EVERYTHING = Options(preset="high-recall", contributions=True, quotes=True, course=True)


@pytest.fixture(scope="module")
def results(bundle: Bundle, stories: list[LabelledWork]) -> list[Result]:
    """Long works, a failure and a work without suggestions."""
    works = [each.work for each in sorted(stories, key=lambda each: -len(each.work.text))[:4]]
    silent = works[0]._replace(id="silent", chapters=())
    return tag([*works, Failure("bad", "it rained in"), silent], bundle, EVERYTHING)


def test_a_run_in_any_format_is_its_results_in_their_frame(results: list[Result]) -> None:
    for name in FORMATS:
        around = frame(name)
        output = around.opening + around.between.join(render(results, Style(name))) + around.closing
        if name == "json":
            assert json.loads(output) == orjson.loads(orjson.dumps(results))
        elif name == "jsonl":
            assert [json.loads(line) for line in output.splitlines()] == orjson.loads(orjson.dumps(results))
        elif name == "csv":
            rows = list(csv.DictReader(io.StringIO(output.decode(), newline="")))
            assert len(rows) == sum(max(len(each.get("suggested", [])), 1) for each in results)
        else:
            assert all(each["id"].encode() in output for each in results)


@pytest.mark.parametrize(("format", "expected"), [("json", b"[\n\n]\n"), ("jsonl", b""), ("csv", spreadsheet.HEADER)])
def test_no_result_at_all_is_still_well_formed(format: str, expected: bytes) -> None:
    around = frame(format)
    assert around.opening + around.closing == expected


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_on_a_terminal_is_too_long(results: list[Result], width: int) -> None:
    for result in results:
        text = terminal.render(result, width)
        assert text.endswith("\n")
        places = [line for line in text.splitlines() if "chapter " in line and ", paragraph " in line]
        quotes = [line for line in text.splitlines() if line.lstrip().startswith("|")]
        assert bool(places) == bool(quotes) == bool(result.get("suggested"))
        assert all(len(line) <= width for line in places + quotes)


def test_color_only_paints(results: list[Result]) -> None:
    for result in results:
        plain, painted = terminal.render(result), terminal.render(result, color=True)
        assert "\033" not in plain
        assert "\033[1m" in painted
        for code in ("\033[1m", "\033[2m", "\033[31m", "\033[0m"):
            painted = painted.replace(code, "")
        # The width of a line counts what is seen, so that cutting is the same.
        assert [line.strip() for line in painted.splitlines()] == [line.strip() for line in plain.splitlines()]


@given(st.text(), st.text(min_size=1))
def test_a_story_cannot_steer_the_terminal(id: str, error: str) -> None:
    text = terminal.render(failed(id, error, MODEL))
    assert text.count("\n") == 2
    assert all(char.isprintable() for char in text.replace("\n", ""))


def test_quotes_cannot_steer_the_terminal(results: list[Result]) -> None:
    for result in orjson.loads(orjson.dumps(results)):
        for suggestion in result.get("suggested", []):
            for piece in suggestion["evidence"]:
                piece["quote"] = "one\033[2J\rtwo\x07 \x9bthree\u202e"
        text = terminal.render(result)
        assert all(char.isprintable() for char in text.replace("\n", ""))


def test_what_was_declared_and_mended_is_shown(results: list[Result]) -> None:
    result: Any = orjson.loads(orjson.dumps(results[0]))
    result["declared"] = {"rating": "M", "warnings": ["Grief", "War"], "tags": ["Fluff"]}
    result["source"]["repairs"] = ["3 bytes that are not UTF-8 read as cp1252"]
    text = terminal.render(result)
    assert "  declared  rating M; warnings Grief, War\n" in text
    assert "  note  3 bytes that are not UTF-8 read as cp1252\n" in text


def test_silence_is_not_called_a_promise(results: list[Result]) -> None:
    result: Any = orjson.loads(orjson.dumps(results[0])) | {"suggested": []}
    assert terminal.render(result).count("none suggested, which is no promise that there is none") == 2


def test_a_result_without_a_course_is_shown_too(bundle: Bundle, stories: list[LabelledWork]) -> None:
    (result,) = tag([stories[0].work], bundle, Options(preset="high-recall"))
    assert result["id"] in terminal.render(result)


awkward = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(awkward, awkward)
def test_a_spreadsheet_gives_back_any_id_and_message(id: str, error: str) -> None:
    output = (spreadsheet.HEADER + spreadsheet.render(failed(id, error, MODEL))).decode()
    (row,) = csv.DictReader(io.StringIO(output, newline=""), strict=True)
    assert (row["id"], row["status"], row["label"], row["note"]) == (id, "error", "", error)


@pytest.mark.parametrize("width", [75, 100, 140])
def test_an_evaluation_is_a_row_a_label_and_some_sentences(
    bundle: Bundle, corpus: list[LabelledWork], width: int
) -> None:
    report = evaluate(bundle, corpus, resamples=20)
    lines = render_table(report, width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[1 + len(report.labels)] == ""
    assert [line[:7].strip() for line in lines[1 : 1 + len(report.labels)]] == [
        label[:7] for label in bundle.labels.ids
    ]
    text = " ".join(lines)
    assert "Not trained, and in no mean:" in text
    assert "20 resamples" in text


def test_an_evaluation_in_json_says_null_where_the_data_cannot_tell(bundle: Bundle, corpus: list[LabelledWork]) -> None:
    report = evaluate(bundle, corpus, resamples=0)
    told = json.loads(render_json(report))
    by_id = {each["id"]: each for each in told["labels"]}
    assert tuple(by_id) == bundle.labels.ids
    for each, supported in zip(told["labels"], bundle.supported, strict=True):
        assert each["trained"] == supported
        assert supported or each["f1"] == {"value": None, "low": None, "high": None}
    assert told["works"] == len(corpus)


def test_a_model_is_described_for_machines_and_for_people(bundle_path: Path) -> None:
    loaded = bundles.load(bundle_path)
    told = description(loaded)
    assert json.loads(orjson.dumps(told)) == told
    assert [each["label"] for each in told["labels"]] == list(loaded.labels.ids)
    assert [each["trained"] for each in told["labels"]] == loaded.supported.tolist()
    for i, each in enumerate(told["labels"]):
        assert list(each["thresholds"].values()) == pytest.approx(loaded.thresholds[:, i], abs=1e-4)
        assert ("average_precision" in each) == each["trained"]
    lines = render_model(told).splitlines()
    assert told["sha256"][:16] in lines[0]
    untrained = int((~loaded.supported).sum())
    assert sum(line.endswith("untrained: too few examples") for line in lines) == untrained > 0
    assert "made with python" in "\n".join(lines)


def test_a_precision_that_was_never_seen_is_a_dash(bundle: Bundle) -> None:
    told = description(replace(bundle, precision=np.full_like(bundle.precision, np.nan)))
    assert all(value is None for each in told["labels"] for value in each["right"].values())
    assert "(-)" in render_model(told)


def test_the_stand_in_can_be_described(stand_in_path: Path) -> None:
    assert "keywords 0" in render_model(description(bundles.load(stand_in_path)))
