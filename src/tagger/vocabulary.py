"""learn(): passages -> the vocabulary that featurize() reads by, with the names of its features.

NLTK's Snowball stemmer (Porter2, English) runs once for each distinct word; all words of one stem are one feature, and
a pair of stems in a row is another. The vocabulary knows nothing of labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tagger.arrays import I32, I64, U64, NDArray
from tagger.features import (
    APOSTROPHE,
    ASTERISK,
    CAPITAL,
    SMALL,
    Vocabulary,
    Words,
    build_table,
    featurize,
    hash_pairs,
    hash_words,
    look_up,
    ranges,
)
from tagger.recipe import Features
from tagger.tallies import Tally, tally
from tagger.tallies import total as tally_all

# A name may be small in so many places for each where it is capital: some people write all in small letters.
_SMALL_SHARE = 0.1
_NO_LIMIT = 1 << 62

Stemmer = Callable[[str], str]


class Learned(NamedTuple):
    """A vocabulary, the names of its features (their commonest spelling), and in how many passages each occurs."""

    vocabulary: Vocabulary
    names: tuple[str, ...]
    frequencies: I64


class Spellings(NamedTuple):
    """Distinct words, the commonest first, of equally common ones that with the smaller hash: their hashes,
    uint64[words], how often each occurs, int64[words], and its spelling.
    """

    hashes: U64
    occurrences: I64
    written: list[str]


class Stems(NamedTuple):
    """Words by stem: `names`, each stem's commonest spelling; `hashes`, uint64[words], and `columns`, int32[words]:
    the words and the number of each one's stem; `wanted`, bool[stems]: those to keep however rare they are.
    """

    names: list[str]
    hashes: U64
    columns: I32
    wanted: NDArray[np.bool_]


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
    """The hashes of the words that are names."""
    hashes, where = np.unique(np.concatenate([block.hashes for block in blocks]), return_inverse=True)
    written = np.concatenate(cases)
    capital, small = (np.bincount(where[written == case], minlength=len(hashes)) for case in (CAPITAL, SMALL))
    names: U64 = hashes[are_names(capital, small)]
    return names


def are_names(capital: I64, small: I64) -> NDArray[np.bool_]:
    """Which words are names: capital in the middle of sentences so often, int64[words], and hardly ever small."""
    found: NDArray[np.bool_] = (capital > 0) & (small <= _SMALL_SHARE * capital)
    return found


def learn(
    blocks: Sequence[Words], choices: Features, stem: Stemmer, more: Sequence[str] = (), left_out: U64 | None = None
) -> Learned:
    """Learn the vocabulary of some blocks of words, and of `more` words, which are features in any case; `left_out`
    are the hashes of words to be none.
    """
    stems = group(with_more(without(_spellings(blocks), left_out, choices.max_words), more, left_out), stem, more)
    everything = reading(stems)
    frequencies = np.zeros(len(stems.names), np.int64)
    for block in blocks:
        frequencies += frequencies_of(block, everything)
    pairs = tally_all((tally(pairs_of(block, everything)) for block in blocks), _NO_LIMIT)
    return choose(stems, frequencies, pairs, sum(len(block.first) - 1 for block in blocks), choices)


def choose(stems: Stems, frequencies: I64, pairs: Tally, n_passages: int, choices: Features) -> Learned:
    """The stems and pairs that are worth being features, given in how many of the passages each occurs: int64[stems],
    and a tally of the pairs by `pairs_of`.
    """
    kept = np.flatnonzero((frequencies >= choices.min_word) | stems.wanted)
    renumbered = np.full(len(stems.names), -1, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    columns = renumbered[stems.columns]
    words = _vocabulary(stems.hashes[columns >= 0], columns[columns >= 0], len(kept))
    first = renumbered[(pairs.keys >> np.uint64(32)).astype(np.int64)]
    second = renumbered[(pairs.keys & np.uint64(0xFFFFFFFF)).astype(np.int64)]
    often = np.where((first >= 0) & (second >= 0), pairs.counts[:, 0], 0)
    order = np.argsort(-often, kind="stable")[: choices.max_pairs]
    order = order[often[order] >= choices.min_pair]
    first, second = first[order], second[order]
    all_frequencies = np.concatenate((frequencies[kept], often[order]))
    idf = (np.log((1 + n_passages) / (1 + all_frequencies)) + 1) ** choices.idf_power
    idf[len(kept) :] *= choices.pair_weight
    vocabulary = words._replace(pairs=build_table(hash_pairs(first, second)), idf=idf.astype(np.float32))
    names = [stems.names[i] for i in kept.tolist()]
    names += [f"{names[a]} {names[b]}" for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    return Learned(vocabulary, tuple(names), all_frequencies)


def reading(stems: Stems) -> Vocabulary:
    """A vocabulary of the stems alone, all of them."""
    return _vocabulary(stems.hashes, stems.columns, len(stems.names))


def _vocabulary(hashes: U64, columns: I32, n_stems: int) -> Vocabulary:
    nothing = build_table(np.zeros(0, np.uint64))
    return Vocabulary(build_table(hashes), columns, nothing, np.ones(n_stems, np.float32), n_stems)


def _spellings(blocks: Sequence[Words]) -> Spellings:
    """All distinct words of the blocks."""
    words = tally_all((tally(block.hashes) for block in blocks), _NO_LIMIT)
    written: dict[int, str] = {}
    for block in blocks:
        found, at = np.unique(block.hashes, return_index=True)
        written |= dict(zip(found.tolist(), spell(block, at), strict=True))
    order = np.argsort(-words.counts[:, 0], kind="stable")
    hashes = words.keys[order]
    return Spellings(hashes, words.counts[order, 0], [written[value] for value in hashes.tolist()])


def without(spellings: Spellings, left_out: U64 | None, most: int) -> Spellings:
    """The spellings less those `left_out`, at most `most`: the commonest."""
    kept = np.arange(len(spellings.hashes))
    if left_out is not None:
        kept = np.flatnonzero(~np.isin(spellings.hashes, left_out))
    kept = kept[:most]
    written = [spellings.written[i] for i in kept.tolist()]
    return Spellings(spellings.hashes[kept], spellings.occurrences[kept], written)


def with_more(spellings: Spellings, more: Sequence[str], left_out: U64 | None) -> Spellings:
    """The spellings, and after them `more` words that are not among them nor `left_out`, as if they did not occur."""
    hashes = hash_words(more)
    new = np.sort(np.unique(hashes, return_index=True)[1])
    new = new[~np.isin(hashes[new], spellings.hashes)]
    if left_out is not None:
        new = new[~np.isin(hashes[new], left_out)]
    return Spellings(
        np.concatenate((spellings.hashes, hashes[new])),
        np.concatenate((spellings.occurrences, np.zeros(len(new), np.int64))),
        spellings.written + [more[i] for i in new.tolist()],
    )


_LETTERS = np.arange(1 << 16, dtype=np.dtype("<u2"))
_LETTERS[[APOSTROPHE, ASTERISK]] = [ord("'"), ord("*")]


def spell(block: Words, places: I64) -> list[str]:
    """The words at some places of a block, lower case.

    >>> from tagger.features import read_words
    >>> words = read_words(["She said: DON'T."])
    >>> spell(words, np.array([2, 0]))
    ["don't", 'she']
    """
    sizes = block.ends[places] - block.starts[places] + 1  # one more, for what parts them
    letters = _LETTERS.take(block.letters.take(ranges(block.starts[places], sizes), mode="clip"))
    letters[np.cumsum(sizes) - 1] = ord(" ")
    text: str = letters.tobytes().decode("utf-16-le")
    return text.split(" ")[:-1]


def group(spellings: Spellings, stem: Stemmer, wanted: Sequence[str] = ()) -> Stems:
    """Words by stem; the stems of those `wanted` are to be kept.

    Stems are numbered in alphabetical order, so that the numbers do not hang on the order of the data.
    """
    stems = [stem(word) for word in spellings.written]
    order = sorted(set(stems))
    number = {name: i for i, name in enumerate(order)}
    commonest: dict[str, tuple[int, str]] = {}
    for name, word, often in zip(stems, spellings.written, spellings.occurrences.tolist(), strict=True):
        commonest[name] = max(commonest.get(name, (0, "")), (often, word))
    columns = np.array([number[name] for name in stems], np.int32)
    asked_for = columns[np.isin(spellings.hashes, hash_words(wanted))]
    return Stems(
        [commonest[name][1] for name in order],
        spellings.hashes,
        columns,
        np.bincount(asked_for, minlength=len(order)) > 0,
    )


def frequencies_of(block: Words, vocabulary: Vocabulary) -> I64:
    """In how many passages of a block each feature occurs: int64[features]."""
    return np.bincount(featurize(block, vocabulary).columns, minlength=len(vocabulary.idf))


def pairs_of(block: Words, words: Vocabulary) -> U64:
    """The pairs of known words in a row, each once a passage: the numbers of both stems as one, uint64[pairs]."""
    places = look_up(words.words, block.hashes)
    known = places >= 0
    columns = np.zeros(len(places), np.uint64)
    columns[known] = words.columns.take(places[known])
    together = known[1:] & known[:-1]
    borders = block.first[(block.first > 0) & (block.first < len(places))]
    together[borders - 1] = False
    left = np.flatnonzero(together)
    pairs = (columns[left] << np.uint64(32)) | columns[left + 1]
    bounds = np.searchsorted(left, block.first)
    for start, end in pairwise(bounds.tolist()):
        pairs[start:end].sort()
    new = np.ones(len(pairs), bool)
    np.not_equal(pairs[1:], pairs[:-1], out=new[1:])
    new[bounds[bounds < len(pairs)]] = True
    found: U64 = pairs[new]
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
    return Collisions(len(words) - len(np.unique(words[:, 0])), displaced(learned.vocabulary))


def displaced(vocabulary: Vocabulary) -> float:
    """The share of a vocabulary's words and pairs, 0..1, that did not get the first slot they asked for."""
    moved = total = 0
    for keys, slots in (vocabulary.words, vocabulary.pairs):
        bits = len(slots).bit_length() - 1
        home: NDArray[np.int64] = (keys >> np.uint64(64 - bits)).astype(np.int64)
        moved += int(np.count_nonzero(slots[home] != np.arange(len(keys))))
        total += len(keys)
    return moved / max(total, 1)


def _fingerprints(block: Words) -> U64:
    """Each distinct word's hash beside its length and the sum of its squared letters, uint64[words, 3].

    Words of one hash that differ show themselves, short of anagrams.
    """
    lengths = (block.ends - block.starts).astype(np.uint64)
    return np.unique(np.column_stack((block.hashes, lengths, letter_sums(block).astype(np.uint64))), axis=0)


def letter_sums(block: Words) -> I64:
    """The sum of the squared letters of each word, int64[words], by which words of one hash show themselves."""
    sums = np.zeros(len(block.letters) + 1, np.int64)
    np.cumsum(block.letters.astype(np.int64) ** 2, out=sums[1:])
    found: I64 = sums[block.ends] - sums[block.starts]
    return found
