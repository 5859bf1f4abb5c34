"""The header an author writes above a story: which lines it is, and what it declares.

A header is read only where two known keys stand at the very top, or the one key `Warnings:`, with which no
story opens. Everything in it is the author's word about the story; read as story it would give the labels away.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tagger.readers.headings import heading_at, may_be_title
from tagger.readers.lines import is_scene_break, line_start, lines
from tagger.works import Declared

_TOP_CHARS = 1000  # within which the first key stands
_TITLE_LINES = 3
_LONGEST_CONTINUATION = 10
_MOST_ENTRIES = 200
_LONGEST_ENTRY = 10_000
_WRAPPED = range(50, 101)

# In the singular, in lower case. The first four are words that only a header uses; a log book or a letter
# in a story may well have two of the common ones.
_RATING = {"rating", "rated"}
_WARNINGS = {
    *("warning", "archive warning", "content warning", "trigger warning", "content/trigger warning"),
    *("chapter warning", "content note", "cw", "tw", "trigger"),
}
_TAGS = {"tag", "additional tag", "freeform", "freeform tag", "keyword"}
_OTHER = {
    *(
        "title",
        "fic",
        "fic title",
        "story title",
        "author",
        "written by",
        "fandom",
        "pairing",
        "relationship",
    ),
    *("ship", "character", "main character", "summary", "disclaimer", "a/n", "author's note", "authors note"),
    *("author note", "authors' note", "spoiler", "genre", "word count", "wordcount", "beta", "beta'd by"),
    *("story url", "author url"),
}
_COMMON = {
    *(
        "by",
        "an",
        "note",
        "word",
        "language",
        "series",
        "status",
        "published",
        "updated",
        "completed",
        "posted",
    ),
    *("packaged", "publisher", "chapter", "category", "feedback", "archive", "date", "part", "length"),
    *("setting", "timeline", "prompt", "distribution", "e-mail", "email", "dedication", "collection", "stat"),
    *("universe", "recipient", "beta reader", "artist", "url"),
}
_DISTINCT = _RATING | _WARNINGS | _TAGS | _OTHER
_KNOWN = _DISTINCT | _COMMON
# With these a story may open, on what a sign says.
_NOT_ENOUGH_ALONE = {"warning", "trigger", "triggers"}

_MARKS = r"[ \t*_]*"
_KEY = r"(?P<key>[^\W\d_](?:[\w'’/&().-]| (?! )){0,30}?)"
_KEY_LINE = re.compile(rf"[ \t*_#>•~-]*{_KEY}{_MARKS}:{_MARKS}")
_NEXT_KEY = re.compile(rf"[.;|][ \t]+[*_]*{_KEY}{_MARKS}:{_MARKS}")
_FRONT_MATTER_LINE = re.compile(r"[\w\"'][^:]*:(?:\s|$)|\s|-\s|#")


class Header(NamedTuple):
    """The header's stretch of the text and what it declares."""

    start: int
    end: int
    declared: Declared


class _Entry(NamedTuple):
    """`key` is the singular of a known key, or ''."""

    key: str
    value: str


def find_header(text: str) -> Header | None:
    """The header at the top of the text, or after a chapter heading at the top."""
    if text.find(":", 0, _TOP_CHARS) < 0:
        return None
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
    entries: list[_Entry] = []
    for number, (row_start, row_end) in enumerate(lines(text, end, len(text))):
        line = text[row_start : min(row_end, row_start + _LONGEST_ENTRY)]
        if number > _MOST_ENTRIES:
            return None
        if line in {"---", "..."}:
            known = any(entry.key in _DISTINCT for entry in entries)
            return Header(start, row_end, _declare(entries)) if known else None
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
    entries: list[_Entry] = []
    end = start
    pending: list[str] = []  # lines that belong to the header only if a known key follows
    previous_end = start
    for row_start, row_end in lines(text, start, len(text)):
        if len(entries) > _MOST_ENTRIES or row_end - row_start > _LONGEST_ENTRY:
            break
        line = text[row_start:row_end]
        found = _entries(line) if ":" in line else []
        if any(entry.key for entry in found):
            entries = [*_continued(entries, pending), *found]
            pending = []
            end = row_end
        elif not entries:
            pending.append(line)
            if len(pending) > _TITLE_LINES or not may_be_title(text, row_start, row_end):
                return None
        elif text.count("\n", previous_end, row_start) > 1:
            break
        elif not pending and text[row_start - 1] in " \t":
            entries = _continued(entries, [line])
            end = row_end
        else:
            pending.append(line)
            if len(pending) > _LONGEST_CONTINUATION:
                pending = []
                break
        previous_end = row_end
    if not _is_header(entries, at_top=_KEY_LINE.match(text, start)):
        return None
    if pending and _is_wrapped([text[text.rfind("\n", 0, end) + 1 : end], *pending]):
        entries = _continued(entries, pending)
        end = previous_end
    return Header(start, end, _declare(entries))


def _entries(line: str) -> list[_Entry]:
    """The keys and values of a line: none, one, or several as in `Rating: T. Warnings: none`."""
    first = _KEY_LINE.match(line)
    if not first:
        return []
    rest = (match for match in _NEXT_KEY.finditer(line, first.end()) if _known(match["key"]) in _DISTINCT)
    matches = [first, *rest]
    ends = [match.start() for match in matches[1:]] + [len(line)]
    return [
        _Entry(_known(match["key"]), line[match.end() : end].strip(" \t*_"))
        for match, end in zip(matches, ends, strict=True)
    ]


def _plain(key: str) -> str:
    return " ".join(key.lower().replace("’", "'").replace("(s)", "s").replace("(es)", "").split())


def _known(key: str) -> str:
    """The singular of a known key, or '' for any other."""
    plain = _plain(key)
    return next((form for form in (plain, plain.removesuffix("s")) if form in _KNOWN), "")


def _continued(entries: list[_Entry], more: list[str]) -> list[_Entry]:
    """The entries, the last one's value going on with those lines of `more` that have no key of their own."""
    own = " ".join(line for line in more if not _KEY_LINE.match(line))
    if not entries or not own:
        return entries
    last = entries[-1]
    return [*entries[:-1], last._replace(value=f"{last.value} {own}".strip())]


def _is_wrapped(rows: list[str]) -> bool:
    """Whether each line goes on in the next: all full but the last, and none too long."""
    return all(len(row) in _WRAPPED for row in rows[:-1]) and len(rows[-1]) < _WRAPPED.stop


def _is_header(entries: list[_Entry], *, at_top: re.Match[str] | None) -> bool:
    keys = {entry.key for entry in entries if entry.key}
    if len(keys) > 1 and keys & _DISTINCT:
        return True
    if not keys or not at_top:
        return False
    return _known(at_top["key"]) in _WARNINGS and _plain(at_top["key"]) not in _NOT_ENOUGH_ALONE


def _declare(entries: list[_Entry]) -> Declared:
    ratings = [entry.value for entry in entries if entry.key in _RATING and entry.value]
    return Declared(
        rating=ratings[0] if ratings else None,
        warnings=_items(entries, _WARNINGS),
        tags=_items(entries, _TAGS),
    )


def _items(entries: list[_Entry], keys: set[str]) -> tuple[str, ...]:
    return tuple(item for entry in entries if entry.key in keys for item in split_list(entry.value))


def split_list(value: str) -> tuple[str, ...]:
    """The items between commas or semicolons.

    >>> split_list("blood, war;  Rape/Non-Con,")
    ('blood', 'war', 'Rape/Non-Con')
    """
    return tuple(filter(None, (item.strip(" \t*_") for item in re.split("[,;]", value))))
