"""Tags that are counted, not learned: point of view outside dialogue, tense, length class; and how much of the text is
letters at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tagger.arrays import I64, NDArray
from tagger.features import (
    APOSTROPHE,
    FIRST_LETTER,
    NEWLINE,
    QUOTE,
    SIGN,
    SPACE,
    Table,
    Words,
    build_table,
    hash_words,
    look_up,
)

# Verbs whose past and present differ as words; "read" or "put" would say nothing.
_MARKERS = {
    "first": "i me my mine myself i'm i've i'd i'll im ive we us our ours ourselves we're we've",
    "second": "you your yours yourself you're you've you'd you'll youre",
    "third": "he him his himself she her hers herself they them their theirs themselves he's she's he'd she'd",
    "past": (
        "was were had did said went came looked took felt knew thought saw turned got made told asked smiled shook "
        "stood sat leaned wanted seemed began found gave held heard kept left pulled pushed ran walked watched "
        "nodded laughed tried stopped started stared reached opened closed spoke wore grew fell broke didn't wasn't "
        "weren't hadn't couldn't"
    ),
    "present": (
        "is are am has does says goes comes looks takes feels knows thinks sees turns gets makes tells asks smiles "
        "shakes stands sits leans wants seems begins finds gives holds hears keeps leaves pulls pushes runs walks "
        "watches nods laughs tries stops starts stares reaches opens closes speaks wears grows falls breaks doesn't "
        "isn't aren't hasn't can't don't"
    ),
}
KINDS = len(_MARKERS)
_WORDS = {word: kind for kind, words in enumerate(_MARKERS.values()) for word in words.split()}

_LENGTHS = ((100, "flash"), (1_000, "ficlet"), (7_500, "one-shot"), (40_000, "novella"))


class Markers(NamedTuple):
    """The hashes of the marking words, and the kind of each, int64[words] below KINDS, in the order of _MARKERS."""

    table: Table
    kinds: I64


MARKERS = Markers(build_table(hash_words(list(_WORDS)), room=64), np.array(list(_WORDS.values()), np.int64))


class Observed(NamedTuple):
    """Counts by passage. `markers`, int64[passages, 5]: words outside dialogue of the first, second and third person,
    and verbs in the past and in the present. int64[passages]: `letters`; `signs`, the signs of code and tables; and
    `visible`, characters that are not white space.
    """

    markers: I64
    letters: I64
    signs: I64
    visible: I64


class Structure(NamedTuple):
    """`pov` first, second, third or None (too little to tell); `tense` past, present or None; `length` a class."""

    pov: str | None
    tense: str | None
    length: str


def observe(words: Words) -> Observed:
    """Count the markers of person and tense outside dialogue, and the letters, of each passage."""
    n_passages = len(words.first) - 1
    marks = _find_marks(words)
    places = look_up(MARKERS.table, words.hashes)
    at = np.flatnonzero(places >= 0)
    at = at[~_in_dialogue(words, marks, words.starts[at])]
    owners = np.searchsorted(words.first, at, side="right") - 1
    kinds = MARKERS.kinds[places[at]]
    markers = np.bincount(owners * KINDS + kinds, minlength=n_passages * KINDS)
    blank = np.flatnonzero((words.letters == SPACE) | (words.letters == NEWLINE))
    return Observed(
        markers.reshape(n_passages, KINDS),
        letters=_letters(words),
        signs=_in_each(marks.of(SIGN), words.offsets),
        visible=np.diff(words.offsets) - _in_each(blank, words.offsets),
    )


def _in_each(positions: I64, offsets: I64) -> I64:
    """How many of the rising positions lie between each offset and the next."""
    counts: I64 = np.diff(np.searchsorted(positions, offsets))
    return counts


def _letters(words: Words) -> I64:
    """How many letters the words of each passage have, apostrophes included; what starts with a digit has none."""
    sizes = words.ends - words.starts
    sizes[words.letters.take(words.starts) <= ord("9")] = 0
    sums = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=sums[1:])
    letters: I64 = np.diff(sums.take(words.first))
    return letters


class _Marks(NamedTuple):
    """The characters that mean something here: their offsets, int64[marks], and classes, uint16[marks]."""

    at: I64
    kinds: NDArray[np.uint16]

    def of(self, kind: int) -> I64:
        """The offsets of one class."""
        offsets: I64 = self.at[self.kinds == kind]
        return offsets


def _find_marks(words: Words) -> _Marks:
    at = np.flatnonzero((words.letters - APOSTROPHE) <= SIGN - APOSTROPHE)  # smaller ones wrap around
    return _Marks(at, words.letters.take(at))


def _in_dialogue(words: Words, marks: _Marks, positions: I64) -> NDArray[np.bool_]:
    """Whether each position stands between quotation marks.

    Marks open and close in turn and start anew with each line. Single quotes are read as marks only in passages
    without double ones, and then only where they do not join letters.
    """
    lines, quotes = marks.of(NEWLINE), marks.of(QUOTE)
    single = _single_quotes(words, marks.of(APOSTROPHE), np.searchsorted(quotes, words.offsets))
    if len(single):
        quotes = np.sort(np.concatenate((quotes, single)))
    above = np.concatenate(([0], np.searchsorted(quotes, lines)))
    on_its_line = _below(quotes, positions) - above.take(_below(lines, positions))
    inside: NDArray[np.bool_] = on_its_line % 2 == 1
    return inside


def _below(marks: I64, positions: I64) -> I64:
    """How many marks stand before each position, both rising: there are fewer marks to look up than positions."""
    steps = np.bincount(np.searchsorted(positions, marks, side="right"), minlength=len(positions) + 1)
    counts: I64 = np.cumsum(steps)[: len(positions)]
    return counts


def _single_quotes(words: Words, apostrophes: I64, doubled: I64) -> I64:
    """Those apostrophes that are quotation marks; `doubled` is the number of double ones up to each offset."""
    letters, last = words.letters, len(words.letters) - 1
    before, after = letters[np.maximum(apostrophes - 1, 0)], letters[np.minimum(apostrophes + 1, last)]
    joins = (before >= FIRST_LETTER) & (after >= FIRST_LETTER)
    marks = apostrophes[~joins]
    passages = np.searchsorted(words.offsets, marks, side="right") - 1
    single: I64 = marks[np.diff(doubled)[passages] == 0]
    return single


def classify(markers: Sequence[int], words: int) -> Structure:
    """The structural tags of a work from its five marker counts and its number of words.

    >>> classify([9, 1, 4, 12, 2], words=100)
    Structure(pov='first', tense='past', length='drabble')
    """
    first, second, third, past, present = markers
    return Structure(_point_of_view(first, second, third), _tense(past, present), length_class(words))


def _point_of_view(first: int, second: int, third: int) -> str | None:
    """A narrator who says "I" tells of "him" and "her" as well, so a quarter of "I" outweighs the rest."""
    if first + second + third < 3:
        return None
    if second > first and second >= 0.4 * third:
        return "second"
    return "first" if first >= 0.25 * (first + third) else "third"


def _tense(past: int, present: int) -> str | None:
    if past + present < 3 or 0.8 < (past + 1) / (present + 1) < 1.25:
        return None
    return "past" if past > present else "present"


def length_class(words: int) -> str:
    """Drabble (exactly 100 words), flash, ficlet (to 1,000), one-shot (to 7,500), novella (to 40,000) or novel.

    >>> [length_class(n) for n in (99, 100, 101, 5000, 90000)]
    ['flash', 'drabble', 'ficlet', 'one-shot', 'novel']
    """
    if words == 100:
        return "drabble"
    return next((name for most, name in _LENGTHS if words < most), "novel")
