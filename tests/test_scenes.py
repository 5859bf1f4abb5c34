"""Scenes: read from a folder, checked, and told of passages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tagger.errors import DataError
from tagger.labelled import load
from tagger.labels import from_names
from tagger.scenes import SCENES, marks
from tagger.segmentation import segment
from tagger.works import LabelledWork, Passage, Scene, Work

STORY = "She set the table. Then he threw the jug at her and it broke. After supper they sang."
LABELS = from_names(["grief", "violence"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "works.txt").write_text(f"=== a-1 | present: violence\n\n{STORY}\n\n=== a-2 | present:\n\n{STORY}\n")
    return tmp_path


def mark(folder: Path, *rows: str) -> Path:
    (folder / SCENES).write_text("\n".join(("id\tlabel\tfrom\tto", *rows)) + "\n")
    return folder


def test_a_scene_is_where_its_words_stand(folder: Path) -> None:
    first, second = load(mark(folder, "a-1\tviolence\tThen he threw\tit broke."))
    (scene,) = first.scenes
    assert scene.label == "violence"
    assert first.work.text[scene.start : scene.end] == "Then he threw the jug at her and it broke."
    assert second.scenes == ()


def test_without_the_file_nothing_is_marked(folder: Path) -> None:
    assert [each.scenes for each in load(folder)] == [(), ()]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a-9\tviolence\tThen\tsang.", "no work has the id 'a-9'"),
        ("a-1\tgrief\tThen\tsang.", "'a-1' does not have the label 'grief'"),
        ("a-1\tviolence\tNever\tsang.", "'Never' stands in 'a-1' 0 times"),
        ("a-1\tviolence\tThen\tthe", "'the' stands in 'a-1' 3 times"),
        ("a-1\tviolence\tsang\tShe", "ends before it begins"),
        ("a-1\tviolence\tThen", "needs all of id, label, from, to"),
    ],
)
def test_what_is_wrong_with_a_scene_is_told_by_file_and_line(folder: Path, row: str, why: str) -> None:
    with pytest.raises(DataError) as caught:
        load(mark(folder, row))
    assert str(caught.value).startswith(f"{folder / SCENES}:2: ")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"work,label\n", b"", b"\xff\xfe\x00", b"id\tlabel\tfrom\tto\n" + b"x" * 200_000],
    ids=["other columns", "empty", "not text", "a line without end"],
)
def test_a_file_of_something_else_is_refused(folder: Path, content: bytes) -> None:
    (folder / SCENES).write_bytes(content)
    with pytest.raises(DataError, match=SCENES):
        load(folder)


def record(**fields: object) -> str:
    return json.dumps({"id": "j-1", "text": STORY, "labels": ["violence"], **fields})


def test_a_record_marks_scenes_by_characters(tmp_path: Path) -> None:
    path = tmp_path / "works.jsonl"
    path.write_text(record(scenes=[{"label": "violence", "start": 19, "end": 61}]))
    assert load(path)[0].scenes == (Scene("violence", 19, 61),)


@pytest.mark.parametrize(
    ("scenes", "why"),
    [
        ("violence", '"scenes" is a string, not a list'),
        (["violence"], "a scene is not an object"),
        ([{"label": "violence", "start": 61, "end": 19}], "a scene is not an object"),
        ([{"label": "violence", "start": 0, "end": 10_000}], "a scene is not an object"),
        ([{"label": "violence", "start": True, "end": 19}], "a scene is not an object"),
        ([{"label": ["violence"], "start": 0, "end": 19}], "a scene is not an object"),
        ([{"label": "grief", "start": 0, "end": 19}], "'grief', which is not among its labels"),
    ],
)
def test_what_is_wrong_with_the_scenes_of_a_record_is_told(tmp_path: Path, scenes: object, why: str) -> None:
    path = tmp_path / "works.jsonl"
    path.write_text(record(scenes=scenes))
    with pytest.raises(DataError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:1: ")
    assert why in str(caught.value)


def marked(*scenes: Scene) -> list[float]:
    """What is said of violence in three passages of a hundred characters each."""
    work = LabelledWork(Work("a", "", ()), frozenset(["violence"]), scenes=scenes)
    passages = [Passage(1, number, 100 * number, 100 * number + 100) for number in range(3)]
    found = marks([work], [passages], LABELS)
    assert np.isnan(found[:, 0]).all(), "of grief nothing is marked"
    return found[:, 1].tolist()


def test_passages_show_the_label_where_the_scene_is_and_only_there() -> None:
    assert marked(Scene("violence", 100, 200)) == [0, 1, 0]
    assert marked(Scene("violence", 90, 240))[1:] == [1, 1]
    assert marked(Scene("violence", 110, 120)) == [0, 1, 0], "little of the passage, but the whole scene"
    assert marked(Scene("violence", 0, 30), Scene("violence", 200, 300)) == [1, 0, 1]


def test_of_a_passage_that_holds_a_small_part_of_a_long_scene_nothing_is_known() -> None:
    first, second, third = marked(Scene("violence", 90, 190))
    assert np.isnan(first)
    assert (second, third) == (1, 0)


def test_a_work_without_scenes_is_marked_nowhere() -> None:
    assert np.isnan(marked()).all()


def test_the_marks_of_several_works_follow_their_passages(folder: Path) -> None:
    works = load(mark(folder, "a-1\tviolence\tThen he threw\tit broke."))
    found = marks(works, [segment(each.work) for each in works], LABELS)
    assert found.shape == (2, 2)
    assert found[0, 1] == 1
    assert np.isnan(found[1]).all()
