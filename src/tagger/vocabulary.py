"""learn(): passages -> the vocabulary that featurize() reads by, with the names of its features.

NLTK's Snowball stemmer (Porter2, English) runs once for each distinct word; all words of one stem are one feature, and
a pair of stems in a row is another. The vocabulary knows nothing of labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagger.features import (
    APOSTROPHE,
    ASTERISK,
    CAPITAL,
    I32,
    I64,
    SMALL,
    U64,
    Vocabulary,
    Words,
    build_table,
    featurize,
    hash_pairs,
    hash_words,
    look_up,
)
from tagger.recipe import Features

# A name may be small in so many places for each where it is capital: some people write all in small letters.
_SMALL_SHARE = 0.1

Stemmer = Callable[[str], str]


class Learned(NamedTuple):
    """A vocabulary, the names of its features (their commonest spelling), and in how many passages each occurs."""

    vocabulary: Vocabulary
    names: tuple[str, ...]
    frequencies: I64


class _Spellings(NamedTuple):
    """Every distinct word, the commonest first: its hash, uint64[words], how often it occurs, int64[words], and its
    spelling.
    """

    hashes: U64
    occurrences: I64
    written: list[str]


def snowball(same: Mapping[str, str] | None = None) -> Stemmer:
    """NLTK's English stemmer, apostrophes dropped ("don't" and "dont" are one); `same`: words to be taken for others.

    >>> stem = snowball({"k1lling": "killing"})
    >>> stem("stabbing") == stem("stabbed"), stem("don't"), stem("k1lling")
    (True, 'dont', 'kill')
    """
    from nltk.stem.snowball import SnowballStemmer

    stemmer, known = SnowballStemmer("english"), same or {}

    def stem(word: str) -> str:
        plain = known.get(word, word)
        return str(stemmer.stem(plain)).replace("'", "") or plain

    return stem


def names_among(blocks: Sequence[Words], cases: Sequence[NDArray[np.int8]]) -> U64:
    """The hashes of the words that are names: capital in the middle of sentences, and in hardly any place small."""
    hashes, where = np.unique(np.concatenate([block.hashes for block in blocks]), return_inverse=True)
    written = np.concatenate(cases)
    capital, small = (np.bincount(where[written == case], minlength=len(hashes)) for case in (CAPITAL, SMALL))
    names: U64 = hashes[(capital > 0) & (small <= _SMALL_SHARE * capital)]
    return names


def learn(
    blocks: Sequence[Words], choices: Features, stem: Stemmer, more: Sequence[str] = (), left_out: U64 | None = None
) -> Learned:
    """Learn the vocabulary of some blocks of words, and of `more` words, which are features in any case; `left_out`
    are the hashes of words to be none.
    """
    n_passages = sum(len(block.first) - 1 for block in blocks)
    asked_for = hash_words(more)
    spellings = _without(_with_more(_spellings(blocks), more, asked_for), left_out)
    stems, column_of = _group(spellings, stem)
    everything = _vocabulary(spellings.hashes, column_of, len(stems))
    frequencies = _frequencies(blocks, everything)
    wanted = np.bincount(column_of[np.isin(spellings.hashes, asked_for)], minlength=len(stems)) > 0
    kept = np.flatnonzero((frequencies >= choices.min_word) | wanted)
    renumbered = np.full(len(stems), -1, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    columns = renumbered[column_of]
    words = _vocabulary(spellings.hashes[columns >= 0], columns[columns >= 0], len(kept))
    first, second, pair_frequencies = _pairs(blocks, words, choices)
    all_frequencies = np.concatenate((frequencies[kept], pair_frequencies))
    idf = (np.log((1 + n_passages) / (1 + all_frequencies)) + 1) ** choices.idf_power
    idf[len(kept) :] *= choices.pair_weight
    vocabulary = words._replace(pairs=build_table(hash_pairs(first, second)), idf=idf.astype(np.float32))
    names = [stems[i] for i in kept]
    names += [f"{names[a]} {names[b]}" for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    return Learned(vocabulary, tuple(names), all_frequencies)


def _vocabulary(hashes: U64, columns: I32, n_stems: int) -> Vocabulary:
    """A vocabulary of words alone."""
    nothing = build_table(np.zeros(0, np.uint64))
    return Vocabulary(build_table(hashes), columns, nothing, np.ones(n_stems, np.float32), n_stems)


def _spellings(blocks: Sequence[Words]) -> _Spellings:
    """All distinct words of the blocks; of equally common ones the smaller hash comes first."""
    hashes, occurrences = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    written: dict[int, str] = {}
    for block in blocks:
        found, at, often = np.unique(block.hashes, return_index=True, return_counts=True)
        for value, place in zip(found.tolist(), at.tolist(), strict=True):
            if value not in written:
                written[value] = spell(block, place)
        merged, where = np.unique(np.concatenate((hashes, found)), return_inverse=True)
        totals = np.zeros(len(merged), np.int64)
        np.add.at(totals, where, np.concatenate((occurrences, often)))
        hashes, occurrences = merged, totals
    order = np.argsort(-occurrences, kind="stable")
    hashes, occurrences = hashes[order], occurrences[order]
    return _Spellings(hashes, occurrences, [written[value] for value in hashes.tolist()])


def _with_more(spellings: _Spellings, more: Sequence[str], hashes: U64) -> _Spellings:
    """The spellings, and after them those of `more` words that do not occur."""
    new = np.unique(hashes, return_index=True)[1]
    new = np.sort(new[~np.isin(hashes[new], spellings.hashes)])
    return _Spellings(
        np.concatenate((spellings.hashes, hashes[new])),
        np.concatenate((spellings.occurrences, np.zeros(len(new), np.int64))),
        spellings.written + [more[i] for i in new.tolist()],
    )


def _without(spellings: _Spellings, names: U64 | None) -> _Spellings:
    if names is None:
        return spellings
    kept = np.flatnonzero(~np.isin(spellings.hashes, names))
    written = [spellings.written[i] for i in kept.tolist()]
    return _Spellings(spellings.hashes[kept], spellings.occurrences[kept], written)


def spell(block: Words, place: int) -> str:
    """The word at `place` of a block, lower case."""
    letters = block.letters[block.starts[place] : block.ends[place]].tolist()
    return "".join({APOSTROPHE: "'", ASTERISK: "*"}.get(letter) or chr(letter) for letter in letters)


def _group(spellings: _Spellings, stem: Stemmer) -> tuple[list[str], I32]:
    """Words by stem: each stem's commonest spelling, and the number of each word's stem, int32[words].

    Stems are numbered in alphabetical order, so that the numbers do not hang on the order of the data.
    """
    stems = [stem(word) for word in spellings.written]
    order = sorted(set(stems))
    number = {name: i for i, name in enumerate(order)}
    commonest: dict[str, tuple[int, str]] = {}
    for name, word, often in zip(stems, spellings.written, spellings.occurrences.tolist(), strict=True):
        commonest[name] = max(commonest.get(name, (0, "")), (often, word))
    return [commonest[name][1] for name in order], np.array([number[name] for name in stems], np.int32)


def _frequencies(blocks: Sequence[Words], vocabulary: Vocabulary) -> I64:
    """In how many passages each feature occurs: int64[features]."""
    total = np.zeros(len(vocabulary.idf), np.int64)
    for block in blocks:
        total += np.bincount(featurize(block, vocabulary).columns, minlength=len(total))
    return total


def _pairs(blocks: Sequence[Words], words: Vocabulary, choices: Features) -> tuple[I32, I32, I64]:
    """The pairs of stems worth keeping, the commonest first: first, second, and their frequency."""
    keys, often = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for block in blocks:
        found = _pairs_of(block, words)
        keys, where = np.unique(np.concatenate((keys, found)), return_inverse=True)
        totals = np.bincount(where[: len(often)], often, len(keys)) if len(often) else np.zeros(len(keys))
        often = totals.astype(np.int64) + np.bincount(where[len(often) :], minlength=len(keys))
    order = np.argsort(-often, kind="stable")[: choices.max_pairs]
    kept = order[often[order] >= choices.min_pair]
    first, second = (keys[kept] >> 32).astype(np.int32), (keys[kept] & 0xFFFFFFFF).astype(np.int32)
    return first, second, often[kept]


def _pairs_of(block: Words, words: Vocabulary) -> I64:
    """The pairs of known words in a row, each once a passage, as one number each."""
    places = look_up(words.words, block.hashes)
    known = places >= 0
    if not known.any():
        return np.zeros(0, np.int64)
    columns = words.columns[places].astype(np.int64)
    owners = np.repeat(np.arange(len(block.first) - 1), np.diff(block.first))
    together = np.flatnonzero(known[1:] & known[:-1] & (owners[1:] == owners[:-1]))
    pairs = (columns[together] << 32) | columns[together + 1]
    order = np.lexsort((pairs, owners[together]))
    pairs, owners = pairs[order], owners[together][order]
    new = np.ones(len(pairs), bool)
    new[1:] = (pairs[1:] != pairs[:-1]) | (owners[1:] != owners[:-1])
    found: I64 = pairs[new]
    return found


class Collisions(NamedTuple):
    """How the tables fared: `hashes`, distinct words that share a hash; `displaced`, the share of words and pairs,
    0..1, that did not get the first slot they asked for.
    """

    hashes: int
    displaced: float


def collisions(learned: Learned, blocks: Sequence[Words]) -> Collisions:
    """Measure the collisions of a vocabulary on the blocks it was learned from."""
    words = np.unique(np.concatenate([_fingerprints(block) for block in blocks]), axis=0)
    moved = total = 0
    for keys, slots in (learned.vocabulary.words, learned.vocabulary.pairs):
        bits = len(slots).bit_length() - 1
        home: NDArray[np.int64] = (keys >> np.uint64(64 - bits)).astype(np.int64)
        moved += int(np.count_nonzero(slots[home] != np.arange(len(keys))))
        total += len(keys)
    return Collisions(len(words) - len(np.unique(words[:, 0])), moved / max(total, 1))


def _fingerprints(block: Words) -> U64:
    """Each distinct word's hash beside its length and the sum of its squared letters, uint64[words, 3].

    Words of one hash that differ show themselves, short of anagrams.
    """
    sums = np.zeros(len(block.letters) + 1, np.uint64)
    np.cumsum(block.letters.astype(np.uint64) ** np.uint64(2), out=sums[1:])
    lengths = (block.ends - block.starts).astype(np.uint64)
    return np.unique(np.column_stack((block.hashes, lengths, sums[block.ends] - sums[block.starts])), axis=0)
