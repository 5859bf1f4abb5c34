"""Scenes: where in a work a label shows, as people marked it.

A folder of labelled works may hold `scenes.tsv` with the columns id, label, from, to: `from` and `to` are the words
with which the scene begins and ends, each of which stands in the work once. Records of JSON Lines may have "scenes".
What is marked is learned from exactly; where nothing is, training looks for the passages that carry a label itself.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tagger.arrays import F32
from tagger.errors import DataError
from tagger.labels import LabelSet
from tagger.works import LabelledWork, Passage, Scene

SCENES = "scenes.tsv"
_COLUMNS = ("id", "label", "from", "to")

# A passage shows the label if so much of it belongs to a scene, or if it holds so much of one; of a passage that does
# neither and is not free of scenes nothing is known.
_OF_PASSAGE, _OF_SCENE = 0.3, 0.5


def with_scenes(works: Sequence[LabelledWork], folder: Path) -> list[LabelledWork]:
    """The works with the scenes that the folder's scenes.tsv marks, where it has one.

    Raises DataError, by file and line, for an id that no work has, a label that the work does not bear, and words that
    do not stand in it once.
    """
    file = folder / SCENES
    if not file.is_file():
        return list(works)
    known = {each.work.id: each for each in works}
    found = defaultdict(list)
    for place, row in _rows(file):
        if row["id"] not in known:
            raise DataError(f"{place}: no work has the id {row['id']!r}")
        found[row["id"]].append(_scene(known[row["id"]], row, place))
    return [each._replace(scenes=(*each.scenes, *found.get(each.work.id, ()))) for each in works]


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The rows, each with its file and line."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if not set(_COLUMNS) <= set(table.fieldnames or ()):
                raise DataError(f"{file}:1: the first line must name the columns {', '.join(_COLUMNS)}")
            for row in table:
                place = f"{file}:{table.line_num}"
                if not all(row[name] for name in _COLUMNS):
                    raise DataError(f"{place}: a scene needs all of {', '.join(_COLUMNS)}, with tabs between")
                yield place, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {file}: {error}") from error


def _scene(each: LabelledWork, row: Mapping[str, str], place: str) -> Scene:
    text = each.work.text
    if row["label"] not in each.present:
        raise DataError(f"{place}: the work {row['id']!r} does not have the label {row['label']!r}")
    for words in (row["from"], row["to"]):
        if (times := text.count(words)) != 1:
            raise DataError(
                f"{place}: {words!r} stands in {row['id']!r} {times} times; give words that stand there once"
            )
    scene = Scene(row["label"], text.index(row["from"]), text.index(row["to"]) + len(row["to"]))
    if scene.start >= scene.end:
        raise DataError(f"{place}: the scene ends before it begins")
    return scene


def marks(works: Sequence[LabelledWork], passages: Sequence[Sequence[Passage]], labels: LabelSet) -> F32:
    """What the scenes say of each passage, float32[passages, labels]: 1 where a label shows, 0 where it does not but
    the work has it, and NaN where nothing is known: all NaN of works and labels without a scene.

    >>> from tagger.labels import from_names
    >>> from tagger.works import Work
    >>> work = LabelledWork(Work("tea", "", ()), frozenset(["war"]), scenes=(Scene("war", 0, 50),))
    >>> marks([work], [[Passage(1, 1, 0, 90), Passage(1, 2, 90, 180)]], from_names(["tea", "war"])).tolist()
    [[nan, 1.0], [nan, 0.0]]
    """
    found = np.full((sum(map(len, passages)), len(labels)), np.nan, np.float32)
    first = 0
    for each, own in zip(works, passages, strict=True):
        for label in {scene.label for scene in each.scenes}:
            scenes = [scene for scene in each.scenes if scene.label == label]
            found[first : first + len(own), labels.index(label)] = [_mark(passage, scenes) for passage in own]
        first += len(own)
    return found


def _mark(passage: Passage, scenes: Sequence[Scene]) -> float:
    shared = [max(0, min(passage.end, scene.end) - max(passage.start, scene.start)) for scene in scenes]
    most = max(part / (scene.end - scene.start) for part, scene in zip(shared, scenes, strict=True))
    if most >= _OF_SCENE or sum(shared) >= _OF_PASSAGE * (passage.end - passage.start):
        return 1.0
    return np.nan if any(shared) else 0.0
