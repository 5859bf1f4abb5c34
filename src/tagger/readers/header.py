"""The header an author writes above a story: which lines it is, and what it declares.

A header is read only where two known keys stand at the very top, or the one key `Warnings:`, with which no
story opens, or one line such as `Fandom, A/B, NC17, 2300 words`. Everything in it is the author's word about the story;
read as story it would give the labels away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from tagger.readers.headings import heading_at, may_be_title
from tagger.readers.lines import common_start, is_scene_break, line_start, lines
from tagger.works import Declared

_TOP_CHARS = 1000  # within which the first key stands
_TITLE_LINES = 3
_LONGEST_CONTINUATION = 10
_MOST_ENTRIES = 200
_MOST_PARTS = 1000
_LONGEST_ENTRY = 10_000
_WRAPPED = range(50, 101)


def _keys(listed: str) -> set[str]:
    return {key for line in listed.strip().splitlines() for key in line.strip().split(", ")}


# In the singular, in lower case; English, then Russian, Spanish, French and German. The first four sets are words that
# only a header uses; a log book or a letter in a story may well have two of the common ones.
_RATING = _keys("""
    rating, rated, content rating, age rating
    рейтинг, возрастной рейтинг
    clasificación, clasificacion
    classement
    altersfreigabe, altersempfehlung, altersbeschränkung, einstufung
""")
_WARNINGS = _keys("""
    warning, archive warning, content warning, trigger warning, content/trigger warning, chapter warning, content note
    cw, tw, trigger, squick, kink
    предупреждение, предупреждения, варнинги
    advertencia, aviso
    avertissement, mise en garde
    warnung, warnungen, inhaltswarnung, inhaltswarnungen
""")
_TAGS = _keys("""
    tag, additional tag, freeform, freeform tag, keyword
    метки, теги, ключевые слова
    etiqueta
    étiquette, mot-clé
    schlagwort, schlagwörter
""")
_TITLE = _keys("title, fic, fic title, story title, название, título, titulo, titre, titel")
_OTHER = _TITLE | _keys("""
    author, written by, fandom, pairing, relationship, ship, character, main character, summary, disclaimer, a/n
    author's note, authors note, author note, authors' note, spoiler, spoiler warning, genre, word count, wordcount
    beta, beta'd by, story url, author url
    автор, соавтор, фандом, фэндом, пейринг, пэйринг, пейринг и персонажи, пэйринг и персонажи, персонажи, герои, жанр
    жанры, саммари, краткое содержание, описание, аннотация, дисклеймер, отказ, отказ от прав, бета, переводчик
    направленность, от автора, примечание автора, примечания автора
    autor, autora, pareja, personaje, género, resumen, descargo, renuncia, nota de autor, nota del autor
    nota de la autora
    auteur, auteure, autrice, couple, personnage, résumé, note de l'auteur, note de l'auteure, note de l'autrice
    autorin, paarung, charaktere, hauptfigur, hauptcharaktere, zusammenfassung, kurzbeschreibung, haftungsausschluss
    anmerkung des autors, anmerkung der autorin
""")
_COMMON = _keys("""
    by, an, note, word, language, series, status, published, updated, completed, posted, packaged, publisher, chapter
    category, classification, code, feedback, archive, date, part, length, setting, timeline, prompt, distribution
    e-mail, email, e-mail address, dedication, collection, stat, universe, recipient, beta reader, artist, url, contain
    размер, статус, тип, серия, посвящение, примечание, примечания, глава, источник, канон, размещение, кол-во частей
    публикация на других ресурсах
    nota, idioma, estado, capítulo, palabra, fecha
    langue, statut, chapitre, mot, catégorie
    anmerkung, anmerkungen, inhalt, sprache, kapitel, wörter, figuren
""")
_DISTINCT = _RATING | _WARNINGS | _TAGS | _OTHER
_KNOWN = _DISTINCT | _COMMON
# With these a story may open, on what a sign says.
_NOT_ENOUGH_ALONE = {"warning", "trigger", "triggers", "kink", "kinks", "aviso", "avisos", "advertencia", "warnung"}
_SHORTEST_MISSPELT = 5
_KEYS_REMEMBERED = 1000  # a stream's headers have the same few

_MARKS = r"[ \t\xa0\u202f*_]*"
_KEY = r"(?P<key>[^\W\d_](?:[\w'’/&().-]| (?! )){0,30}?)"
_KEY_LINE = re.compile(rf"[ \t\xa0*_#>•~-]*{_KEY}{_MARKS}:{_MARKS}")
_NEXT_KEY = re.compile(rf"[.;|][ \t]+[*_]*{_KEY}{_MARKS}:{_MARKS}")
_BETWEEN_KEYS = re.compile(r"\s*(?:/|&|\band\b)\s*")
_FRONT_MATTER_LINE = re.compile(r"[\w\"'][^:]*:(?:\s|$)|\s|-\s|#")
_AROUND = " \t\xa0\u202f*_"
_SHORTEST_ONE_LINE, _LONGEST_ONE_LINE = 16, 300


class Header(NamedTuple):
    """The header's stretch of the text, what it declares, the title it gives, or '', and the line feed and the key with
    which the header of another part would begin, or ''.
    """

    start: int
    end: int
    declared: Declared
    title: str = ""
    opening: str = ""


class Entry(NamedTuple):
    """`key` is the singular of a known key, or ''; `misspelt` says that it is only nearly that."""

    key: str
    value: str
    misspelt: bool = False


def find_headers(text: str) -> tuple[Header, ...]:
    """The header at the top of the text, and those below that begin as it does: a file may hold a story's parts."""
    first = find_header(text) if text.find(":", 0, _TOP_CHARS) >= 0 or _may_be_one_line(text) else None
    if not first:
        return ()
    if not first.opening or text.find(first.opening, first.end) < 0:
        return (first,)
    return (first, *_repeated(text, first))


def _repeated(text: str, header: Header) -> Iterator[Header]:
    at = header.end
    for _ in range(_MOST_PARTS):
        at = text.find(header.opening, at) + 1
        if not at:
            break
        again = None if text[line_start(text, at - 1) : at].strip() else _key_lines(text, at)
        if again:
            yield again
            at = again.end


def find_header(text: str) -> Header | None:
    """The header at the top of the text, or after a chapter heading at the top."""
    rows = lines(text, 0, min(len(text), _TOP_CHARS))
    first = next(rows, None)
    while first and (is_scene_break(text, *first) or heading_at(text, line_start(text, first[0]))):
        if text.startswith("---", first[0]):
            header = _front_matter(text, *first)
            if header:
                return header
        first = next(rows, None)
    return _key_lines(text, first[0]) if first else None


def _front_matter(text: str, start: int, end: int) -> Header | None:
    """The `key: value` lines between this line and the next `---`."""
    entries: list[Entry] = []
    for number, (row_start, row_end) in enumerate(lines(text, end, len(text))):
        line = text[row_start : min(row_end, row_start + _LONGEST_ENTRY)].replace("\xa0", " ")
        if number > _MOST_ENTRIES:
            return None
        if line in {"---", "..."}:
            known = any(entry.key in _DISTINCT for entry in entries)
            return _header(start, row_end, entries, "") if known else None
        if line.startswith("- ") and entries:
            last = entries[-1]
            entries[-1] = last._replace(value=f"{last.value}, {_unquoted(line[2:])}".strip(", "))
        elif not _FRONT_MATTER_LINE.match(line):
            return None
        else:
            entries += [entry._replace(value=_unquoted(entry.value)) for entry in _entries(line)[:1]]
    return None


def _unquoted(value: str) -> str:
    return value.strip().strip("[]").replace('"', "").strip("'")


def _key_lines(text: str, start: int) -> Header | None:
    """The `Key: value` lines from `start` on, below at most a few short lines with the title."""
    entries: list[Entry] = []
    opening = ""
    end = start
    pending: list[str] = []  # lines that belong to the header only if a known key follows
    previous_end = start
    for row_start, row_end in lines(text, start, len(text)):
        if len(entries) > _MOST_ENTRIES or row_end - row_start > _LONGEST_ENTRY:
            break
        line = text[row_start:row_end].replace("\xa0", " ")
        found = [entry for entry in _entries(line) if entry.key] if ":" in line else []
        if not entries and not found:
            found = _one_line(line)
        if found:
            opening = opening or ("\n" + text[row_start : row_start + line.index(":") + 1] if ":" in line else "")
            entries = [*_continued(entries, pending), *found]
            pending = []
            end = row_end
        elif not entries:
            pending.append(line)
            if len(pending) > _TITLE_LINES or not may_be_title(text, row_start, row_end):
                return None
        elif text.count("\n", previous_end, row_start) > 1:
            break
        elif not pending and (text[row_start - 1] in " \t\xa0" or not entries[-1].value):
            entries = _continued(entries, [line])
            end = row_end
        else:
            pending.append(line)
            if len(pending) > _LONGEST_CONTINUATION:
                pending = []
                break
        previous_end = row_end
    if not _is_header(entries, at_top=_KEY_LINE.match(text[start : start + _TOP_CHARS].replace("\xa0", " "))):
        return None
    if pending and _is_wrapped([text[text.rfind("\n", 0, end) + 1 : end], *pending]):
        entries = _continued(entries, pending)
        end = previous_end
    return _header(start, end, entries, opening)


def _entries(line: str) -> list[Entry]:
    """The keys and values of a line: none, one, or several as in `Rating: T. Warnings: none`."""
    first = _KEY_LINE.match(line)
    if not first:
        return []
    if line.find(":", first.end()) < 0:
        return [_entry(first["key"], line[first.end() :])]
    rest = (match for match in _NEXT_KEY.finditer(line, first.end()) if _known(match["key"]) in _DISTINCT)
    matches = [first, *rest]
    ends = [match.start() for match in matches[1:]] + [len(line)]
    return [_entry(match["key"], line[match.end() : end]) for match, end in zip(matches, ends, strict=True)]


def _entry(key: str, value: str) -> Entry:
    known = _known(key)
    meant = known or _meant(key)
    return Entry(meant, value.strip(_AROUND), misspelt=known != meant)


def _plain(key: str) -> str:
    return " ".join(key.lower().replace("’", "'").replace("(s)", "s").replace("(es)", "").split())


@lru_cache(_KEYS_REMEMBERED)
def _known(key: str) -> str:
    """The singular of a known key, or '' for any other; of two in one, `Warnings/Spoilers`, what tells more."""
    plain = _plain(key)
    if (known := _singular(plain)) or not ("/" in plain or "&" in plain or " and " in plain):
        return known
    both = [_singular(part) for part in _BETWEEN_KEYS.split(plain)]
    return min(both, key=_rank) if all(both) else ""


def _singular(plain: str) -> str:
    return next((form for form in (plain, plain.removesuffix("s")) if form in _KNOWN), "")


def _rank(key: str) -> int:
    return next((rank for rank, keys in enumerate((_WARNINGS, _RATING, _TAGS, _OTHER)) if key in keys), 4)


@lru_cache(_KEYS_REMEMBERED)
def _meant(key: str) -> str:
    """The one distinct key that is but a slip away, as `Ttile` and `Paring` are; '' if there is none."""
    plain = _plain(key)
    if len(plain) < _SHORTEST_MISSPELT or " " in plain:
        return ""
    forms = (plain, plain.removesuffix("s"))
    near = {known for known in _DISTINCT if any(_one_slip(form, known) for form in forms)}
    return near.pop() if len(near) == 1 else ""


def _one_slip(word: str, known: str) -> bool:
    """Whether one letter too many, too few or wrong, or two that changed places, are all that parts the two."""
    if len(known) < _SHORTEST_MISSPELT or abs(len(word) - len(known)) > 1 or word == known:
        return False
    head = common_start(word, known)
    one, other = word[head:], known[head:]
    return one[1:] in (other, other[1:]) or one == other[1:] or (one[:2] == other[1::-1] and one[2:] == other[2:])


def _may_be_one_line(text: str) -> bool:
    """Whether the first line is short, with a pairing or the number of words in what follows: a cheap look."""
    end = text.find("\n", _SHORTEST_ONE_LINE, _LONGEST_ONE_LINE)
    return end >= 0 and (text.find("/", 0, _LONGEST_ONE_LINE) >= 0 or text.find("words", 0, _LONGEST_ONE_LINE) >= 0)


def _one_line(line: str) -> list[Entry]:
    """What a line without keys says, where one field is a rating and another a pairing or the number of words."""
    if len(line) > _LONGEST_ONE_LINE or ("/" not in line and "words" not in line):
        return []
    patterns = _fields()
    fields = [field.strip(" \t*_()[]") for field in patterns.between.split(line)]
    entries = [
        Entry(key, field)
        for field in fields
        for key, pattern in (("rating", patterns.rating), ("word count", patterns.words), ("pairing", patterns.pairing))
        if pattern.fullmatch(field)
    ]
    keys = {entry.key for entry in entries}
    return entries if "rating" in keys and len(keys) > 1 and len(fields) > 2 else []


class _Fields(NamedTuple):
    """What the fields of a header without keys look like, and what parts them."""

    rating: re.Pattern[str]
    in_brackets: re.Pattern[str]
    words: re.Pattern[str]
    pairing: re.Pattern[str]
    between: re.Pattern[str]


@cache
def _fields() -> _Fields:
    """Compiled when they are needed, since that costs a start a millisecond or two."""
    rating = (
        r"(?:rated:?\s+)?(?:nc-?1[37]|pg-?1[35]|pg|g|r|x|k\+|k|t|m|ma|fr[cm]|frt(?:-?1[35])?|frao|gen|general|teen"
        r"|mature|explicit|adult|1[258]\+?)"
    )
    return _Fields(
        rating=re.compile(rating, re.IGNORECASE),
        in_brackets=re.compile(rf"[(\[](?:[^()\[\]]*[,;]\s*)?({rating})\s*[)\],;]", re.IGNORECASE),
        words=re.compile(r"(?:~|about |around |approx\.? )?[\d.,]+k? ?(?:words?|w)\b.{0,20}", re.IGNORECASE),
        pairing=re.compile(r"[^\s/][^/]{0,40}(?:/[^/]{1,40}){1,3}"),
        between=re.compile(r"[,;|]\s*|\s[-–—]\s"),
    )


def _continued(entries: list[Entry], more: list[str]) -> list[Entry]:
    """The entries, the last one's value going on with those lines of `more` that have no key of their own."""
    own = " ".join(line for line in more if not _KEY_LINE.match(line))
    if not entries or not own:
        return entries
    last = entries[-1]
    return [*entries[:-1], last._replace(value=f"{last.value} {own}".strip(_AROUND))]


def _is_wrapped(rows: list[str]) -> bool:
    """Whether each line goes on in the next: all full but the last, and none too long."""
    return all(len(row) in _WRAPPED for row in rows[:-1]) and len(rows[-1]) < _WRAPPED.stop


def _is_header(entries: list[Entry], *, at_top: re.Match[str] | None) -> bool:
    keys = {entry.key for entry in entries if entry.key}
    if len(keys) > 1 and any(entry.key in _DISTINCT and not entry.misspelt for entry in entries):
        return True
    if not keys or not at_top:
        return False
    return _known(at_top["key"]) in _WARNINGS and _plain(at_top["key"]) not in _NOT_ENOUGH_ALONE


def _header(start: int, end: int, entries: list[Entry], opening: str) -> Header:
    titles = [entry.value for entry in entries if entry.key in _TITLE and entry.value]
    return Header(start, end, _declare(entries), titles[0] if titles else "", opening)


def _declare(entries: list[Entry]) -> Declared:
    ratings = [entry.value for entry in entries if entry.key in _RATING and entry.value]
    ratings = ratings or [rating for entry in entries if entry.key in _TITLE for rating in _in_brackets(entry.value)]
    return Declared(
        rating=ratings[0] if ratings else None,
        warnings=_items(entries, _WARNINGS),
        tags=_items(entries, _TAGS),
    )


def _in_brackets(title: str) -> list[str]:
    """The rating in `Crumb (Office AU, NC-17)` or `Crumb [R]`."""
    return _fields().in_brackets.findall(title) if "(" in title or "[" in title else []


def _items(entries: list[Entry], keys: set[str]) -> tuple[str, ...]:
    return tuple(item for entry in entries if entry.key in keys for item in split_list(entry.value))


def split_list(value: str) -> tuple[str, ...]:
    """The items between commas or semicolons.

    >>> split_list("blood, war;  Rape/Non-Con,")
    ('blood', 'war', 'Rape/Non-Con')
    """
    return tuple(filter(None, (item.strip(" \t*_") for item in re.split("[,;]", value))))
