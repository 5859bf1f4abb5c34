"""Labelled works: what is read, what is refused by file and line, and which split a work is in."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import labelled
from tagger.errors import DataError
from tagger.labels import LabelSet
from tagger.works import LabelledWork

PASSAGES = "=== p1 | present: violence | unsure: grief\n\nThey fought.\n\n=== p2 | present:\n\nThey had tea.\n"


def line(id: str, text: object = "Some text.", **more: object) -> str:
    return json.dumps({"id": id, "text": text, "labels": [], **more}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two works as passages, three as JSON Lines, one of them a folder down; a test and a validation split."""
    (tmp_path / "b.txt").write_text(PASSAGES)
    (tmp_path / "a.jsonl").write_text(line("j1", labels=["violence"]) + "\n" + line("j2"))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.jsonl").write_text(line("j3", group="trilogy"))
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "test.txt").write_text("p1\n\n  j3  \n")
    (tmp_path / "splits" / "validation.txt").write_text("j2\n")
    return tmp_path


def ids(works: list[LabelledWork]) -> list[str]:
    return [each.work.id for each in works]


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        labelled.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_is_read_in_the_order_of_names_and_lines(folder: Path) -> None:
    works = labelled.load(folder)
    assert ids(works) == ["j1", "j2", "p1", "p2", "j3"]
    assert [each.present for each in works] == [{"violence"}, set(), {"violence"}, set(), set()]
    assert works[2].unknown == {"grief"}
    assert [each.place for each in works[:3]] == [
        f"{folder / 'a.jsonl'}:1",
        f"{folder / 'a.jsonl'}:3",
        f"{folder / 'b.txt'}:1",
    ]


def test_one_file_will_do(folder: Path) -> None:
    assert ids(labelled.load(folder / "a.jsonl")) == ["j1", "j2"]
    assert ids(labelled.load(folder / "b.txt")) == ["p1", "p2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", "{broken\n", ":1: not JSON"),
        ("x.jsonl", line("a") + "[1]\n", ":2: is a list, not an object"),
        ("x.jsonl", line("a", text="  "), ':1: "text" is empty'),
        ("x.jsonl", line("a", text=7), ':1: "text" is a number'),
        ("x.jsonl", '{"text": "No labels."}\n', ':1: needs "labels"'),
        ("x.jsonl", line("a", unknown=["grief"], absent=["grief"]), ":1: says two things of grief"),
        ("x.jsonl", "\n\n" + line("a") + line("b") + line("a"), ":5: the id 'a' was already used at"),
        ("x.jsonl", "\n\n", " holds no labelled works"),
        ("x.txt", "=== p1 | present:\n\n   \n", ":1: passage p1 has no text"),
        ("x.txt", "Once upon a time.\n", ":1: text before the first line of the form"),
        ("x.txt", PASSAGES + "=== p1 | present:\n\nAgain.\n", ":8: the id 'p1' was already used at"),
        ("x.txt", "=== p1 | present: a b\n\nText.\n", ":1: labels are ids with a comma between them"),
    ],
)
def test_broken_data_are_refused_by_file_and_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    assert refusal(tmp_path).startswith(f"{tmp_path / name if message[0] == ':' else tmp_path}{message}")


def test_an_id_must_not_come_back_in_another_file(folder: Path) -> None:
    (folder / "e.jsonl").write_text(line("p2"))
    assert refusal(folder) == f"{folder / 'e.jsonl'}:1: the id 'p2' was already used at {folder / 'b.txt'}:5"


def test_a_path_without_data_is_told(tmp_path: Path) -> None:
    assert f"{tmp_path / 'nowhere'} does not exist" in refusal(tmp_path / "nowhere")
    (tmp_path / "photo.png").write_bytes(b"")
    assert refusal(tmp_path) == f"{tmp_path} holds no .jsonl or .txt file of labelled works"


def test_a_label_outside_the_set_is_told_by_file_and_line(folder: Path, labels: LabelSet) -> None:
    works = labelled.load(folder)
    labelled.check_labels(works, labels)
    for key in ("labels", "unknown", "absent"):
        (folder / "e.jsonl").write_text(
            line("e1") + json.dumps({"id": "e2", "text": ".", "labels": [], key: ["violense"]})
        )
        with pytest.raises(DataError, match=r"e\.jsonl:2: There is no label 'violense'; did you mean violence"):
            labelled.check_labels(labelled.load(folder), labels)


def test_a_label_set_can_be_made_of_the_data() -> None:
    works = [
        LabelledWork(work=None, present=frozenset("cb"), unknown=frozenset("a")),  # type: ignore[arg-type]
        LabelledWork(work=None, present=frozenset("b"), absent=frozenset("d"), partial=True),  # type: ignore[arg-type]
    ]
    assert labelled.labels_of(works).ids == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("all", ["j1", "j2", "p1", "p2", "j3"]),
        ("train", ["j1", "p2"]),
        ("test", ["p1", "j3"]),
        ("train,validation", ["j1", "j2", "p2"]),
    ],
)
def test_a_split_is_what_its_file_says_and_train_is_the_rest(folder: Path, split: str, expected: list[str]) -> None:
    assert ids(labelled.select(labelled.load(folder), folder, split)) == expected


def test_data_without_splits_are_all_for_training(folder: Path) -> None:
    works = labelled.load(folder / "a.jsonl")
    assert labelled.select(works, folder / "a.jsonl", "train") == works
    with pytest.raises(DataError, match=r"a\.jsonl has no split 'test'; it has train, and `all`"):
        labelled.select(works, folder / "a.jsonl", "test")


@pytest.mark.parametrize("split", ["tset", "train,tset", "", "all,train"])
def test_a_split_that_is_not_there_is_told_with_those_that_are(folder: Path, split: str) -> None:
    with pytest.raises(DataError, match="it has test, train, validation, and `all`"):
        labelled.select(labelled.load(folder), folder, split)


def test_a_split_must_name_works_that_are_there(folder: Path) -> None:
    (folder / "splits" / "test.txt").write_text("p1\n\np9\n")
    with pytest.raises(DataError, match=r"splits/test\.txt:3: no work has the id 'p9'"):
        labelled.select(labelled.load(folder), folder, "train")


def test_no_work_is_in_two_splits(folder: Path) -> None:
    (folder / "splits" / "validation.txt").write_text("j2\np1\n")
    with pytest.raises(DataError, match=r"splits/validation\.txt:2: 'p1' is in the split 'test' too"):
        labelled.select(labelled.load(folder), folder, "train")


def test_no_split_tears_a_group_apart(folder: Path) -> None:
    (folder / "e.jsonl").write_text(line("e1", group="trilogy"))
    with pytest.raises(DataError, match=r"e\.jsonl:1: the group 'trilogy' is in 'train' and 'test'"):
        labelled.select(labelled.load(folder), folder, "train")
    (folder / "splits" / "test.txt").write_text("p1\nj3\ne1\n")
    assert ids(labelled.select(labelled.load(folder), folder, "test")) == ["p1", "j3", "e1"]


def test_a_split_file_that_is_not_text_is_told(folder: Path) -> None:
    (folder / "splits" / "test.txt").write_bytes(b"p1\n\xff\xfe\n")
    with pytest.raises(DataError, match=r"test\.txt"):
        labelled.select(labelled.load(folder), folder, "train")


def test_the_stories_of_the_repository_bear_every_label_and_split_cleanly(
    stories: list[LabelledWork], labels: LabelSet
) -> None:
    labelled.check_labels(stories, labels)
    assert set(labelled.labels_of(stories).ids) == set(labels.ids)
    assert {label for each in stories for label in each.present} == set(labels.ids)
    path = Path(stories[0].place).parent
    parts = [set(ids(labelled.select(stories, path, split))) for split in ("train", "validation", "test", "stories")]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(stories)


@given(
    st.lists(st.sampled_from([*(line(f"w{i}").strip() for i in range(3)), "", "\r"]), max_size=12), st.integers(1, 200)
)
def test_parts_of_a_file_hold_its_works_in_order_with_their_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], size: int
) -> None:
    file = tmp_path_factory.mktemp("parts") / "works.jsonl"
    file.write_text("\n".join(lines))
    whole = list(labelled.read_span(labelled.Span(file, 0, file.stat().st_size, 1)))
    parts = labelled.spans(file, size=size)
    found = [work for part in parts for work in labelled.read_span(part)]
    assert [(each.work, each.place) for each in found] == [(each.work, each.place) for each in whole]
    assert len(found) == sum(bool(each.strip()) for each in lines)
    if size == 1:
        assert len(parts) >= len(found)


@pytest.mark.parametrize("split", ["all", "train", "test", "train,validation"])
def test_what_a_choice_takes_is_what_select_takes(folder: Path, split: str) -> None:
    works = labelled.load(folder)
    choice = labelled.choose(folder, split)
    assert [each for each in works if choice.takes(each.work.id)] == labelled.select(works, folder, split)


def test_a_choice_is_refused_before_anything_is_read(folder: Path) -> None:
    with pytest.raises(DataError, match="has no split 'tset'; it has test, train, validation, and `all`"):
        labelled.choose(folder, "tset")
