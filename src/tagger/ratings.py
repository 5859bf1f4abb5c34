"""Rating: the ratings of the Archive of Our Own, and what the other rating systems call them.

Two sides matter. General and Teen stand on one, Mature and Explicit on the other; which of the two on a side is the
author's choice.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from itertools import islice


class Rating(IntEnum):
    """How adult a work is, rising; NOT_RATED is below all of them, since it says nothing."""

    NOT_RATED = 0
    GENERAL = 1
    TEEN = 2
    MATURE = 3
    EXPLICIT = 4

    @property
    def label(self) -> str:
        """The archive's own name for it."""
        return _NAMES[self]

    @property
    def is_adult(self) -> bool:
        """Whether it is Mature or Explicit."""
        return self >= Rating.MATURE


_NAMES = {
    Rating.NOT_RATED: "Not Rated",
    Rating.GENERAL: "General Audiences",
    Rating.TEEN: "Teen And Up Audiences",
    Rating.MATURE: "Mature",
    Rating.EXPLICIT: "Explicit",
}
BY_NAME = {name.casefold(): rating for rating, name in _NAMES.items()}

# The archive's own names; MPAA and what was made of it; FanFiction.net since 2005; Fan Rated (FRC to FRAO); letters of
# old archives; British film; Ficbook (Russian); FanFiktion.de; Spanish and French sites; plain words.
_SYSTEMS = {
    Rating.NOT_RATED: "not rated, not yet rated, unrated, no rating, none, nr, n/a, na, без рейтинга, sin clasificar",
    Rating.GENERAL: """
        general audiences, general audience, general, gen, all audiences, all ages, everyone, g, pg, pg-7, pg-10, k, k+,
        frc, u, uc, y, y7, c, p0, p6, p12, 0+, 6+, children, kids, family, family friendly, kid friendly, worksafe,
        work safe, sfw, atp, apto para todos los públicos, todo público, todos los públicos, tous publics, tout public,
        für alle
    """,
    Rating.TEEN: """
        teen and up audiences, teen & up audiences, teen and up, teen & up, teen audiences, teen, teens, teenager, young
        teen, older teen, t, t+, yt, pg-12, pg-13, pg-14, pg-15, pg-16, nc-13, tv-14, frt, frt-13, frt-15, fr-13, fr-15,
        12, 12a, 12+, 13, 13+, +13, 14, 14+, 15, 15+, 16, 16+, +16, p16, ya, young adult
    """,
    Rating.MATURE: """
        mature audiences, mature audiences only, mature readers, mature, m, m+, r, r-15, r-16, r-17, restricted, frm,
        fr-18, frmao, 17+, 17, p18, nc-16, tv-ma, m15+, ma15+
    """,
    Rating.EXPLICIT: """
        explicit, e, ma, nc-17, nc-17+, nc-18, nc-19, nc-20, nc-21, frao, fr-21, a, ao, adult, adults, adults only,
        adult only, for adults only, 18, 18+, +18, 18a, r18, 21+, x, xx, xxx, x-rated, nsfw, not safe for work,
        hardcore, smut, p18-avl
    """,
}
_SPACES = re.compile(r"[\s_-]*")
_DASHES = str.maketrans("‐‑‒–—−", "------")
# "PG13", "pg 13" and "PG-13" are one: a name's hyphens and blanks may be any or none.
_BY_CODE = {_SPACES.sub("", name.strip()): rating for rating, names in _SYSTEMS.items() for name in names.split(",")}
# These are words of a sentence, too, and count only by themselves.
_LONE = {"a", "c", "u", "e", "y", "na", "none", "general", "gen", "family", "12", "13", "14", "15", "16", "17", "18"}
_LEAD = re.compile(
    r"(?:overall|rated|ratings?|fiction|an?|up to|from|ranges|ranging|mostly|mainly|probably|maybe|currently|at least"
    r"|light|soft|mild|low|hard|high|strong|heavy|borderline|eventual|eventually|will be|for now|about|around|approx"
    r"|definitely|solid|i'd say|i guess|mpaa|ffn|ao3|fsk|now|later|max|final)[\s:.-]+"
)
_WORD = re.compile(r"[^\s,;/()\[\]{}|.!?:\"“”*=-]+")
_RANGE = re.compile(r"[\s(\[]*(?:/|to|or|-|through|until|bis|&|,|\|)[\s)\]]*")
_CODE = re.compile(r"(?<!\w)(?:nc|pg|frt?|frao|frm|frc)(?:[\s-]?\d\d)?(?!\w)")
_LONGEST = 5  # words of a rating's name


def read_rating(text: str | None) -> Rating | None:
    """The rating that an author's words amount to, in whichever system; None where they name none.

    Of a range the highest counts, as it does for a work's chapters.

    >>> [read_rating(each).label for each in ("NC-17", "PG-13 for language", "Mature", "K+", "frt")]
    ['Explicit', 'Teen And Up Audiences', 'Mature', 'General Audiences', 'Teen And Up Audiences']
    >>> read_rating("PG to NC-17").label, read_rating("see inside")
    ('Explicit', None)
    """
    folded = unicodedata.normalize("NFKC", text or "").casefold().translate(_DASHES)
    plain = " ".join(folded.split()).strip(" .!*_\"'“”‘’()[]")
    whole = _BY_CODE.get(_SPACES.sub("", plain))
    if whole is not None:
        return whole
    rest = plain
    while lead := _LEAD.match(rest):
        rest = rest[lead.end() :]
    found = [*_at_head(rest), *_anywhere(plain)]
    return max(found, default=None)


def _at_head(text: str) -> list[Rating]:
    """The rating at the very start, and those that go on from it as in "PG to R"."""
    found: list[Rating] = []
    while True:
        words = list(islice(_WORD.finditer(text), _LONGEST))
        for last in reversed(words):
            name = _SPACES.sub("", text[words[0].start() : last.end()])
            alone = not text[last.end() :].strip() or text[last.end() :].lstrip()[:1] in "([-/,;:|="
            if name in _BY_CODE and (name not in _LONE or alone or found):
                found.append(_BY_CODE[name])
                text = text[last.end() :]
                break
        else:
            return found
        on = _RANGE.match(text)
        if not on:
            return found
        text = text[on.end() :]


def _anywhere(text: str) -> list[Rating]:
    """Ratings that are nothing else wherever they stand, as NC-17 is and M is not."""
    codes = (_SPACES.sub("", match[0]) for match in _CODE.finditer(text))
    return [_BY_CODE[code] for code in codes if code in _BY_CODE]
