"""Two folders take each other's place."""

from pathlib import Path

import pytest

from tagger import swapping
from tagger.swapping import exchange, is_being_exchanged


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The new folder, and the one that it is to replace."""
    first, second = tmp_path / ".model.7.unfinished", tmp_path / "model"
    for folder in (first, second):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    return first, second


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_each_is_where_the_other_was(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(swapping.sys, "platform", platform)
    first, second = pair
    exchange(first, second)
    assert ((first / "name").read_text(), (second / "name").read_text()) == (second.name, first.name)
    assert sorted(each.name for each in second.parent.iterdir()) == [first.name, second.name]


def test_in_three_steps_it_shows_that_one_is_missing(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping.sys, "platform", "darwin")
    first, second = pair
    seen: list[bool] = []
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        seen.append(is_being_exchanged(second))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look)
    exchange(first, second)
    assert seen == [False, True, False]
    assert not is_being_exchanged(second)


def test_one_that_fails_leaves_all_as_it_was(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping.sys, "platform", "darwin")
    first, second = pair
    rename = Path.rename

    def breaks(path: Path, target: Path) -> Path:
        if path == first:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", breaks)
    with pytest.raises(OSError, match="Input/output"):
        exchange(first, second)
    assert (second / "name").read_text() == second.name
    with pytest.raises(FileNotFoundError):
        exchange(first.with_name("none"), second)
