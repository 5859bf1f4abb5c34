"""read(): works -> what is counted in their passages, and the passages' margins.

    segment -> read words -> featurize -> score

Passages go through in blocks of text, whichever works they are of, since NumPy's cost is by the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tagger import native, scoring
from tagger.arrays import F32, I64
from tagger.bundles import Bundle
from tagger.features import Counts, Vocabulary, blocks, featurize, read_words
from tagger.segmentation import segment, text_of
from tagger.structure import Observed, observe
from tagger.works import Passage, Work

# The counts of a batch are kept for its evidence up to so many characters; of a larger one the few passages that are
# evidence are counted once more, so that memory does not grow by twice the text.
KEPT_CHARS = 1 << 22


class Block(NamedTuple):
    """The feature counts of some passages in a row, and their values."""

    counts: Counts
    values: scoring.Steps


class Reading(NamedTuple):
    """What was counted in a batch: work w owns the passages `rows[w]:rows[w + 1]`, block b those from `bounds[b]` to
    `bounds[b + 1]`; there are no blocks where the batch is too large to keep them. `margins` is float32[passages,
    labels]; `known` and `total`, int64[passages], count words.
    """

    passages: list[Passage]
    rows: I64
    blocks: Sequence[Block]
    bounds: I64
    margins: F32
    known: I64
    total: I64
    observed: Observed


def read(works: Sequence[Work], bundle: Bundle, *, keep: bool | None = None) -> Reading:
    """Segment works, count their features and score their passages, a block of text at a time; `keep` the blocks,
    which is else done where they are few.
    """
    by_work = [segment(work) for work in works]
    passages = [passage for own in by_work for passage in own]
    owners = [work for work, own in zip(works, by_work, strict=True) for _ in own]
    # The text of a passage is cut out when its block comes up: a novel is never held twice.
    keep = sum(len(work.text) for work in works) <= KEPT_CHARS if keep is None else keep
    parts = [
        _read_block(list(map(text_of, owners[start:end], passages[start:end])), bundle, keep=keep)
        for start, end in blocks(passage.end - passage.start for passage in passages)
    ] or [_read_block([], bundle, keep=keep)]
    return Reading(
        passages=passages,
        rows=np.cumsum([0, *map(len, by_work)]),
        blocks=[part.block for part in parts if part.block],
        bounds=np.cumsum([0, *(len(part.margins) for part in parts)]),
        margins=np.concatenate([part.margins for part in parts]),
        known=np.concatenate([part.known for part in parts]),
        total=np.concatenate([part.total for part in parts]),
        observed=Observed(*map(np.concatenate, zip(*(part.observed for part in parts), strict=True))),
    )


class _Part(NamedTuple):
    """What is kept of a block; see Reading."""

    block: Block | None
    margins: F32
    known: I64
    total: I64
    observed: Observed


def _read_block(passages: Sequence[str], bundle: Bundle, *, keep: bool) -> _Part:
    counts, observed = count(passages, bundle.vocabulary)
    values = scoring.in_steps(counts, bundle.vocabulary.idf)
    margins = scoring.score(counts, values, bundle.weights)
    return _Part(Block(counts, values) if keep else None, margins, counts.known, counts.total, observed)


def count(passages: Sequence[str], vocabulary: Vocabulary) -> tuple[Counts, Observed]:
    """Count the features of some passages, and what their structure shows."""
    kernel = native.kernel()
    if kernel:
        return kernel.count(passages, vocabulary)
    words = read_words(passages)
    return featurize(words, vocabulary), observe(words)


def counted(
    works: Sequence[Work], reading: Reading, passages: I64, order: I64, bundle: Bundle
) -> Iterator[tuple[Block, I64, I64]]:
    """Blocks in which some passages were counted, with those of `order` that are in each, and their rows there."""
    rising = passages[order]
    if reading.blocks or not len(passages):
        for block, start, end in zip(reading.blocks, reading.bounds[:-1], reading.bounds[1:], strict=True):
            first, last = np.searchsorted(rising, (start, end))
            if first < last:
                yield block, order[first:last], rising[first:last] - start
        return
    wanted = np.array(sorted(set(rising.tolist())))
    owners = np.searchsorted(reading.rows, wanted, side="right") - 1
    texts = [
        text_of(works[owner], reading.passages[place])
        for owner, place in zip(owners.tolist(), wanted.tolist(), strict=True)
    ]
    counts, _ = count(texts, bundle.vocabulary)
    yield Block(counts, scoring.in_steps(counts, bundle.vocabulary.idf)), order, np.searchsorted(wanted, rising)
