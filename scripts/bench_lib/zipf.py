"""A seeded generator of labelled works in a language that does not exist: as many as you like, the same every time.

Words are drawn by Zipf's law from a vocabulary of pronounceable ones. Every label is a topic: it makes some hundred
words likelier, over a stretch of the work that may be a scene or all of it. Lengths are log-normal with the mean of
PAN'23's fan fiction. Words know nothing of their neighbours, so there are more different pairs than in prose.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

SEED = 0
VOCABULARY = 60_000
LABELS = 32
MEAN_WORDS = 2_350

_EXPONENT = 1.05  # of Zipf's law
_SPREAD = 0.6  # the standard deviation of the logarithm of the length
_LONGEST = 20 * MEAN_WORDS
_TOPIC_WORDS = 150
_COMMONEST = 200  # words that no topic makes likelier, as no story is about "the"
_STRENGTH = 0.008  # the share of the words of a label's stretch that its topic draws, at the least
_FORGOTTEN = 0.05  # the share of labels that nobody noted, so that no ranking can be perfect
_PLAIN, _CAPITAL, _COMMA, _STOP, _BREAK = range(5)


class Story(NamedTuple):
    """A labelled work; `labels` are numbers, 0..LABELS-1."""

    text: str
    labels: list[int]
    words: int


class Language(NamedTuple):
    """`forms`, object[5, VOCABULARY]: each word as it stands in a sentence, with what follows it. `odds`, float[V]: the
    cumulative odds of each word; `topics`, int[LABELS, words], and `topic_odds` likewise; `priors`, float[LABELS].
    """

    forms: Any
    odds: Any
    topics: Any
    topic_odds: Any
    priors: Any


def invent(seed: int = SEED) -> Language:
    """The language of a seed."""
    import numpy as np

    rng = np.random.default_rng(seed)
    words = _pronounceable(rng)
    odds = np.arange(1, VOCABULARY + 1) ** -_EXPONENT
    topics = np.array([rng.choice(np.arange(_COMMONEST, VOCABULARY), _TOPIC_WORDS, False) for _ in range(LABELS)])
    topic_odds = rng.dirichlet(np.ones(_TOPIC_WORDS), LABELS)
    return Language(
        forms=np.array(
            [
                [f"{word} " for word in words],
                [f"{word.capitalize()} " for word in words],
                [f"{word}, " for word in words],
                [f"{word}. " for word in words],
                [f"{word}.\n\n" for word in words],
            ],
            object,
        ),
        odds=np.cumsum(odds / odds.sum()),
        topics=topics,
        topic_odds=np.cumsum(topic_odds, axis=1),
        priors=np.maximum(0.25 * np.arange(1, LABELS + 1) ** -0.6, 0.03),
    )


def _pronounceable(rng: Any) -> list[str]:
    """Distinct words of one to three syllables, the short ones first: frequent words are short."""
    syllables = ["".join(parts) for parts in product("bcdfghjklmnprstvwz", "aeiou", ("", "n", "r", "s"))]
    words = list(syllables)
    rng.shuffle(words)
    known = set(words)
    while len(words) < VOCABULARY:
        parts = 2 if len(words) < VOCABULARY // 4 else 3
        word = "".join(syllables[each] for each in rng.integers(len(syllables), size=parts))
        if word not in known:
            known.add(word)
            words.append(word)
    return words


def stories(language: Language, first: int, count: int, words: int | None = None) -> Iterator[Story]:
    """Works number `first` and following; each hangs on its number alone. All of `words` words where that is given."""
    for number in range(first, first + count):
        yield _story(language, number, words)


def _story(language: Language, number: int, words: int | None) -> Story:
    import numpy as np

    rng = np.random.default_rng([SEED, number])
    length = words or int(np.clip(MEAN_WORDS * rng.lognormal(-(_SPREAD**2) / 2, _SPREAD), 40, _LONGEST))
    drawn = np.searchsorted(language.odds, rng.random(length)).clip(max=VOCABULARY - 1)
    labels = np.flatnonzero(rng.random(LABELS) < language.priors)
    for label in labels:
        share = rng.uniform(0.05, 1)
        start = int(rng.uniform(0, 1 - share) * length)
        stretch = drawn[start : start + max(1, int(share * length))]
        spoken = np.flatnonzero(rng.random(len(stretch)) < _STRENGTH * rng.uniform(1, 4))
        picked = np.searchsorted(language.topic_odds[label], rng.random(len(spoken))).clip(max=_TOPIC_WORDS - 1)
        stretch[spoken] = language.topics[label][picked]
    noted = labels[rng.random(len(labels)) >= _FORGOTTEN]
    return Story("".join(language.forms[_forms(rng, length), drawn]).strip(), noted.tolist(), length)


def _forms(rng: Any, length: int) -> Any:
    """How each word stands in its sentence: sentences of 5 to 25 words, a paragraph's end at one in four."""
    import numpy as np

    forms = np.where(rng.random(length) < 0.06, _COMMA, _PLAIN)
    ends = np.cumsum(rng.integers(5, 26, length // 5 + 1)) - 1
    ends = ends[ends < length]
    forms[ends] = np.where(rng.random(len(ends)) < 0.25, _BREAK, _STOP)
    forms[0] = _CAPITAL
    forms[ends[ends < length - 1] + 1] = _CAPITAL
    forms[-1] = _STOP
    return forms
