"""normalise(): an author's own words -> which labels they declare, deny, or decline to speak of, and by which words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tagger import ratings
from tagger.freeform import Meaning, key, names_of, plain, understand
from tagger.labels import LabelSet
from tagger.ratings import Rating, read_rating
from tagger.works import Declared

# The archive warnings that say something of a work, as the Archive of Our Own writes them.
ARCHIVE_WARNINGS = ("Graphic Depictions Of Violence", "Major Character Death", "Rape/Non-Con", "Underage Sex")


class Said(NamedTuple):
    """An author's words as written, and where they stand: "rating", "warnings" or "tags"."""

    field: str
    text: str


Stance = Mapping[str, tuple[Said, ...]]


@dataclass(frozen=True)
class Declarations:
    """What an author's words come to. The maps go from a label's id to the words that say so; no label is in two.

    `present`: it applies, or one applies that implies it; `direct` are those that the words name. `related`: something
    near it applies ("dubcon"). `denied`: it does not apply. `denied_in_part`: some of it does not ("no major character
    death"). `none_apply` and `undisclosed` have the words for "No Archive Warnings Apply" and "Choose Not To Use
    Archive Warnings"; beside an archive warning the former says nothing. `archive_warnings` are those declared, by the
    archive's names; `Underage Sex` may be among them and answers to no label. `unread` name nothing known.
    """

    rating: Rating | None = None
    rating_said: Said | None = None
    archive_warnings: tuple[str, ...] = ()
    present: Stance = field(default_factory=dict)
    direct: frozenset[str] = frozenset()
    related: Stance = field(default_factory=dict)
    denied: Stance = field(default_factory=dict)
    denied_in_part: Stance = field(default_factory=dict)
    none_apply: tuple[Said, ...] = ()
    undisclosed: tuple[Said, ...] = ()
    unread: tuple[Said, ...] = ()


def normalise(declared: Declared, labels: LabelSet) -> Declarations:
    """Read what an author declared. Labels that the set lacks are left out.

    >>> from tagger import labels, shipped
    >>> told = normalise(Declared("T", ("dubcon", "No smut"), ("TW: abuse",)), labels.load(shipped.labels_file()))
    >>> told.rating.label, sorted(told.present), sorted(told.related), sorted(told.denied)
    ('Teen And Up Audiences', ['abuse'], ['dysfunctional-relationship', 'sexual-violence'], ['sexual-content'])
    """
    items = [Said("warnings", text) for text in declared.warnings] + [Said("tags", text) for text in declared.tags]
    read = [(said, _read(said, labels)) for said in items]
    rating, rating_said = _rating(declared)
    archive = tuple(dict.fromkeys(name for _, item in read for name in item.archive))
    present = _stance((said, labels.implied_by(item.meaning.present)) for said, item in read)
    related = _stance((said, labels.implied_by(item.meaning.related)) for said, item in read)
    denied = _stance((said, _implying(item.meaning.denied, labels)) for said, item in read)
    in_part = _stance((said, item.meaning.in_part) for said, item in read)
    return Declarations(
        rating=rating,
        rating_said=rating_said,
        archive_warnings=archive,
        present=present,
        direct=frozenset(label for _, item in read for label in item.meaning.present),
        related=_without(related, present, denied),
        denied=_without(denied, present),
        denied_in_part=_without(in_part, present, related, denied),
        none_apply=() if archive else tuple(said for said, item in read if item.none_apply),
        undisclosed=tuple(said for said, item in read if item.undisclosed),
        unread=tuple(said for said, item in read if item == _UNREAD and not _is_name(said.text)),
    )


def _rating(declared: Declared) -> tuple[Rating | None, Said | None]:
    """The rating, from its own field or, as in e-books that list everything together, from an archive's name for it."""
    rating = read_rating(declared.rating)
    if rating is not None and declared.rating:
        return rating, Said("rating", declared.rating)
    named = [tag for tag in declared.tags if tag.casefold() in ratings.BY_NAME]
    return (ratings.BY_NAME[named[0].casefold()], Said("tags", named[0])) if named else (None, None)


def _is_name(tag: str) -> bool:
    """Whether a tag is a rating, or may be the names of a couple."""
    return tag.casefold() in ratings.BY_NAME or "/" in tag or "&" in tag


def _stance(pairs: Iterable[tuple[Said, Iterable[str]]]) -> dict[str, tuple[Said, ...]]:
    found: dict[str, tuple[Said, ...]] = {}
    for said, ids in pairs:
        for label in sorted(ids):
            found[label] = (*found.get(label, ()), said)
    return found


def _without(stance: Stance, *stronger: Stance) -> dict[str, tuple[Said, ...]]:
    return {label: said for label, said in stance.items() if not any(label in other for other in stronger)}


def _implying(ids: frozenset[str], labels: LabelSet) -> frozenset[str]:
    """These ids and all that imply one of them: where there is no violence, there is no graphic violence."""
    return ids | {labels.ids[cause] for cause, effect in labels.implications if labels.ids[effect] in ids}


class _Item(NamedTuple):
    """What one tag or warning says: of labels, as an archive warning, and of all warnings at once."""

    meaning: Meaning = Meaning()
    archive: tuple[str, ...] = ()
    none_apply: bool = False
    undisclosed: bool = False


_LONGEST = 1000  # characters of a tag or warning that are read
_UNREAD = _Item()

_TRIGGER = re.compile(
    r"^[\W_]*(?:(?:tws?|cws?|t/w|c/w|t\.w\.|c\.w\.|cn)(?!\w)"
    r"|(?:(?:trigger|content|possible|potential|major|additional|other)[ /]*)*"
    r"(?:trigger ?warnings?|triggers|warnings?|content notes?|warn(?:ed|ing)? for|heads? ?up)\b)"
    r"[\W_]*(?:(?:for|of|about)\b)?[\W_]*"
)
_TRIGGER_AT_END = re.compile(r"[\W_]+(?:tw|cw|(?:trigger |content )?warnings?|triggers?)[\W_]*$")


def _read(said: Said, labels: LabelSet) -> _Item:
    text = plain(said.text[:_LONGEST])
    bare = text.strip(" .!*()[]")
    in_warnings = said.field == "warnings"
    if _NOT_TO_WARN.search(bare) or (in_warnings and _ELSEWHERE.match(bare)):
        return _Item(undisclosed=True)
    if _NONE_APPLY.match(bare) or (in_warnings and bare in _NONE):
        return _Item(none_apply=True)
    named = _TRIGGER_AT_END.sub("", _TRIGGER.sub("", text, count=1))
    if _UNDERAGE.match(named):
        return _Item(archive=("Underage Sex",))
    meaning = understand(named, names_of(labels), warned=in_warnings or named != text)
    return _Item(meaning, tuple(name for name in ARCHIVE_WARNINGS if key(name) == key(named)))


_NOT_TO_WARN = re.compile(
    r"\b(?:choo?se|chosen?|chooses|choosing|opted|prefers?)\b.{0,20}\bnot to\b.{0,20}\bwarn|^c*nt(?:w|tw|uw|uaw)$"
    r"|\bno warnings? (?:given|used|provided)\b|\bdo(?:es)?(?: not|n't) (?:use )?warn"
)
# Whoever points elsewhere for the warnings has them, and not here.
_ELSEWHERE = re.compile(
    r"(?:(?:please )?(?:see|read|check|in) .*\b(?:notes?|tags|inside|profile|a/n|chapters?|summary)|(?:see )?inside"
    r"|(?:major )?spoilers?|tba|tbd|to be (?:added|decided|determined)|will be added.*|var(?:ies|ious))$"
)
_NONE_APPLY = re.compile(
    r"(?:there are )?no (?:(?:major|archive|content|trigger|real|known|specific) )*(?:warnings?|triggers?)"
    r"(?: (?:really |that )?(?:apply|applies|needed|necessary|required|i can think of|i think|really|at all))?$"
)
_NONE = {
    *("none", "n/a", "na", "no", "nope", "nothing", "none apply", "none applies", "not applicable", "none really"),
    *("none needed", "none that i know of", "none i can think of", "none at all", "-", "--", "0"),
    *("nada", "ninguna", "ninguno", "aucun", "aucune", "keine", "нет"),
}
_UNDERAGE = re.compile(r"under-?age(?: sex)?$")
