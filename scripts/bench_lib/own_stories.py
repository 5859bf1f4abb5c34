"""Our own labelled passages, data/stories: put together at random to works, and as a corpus to be judged on.

The test split takes no part. The shipped model has learned from these passages, and a work made of them speaks of many
things at once: it suggests far more than of an ordinary story, so `predict` has more to do than usual.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

STORIES = Path(__file__).resolve().parents[2] / "data" / "stories"
SEED = 0
WORK_WORDS = {"own-long": 2300, "own-short": 400}  # the mean of PAN'23's fan fiction; and little more than a scene


class Corpus(NamedTuple):
    """The labelled works of the train and validation splits, and their labels."""

    labels: Any
    train: list[Any]
    validation: list[Any]


def load(every: int = 1) -> Corpus:
    """All works of the two splits, or every n-th."""
    from tagger import labelled, labels, shipped

    works, known = labelled.load(STORIES), labels.load(shipped.labels_file())
    train, validation = (labelled.select(works, STORIES, split)[::every] for split in ("train", "validation"))
    return Corpus(known, train, validation)


def body(each: Any) -> str:
    """A work's story without header, notes and chapter headings: what tagger reads of it."""
    return "\n\n".join(each.work.text[chapter.start : chapter.end] for chapter in each.work.chapters)


def glued(words: int) -> Iterator[str]:
    """Works of at least so many words, without end, each made of passages drawn at random."""
    from tagger.segmentation import segment

    corpus = load()
    works = [each.work for each in (*corpus.train, *corpus.validation)]
    drawn = _draw([work.text[where.start : where.end] for work in works for where in segment(work)])
    while True:
        parts: list[str] = []
        left = words
        while left > 0:
            parts.append(next(drawn))
            left -= len(parts[-1].split())
        yield "\n\n".join(parts)


def _draw(passages: Sequence[str]) -> Iterator[str]:
    rng = random.Random(SEED)
    while True:
        yield from rng.sample(passages, len(passages))
