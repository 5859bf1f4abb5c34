"""Part of the labelled works -> a shard of their words as numbers, so that no text need be read twice.

A shard of words:

    hashes, occurrences, capital, small   its distinct words: their hashes, uint64[words], ascending; how often each
                                          occurs, and how often it is written like a name and unlike one
    spellings, letters                    their spellings, packed, and the sums of `letter_sums` over all occurrences
    tokens                                every word of its passages in order, as its place among `hashes`
    first, rows                           passage p owns the words first[p]:first[p + 1], work w the passages
                                          rows[w]:rows[w + 1]
    works, others                         what is known of its works beside their text, and of those it leaves out
    digest                                SHA-256 over the works, texts and all
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from tagger import shards
from tagger.arrays import I64, U64, NDArray
from tagger.features import CAPITAL, SMALL, Words
from tagger.labelled import Choice, Span, read_span, with_data
from tagger.shards import Arrays
from tagger.training import digest, read_blocks, segmented
from tagger.vocabulary import letter_sums, spell
from tagger.works import LabelledWork, Work


class Part(NamedTuple):
    """Lines to read, and which works of them to take."""

    span: Span
    choice: Choice


def carried(part: Part) -> Part:
    """The part with the lines themselves."""
    return part._replace(span=with_data(part.span))


def read_part(part: Part) -> Arrays:
    """Read the works of some lines. Raises DataError for those that cannot be learned from."""
    works: list[LabelledWork] = []
    others: list[LabelledWork] = []
    for each in read_span(part.span):
        (works if part.choice.takes(each.work.id) else others).append(each)
    blocks, cases, rows = read_blocks(works, segmented(works))
    numbered = _number(blocks)
    tokens, n_words = numbered.tokens, len(numbered.hashes)
    written = np.concatenate(cases) if cases else np.zeros(0, np.int8)
    sizes = [np.diff(block.first) for block in blocks]
    return {
        "hashes": numbered.hashes,
        "spellings": shards.pack(numbered.spellings),
        "tokens": tokens.astype(np.uint16 if n_words <= 1 << 16 else np.uint32),
        "occurrences": np.bincount(tokens, minlength=n_words),
        "capital": np.bincount(tokens[written == CAPITAL], minlength=n_words),
        "small": np.bincount(tokens[written == SMALL], minlength=n_words),
        "letters": np.bincount(tokens, np.concatenate([[], *map(letter_sums, blocks)]), n_words).astype(np.int64),
        "first": np.concatenate(([0], *sizes)).cumsum(),
        "rows": rows,
        "works": shards.pack(list(map(_dump, works))),
        "others": shards.pack(list(map(_dump, others))),
        "digest": np.frombuffer(bytes.fromhex(digest(works)), np.uint8),
    }


class _Numbered(NamedTuple):
    """Distinct words by ascending hash, their spellings, and all words by their places among these."""

    hashes: U64
    spellings: list[str]
    tokens: I64


def _number(blocks: Sequence[Words]) -> _Numbered:
    """Number the words of some blocks: first each block's, which stay in a core's cache, then what is left of them."""
    found = [np.unique(block.hashes, return_inverse=True) for block in blocks]
    sizes = list(accumulate((len(own) for own, _ in found), initial=0))
    each = np.concatenate([own for own, _ in found]) if found else np.zeros(0, np.uint64)
    hashes, at, again = np.unique(each, return_index=True, return_inverse=True)
    spellings = np.empty(len(hashes), object)
    tokens = [np.zeros(0, np.int64)]
    for block, (own, inverse), start in zip(blocks, found, sizes, strict=False):
        tokens.append(again[start : start + len(own)][inverse])
        place = np.empty(len(own), np.int64)
        place[inverse] = np.arange(len(inverse))
        new = np.flatnonzero((at >= start) & (at < start + len(own)))
        spellings[new] = spell(block, place[at[new] - start])
    return _Numbered(hashes, spellings.tolist(), np.concatenate(tokens))


def words_of(folder: Path | Arrays) -> Words:
    """The words of a shard as `featurize` reads them, by their hashes alone."""
    shard = shards.load(folder, "hashes", "tokens", "first")
    nothing = np.zeros(0, np.int64)
    hashes = shard["hashes"].take(shard["tokens"])
    return Words(np.zeros(0, np.uint16), nothing, nothing, hashes, shard["first"], nothing)


def _dump(each: LabelledWork) -> str:
    sets = (sorted(each.present), sorted(each.unknown), sorted(each.absent))
    return orjson.dumps((each.work.id, *sets, each.partial, each.group, each.weight, each.place)).decode()


def works_of(folders: Iterable[Path], which: str = "works") -> list[LabelledWork]:
    """The works of some shards, without their text."""
    known: dict[tuple[str, ...], frozenset[str]] = {}

    def labels(names: Sequence[str]) -> frozenset[str]:
        return known.setdefault(tuple(names), frozenset(names))

    def parse(line: str) -> LabelledWork:
        fields: Any = orjson.loads(line)
        name, present, unknown, absent, partial, group, weight, place = fields
        sets = (labels(present), labels(unknown), labels(absent))
        return LabelledWork(Work(name, "", ()), *sets, partial=partial, group=group, weight=weight, place=place)

    return [parse(line) for folder in folders for line in shards.unpack(shards.load(folder, which)[which])]


def digest_of(folders: Iterable[Path]) -> bytes:
    """The digests of some shards, one after the other."""
    found: list[NDArray[np.uint8]] = [shards.load(folder, "digest")["digest"] for folder in folders]
    return b"".join(each.tobytes() for each in found)
