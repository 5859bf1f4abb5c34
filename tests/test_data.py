"""The data of the repository: labels that exist, scenes that are where they are said to be, splits that do not mix."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger import labelled, labels, shipped
from tagger.works import LabelledWork

DATA = Path(__file__).resolve().parents[1] / "data"
STORIES = DATA / "stories"


@pytest.fixture(scope="module")
def works() -> dict[str, LabelledWork]:
    return {each.work.id: each for each in labelled.load(STORIES)}


def rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def names(cell: str) -> list[str]:
    return [each for each in cell.split(",") if each]


def test_there_is_enough_of_it(works: dict[str, LabelledWork]) -> None:
    present = Counter(label for each in works.values() for label in each.present)
    known = labels.load(shipped.labels_file())
    assert len(works) >= 3500
    assert {label: present[label] for label in known.ids if present[label] < 80} == {}
    assert sum(len(each.work.text) > 4000 for each in works.values()) >= 60


def test_all_labels_are_of_the_label_set(works: dict[str, LabelledWork]) -> None:
    labelled.check_labels(works.values(), labels.load(shipped.labels_file()))
    labelled.check_labels(labelled.load(DATA / "parity"), labels.load(shipped.labels_file()))


def test_planted_scenes_are_in_their_stories_and_their_label_is_present(works: dict[str, LabelledWork]) -> None:
    """That they stand in their stories, `load` has seen."""
    warnings = set(labels.load(shipped.labels_file()).warnings)
    stories = [each for each in works.values() if each.work.id.startswith(("story-", "whole-"))]
    assert sum(bool(each.scenes) for each in stories) >= 400
    for each in stories:
        if each.scenes:
            assert {scene.label for scene in each.scenes} == each.present & warnings, each.work.id


def test_happy_passages_bear_no_warning_and_teach_nobody(works: dict[str, LabelledWork]) -> None:
    happy = labelled.load(DATA / "parity")
    warnings = set(labels.load(shipped.labels_file()).warnings)
    assert len(happy) >= 150
    assert not [each.work.id for each in happy if (each.present | each.unknown) & warnings]
    assert not {each.work.text for each in happy} & {each.work.text for each in works.values()}


def test_agreement_is_on_passages_that_are_here(works: dict[str, LabelledWork]) -> None:
    known = set(labels.load(shipped.labels_file()).ids)
    annotators = {file.stem: {row["id"]: row for row in rows(file)} for file in (DATA / "agreement").glob("*.tsv")}
    assert len(annotators) >= 3
    first = annotators["first"]
    assert len(first) >= 400
    assert first.keys() <= works.keys()
    for each in annotators.values():
        assert each.keys() == first.keys()
        assert {label for row in each.values() for label in names(row["present"]) + names(row["unsure"])} <= known


@pytest.mark.parametrize("file", sorted((DATA / "annotations").glob("*.tsv")), ids=lambda file: file.stem)
def test_annotations_name_a_window_once_and_labels_that_exist(file: Path) -> None:
    known = set(labels.load(shipped.labels_file()).ids)
    found = list(rows(file))
    assert len({(row["row"], row["start"], row["end"]) for row in found}) == len(found) > 0
    for row in found:
        assert int(row["start"]) < int(row["end"])
        assert len(row["digest"]) == 12
        present, unsure = set(names(row["present"])), set(names(row["unsure"]))
        assert present | unsure <= known
        assert not present & unsure


def test_nothing_learns_from_a_post_that_is_held_out() -> None:
    held_out, taught = (
        {row["row"] for row in rows(DATA / "annotations" / f"{name}.tsv")} for name in ("held-out", "windows")
    )
    assert not held_out & taught


def test_each_corpus_has_a_licence_a_source_and_a_digest() -> None:
    for name, each in tomllib.loads((DATA / "corpora.toml").read_text("utf-8")).items():
        assert each.keys() == {"file", "sha256", "what", "licence", "source"}, name
        assert len(each["sha256"]) == 64
