"""Shards of words -> the vocabulary, the same that `vocabulary.learn` finds, in bounded memory and in parallel.

    distinct words, counted -> the commonest, stemmed -> stems and pairs, counted by passage -> the vocabulary

When there are more distinct words or pairs than may be held, the rarest are forgotten; `Known.missed` says how far the
frequencies of the others may be too low.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tagger import shards
from tagger.arrays import U64
from tagger.features import Table, Vocabulary, read_words
from tagger.learning import Progress
from tagger.parallel import map_batches
from tagger.recipe import Features
from tagger.shards import Arrays, Task
from tagger.spellings import one_for_several, respelt
from tagger.streaming.reading import words_of
from tagger.tallies import Tally, merge, prune, tally, total
from tagger.vocabulary import (
    Learned,
    Spellings,
    Stems,
    are_names,
    choose,
    frequencies_of,
    group,
    letter_sums,
    pairs_of,
    reading,
    snowball,
    with_more,
)

# Distinct words and pairs that are held: 4 million and their counts take about 200 MB while they are merged.
MOST = 4_000_000
# Shards that are counted at a time; the fewer counts there are to merge, the less is forgotten.
_TOGETHER = 4
_STEMMED = 4096


class Known(NamedTuple):
    """The vocabulary; how often at most a word or a pair may have occurred beyond what was counted; and how many of
    the words share their hash with another.
    """

    learned: Learned
    missed: int
    shared: int


def learn(place: Path, words: Sequence[Path], choices: Features, jobs: int, progress: Progress) -> Known:
    """Learn the vocabulary of some shards of words; what was counted is kept at `place`."""
    folder = place / "stems"
    if not folder.exists():
        progress("stems", 0, 1)
        shards.save(folder, _stems(words, choices, jobs))
        progress("stems", 1, 1)
    parts = [words[at : at + _TOGETHER] for at in range(0, len(words), _TOGETHER)]
    tasks = [Task(place / "counts" / f"{number:05}", part) for number, part in enumerate(parts)]
    most = max(MOST // 4, 2 * MOST // max(len(tasks), 1))
    counted = shards.make(partial(_count, folder, most), tasks, jobs, partial(progress, "counting"))
    folder = place / "vocabulary"
    if not folder.exists():
        shards.save(folder, _choose(place / "stems", counted, choices))
    return load(folder)


def _stems(words: Sequence[Path], choices: Features, jobs: int) -> Arrays:
    """The commonest words by their stems."""
    kinds = ("occurrences", "capital", "small", "letters")
    parts = (shards.load(folder, "hashes", *kinds) for folder in words)
    counted = total((Tally(p["hashes"], np.column_stack([p[kind] for kind in kinds])) for p in parts), MOST, len(kinds))
    often, capital, small, letters = counted.counts.T
    names = np.zeros(len(often), bool) if choices.names else are_names(capital, small)
    kept = np.flatnonzero(~names)
    kept = kept[np.argsort(-often[kept], kind="stable")][: choices.max_words]
    hashes = counted.keys[kept]
    written = _written(words, hashes)
    shared = letters[kept] != often[kept] * letter_sums(read_words(written))
    more = respelt(choices)
    spellings = with_more(Spellings(hashes, often[kept], written), more, counted.keys[names])
    same = one_for_several(choices)
    batches = [spellings.written[at : at + _STEMMED] for at in range(0, len(spellings.written), _STEMMED)]
    found = chain.from_iterable(map_batches(partial(_stem, same), batches, jobs))
    stems = group(spellings, dict(zip(spellings.written, found, strict=True)).__getitem__, more)
    return {
        "names": shards.pack(stems.names),
        "hashes": stems.hashes,
        "columns": stems.columns,
        "wanted": stems.wanted,
        "missed": np.array(counted.missed),
        "shared": np.array(shared.sum()),
    }


def _stem(same: dict[str, str], words: Sequence[str]) -> list[str]:
    return list(map(snowball(same), words))


def _written(words: Sequence[Path], hashes: U64) -> list[str]:
    """The spelling of each hash, wherever it is found first."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    found = np.full(len(hashes), "", object)
    missing = np.ones(len(hashes), bool)
    for folder in words:
        shard = shards.load(folder, "hashes", "spellings")
        at = np.flatnonzero(missing)
        places = np.searchsorted(shard["hashes"], ordered[at])
        here = shard["hashes"].take(places, mode="clip") == ordered[at] if len(shard["hashes"]) else places < 0
        if here.any():
            found[order[at[here]]] = np.array(shards.unpack(shard["spellings"]), object)[places[here]]
            missing[at[here]] = False
    return [str(each) for each in found]


def _load_stems(folder: Path) -> Stems:
    found = shards.load(folder, "names", "hashes", "columns", "wanted")
    return Stems(shards.unpack(found["names"]), found["hashes"], found["columns"], found["wanted"])


@lru_cache(maxsize=1)
def _reading(folder: Path) -> Vocabulary:
    return reading(_load_stems(folder))


def _count(stems: Path, most: int, words: Sequence[Path]) -> Arrays:
    """In how many passages of some shards each stem occurs, and each pair of them, `most` of these at most."""
    vocabulary = _reading(stems)
    frequencies = np.zeros(len(vocabulary.idf), np.int64)
    pairs, passages = [], 0
    for folder in words:
        block = words_of(folder)
        frequencies += frequencies_of(block, vocabulary)
        pairs.append(tally(pairs_of(block, vocabulary)))
        passages += len(block.first) - 1
    found = prune(merge(pairs), most)
    sums = {"frequencies": frequencies, "passages": np.array(passages), "missed": np.array(found.missed)}
    return {**sums, "keys": found.keys, "counts": found.counts}


def _choose(stems: Path, counted: Sequence[Path], choices: Features) -> Arrays:
    known, before = _load_stems(stems), shards.load(stems, "missed", "shared")
    frequencies, passages = np.zeros(len(known.names), np.int64), 0
    for folder in counted:
        sums = shards.load(folder, "frequencies", "passages")
        frequencies += sums["frequencies"]
        passages += int(sums["passages"])
    pairs = total(_tallies(counted), MOST)
    learned = choose(known, frequencies, pairs, passages, choices)
    return {
        **_arrays(learned.vocabulary),
        "names": shards.pack(learned.names),
        "frequencies": learned.frequencies,
        "missed": np.maximum(before["missed"], pairs.missed),
        "shared": before["shared"],
    }


def _tallies(counted: Sequence[Path]) -> Iterator[Tally]:
    for folder in counted:
        found = shards.load(folder, "keys", "counts", "missed")
        yield Tally(found["keys"], found["counts"], int(found["missed"]))


def _arrays(vocabulary: Vocabulary) -> Arrays:
    words, columns, pairs, idf, n_stems = vocabulary
    tables: Arrays = {
        "word_keys": words.keys,
        "word_slots": words.slots,
        "pair_keys": pairs.keys,
        "pair_slots": pairs.slots,
    }
    return {**tables, "columns": columns, "idf": idf, "n_stems": np.array(n_stems)}


def load(folder: Path) -> Known:
    """The vocabulary of a shard, mapped."""
    found = shards.load(folder)
    words, pairs = (Table(found[f"{kind}_keys"], found[f"{kind}_slots"]) for kind in ("word", "pair"))
    vocabulary = Vocabulary(words, found["columns"], pairs, found["idf"], int(found["n_stems"]))
    learned = Learned(vocabulary, tuple(shards.unpack(found["names"])), found["frequencies"])
    return Known(learned, int(found["missed"]), int(found["shared"]))
