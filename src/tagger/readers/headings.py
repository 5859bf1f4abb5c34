"""Chapter headings: which lines are one, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tagger.readers.lines import is_scene_break, line_start, stands_alone

LONGEST_HEADING = 80
_LONGEST_TITLE = 100
_FULL_LINE = 50
_QUOTES = ('"', "“", "'", "‘")

_DECORATION = " \t\xa0\r*_~#=<>[]{}|•-–—"
_DECORATION_CLASS = "[" + re.escape(_DECORATION) + "]*"
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ROMAN = r"(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})"
_NUMBER = (
    rf"(?:\d{{1,4}}(?:\.\d+)?|{_TEENS}|(?:{_TENS})(?:[ -](?:{_UNITS}))?|{_UNITS}"
    r"|(?=[ivxlc])[xlc]*(?:ix|iv|v?i{0,3}))"
    r"(?!\w)(?:\s*(?:/|of)\s*(?:\d+|\?))?"
)
_TRANSLATED = "chapitre|cap[íi]tulo|kapitel|partie|parte|teil|глава|часть"
_NAMED = re.compile(
    rf"""(?: (?:\d+[.)]\s*)? (?:chapter|chap|ch|part|{_TRANSLATED}) (?:\.\s*|\s+|(?=\d)) \#? {_NUMBER}
           | (?:prolog(?:ue)?|epilog(?:ue)?|interlude|prólogo|epílogo|пролог|эпилог
              |table\s+of\s+contents) \b (?:\s+{_NUMBER})? )
         (?P<rest>.*)""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMERAL = re.compile(rf"(?P<digits>{_ROMAN})(?P<dot>\.?)", re.IGNORECASE)

# What a line must open with to be worth a closer look. One expression finds such lines in the whole text; for
# speed it looks at a line's first character first.
_OPENING = (
    rf"(?=[{re.escape(_DECORATION)}cpeivxtk\d]){_DECORATION_CLASS}"
    r"(?:chap|ch[.\s\d]|part(?:i?e)?\s|prolog|epilog|interlude|table\sof|\d+[.)]\s*ch"
    r"|cap[íi]tulo|kapitel|teil\s|prólogo|epílogo"
    rf"|[ivx]+\.?{_DECORATION_CLASS}$)"
)
_FLAGS = re.IGNORECASE | re.MULTILINE
_PROSE_LINES = re.compile(rf"\n{_OPENING}", _FLAGS)
_CYRILLIC_OPENING = rf"{_DECORATION_CLASS}(?:глава|часть|пролог|эпилог)"
_ATX = re.compile(r"#{1,6}\s+(?=\S)")
_SETEXT = re.compile(r"={3,}|-{3,}")


class Heading(NamedTuple):
    """A heading's stretch of the text, and its words without the marks around them."""

    start: int
    end: int
    title: str


def headings(text: str, *, markdown: bool, hard_wrapped: bool) -> Iterator[Heading]:
    """The headings of a text; in a hard-wrapped text, none of them inside a paragraph."""
    heading = heading_at(text, 0, markdown=markdown, hard_wrapped=hard_wrapped)
    if heading:
        yield heading
    cyrillic = not text.isascii() and "а" in text
    for match in (_opening_lines(markdown, cyrillic) if markdown or cyrillic else _PROSE_LINES).finditer(text):
        heading = heading_at(text, match.start() + 1, markdown=markdown, hard_wrapped=hard_wrapped)
        if heading:
            yield heading


@cache
def _opening_lines(markdown: bool, cyrillic: bool) -> re.Pattern[str]:
    """Compiled when it is needed, since that costs a start a millisecond or two."""
    openings = [r"[ \t\xa0]*\#|={3}|-{3}"] * markdown + [_CYRILLIC_OPENING] * cyrillic + [_OPENING]
    return re.compile(rf"\n(?:{'|'.join(openings)})", _FLAGS)


def heading_at(text: str, start: int, *, markdown: bool = False, hard_wrapped: bool = False) -> Heading | None:
    """Find the heading on the line that begins at `start`, if it is one."""
    limit = min(len(text), start + 2 * LONGEST_HEADING)
    end = text.find("\n", start, limit)
    end = limit if end < 0 else end
    line = text[start:end].strip().replace("\xa0", " ")
    if len(line) > LONGEST_HEADING:
        return None
    if markdown and _SETEXT.fullmatch(line):
        return _underlined(text, start, end)
    if markdown and _ATX.match(line):
        return Heading(start, end, line.strip("# \t*_"))
    return _in_prose(text, start, end, hard_wrapped=hard_wrapped)


def may_be_title(text: str, start: int, end: int) -> bool:
    """Whether the line `text[start:end]` could be an unmarked title: short, neither speech nor a sentence."""
    if end - start > _LONGEST_TITLE:
        return False
    line = text[start:end].strip("*_")
    return not line.startswith(_QUOTES) and not line.endswith((".", ",", "!", "?", *_QUOTES, "”", "’"))


def _in_prose(text: str, start: int, end: int, *, hard_wrapped: bool) -> Heading | None:
    """The heading that `text[start:end]` is without Markdown's help."""
    line = text[start:end].strip().replace("\xa0", " ")
    title = line.strip(_DECORATION)
    named, numeral = _NAMED.fullmatch(title), _NUMERAL.fullmatch(title)
    if not named and not numeral:
        return None
    alone = stands_alone(text, start, end)
    if hard_wrapped and not alone and _goes_on(text, start):
        return None
    if (named and _names_a_chapter(named["rest"], alone)) or (numeral and _numbers_a_chapter(line, numeral, alone)):
        return Heading(start, end, title)
    return None


def _goes_on(text: str, start: int) -> bool:
    """Whether the line above the one that begins at `start` is full, so that its paragraph goes on here."""
    return start > 0 and len(text[line_start(text, start - 1) : start].strip()) >= _FULL_LINE


def _names_a_chapter(rest: str, alone: bool) -> bool:
    """Whether `rest`, what follows `Chapter 3`, is a title or nothing, and not a sentence that goes on."""
    title = rest.strip()
    if title in {"", "."} or title.startswith(":"):
        return True
    if title.startswith((".", "-", "–", "—", "~", "|", "(")):
        return not title.endswith((".", ",", ";"))
    return alone and rest[0].isspace() and title[-1].isalnum()


def _numbers_a_chapter(line: str, numeral: re.Match[str], alone: bool) -> bool:
    if is_scene_break(line, 0, len(line)):
        return False
    digits = numeral["digits"].lower()
    # Bare, `I` is a word and `xx` is two kisses.
    return bool(numeral["dot"]) or (alone and len(digits) > 1 and digits.strip("x") != "")


def _underlined(text: str, start: int, end: int) -> Heading | None:
    """A Markdown heading whose underline is the line `text[start:end]`."""
    above = line_start(text, start - 1) if start else 0
    title = text[above:start].strip().replace("\xa0", " ")
    if not title or len(title) > LONGEST_HEADING or not stands_alone(text, above, end):
        return None
    if title.endswith((".", ",", ";", ":", "!", "?", '"', "”", "'", "’")):
        return None
    return Heading(above, end, title.strip("*_"))
