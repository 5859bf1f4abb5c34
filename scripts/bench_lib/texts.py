"""The texts that are measured and learned from: drawn from data/stories, seeded, the test split left out."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

STORIES = Path(__file__).resolve().parents[2] / "data" / "stories"
SEED = 0
WORK_WORDS = {"long": 2300, "short": 400}  # the mean of PAN'23's fan fiction; and little more than a scene


class Sizes(NamedTuple):
    """How much is measured: bytes of passages and of JSON Lines, words of the novel, every n-th work to learn from."""

    passages: int = 8_000_000
    lines: int = 60_000_000
    novel_words: int = 4_000_000
    every: int = 1


FULL = Sizes()
QUICK = Sizes(passages=200_000, lines=300_000, novel_words=50_000, every=8)


class Corpus(NamedTuple):
    """The labelled works of the train and validation splits, and what people say of them (works, labels)."""

    labels: Any
    train: list[Any]
    validation: list[Any]
    truth: Any
    validation_truth: Any


def load_corpus(every: int = 1) -> Corpus:
    from tagger import labelled, labels, shipped, training

    works, known = labelled.load(STORIES), labels.load(shipped.labels_file())
    train, validation = (labelled.select(works, STORIES, split)[::every] for split in ("train", "validation"))
    return Corpus(known, train, validation, training.truth_of(train, known), training.truth_of(validation, known))


def body(each: Any) -> str:
    """A work's story without header, notes and chapter headings: what tagger reads of it."""
    return "\n\n".join(each.work.text[chapter.start : chapter.end] for chapter in each.work.chapters)


def write_texts(folder: Path, sizes: Sizes) -> None:
    """Passages, JSON Lines of long and of short works and the same as plain text, one story, and one novel."""
    from tagger.segmentation import segment

    corpus = load_corpus()
    works = [each.work for each in (*corpus.train, *corpus.validation)]
    passages = [work.text[where.start : where.end] for work in works for where in segment(work)]
    drawn = _draw(passages)
    chosen, size = [], 0
    while size < sizes.passages:
        chosen.append(next(drawn))
        size += len(chosen[-1].encode())
    (folder / "passages.json").write_text(json.dumps(chosen), "utf-8")
    for name, words in WORK_WORDS.items():
        _write_works(folder / name, drawn, words, sizes.lines)
    (folder / "story.txt").write_text(_glue(drawn, WORK_WORDS["long"]), "utf-8")
    with (folder / "novel.txt").open("w", encoding="utf-8") as novel:
        for _ in range(0, sizes.novel_words, 10_000):
            novel.write(_glue(drawn, 10_000) + "\n\n")


def _draw(passages: Sequence[str]) -> Iterator[str]:
    rng = random.Random(SEED)
    while True:
        yield from rng.sample(passages, len(passages))


def _glue(drawn: Iterator[str], words: int) -> str:
    parts: list[str] = []
    while words > 0:
        parts.append(next(drawn))
        words -= len(parts[-1].split())
    return "\n\n".join(parts)


def _write_works(path: Path, drawn: Iterator[str], words: int, size: int) -> None:
    with path.with_suffix(".jsonl").open("w") as lines, path.with_suffix(".txt").open("w", encoding="utf-8") as plain:
        number = 0
        while size > 0:
            text = _glue(drawn, words)
            number += 1
            size -= len(text.encode())
            lines.write(json.dumps({"id": f"work-{number}", "text": text}, ensure_ascii=False) + "\n")
            plain.write(text + "\n")
