"""load(): labelled works for training and evaluation, checked; and the splits that are fixed beside them.

A file of works is JSON Lines (`.jsonl`) or passages (`.txt`, one `=== id | present: a, b | unsure: c` after another).
A folder holds any number of both, and may hold `splits/NAME.txt`: the ids of the works in that split, one a line.
Works that no such file names are the split `train`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tagger.errors import DataError, UnknownLabelError
from tagger.labels import LabelSet, from_names
from tagger.readers.encoding import decode
from tagger.readers.jsonl import read_labelled
from tagger.readers.passages import read_passages
from tagger.works import LabelledWork

TRAIN = "train"
_SPLITS = "splits"


def load(*paths: Path) -> list[LabelledWork]:
    """All labelled works of some files or folders, in the order of file names and lines.

    Raises DataError by file and line for an empty text, a duplicate id or a broken record.
    """
    works = []
    for path in paths:
        found = [work for file in _files(path) for work in _read(file)]
        if not found:
            raise DataError(f"{path} holds no labelled works")
        works += found
    refuse_duplicates(works)
    return works


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.exists():
        raise DataError(f"{path} does not exist; name a folder or a .jsonl or .txt file of labelled works")
    found = [each for suffix in ("*.jsonl", "*.txt") for each in path.rglob(suffix)]
    files = sorted(each for each in found if _SPLITS not in each.relative_to(path).parts)
    if not files:
        raise DataError(f"{path} holds no .jsonl or .txt file of labelled works")
    return files


def _read(file: Path) -> Iterator[LabelledWork]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}") from error
    if file.suffix == ".jsonl":
        return (
            read_labelled(line, f"{file}:{number}") for number, line in enumerate(data.splitlines(), 1) if line.strip()
        )
    return read_passages(decode(data)[0], str(file))


def refuse_duplicates(works: Iterable[LabelledWork]) -> None:
    """Raise DataError, by file and line, at the first id that was used before."""
    first: dict[str, str] = {}
    for each in works:
        earlier = first.setdefault(each.work.id, each.place)
        if earlier != each.place:
            raise DataError(f"{each.place}: the id {each.work.id!r} was already used at {earlier}")


def check_labels(works: Iterable[LabelledWork], labels: LabelSet) -> None:
    """Raise DataError, by file and line, at the first label that is not in the label set."""
    for each in works:
        for label in sorted(each.present | each.unknown | each.absent):
            try:
                labels[label]
            except UnknownLabelError as error:
                raise DataError(f"{each.place}: {error}") from error


def labels_of(works: Iterable[LabelledWork]) -> LabelSet:
    """A label set made of the labels that the works bear."""
    return from_names(sorted({label for each in works for label in each.present | each.unknown | each.absent}))


def select(works: Sequence[LabelledWork], path: Path, split: str) -> list[LabelledWork]:
    """The works of one split, or of several joined by commas, of the data at `path`; "all" is all of them.

    Raises DataError for a split that is not there, an id that no work has, or a group that splits tear apart.
    """
    if split == "all":
        return list(works)
    split_of = splits_of(works, path)
    wanted = split.split(",")
    for name in wanted:
        if name not in {TRAIN, *split_of.values()}:
            known = ", ".join(sorted({TRAIN, *split_of.values()}))
            raise DataError(f"{path} has no split {name!r}; it has {known}, and `all`")
    return [each for each in works if split_of.get(each.work.id, TRAIN) in wanted]


def splits_of(works: Sequence[LabelledWork], path: Path) -> dict[str, str]:
    """The split of each work that a split file names, by id; all others are TRAIN. DataError as in `select`."""
    ids = {each.work.id for each in works}
    split_of: dict[str, str] = {}
    for file in sorted((path / _SPLITS).glob("*.txt")):
        for number, line in enumerate(decode(file.read_bytes())[0].splitlines(), 1):
            name = line.strip()
            if not name:
                continue
            if name not in ids:
                raise DataError(f"{file}:{number}: no work has the id {name!r}")
            if split_of.setdefault(name, file.stem) != file.stem:
                raise DataError(f"{file}:{number}: {name!r} is in the split {split_of[name]!r} too")
    groups: dict[str, str] = {}
    for each in works:
        split = split_of.get(each.work.id, TRAIN)
        if each.group and groups.setdefault(each.group, split) != split:
            raise DataError(f"{each.place}: the group {each.group!r} is in {split!r} and {groups[each.group]!r}")
    return split_of
