"""load(): labelled works for training and evaluation, checked; and the splits that are fixed beside them.

A file of works is JSON Lines (`.jsonl`) or passages (`.txt`, one `=== id | present: a, b | unsure: c` after another).
A folder holds any number of both, and may hold `splits/NAME.txt`: the ids of the works in that split, one a line.
Works that no such file names are the split `train`. It may hold `scenes.tsv` too: where in the works a label shows.
Both are read where that folder itself is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tagger.errors import DataError, UnknownLabelError
from tagger.labels import LabelSet, from_names
from tagger.readers.encoding import decode
from tagger.readers.jsonl import read_labelled
from tagger.readers.passages import read_passages
from tagger.scenes import with_scenes
from tagger.works import LabelledWork

TRAIN = "train"
_SPLITS = "splits"
# Text enough for some thousand short works or a hundred thousand sentences.
SPAN_BYTES = 1 << 24


class Span(NamedTuple):
    """Part of a file of works: the bytes `start:end`, of which the first are line `line`; `data` are these bytes, where
    they were read already.
    """

    file: Path
    start: int
    end: int
    line: int
    data: bytes | None = None


def load(*paths: Path) -> list[LabelledWork]:
    """All labelled works of some files or folders, in the order of file names and lines.

    Raises DataError by file and line for an empty text, a duplicate id, a broken record or a scene that is not there.
    """
    works = []
    for path in paths:
        found = [work for span in spans(path) for work in read_span(span)]
        if not found:
            raise DataError(f"{path} holds no labelled works")
        works += with_scenes(found, path)
    refuse_duplicates(works)
    return works


def spans(*paths: Path, size: int = SPAN_BYTES) -> list[Span]:
    """Some files or folders cut into parts of about `size` bytes, to be read one at a time; only JSON Lines are cut."""
    return [span for file in files(*paths) for span in _cut(file, size)]


def files(*paths: Path) -> list[Path]:
    """The files of labelled works that some files or folders stand for. DataError when there are none."""
    return [file for path in paths for file in _files(path)]


def size_of(*paths: Path) -> int:
    """How many bytes the files of labelled works have. DataError when there are none."""
    return sum(file.stat().st_size for file in files(*paths))


def _cut(file: Path, size: int) -> Iterator[Span]:
    try:
        if file.suffix != ".jsonl":
            yield Span(file, 0, file.stat().st_size, 1)
            return
        with file.open("rb") as stream:
            start, line = 0, 1
            while chunk := stream.read(size):
                chunk += stream.readline()
                yield Span(file, start, start + len(chunk), line)
                start, line = start + len(chunk), line + len(chunk.splitlines())
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}") from error


def with_data(span: Span) -> Span:
    """The span and its bytes, for a machine that does not have the file. DataError when it cannot be read."""
    return span._replace(data=_bytes_of(span))


def _bytes_of(span: Span) -> bytes:
    try:
        with span.file.open("rb") as stream:
            stream.seek(span.start)
            return stream.read(span.end - span.start)
    except OSError as error:
        raise DataError(f"cannot read {span.file}: {error.strerror}") from error


def read_span(span: Span) -> Iterator[LabelledWork]:
    """The labelled works of part of a file. DataError as in `load`."""
    data = _bytes_of(span) if span.data is None else span.data
    if span.file.suffix != ".jsonl":
        return read_passages(decode(data)[0], str(span.file))
    lines = enumerate(data.splitlines(), span.line)
    return (read_labelled(line, f"{span.file}:{number}") for number, line in lines if line.strip())


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.exists():
        raise DataError(f"{path} does not exist; name a folder or a .jsonl or .txt file of labelled works")
    found = [each for suffix in ("*.jsonl", "*.txt") for each in path.rglob(suffix)]
    chosen = sorted(each for each in found if _SPLITS not in each.relative_to(path).parts)
    if not chosen:
        raise DataError(f"{path} holds no .jsonl or .txt file of labelled works")
    return chosen


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
    wanted = _names(split, {TRAIN, *split_of.values()}, path)
    return [each for each in works if split_of.get(each.work.id, TRAIN) in wanted]


def _names(split: str, known: set[str], path: Path) -> list[str]:
    """The splits that are asked for. DataError for one that is not known."""
    wanted = split.split(",")
    for name in wanted:
        if name not in known:
            raise DataError(f"{path} has no split {name!r}; it has {', '.join(sorted(known))}, and `all`")
    return wanted


def splits_of(works: Sequence[LabelledWork], path: Path) -> dict[str, str]:
    """The split of each work that a split file names, by id; all others are TRAIN. DataError as in `select`."""
    ids = {each.work.id for each in works}
    split_of: dict[str, str] = {}
    for file, number, name in _split_lines(path):
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


class Choice(NamedTuple):
    """The works of some splits: `wanted` names them (None: all works), `split_of` has the split of an id that is in any
    but TRAIN.
    """

    wanted: frozenset[str] | None = None
    split_of: Mapping[str, str] = {}

    def takes(self, work_id: str) -> bool:
        """Whether the work of this id is among them."""
        return self.wanted is None or self.split_of.get(work_id, TRAIN) in self.wanted


def choose(path: Path, split: str) -> Choice:
    """What `select` will take of the data at `path`, told before they are read. DataError for a split without a file;
    all else that `select` refuses is for it to refuse.
    """
    if split == "all":
        return Choice()
    split_of = {name: file.stem for file, _, name in _split_lines(path)}
    return Choice(frozenset(_names(split, {TRAIN, *split_of.values()}, path)), split_of)


def split_files(path: Path) -> list[Path]:
    """The split files of the data at `path`."""
    return sorted((path / _SPLITS).glob("*.txt"))


def _split_lines(path: Path) -> Iterator[tuple[Path, int, str]]:
    """The ids in split files, with file and line."""
    for file in split_files(path):
        for number, line in enumerate(decode(file.read_bytes())[0].splitlines(), 1):
            if line.strip():
                yield file, number, line.strip()
