from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import shards
from tagger.shards import Arrays, Task


def squares(n: int) -> Arrays:
    return {"squares": np.arange(n) ** 2, "n": np.array(n)}


def made(folder: Path, jobs: int = 1) -> tuple[list[Path], list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    tasks = [Task(folder / f"{n}", n) for n in range(4)]
    return shards.make(squares, tasks, jobs, lambda done, all_: progress.append((done, all_))), progress


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_shard_is_read_as_it_was_written(tmp_path: Path, jobs: int) -> None:
    folders, _ = made(tmp_path, jobs)
    for n, folder in enumerate(folders):
        found = shards.load(folder)
        assert found["squares"].tolist() == [i * i for i in range(n)]
        assert list(shards.load(folder, "n")) == ["n"]
        assert not found["squares"].flags.writeable or n == 0


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    shards.save(tmp_path / "2", {"squares": np.array([7])})
    folders, progress = made(tmp_path)
    assert shards.load(folders[2])["squares"].tolist() == [7]
    assert progress == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert made(tmp_path)[1] == [(4, 4)]


def test_a_shard_broken_off_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    save = np.save

    def dies(*arguments: Any, **more: Any) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(save(*arguments, **more))

    monkeypatch.setattr(np, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        shards.save(tmp_path / "a", squares(3))
    monkeypatch.undo()
    assert not (tmp_path / "a").exists()
    shards.save(tmp_path / "a", squares(3))
    assert shards.load(tmp_path / "a")["n"] == 3
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@given(st.lists(st.text().filter(lambda line: "\n" not in line)))
def test_lines_can_be_packed(lines: list[str]) -> None:
    assert shards.unpack(shards.pack(lines)) == lines
