"""The labels and values of a title page or a preface, and what of them is declared."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tagger.works import Declared

# What the fields that are declared are called: the Archive of Our Own's names, and FanFicFare's.
_RATING = {"rating"}
_WARNINGS = {"archive warning", "archive warnings", "warning", "warnings", "content warnings"}
_AO3_CATEGORIES = {"categories", "ao3 categories"}
_TAGS = {"relationship", "relationships", "additional tags", "additional tag", "freeform tags", "genre", "tags"}
_SEPARATOR = re.compile(r"\n+|,\s+|,$")


def declare(fields: Iterable[tuple[str, str]], *, category: bool) -> Declared:
    """What the fields of a front page declare, word for word; `category` says that `Category` is a tag (`F/F`), and
    not the fandom.

    >>> declare([("Rating:", "Mature"), ("Relationships:", "A/B, C & D")], category=True)
    Declared(rating='Mature', warnings=(), tags=('A/B', 'C & D'))
    """
    tags = _TAGS | _AO3_CATEGORIES | ({"category"} if category else set())
    found: dict[str, list[str]] = {"rating": [], "warnings": [], "tags": []}
    for label, value in fields:
        name = " ".join(label.split()).rstrip(" :").lower()
        items = [item.strip() for item in _SEPARATOR.split(value) if item.strip()]
        for field, names in (("rating", _RATING), ("warnings", _WARNINGS), ("tags", tags)):
            if name in names:
                found[field] += items
    warnings, tags_found = (tuple(dict.fromkeys(found[field])) for field in ("warnings", "tags"))
    return Declared(next(iter(found["rating"]), None), warnings, tags_found)
