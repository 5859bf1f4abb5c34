from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tagger.features import blocks, featurize, hash_pairs, hash_words, look_up, read_words
from tagger.recipe import Features
from tagger.vocabulary import Learned, collisions, learn, snowball
from tagger.works import LabelledWork

STEM = snowball()
EVERYTHING = Features(min_word=1, min_pair=1)
WORDS = ["stab", "stabs", "stabbed", "don't", "dont", "the", "He", "he", "café"]
PASSAGES = st.lists(st.lists(st.sampled_from(WORDS)), max_size=6)
TEXTS = PASSAGES.map(lambda passages: [" ".join(words) for words in passages])


def learned(texts: Sequence[str], choices: Features = EVERYTHING) -> Learned:
    return learn([read_words(texts)], choices, STEM)


def feature_of(known: Learned, word: str) -> str | None:
    """The name of the feature that a word counts for."""
    place = look_up(known.vocabulary.words, hash_words([word]))[0]
    return known.names[known.vocabulary.columns[place]] if place >= 0 else None


def words_and_pairs(known: Learned) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return known.names[: known.vocabulary.n_stems], known.names[known.vocabulary.n_stems :]


def alike(some: Learned, other: Learned) -> bool:
    def arrays(known: Learned) -> list[np.ndarray]:
        words, columns, pairs, idf, _ = known.vocabulary
        return [*words, columns, *pairs, idf, known.frequencies]

    same = all(np.array_equal(a, b) for a, b in zip(arrays(some), arrays(other), strict=True))
    return same and some.names == other.names


def test_all_words_of_a_stem_are_one_feature_named_by_its_commonest_spelling() -> None:
    known = learned(["She stabbed and STABBED him.", "Stabbing, stabs"])
    assert {feature_of(known, word) for word in ("stabs", "stabbed", "stabbing", "Stabbed")} == {"stabbed"}
    assert feature_of(known, "him") == "him"
    assert feature_of(known, "dagger") is None


def test_stems_come_first_in_alphabetical_order_and_then_pairs_the_commonest_first() -> None:
    assert learned(["pear apple fig", "pear, apple"]).names == ("apple", "fig", "pear", "pear apple", "apple fig")


def test_an_apostrophe_makes_no_other_feature() -> None:
    known = learned(["don't don’t dont"])
    assert feature_of(known, "dont") == feature_of(known, "don't") == "don't"


def test_a_pair_is_named_by_its_two_words_and_known_by_their_features() -> None:
    known = learned(["He stabbed him. He stabs him. He stabbed him."])
    stems, pairs = words_and_pairs(known)
    assert set(pairs) == {"he stabbed", "stabbed him", "him he"}
    columns = np.array([[stems.index(word) for word in pair.split()] for pair in pairs], np.int32)
    places = look_up(known.vocabulary.pairs, hash_pairs(columns[:, 0], columns[:, 1]))
    assert places.tolist() == list(range(len(pairs)))


@given(TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_passages_changes_nothing(texts: list[str], random) -> None:
    shuffled = random.sample(texts, len(texts))
    assert alike(learned(texts), learned(shuffled))


@pytest.mark.parametrize("size", [1, 3_000])
def test_the_size_of_blocks_changes_nothing(corpus: list[LabelledWork], size: int) -> None:
    texts = [each.work.text for each in corpus[:60]]
    parts = [read_words(texts[start:end]) for start, end in blocks(map(len, texts), size)]
    assert alike(learn(parts, Features(), STEM), learned(texts, Features()))


@given(TEXTS)
def test_frequencies_count_passages_not_words(texts: list[str]) -> None:
    known = learned(texts)
    counts = featurize(read_words(texts), known.vocabulary)
    seen = np.bincount(counts.columns, minlength=len(known.names))
    assert np.array_equal(known.frequencies, seen)
    assert (seen > 0).all()


@given(TEXTS, st.integers(1, 4), st.integers(1, 4))
def test_rare_words_and_pairs_are_left_out(texts: list[str], min_word: int, min_pair: int) -> None:
    everything = learned(texts)
    stems, pairs = words_and_pairs(everything)
    often = dict(zip(everything.names, everything.frequencies.tolist(), strict=True))
    assume(any(often[stem] >= min_word for stem in stems))
    wanted = [stem for stem in stems if often[stem] >= min_word]
    wanted += [pair for pair in pairs if often[pair] >= min_pair and set(pair.split()) <= set(wanted)]
    assert list(learned(texts, Features(min_word=min_word, min_pair=min_pair)).names) == wanted


def test_a_vocabulary_may_be_left_without_a_word() -> None:
    assert learned(["one word", "another"], Features(min_word=2)).names == ()


def test_of_too_many_pairs_the_most_frequent_are_kept() -> None:
    texts = ["red fox", "red fox", "red fox", "old owl", "old owl", "shy cat", "big dog"]
    assert words_and_pairs(learned(texts, Features(min_pair=1, max_pairs=2)))[1] == ("red fox", "old owl")
    assert words_and_pairs(learned(texts, Features(min_pair=1, max_pairs=0)))[1] == ()
    assert len(words_and_pairs(learned(texts, Features(min_pair=1, max_pairs=3)))[1]) == 3


def test_a_feature_weighs_more_the_rarer_it_is_and_pairs_as_the_recipe_says() -> None:
    texts = ["the fox", "the fox", "the owl", "a hen"]
    known = learned(texts, Features(min_pair=1, idf_power=2, pair_weight=0.5))
    weight = dict(zip(known.names, known.vocabulary.idf.tolist(), strict=True))
    assert weight["the"] == pytest.approx((np.log(5 / 4) + 1) ** 2)
    assert weight["owl"] == pytest.approx((np.log(5 / 2) + 1) ** 2)
    assert weight["the fox"] == pytest.approx(0.5 * (np.log(5 / 3) + 1) ** 2)
    by_frequency = [weight[word] for word in ("the", "fox", "owl")]
    assert all(common < rare for common, rare in pairwise(by_frequency))


def test_no_words_of_the_stories_collide_and_few_are_displaced(stories: Sequence[LabelledWork]) -> None:
    words = [read_words([each.work.text for each in stories])]
    found = collisions(learn(words, Features(), STEM), words)
    assert found.hashes == 0
    assert 0 < found.displaced < 0.2


def test_words_that_share_a_hash_are_counted() -> None:
    words = read_words(["cat owl cat", "hen"])
    colliding = words._replace(hashes=np.where(words.hashes == hash_words(["owl"]), words.hashes[0], words.hashes))
    known = learned(["cat owl cat", "hen"])
    assert collisions(known, [words]).hashes == 0
    assert collisions(known, [colliding]).hashes == 1
