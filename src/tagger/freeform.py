"""understand(): one freeform tag or warning -> the labels it declares or denies.

A tag is read as a whole first; only where nothing answers to it is something taken off its front ("past", "lots of",
"no") or its end ("mentioned", "in chapter 3"), or is it parted at "and". A name inside a longer tag counts in a list of
warnings alone: "Death Eaters" is no death, and "not beta read we die like men" no denial.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from tagger import shipped
from tagger.labels import LabelSet


class Meaning(NamedTuple):
    """What a tag says: the labels that it declares, comes near to, denies, or denies in part. Unless `known`, it names
    nothing that we know.
    """

    present: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    in_part: frozenset[str] = frozenset()
    known: bool = False


UNKNOWN = Meaning()


class Names(NamedTuple):
    """Folded name -> the ids that it declares, comes near to, or denies; `words` and `narrowing` may stand before one,
    `endings` after it.
    """

    present: Mapping[str, frozenset[str]]
    related: Mapping[str, frozenset[str]]
    denied: Mapping[str, frozenset[str]]
    only_in_warnings: frozenset[str]
    unmeant: frozenset[str]
    narrowing: frozenset[str]
    words: re.Pattern[str]
    endings: re.Pattern[str]


class _Sense(NamedTuple):
    """How the words around a name have it read. `narrowed`: "major" or the like stood before it."""

    warned: bool
    negated: bool = False
    narrowed: frozenset[str] = frozenset()


_ODD = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufe0f\ufeff]")
_IMPLIED = re.compile(r"implied ?/ ?(?:referenced|mentioned)|(?:referenced|mentioned) ?/ ?implied")
_QUOTES = str.maketrans("‘’‛´`“”„«»–—_", "'''''\"\"\"\"\"-- ")


def plain(text: str) -> str:
    """Lower case, plain quotes and hyphens, single blanks, nothing invisible; and "implied/referenced" is "implied"."""
    folded = unicodedata.normalize("NFKC", _ODD.sub("", text)).casefold().translate(_QUOTES)
    return _IMPLIED.sub("implied", " ".join(folded.split()))


def understand(text: str, names: Names, *, warned: bool) -> Meaning:
    """What a tag, in `plain` form, says; `warned` means that it stands for a warning, whatever its words.

    >>> from tagger import labels
    >>> names = names_of(labels.load(shipped.labels_file()))
    >>> meaning = understand("no smut, just past self-harm", names, warned=False)
    >>> sorted(meaning.denied), sorted(meaning.present)
    (['sexual-content'], ['self-harm'])
    """
    return _read(text[:_LONGEST], names, _Sense(warned))


_LONGEST = 300  # characters; an archive's tags have at most 150
_MOST_AROUND = 12  # words and negations taken off each side of a name
_EDGES = re.compile(r"^[^\w@]+|[^\w*+]+$")
_CHAPTERS = re.compile(r"[\s,:(\-]+(?:(?:in|from|during|for|only) )*(?:the )?(?:chap|chapter|ch|part)s?\.? ?[\d#].*$")
_NEGATION = re.compile(
    r"(?:(?:there(?:'s| is| are| will be)?|this (?:fic|story|work|one)|it|i|we|contains?|has|have|swear|promise|really"
    r"|absolutely|literally|definitely|but|and|also|sorry|unfortunately) )*"
    r"(?:no|not|non|zero|0|without|never|none of|nothing|free of|lacks?|lacking|lack of|absence of|minus|sans|neither"
    r"|nor|(?:is|are|was|does|do|will|has|have|ca|wo)(?:n't| not)(?: (?:have|contain|include|feature|show|depict|be))?"
    r"|sin|ohne|keine?|pas de|без|нет)(?:[ -]+(?:any|an?|actual|really|even)\b)*(?:[ -]+|$)"
)
_NEGATION_AT_END = re.compile(r"(?:[ -]free(?: zone| fic)?|[ :=?-]+(?:none?|nope|not here|0))$")
_PARTS = re.compile(
    r"(\s*(?:[,;|+\n]|[.!?](?=\s|$))\s*"
    r"|\s+(?:and|n|or|nor|but|with|just|only|plus|without|minus|und|oder|et|ou|y|o|и|или|ohne|sin|sans|без|-+)\s+)"
)
_PAIR = re.compile(r"\s*[&/]\s*")
_ASIDE = re.compile(r"\s*[()\[\]]\s*")
_ASIDE_OR_COLON = re.compile(r"\s*[()\[\]:]\s*")
_CARRYING = {"and", "or", "nor", "n", "und", "oder", "et", "ou", "y", "o", "и", "или"}
_DENYING = {"without", "minus", "ohne", "sin", "sans", "без"}
_AFRESH = re.compile(r"(?:lots|tons|loads|plenty|so much|just|only|all|some|a lot|a bit|heavy|mild|slight|eventual)\b")
# What is said of somebody by name: "Suicidal Draco Malfoy", "Dean Winchester Whump", "Bucky Barnes has PTSD".
_FIRST = {
    *("pregnant", "suicidal", "kidnapped", "abused", "abusive", "homophobic", "transphobic", "racist", "sexist"),
    *("ableist", "depressed", "alcoholic", "drugged", "imprisoned", "captive", "enslaved", "grieving", "anorexic"),
    *("bulimic", "addicted", "injured", "wounded", "traumatized", "drunk"),
}
_LAST = {"angst", "fluff", "whump", "smut", "death", "dies", "mpreg", "pregnancy"}
_UNREAL = {
    *("fake", "faked", "near", "nearly", "almost", "presumed", "pretend", "not", "no", "never", "without", "false"),
    *("averted", "avoided"),
}
_HAS = re.compile(r"[\w.' -]{1,40}? (?:has|have|is|are|gets|getting|suffers from|struggles with|deals with) (.+)$")


def _read(text: str, names: Names, sense: _Sense) -> Meaning:
    """Read the whole, then its parts; where there are none, look for a character's name, and within a warning."""
    text = _EDGES.sub("", text)
    found = _as_whole(text, names, sense)
    if found.known:
        return found
    parts = _PARTS.split(text)
    if len(parts) > 1:
        return _by_parts(parts, names, sense)
    for mark in (_PAIR, _ASIDE_OR_COLON if sense.warned else _ASIDE):
        pieces = mark.split(text)
        if len(pieces) > 1:
            # What "&" or "/" join may be two people: all of it must be known, unless it is a warning.
            meanings = [_read(piece, names, sense) for piece in pieces]
            return (
                together(meanings) if mark is not _PAIR or sense.warned or all(m.known for m in meanings) else UNKNOWN
            )
    found = _of_somebody(text, names, sense)
    return _inside(text, names, sense) if sense.warned and not found.known else found


def _as_whole(text: str, names: Names, sense: _Sense) -> Meaning:
    """What the text says if it is a name, with no more around it than words that may stand around any."""
    return _first(
        look_up(rest, names, within._replace(negated=within.negated != flipped))
        for begun, within in _without_front(text, names, sense)
        for rest, flipped in _without_end(begun, names)
    )


def _without_front(text: str, names: Names, sense: _Sense) -> Iterator[tuple[str, _Sense]]:
    """The text, and the text with ever more words and negations taken off its front."""
    for _ in range(_MOST_AROUND):
        yield text, sense
        taken, negation = names.words.match(text), _NEGATION.match(text)
        if negation and not (taken and taken[0].startswith("no")):  # "not graphic" is no negation
            taken, sense = negation, sense._replace(negated=not sense.negated)
        elif taken:
            sense = sense._replace(narrowed=sense.narrowed | {key(taken[0])})
        else:
            return
        text = _EDGES.sub("", text[taken.end() :])


def _without_end(text: str, names: Names) -> Iterator[tuple[str, bool]]:
    """The text, and the text with ever more taken off its end, and whether that negated it."""
    flipped = False
    for _ in range(_MOST_AROUND):
        yield text, flipped
        negation = _NEGATION_AT_END.search(text)
        end = negation or _CHAPTERS.search(text) or names.endings.search(text)
        if not end:
            return
        flipped ^= bool(negation)
        text = _EDGES.sub("", text[: end.start()])


def _first(meanings: Iterable[Meaning]) -> Meaning:
    return next((meaning for meaning in meanings if meaning.known), UNKNOWN)


def look_up(text: str, names: Names, sense: _Sense) -> Meaning:
    """What the text says if it is a name and nothing more."""
    name = key(text)
    if not name:
        return UNKNOWN
    if name in names.unmeant:
        return Meaning(known=True)
    if name in names.only_in_warnings and not sense.warned:
        return UNKNOWN
    present, related, denied = (table.get(name, frozenset()) for table in names[:3])
    if not present | related | denied:
        return UNKNOWN
    if not sense.negated:
        return Meaning(present - denied, related - present, denied, known=True)
    narrowed = {*sense.narrowed, *name.split()} & names.narrowing
    in_part = frozenset(label for label in present if narrowed - _OWN.get(label, set()))
    return Meaning(denied=present - in_part, in_part=in_part if present else related, known=True)


# Words that narrow other labels and are this one's very meaning.
_OWN = {"graphic-violence": {"graphic", "explicit", "detailed"}}


def _by_parts(parts: Sequence[str], names: Names, sense: _Sense) -> Meaning:
    """What the parts say together, with the marks between them. A negation goes on over "and" and "or", until a comma
    or "lots of".
    """
    meanings: list[Meaning] = []
    negated = sense.negated
    for mark, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        joint = mark.strip()
        if joint and (joint not in _CARRYING or _AFRESH.match(part)):
            negated = joint in _DENYING
        meanings.append(_read(part, names, sense._replace(negated=negated)))
        negated = negated or bool(_NEGATION.match(part))
    return together(meanings)


def together(meanings: Iterable[Meaning]) -> Meaning:
    """All that some tags say."""
    columns = list(zip(UNKNOWN, *meanings, strict=True))
    present, related, denied, in_part = (frozenset().union(*column) for column in columns[:4])
    return Meaning(present, related - present, denied, in_part, any(columns[4]))


def _of_somebody(text: str, names: Names, sense: _Sense) -> Meaning:
    """What a tag says of a character by name."""
    words = text.split()
    if len(words) < 2 or sense.negated or not _UNREAL.isdisjoint(words):
        return UNKNOWN
    has = _HAS.match(text)
    heads = [words[0]] if words[0] in _FIRST and len(words) <= 4 else []
    tails = [words[-1]] if words[-1] in _LAST and len(words) <= 5 else []
    candidates = [*([has[1]] if has else []), *heads, *("character dies" if tail == "dies" else tail for tail in tails)]
    return _first(look_up(each, names, sense) for each in candidates)


_DENIED_BEFORE = re.compile(r"\b(?:no|not|without|never|zero)\b|n't\b")
_LONGEST_NAME = 6  # words


def _inside(text: str, names: Names, sense: _Sense) -> Meaning:
    """The names within a warning that is a sentence, the longest first."""
    words = re.findall(r"[\w'@*-]+", text)
    found: list[Meaning] = []
    start = 0
    while start < len(words):
        before = " ".join(words[max(start - 3, 0) : start])
        within = _Sense(True, sense.negated != bool(_DENIED_BEFORE.search(before)), frozenset(before.split()))
        for size in range(_LONGEST_NAME, 0, -1):
            meaning = look_up(" ".join(words[start : start + size]), names, within)
            if meaning.known:
                found.append(meaning)
                start += size
                break
        else:
            start += 1
    return together(found)


_APOSTROPHES = re.compile(r"'s\b|'")
_SEPARATORS = re.compile(r"[^\w*@+]+")
_SPELLINGS = (
    (re.compile(r"(?<=\w)our"), "or"),
    (re.compile(r"(?<=\w)is(?=(?:e|ed|es|ing|ation)\b)"), "iz"),
    (re.compile(r"(?<=\w\w\w)(?:ie|y)s?\b"), "i"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"(?<=\w\w\w)s\b"), ""),
)


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """A name as names are compared: hyphens, plurals, doubled letters and British or American spelling are all one.

    >>> key("Self-Harm") == key("self harms"), key("Humour") == key("humor"), key("fluffff") == key("Fluff")
    (True, True, True)
    """
    name = _SEPARATORS.sub(" ", _APOSTROPHES.sub("", plain(text)).replace("&", " and ").replace("/", " "))
    for pattern, instead in _SPELLINGS:
        name = pattern.sub(instead, name)
    return " ".join(name.split())


@lru_cache(maxsize=4)
def names_of(labels: LabelSet) -> Names:
    """Every name by which the labels go: their own, those of the outside vocabularies, and those of the synonyms."""
    import tomllib

    synonyms = tomllib.loads(shipped.synonyms_file().read_text("utf-8"))
    own = {
        label.id: [label.id, label.name, *(name for names in label.vocabularies.values() for name in names)]
        for label in labels
    }
    listed = {
        table: {label: listed_names(text) for label, text in synonyms[table].items() if label in labels}
        for table in ("declares", "related", "denies")
    }
    narrowing, empty, endings = (listed_names(synonyms[table]) for table in ("narrowing", "empty", "at_end"))
    return Names(
        present=_index(own, listed["declares"]),
        related=_index(listed["related"]),
        denied=_index(listed["denies"]),
        only_in_warnings=frozenset(map(key, listed_names(synonyms["only_in_warnings"]))),
        unmeant=frozenset(map(key, listed_names(synonyms["unmeant"]))),
        narrowing=frozenset(map(key, narrowing)),
        words=re.compile(rf"(?:{_either([*narrowing, *empty])})[ /&,:-]+"),
        endings=re.compile(rf"[\s,:;(-]+(?:{_either(endings)})$"),
    )


def listed_names(text: str) -> list[str]:
    """The names between the commas."""
    return [name for name in (" ".join(each.split()) for each in text.split(",")) if name]


def _index(*tables: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    index: dict[str, frozenset[str]] = {}
    for table in tables:
        for label, names in table.items():
            for name in map(key, names):
                index[name] = index.get(name, frozenset()) | {label}
    return index


def _either(names: Iterable[str]) -> str:
    """A pattern for any of the names, the longest first, with a hyphen for a blank where one stands."""
    return "|".join(re.escape(name).replace(r"\ ", "[ -]") for name in sorted(names, key=len, reverse=True))
