"""Which files of a folder are taken, and where they are put."""

import os
from pathlib import Path

import pytest

from tagger.errors import OutputError
from tagger.watching import State, look, put_away, settled, watch


def test_only_files_that_may_be_stories_are_looked_at(tmp_path: Path) -> None:
    for name in ("a.txt", "b", ".c.txt", "d.txt.part", "e.TMP", "f~", "out.jsonl"):
        (tmp_path / name).write_text(name)
    (tmp_path / "done").mkdir()
    assert {path.name for path in look(tmp_path, ["out.jsonl"])} == {"a.txt", "b"}


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot look into"):
        look(tmp_path / "none")


def test_files_that_are_as_they_were_come_oldest_first() -> None:
    a, b, c, d = (Path(name) for name in "abcd")
    before = {a: State(1, 30, 1), b: State(1, 10, 2), c: State(1, 20, 3)}
    now = {a: State(1, 30, 1), b: State(1, 10, 2), c: State(2, 20, 3), d: State(1, 5, 4)}
    assert settled(before, now) == [b, a]


def test_a_file_is_handed_out_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    looks = 0

    def is_over() -> bool:
        nonlocal looks
        looks += 1
        return looks > 40

    taken = []
    for each in watch(tmp_path, [], 0.001, is_over):
        taken.append(each.read_text())
        if len(taken) == 1:
            path.write_text("another")
    assert taken == ["one", "another"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / "a.tar.gz"
        path.write_text(str(number))
        put_away(path, tmp_path / "done")
    assert {each.name: each.read_text() for each in (tmp_path / "done").iterdir()} == {
        "a.tar.gz": "0",
        "a.tar-2.gz": "1",
        "a.tar-3.gz": "2",
    }


def test_a_file_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    assert put_away(tmp_path / "gone.txt", tmp_path / "done") is None
    assert list((tmp_path / "done").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_cannot_be_moved(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot move"):
            put_away(tmp_path / "a.txt", tmp_path / "done")
    finally:
        tmp_path.chmod(0o700)


def test_where_the_place_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "done").write_text("")
    with pytest.raises(OutputError, match="cannot move"):
        put_away(tmp_path / "a.txt", tmp_path / "done")
    assert (tmp_path / "a.txt").read_text() == "a"
