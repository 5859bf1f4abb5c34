"""featurize(): passages -> feature counts. Words and word pairs are hashed with NumPy alone, no Python per word.

A word is a run of letters and digits; an apostrophe or an asterisk between two of them belongs to it ("don't",
"f*ck"). Case, accents and the shape of quotes are folded away. The hash of a word is a polynomial over its letters
modulo 2^64 (Karp and Rabin, "Efficient randomized pattern-matching algorithms", 1987); prefix sums over a whole block
of text give every word's hash at once. Training and prediction read words by this same function.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tagger.arrays import F32, I32, I64, U64, NDArray

# Large enough that the cost of a call of NumPy is small beside the work, and small enough to start fast.
BLOCK_CHARS = 1 << 18

# What a character is when it is no letter or digit; these stand below them in `Words.letters`.
OTHER, SPACE, ASTERISK, APOSTROPHE, QUOTE, NEWLINE, SIGN = range(7)
FIRST_LETTER = ord("0")
_COMBINING = (0x0300, 0x0370)
_ACCENT = re.compile(f"[{chr(_COMBINING[0])}-{chr(_COMBINING[1] - 1)}]")
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
# An odd factor brings all bits of a number to bear on its highest ones, which address the tables (multiplicative
# hashing, Knuth, TAOCP 3, 6.4), and keeps different numbers different.
SPREAD = np.uint64(0xFF51AFD7ED558CCD)


class Words(NamedTuple):
    """The words of some passages, in order.

    `letters` are the characters of all passages laid end to end, uint16[characters]: folded letters and digits, or one
    of the classes OTHER to SIGN. `starts` and `ends` are offsets into it, int64[words]; `hashes` is uint64[words].
    Passage p owns the words `first[p]:first[p + 1]` and the characters `offsets[p]:offsets[p + 1] - 1`, both
    int64[passages + 1].
    """

    letters: NDArray[np.uint16]
    starts: I64
    ends: I64
    hashes: U64
    first: I64
    offsets: I64


class Table(NamedTuple):
    """A hash table from 64-bit hashes to their place in `keys`, uint64[n].

    `slots`, int32[2^k], is addressed by a hash's top k bits and holds a place in `keys` or -1; a hash whose slot is
    taken lies in the next free one (linear probing, Knuth, TAOCP 3, 6.4).
    """

    keys: U64
    slots: I32


class Vocabulary(NamedTuple):
    """What the model knows to read.

    `words` maps the hash of a word as written to its place; `columns`, int32[words], gives the feature of that word
    (all inflections of a stem share one); `pairs` maps the hash of two features in a row to its place, and pair p is
    feature `n_stems + p`; `idf`, float32[features], is each feature's inverse document frequency.
    """

    words: Table
    columns: I32
    pairs: Table
    idf: F32
    n_stems: int


class Counts(NamedTuple):
    """Sparse feature counts, one row a passage (compressed rows).

    Row p holds the features `columns[rows[p]:rows[p + 1]]`, ascending, each seen `counts` times (int32);
    `known` and `total`, int64[passages], are the words of the passage that the vocabulary knows, and all its words.
    """

    columns: I32
    counts: I32
    rows: I64
    known: I64
    total: I64


def _fold_table() -> NDArray[np.uint16]:
    """Code point -> folded letter, or its class. Letters beyond Latin stand for themselves."""
    table = np.zeros(1 << 16, np.uint16)
    for start, end in ((0x0250, 0x2000), (0x2C00, 0x2E00), (0x3040, 0xD800), (0xF900, 0xFE00)):
        table[start:end] = np.arange(start, end)
    latin = [*range(0x0250), *range(0x1E00, 0x1F00)]
    for code in latin:
        letter = unicodedata.normalize("NFKD", chr(code))[0].lower()
        table[code] = ord(letter[0]) if letter.isalnum() else OTHER
    table[0xFF10:0xFF1A] = table[0x30:0x3A]  # full-width digits and letters
    table[0xFF21:0xFF3B] = table[0xFF41:0xFF5B] = table[0x61:0x7B]
    table[[*range(33), 0x7F, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x3000]] = SPACE
    table[[0x0A, 0x0D, 0x2028, 0x2029]] = NEWLINE
    table[[ord(mark) for mark in '"“”„«»']] = QUOTE
    table[[ord(mark) for mark in "'‘’ʼ＇"]] = APOSTROPHE
    table[[ord(mark) for mark in "{}[]()<>=;_/\\|&^%$@+`#"]] = SIGN
    table[ord("*")] = ASTERISK
    return table


FOLD = _fold_table()


def blocks(lengths: Iterable[int], size: int = BLOCK_CHARS) -> Iterator[tuple[int, int]]:
    """Cut a run of passages, given their lengths, into ranges of about `size` characters, to be read one at a time.

    >>> list(blocks([4, 4, 2], size=8))
    [(0, 2), (2, 3)]
    """
    begin = end = chars = 0
    for end, length in enumerate(lengths, 1):
        chars += length
        if chars >= size:
            yield begin, end
            begin, chars = end, 0
    if begin < end:
        yield begin, end


def read_words(passages: Sequence[str]) -> Words:
    """Find and hash the words of some passages.

    >>> words = read_words(["She said: DON'T.", "don’t"])
    >>> len(words.hashes), int(words.first[1])
    (4, 3)
    >>> bool(words.hashes[2] == words.hashes[3])
    True
    """
    codes, lengths = _joined(passages)
    letters = FOLD.take(codes, mode="clip")
    is_word = _word_mask(letters)
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    if is_word[0]:
        edges = np.concatenate((np.zeros(1, np.int64), edges))
    starts, ends = np.ascontiguousarray(edges[0::2]), np.ascontiguousarray(edges[1::2])
    offsets = np.zeros(len(passages) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Words(
        letters=letters,
        starts=starts,
        ends=ends,
        hashes=_hash(letters, starts, ends),
        first=np.searchsorted(starts, offsets),
        offsets=offsets,
    )


def _joined(passages: Sequence[str]) -> tuple[NDArray[np.unsignedinteger], list[int]]:
    """The code points of some passages laid end to end, a line break after each, and their lengths with it."""
    codes = _code_points("\n".join(passages) + "\n")
    if codes.itemsize > 1 and ((codes >= _COMBINING[0]) & (codes < _COMBINING[1])).any():
        # An accent that is a character of its own joins its letter; few texts have any.
        passages = compose(passages)
        codes = _code_points("\n".join(passages) + "\n")
    return codes, [len(passage) + 1 for passage in passages]


def compose(passages: Sequence[str]) -> list[str]:
    """The passages with accents joined to their letters: those that have any, so that the others stay as they are
    wherever they stand.
    """
    return [unicodedata.normalize("NFC", each) if _ACCENT.search(each) else each for each in passages]


SMALL, INITIAL, CAPITAL = range(3)


def read_cases(passages: Sequence[str], words: Words) -> NDArray[np.int8]:
    """How each word of `read_words(passages)` is written, int8[words]: SMALL, INITIAL (a capital where a sentence may
    begin) or CAPITAL (a capital right after another word). Words all in capitals are SMALL: they are shouted.

    >>> lines = ["Then Mina ran. MINA! She ran."]
    >>> read_cases(lines, read_words(lines)).tolist()
    [1, 2, 0, 0, 1, 0]
    """
    codes = np.append(_joined(passages)[0], 0)
    first, second = (_case_table().take(codes.take(words.starts + step), mode="clip") for step in (0, 1))
    capital = (first == 1) & (second == -1)
    before = np.maximum(words.starts - 2, 0)
    follows = (
        (words.starts > 1) & (words.letters.take(before + 1) == SPACE) & (words.letters.take(before) >= FIRST_LETTER)
    )
    cases: NDArray[np.int8] = np.where(capital, np.where(follows, CAPITAL, INITIAL), SMALL).astype(np.int8)
    return cases


@cache
def _case_table() -> NDArray[np.int8]:
    """Code point -> 1 for a capital letter, -1 for a small one, 0 for what has no case."""
    return np.array([chr(code).isupper() - chr(code).islower() for code in range(0x2000)] + [0], np.int8)


def _code_points(text: str) -> NDArray[np.unsignedinteger]:
    """The code points of a text in the narrowest of 8, 16 or 32 bits that holds them all."""
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        pass
    wide = text.encode("utf-16-le", "surrogatepass")
    if len(wide) == 2 * len(text):
        return np.frombuffer(wide, np.dtype("<u2"))
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))


def _word_mask(letters: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Which characters belong to a word: letters, digits, and a joiner between two of them."""
    mask = letters >= FIRST_LETTER
    joiners = np.flatnonzero((letters == APOSTROPHE) | (letters == ASTERISK))
    joiners = joiners[(joiners > 0) & (joiners < len(letters) - 1)]
    mask[joiners[mask[joiners - 1] & mask[joiners + 1]]] = True
    return mask


def _powers(base: int, count: int) -> U64:
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers)


def _hash(letters: NDArray[np.uint16], starts: I64, ends: I64) -> U64:
    """The hash of each word: its letters times powers of a base, moved to the origin and spread over all bits."""
    rising, inverse = powers(len(letters))
    sums = np.zeros(len(letters) + 1, np.uint64)
    sums[1:] = letters
    sums[1:] *= rising[: len(letters)]
    np.cumsum(sums, out=sums)
    hashes = sums.take(ends)
    hashes -= sums.take(starts)
    hashes *= inverse.take(starts)
    return hashes


def powers(size: int) -> tuple[U64, U64]:
    """The powers of the hash's base from 0 to at least `size`, and their inverses times SPREAD, modulo 2^64."""
    return _powers_of_two(size.bit_length())


@cache
def _powers_of_two(bits: int) -> tuple[U64, U64]:
    """The same up to 2^bits, of which there are few to remember."""
    return _powers(_BASE, 1 << bits), _powers(_INVERSE, 1 << bits) * SPREAD


def ranges(starts: I64, sizes: I64) -> I64:
    """The first numbers from each start, as many as its size, one after the other.

    >>> ranges(np.array([3, 10]), np.array([2, 3])).tolist()
    [3, 4, 10, 11, 12]
    """
    found: I64 = np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    return found


def hash_words(words: Sequence[str]) -> U64:
    """The hash of each word, uint64[words].

    >>> knife, same, other = hash_words(["Knife", "knife", "knives"])
    >>> bool(knife == same != other)
    True

    Raises ValueError when one of them is no word, or several.
    """
    hashes = read_words(words).hashes
    if len(hashes) != len(words):
        raise ValueError(f"not one word each: {words}")
    return hashes


def hash_pairs(first: I32, second: I32) -> U64:
    """The hashes of pairs of features, given their numbers (int32[n] each)."""
    keys = first.astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= second.view(np.uint32)
    keys *= SPREAD
    return keys


def build_table(keys: U64, room: int = 4) -> Table:
    """Lay distinct hashes into a table of at least `room` slots each; of two that ask for one slot the earlier gets it.

    So the commonest words come first: most look-ups then end where they begin.

    >>> table = build_table(hash_words(["blood", "knife"]))
    >>> look_up(table, read_words(["The knife, the blood."]).hashes).tolist()
    [-1, 1, -1, 0]
    """
    bits = max(8, int(room * len(keys) - 1).bit_length())
    slots = np.full(1 << bits, -1, np.int32)
    pending = np.arange(len(keys), dtype=np.int32)
    where = (keys >> np.uint64(64 - bits)).astype(np.int64)
    while len(pending):
        free = pending[slots[where[pending]] < 0]
        _, winners = np.unique(where[free], return_index=True)  # `pending` rises, so the first is the earliest
        placed = free[winners]
        slots[where[placed]] = placed
        pending = pending[slots[where[pending]] != pending]
        where[pending] = (where[pending] + 1) & ((1 << bits) - 1)
    return Table(keys, slots)


def look_up(table: Table, hashes: U64) -> I32:
    """The place of each hash in the table's keys, or -1: int32[len(hashes)]."""
    keys, slots = table
    if not len(keys):
        return np.full(len(hashes), -1, np.int32)
    bits = len(slots).bit_length() - 1
    where = (hashes >> np.uint64(64 - bits)).view(np.int64)
    found = slots.take(where)
    # An empty slot (-1) is compared with the first key, which cannot match: that key would have been found there.
    wrong = np.flatnonzero((keys.take(found, mode="clip") != hashes) & (found >= 0))
    while len(wrong):
        where[wrong] = (where[wrong] + 1) & (len(slots) - 1)
        found[wrong] = slots[where[wrong]]
        wrong = wrong[(found[wrong] >= 0) & (keys[found[wrong]] != hashes[wrong])]
    return found


def featurize(words: Words, vocabulary: Vocabulary) -> Counts:
    """Count the known features of each passage; a pair is two known words in a row within a passage."""
    places = look_up(vocabulary.words, words.hashes)
    at = np.flatnonzero(places >= 0)
    stems = vocabulary.columns.take(places.take(at))
    stem_rows = np.searchsorted(at, words.first)
    together = at[1:] == at[:-1] + 1
    borders = stem_rows[(stem_rows > 0) & (stem_rows < len(at))]
    together[borders - 1] = False
    left = np.flatnonzero(together)
    pairs = look_up(vocabulary.pairs, hash_pairs(stems[left], stems[left + 1]))
    known = np.flatnonzero(pairs >= 0)
    columns, counts, rows = _count(
        stems, stem_rows, pairs[known] + np.int32(vocabulary.n_stems), np.searchsorted(left[known], stem_rows)
    )
    return Counts(columns, counts, rows, known=np.diff(stem_rows), total=np.diff(words.first))


def join(parts: Sequence[Counts]) -> Counts:
    """The counts of several blocks as those of one."""
    sizes = np.cumsum([0, *(len(part.columns) for part in parts)])
    rows = [part.rows[:-1] + size for part, size in zip(parts, sizes, strict=False)]
    return Counts(
        columns=np.concatenate([part.columns for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        rows=np.concatenate([*rows, sizes[-1:]]),
        known=np.concatenate([part.known for part in parts]),
        total=np.concatenate([part.total for part in parts]),
    )


def _count(stems: I32, stem_rows: I64, pairs: I32, pair_rows: I64) -> tuple[I32, I32, I64]:
    """Columns, counts and row bounds of the stems and pairs of each passage put together.

    Each passage is sorted by itself: many small sorts are several times as fast as one of all.
    """
    bounds = stem_rows + pair_rows
    entries = np.empty(bounds[-1], np.int32)
    of_stems, of_pairs = stem_rows.tolist(), pair_rows.tolist()
    for row, (start, end) in enumerate(pairwise(bounds.tolist())):
        middle = start + of_stems[row + 1] - of_stems[row]
        entries[start:middle] = stems[of_stems[row] : of_stems[row + 1]]
        entries[middle:end] = pairs[of_pairs[row] : of_pairs[row + 1]]
        entries[start:end].sort()
    new = np.ones(len(entries), bool)
    np.not_equal(entries[1:], entries[:-1], out=new[1:])
    new[bounds[bounds < len(entries)]] = True
    heads = np.flatnonzero(new)
    counts = np.diff(heads, append=len(entries)).astype(np.int32)
    return entries[heads], counts, np.searchsorted(heads, bounds)
