import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.features import (
    BLOCK_CHARS,
    Counts,
    Vocabulary,
    Words,
    blocks,
    build_table,
    featurize,
    hash_pairs,
    hash_words,
    join,
    look_up,
    read_words,
)
from tagger.works import LabelledWork


def hash_word(word: str) -> int:
    return int(hash_words([word])[0])


WORD = re.compile(r"[a-z0-9]+(?:['*][a-z0-9]+)*")
# ASCII, and separators of two and of four bytes.
PLAIN = st.text(st.sampled_from("abzABZ09''**  ..,,\n\t\r\"-_&…😀"), max_size=40)
# Texts of every width of code points, whose last character cannot join the word after them.
AROUND = st.text(st.sampled_from("aZ'é’“…жλ中😀\U0010ffff\ud800 "), max_size=12)


def hashes(text: str) -> list[int]:
    return read_words([text]).hashes.tolist()


def same_arrays(some: Sequence[Any], others: Sequence[Any]) -> bool:
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(some, others, strict=True))


# --- words ---


@given(st.lists(PLAIN, max_size=4))
def test_the_words_of_a_text_are_those_of_a_regular_expression(passages: list[str]) -> None:
    words = read_words(passages)
    for number, passage in enumerate(passages):
        own = slice(words.first[number], words.first[number + 1])
        spans = [(match.start(), match.end()) for match in WORD.finditer(passage.lower())]
        assert np.subtract(words.starts[own], words.offsets[number]).tolist() == [start for start, _ in spans]
        assert np.subtract(words.ends[own], words.offsets[number]).tolist() == [end for _, end in spans]
        assert words.hashes[own].tolist() == [hash_word(passage[start:end]) for start, end in spans]
    assert words.first[-1] == len(words.hashes)


@pytest.mark.parametrize(
    ("some", "others"),
    [
        ("KNIFE Knife kNiFe", "knife knife knife"),
        ("ÉCOLE Ångström ÑANDÚ", "ecole angstrom nandu"),
        ("don’t donʼt don‘t don＇t", "don't don't don't don't"),
        ("“Stop!” she said—‘now’.", "\"Stop!\" she said - 'now'."),
        ("one two\r\nthree\r\n\r\nfour", "one two\nthree\n\nfour"),
        ("ＦＵＬＬ ｗｉｄｔｈ ４２", "full width 42"),
        ("naïve\u00a0cafe\u2009crème\u3000brûlée", "naive cafe creme brulee"),
    ],
    ids=["case", "accents", "apostrophes", "quotes and dashes", "line ends", "full width", "white space"],
)
def test_how_a_word_is_written_makes_no_difference(some: str, others: str) -> None:
    assert hashes(some) == hashes(others)
    assert len(set(hashes(others))) == len(set(others.lower().split()) - {"-"})


def test_both_cases_of_a_latin_letter_are_one() -> None:
    letters = [chr(code) for code in range(0x250) if chr(code).isalpha()]
    both = [(letter, letter.upper()) for letter in letters if letter.upper() in letters and letter not in "ıµ"]
    assert len(both) > 400
    assert [pair for pair in both if len({hash_word(f"x{each}x") for each in pair}) > 1] == []


def test_an_accent_is_folded_when_it_is_a_character_of_its_own() -> None:
    assert hash_word("cafe\u0301") == hash_word("café")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rock'n'roll f*ck", ["rock'n'roll", "f*ck"]),
        ("'tis the dogs' bone'", ["tis", "the", "dogs", "bone"]),
        ("*very* **bold** a*", ["very", "bold", "a"]),
        ("can''t a'*b '' * '", ["can", "t", "a", "b"]),
        ("well-known snake_case", ["well", "known", "snake", "case"]),
        ("жизнь и λόγος", ["жизнь", "и", "λόγος"]),
        ("I ❤ NY 😀😀", ["i", "ny"]),
    ],
)
def test_a_joiner_belongs_to_a_word_only_between_two_letters(text: str, words: list[str]) -> None:
    assert hashes(text) == [hash_word(word) for word in words]
    assert len(set(hashes(text))) == len(words)


def test_words_that_differ_by_a_joiner_or_an_order_of_letters_differ() -> None:
    written = ["were", "we're", "we*re", "ewer", "wer", "weree", "w3re"]
    assert len({hash_word(word) for word in written}) == len(written)


@pytest.mark.parametrize("text", ["", " ", "…", "two words", "'*'"])
def test_what_is_not_one_word_has_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="not one word each"):
        hash_words([text])


@given(AROUND, st.from_regex(r"[a-zé]{1,12}", fullmatch=True), AROUND, st.integers(0, 2))
def test_the_hash_of_a_word_hangs_on_nothing_around_it(before: str, word: str, after: str, passage: int) -> None:
    words = read_words([*[before] * passage, f"{before} {word} {after}"])
    place = (passage + 1) * len(read_words([before]).hashes)
    assert int(words.hashes[place]) == hash_word(word)


def test_the_hash_of_a_word_does_not_hang_on_how_far_into_a_long_text_it_stands() -> None:
    found = read_words(["so " * BLOCK_CHARS + "knife"]).hashes
    assert found[-1] == hash_word("knife")
    assert np.unique(found).tolist() == sorted([hash_word("so"), hash_word("knife")])


def test_no_two_words_of_the_stories_share_a_hash(stories: Sequence[LabelledWork]) -> None:
    words = read_words([each.work.text for each in stories])
    written = {words.letters[a:b].tobytes() for a, b in zip(words.starts.tolist(), words.ends.tolist(), strict=True)}
    assert len(written) > 10_000
    assert len(np.unique(words.hashes)) == len(written)


# --- blocks ---


@given(st.lists(st.integers(0, 20)), st.integers(1, 50))
def test_blocks_cover_every_passage_once_and_only_the_last_is_short(lengths: list[int], size: int) -> None:
    ranges = list(blocks(lengths, size))
    assert [number for start, end in ranges for number in range(start, end)] == list(range(len(lengths)))
    for start, end in ranges[:-1]:
        assert sum(lengths[start : end - 1]) < size <= sum(lengths[start:end])


@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_the_size_of_blocks_changes_no_word(corpus: list[LabelledWork], size: int) -> None:
    texts = [each.work.text for each in corpus[:40]]
    whole = read_words(texts)
    parts = [read_words(texts[start:end]) for start, end in blocks(map(len, texts), size)]
    assert np.array_equal(whole.hashes, np.concatenate([part.hashes for part in parts]))
    assert np.array_equal(np.diff(whole.first), np.concatenate([np.diff(part.first) for part in parts]))


# --- tables ---

KEYS = st.integers(0, 2**64 - 1)
CROWDED = st.builds(lambda top, low: (top << 44) + low, st.sampled_from([0, 7, 2**20 - 1]), st.integers(0, 99))


@given(st.lists(KEYS | CROWDED, unique=True), st.lists(KEYS | CROWDED))
def test_every_key_is_found_at_its_place_and_no_other_is_found(keys: list[int], others: list[int]) -> None:
    table = build_table(np.array(keys, np.uint64))
    assert look_up(table, table.keys).tolist() == list(range(len(keys)))
    absent = np.array([other for other in others if other not in keys], np.uint64)
    assert look_up(table, absent).tolist() == [-1] * len(absent)


@pytest.mark.parametrize("top", [0, 1, 0xFFFFFFFF])
def test_keys_that_all_ask_for_one_slot_are_found_too(top: int) -> None:
    keys = (np.uint64(top) << np.uint64(32)) + np.arange(300, dtype=np.uint64)
    table = build_table(keys[::2])
    assert look_up(table, keys[::2]).tolist() == list(range(150))
    assert look_up(table, keys[1::2]).tolist() == [-1] * 150


def test_a_table_of_many_keys_is_at_most_a_quarter_full() -> None:
    keys = np.random.default_rng(1).integers(0, 2**64, 50_000, np.uint64)
    table = build_table(keys)
    assert 4 * len(keys) <= len(table.slots)
    assert np.array_equal(look_up(table, keys), np.arange(len(keys)))
    assert (look_up(table, keys + np.uint64(1)) == -1).all()


def test_nothing_is_found_in_an_empty_table() -> None:
    assert look_up(build_table(np.zeros(0, np.uint64)), np.array([0, 5], np.uint64)).tolist() == [-1, -1]


# --- counts ---

STEMS = {"cat": 0, "cats": 0, "dog": 1, "the": 2, "run": 3}
PAIRS = ((2, 0), (0, 0), (1, 3), (3, 3))
PASSAGES = st.lists(st.lists(st.sampled_from([*STEMS, "THE", "zebra"])).map(" ".join), max_size=6)


def vocabulary() -> Vocabulary:
    first, second = np.array(PAIRS, np.int32).T
    return Vocabulary(
        words=build_table(np.array([hash_word(word) for word in STEMS], np.uint64)),
        columns=np.array(list(STEMS.values()), np.int32),
        pairs=build_table(hash_pairs(first, second)),
        idf=np.ones(4 + len(PAIRS), np.float32),
        n_stems=4,
    )


def counted(passages: Sequence[str]) -> Counts:
    return featurize(read_words(passages), vocabulary())


def slowly_counted(passage: str) -> Counter[int]:
    stems = [STEMS.get(word.lower()) for word in passage.split()]
    found = Counter(stem for stem in stems if stem is not None)
    found.update(4 + PAIRS.index(pair) for pair in pairwise(stems) if pair in PAIRS)
    return found


def by_passage(counts: Counts) -> list[list[tuple[int, int]]]:
    entries = list(zip(counts.columns.tolist(), counts.counts.tolist(), strict=True))
    return [entries[start:end] for start, end in pairwise(counts.rows.tolist())]


@given(PASSAGES)
def test_counts_are_those_of_a_dictionary(passages: list[str]) -> None:
    counts = counted(passages)
    assert by_passage(counts) == [sorted(slowly_counted(passage).items()) for passage in passages]
    assert counts.total.tolist() == [len(passage.split()) for passage in passages]
    assert counts.known.tolist() == [sum(word.lower() in STEMS for word in passage.split()) for passage in passages]


def test_no_pair_crosses_from_one_passage_into_the_next() -> None:
    assert by_passage(counted(["the cat"])) == [[(0, 1), (2, 1), (4, 1)]]
    assert by_passage(counted(["the", "cat"])) == [[(2, 1)], [(0, 1)]]


def test_an_unknown_word_parts_a_pair_and_a_comma_does_not() -> None:
    assert by_passage(counted(["the zebra cat", "the, cat"])) == [[(0, 1), (2, 1)], [(0, 1), (2, 1), (4, 1)]]


@pytest.mark.parametrize("passages", [[], [""], ["", "", ""], ["zebra", "", "…"]])
def test_passages_without_known_words_have_empty_rows(passages: list[str]) -> None:
    assert by_passage(counted(passages)) == [[]] * len(passages)


def test_a_vocabulary_of_nothing_knows_nothing() -> None:
    empty = build_table(np.zeros(0, np.uint64))
    nothing = Vocabulary(empty, np.zeros(0, np.int32), empty, np.zeros(0, np.float32), 0)
    counts = featurize(read_words(["the cat", "runs"]), nothing)
    assert (len(counts.columns), counts.known.tolist(), counts.total.tolist()) == (0, [0, 0], [2, 1])


@given(PASSAGES, st.integers(1, 40))
def test_the_counts_of_blocks_joined_are_those_of_one_block(passages: list[str], size: int) -> None:
    parts = [counted(passages[start:end]) for start, end in blocks(map(len, passages), size)]
    assert same_arrays(join([counted([]), *parts]), counted(passages))


def test_reading_nothing_gives_no_words() -> None:
    assert read_words([]).hashes.tolist() == []
    assert isinstance(read_words([]), Words)


def test_an_accent_changes_nothing_in_the_passages_beside_it() -> None:
    ohms, cafe = "two \u2126 or \u212b", "cafe\u0301"
    alone, together = read_words([ohms]), read_words([ohms, cafe])
    assert together.hashes[: len(alone.hashes)].tolist() == alone.hashes.tolist()
    assert together.hashes[-1] == hash_words(["café"])[0]
