"""The files that are measured: works to learn from and to be judged on, JSON Lines, a story, a novel and a tome.

FOLDER/train-1000.jsonl ...  FOLDER/held-out.jsonl  labelled works
FOLDER/lines.jsonl           works to predict       FOLDER/lines.txt  the same as plain text, for `wc -w`
FOLDER/story.txt  novel.txt  tome.txt               one work each
FOLDER/passages.json         stretches of 200 words
FOLDER/sizes.json            how many works, words and bytes of text each of them has
FOLDER/asked.json            the Sizes that all of it was written for
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from bench_lib import own_stories, prose, zipf
from bench_lib.prose import Labelled

STORY_WORDS = zipf.MEAN_WORDS
PASSAGE_WORDS = 200
CORPORA = {"zipf": "generated", "prose": "prose", "own-long": "our stories", "own-short": "our scenes"}
SHIPPED = ("own-long", "own-short")  # nothing is trained on these: the model that ships with tagger reads them

_ELSEWHERE = 10_000_000  # generated works from this number on are not trained on


class Sizes(NamedTuple):
    """How much is measured. `train`: numbers of works to learn from, rising; `peers`: the one that all learn from;
    `patience`: the CPU minutes that one training may be foreseen to take.
    """

    train: tuple[int, ...] = (1_000, 3_000, 10_000)
    peers: int = 1_000
    held_out: int = 1_000
    lines: int = 2_000
    novel_words: int = 100_000
    tome_words: int = 4_000_000
    passage_bytes: int = 8_000_000
    patience: float = 5


DEFAULT = Sizes()
QUICK = Sizes((40, 60), 40, 40, 40, 10_000, 40_000, 200_000)
FULL = Sizes((10_000, 30_000, 50_000, 300_000), 30_000, 2_000, 20_000, patience=1_000)


class Source(NamedTuple):
    """Where a corpus comes from: so many works to learn from, as many others to be judged on, and works without end."""

    train: Callable[[int], Iterable[Labelled]]
    held_out: Callable[[int], Iterable[Labelled]]
    endless: Callable[[], Iterator[Labelled]]


class Size(NamedTuple):
    """Of one file: its works, their words (as `wc -w` counts them) and bytes of text, the JSON around it left out."""

    works: int = 0
    words: int = 0
    bytes: int = 0

    def with_work(self, text: str) -> Size:
        """The size with one more work."""
        return Size(self.works + 1, self.words + len(text.split()), self.bytes + len(text.encode()))


def write(corpus: str, folder: Path, sizes: Sizes) -> None:
    """Write all files of a corpus, unless they are there."""
    note, asked = folder / "asked.json", json.dumps(sizes)
    if note.exists() and note.read_text("utf-8") == asked:
        return
    _write_all(corpus, folder, sizes)
    note.write_text(asked, "utf-8")


def _write_all(corpus: str, folder: Path, sizes: Sizes) -> None:
    source = _SOURCES[corpus]()
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Size] = {}
    if corpus not in SHIPPED:
        wanted = sorted({*(sizes.train if corpus == "zipf" else ()), learned_from(corpus, sizes)})
        found |= _write_training(folder, source.train(wanted[-1]), wanted)
        found["held-out"] = _write_lines(folder / "held-out.jsonl", source.held_out(sizes.held_out))
    drawn = source.endless()
    found["lines"] = _write_lines(folder / "lines.jsonl", islice(drawn, sizes.lines), folder / "lines.txt")
    for name, words in (("story", STORY_WORDS), ("novel", sizes.novel_words), ("tome", sizes.tome_words)):
        found[name] = _write_work(folder / f"{name}.txt", drawn, words)
    found["passages"] = _write_passages(folder / "passages.json", drawn, sizes.passage_bytes)
    (folder / "sizes.json").write_text(json.dumps({name: size._asdict() for name, size in found.items()}), "utf-8")


def learned_from(corpus: str, sizes: Sizes) -> int:
    """How many works of a corpus all systems learn from, if there are so many: prose has shorter ones, so more."""
    return sizes.peers * (4 if corpus == "prose" else 1)


def read_sizes(folder: Path) -> dict[str, Size]:
    """The size of each file by its name without an ending."""
    table = json.loads((folder / "sizes.json").read_text("utf-8"))
    return {name: Size(**size) for name, size in table.items()}


def _write_training(folder: Path, works: Iterable[Labelled], wanted: list[int]) -> dict[str, Size]:
    """One file for each number of works, the smaller ones the beginning of the greater."""
    files = {count: (folder / f"train-{count}.jsonl").open("w", encoding="utf-8") for count in wanted}
    found = dict.fromkeys(wanted, Size())
    for number, work in enumerate(works):
        line = _line(number, work)
        for count, file in files.items():
            if number < count:
                file.write(line)
                found[count] = found[count].with_work(work.text)
    for file in files.values():
        file.close()
    return {f"train-{count}": size for count, size in found.items()}


def _write_lines(path: Path, works: Iterable[Labelled], plain: Path | None = None) -> Size:
    size = Size()
    with path.open("w", encoding="utf-8") as lines, (plain or Path("/dev/null")).open("w", encoding="utf-8") as text:
        for number, work in enumerate(works):
            lines.write(_line(number, work))
            text.write(work.text + "\n")
            size = size.with_work(work.text)
    return size


def _line(number: int, work: Labelled) -> str:
    record = {"id": f"work-{number}", "text": work.text, "labels": work.labels}
    return json.dumps(record, ensure_ascii=False) + "\n"


def _write_work(path: Path, drawn: Iterator[Labelled], words: int) -> Size:
    """One work put together of several; the last is cut at a space."""
    size = Size(1)
    with path.open("w", encoding="utf-8") as file:
        while size.words < words:
            text = _head(next(drawn).text, words - size.words)
            file.write(text + "\n\n")
            size = size.with_work(text + "\n\n")._replace(works=1)
    return size


def _head(text: str, words: int) -> str:
    """The first so many words of a text, as they stand."""
    end = next(islice(re.finditer(r"\S+", text), words - 1, None), None)
    return text[: end.end()] if end else text


def _write_passages(path: Path, drawn: Iterator[Labelled], size: int) -> Size:
    """Stretches of PASSAGE_WORDS words, the last of each work shorter."""
    passages, found = [], Size()
    stretch = re.compile(rf"(?:\S+\s*){{1,{PASSAGE_WORDS}}}")
    while found.bytes < size:
        for passage in stretch.findall(next(drawn).text):
            passages.append(passage)
            found = found.with_work(passage)
    path.write_text(json.dumps(passages), "utf-8")
    return found


# ---- Where the works come from ------------------------------------------------------------------------------------


def _generated() -> Source:
    language = zipf.invent()

    def some(first: int, count: int) -> Iterator[Labelled]:
        for story in zipf.stories(language, first, count):
            yield Labelled(story.text, [f"label-{label:02}" for label in story.labels])

    return Source(
        train=lambda count: some(0, count),
        held_out=lambda count: some(_ELSEWHERE, count),
        endless=lambda: some(2 * _ELSEWHERE, _ELSEWHERE),
    )


def _prose() -> Source:
    """A fifth of the works is held out at most; the works without end are all of them, again and again."""
    works = prose.load()
    border = len(works) // 5
    return Source(
        train=lambda count: works[border : border + count],
        held_out=lambda count: works[: min(count, border)],
        endless=lambda: cycle(works),
    )


def _own(words: int) -> Source:
    return Source(lambda _: (), lambda _: (), lambda: (Labelled(text, []) for text in own_stories.glued(words)))


_SOURCES: dict[str, Callable[[], Source]] = {
    "zipf": _generated,
    "prose": _prose,
    "own-long": lambda: _own(own_stories.WORK_WORDS["own-long"]),
    "own-short": lambda: _own(own_stories.WORK_WORDS["own-short"]),
}
