"""Author's notes at the top and the end of a chapter: where the story begins and ends between them.

One marker that cannot be mistaken (`A/N:`, `[Author's note: ..]`, `TBC`) is enough.
"""

from __future__ import annotations

import re

from tagger.readers.headings import may_be_title
from tagger.readers.lines import (
    is_scene_break,
    line_start,
    lines,
    paragraph_end,
    paragraph_start,
    trimmed_end,
)

_LONGEST_BRACKET = 5000
_LONGEST_CLOSING = 150
_LONGEST_DISCLAIMER = 1000
_MARKS = " \t\xa0\r*_"
_PARTNER = {"(": ")", "[": "]", "{": "}"}

# What neither a note nor a disclaimer begins with: looked at first, for speed.
_OPENS_A_STORY = frozenset("\"'“‘«" + "fghjklmpqruxyz" + "FGHJKLMPQRUXYZ")

_OPENS_NO_DISCLAIMER = frozenset("bdeovBDEOV")
_COLON = r"(?=[ \t\xa0*_]*:)"
_AFTER_NOTE = r"(?=[ \t\xa0\r*_]*(?:[:.,;!\-–—)\]}]|$)|\s+(?:at|in|see)\b)"
# In Spanish, French, German and Russian.
_TRANSLATED = rf"""
    (?:nota|note)s?\s+(?:del?|de\s+la|de\s+l['’])\s?(?:autora?|auteure?|autrice|traduct\w+){_AFTER_NOTE}
  | n\.?\s?d\.?\s?[at]\.?{_COLON} | n/a{_COLON}
  | (?:anmerkung(?:en)?|vorwort|nachwort)(?:\s+(?:des|der)\s+(?:autors|autorin|übersetzer(?:s|in)))?{_COLON}
  | примечани[ея]\s+(?:автора|переводчика){_AFTER_NOTE} | от\s+(?:автора|переводчика){_COLON} | а/н{_COLON}
"""
_NOTE = re.compile(
    rf"""[ \t\xa0*_~\#>=-]{{0,40}} (?P<bracket>[(\[{{]?) [ \t\xa0(\[{{*_]{{0,40}} (?=[abcdenotvwпоа])
         (?P<marker> a/n(?!\w) | an{_COLON} | disclaimers?(?=[ \t\xa0*_]*[:–—-]) | {_TRANSLATED}
           | (?:author|translator|beta)['’]?s?['’]?\s+notes?{_AFTER_NOTE}
           | (?:chapter\s+)?(?:end|beginning|opening|closing|chapter)\s?notes?(?=[ \t\xa0\r*_]*(?:[:)\]}}]|$))
           | (?:content|trigger|archive|chapter)\s+warnings?{_COLON} | warnings{_COLON} | [tc]/?w{_COLON} )
         (?P<rest>.*)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_BRACKETED = re.compile(r"[(\[{][\s*_]*(?:a/n(?!\w)|author['’]?s?['’]?\s+note)", re.IGNORECASE)
# What a disclaimer without the word begins with, and what must stand in it: a story may open with "I don't own a car".
_NOT_MINE = re.compile(
    r"""[\s*_(\[]*(?=[acinstw])(?:sadly,?\s+|as\s+always,?\s+|still\s+)?
        (?: (?:i|we)\s+(?:still\s+|sadly\s+|really\s+)?(?:do\s+not|don['’]?t)\s+own | (?:i|we)\s+own\s+(?:nothing|none)
          | (?:all\s+|the\s+|these\s+)*characters\s+(?:[\w\xa0 ]{1,30}\s)?(?:belong|are\s+(?:not\s+mine|the\s+property))
          | not\s+mine\b | no\s+copyright\s+infringement )""",
    re.IGNORECASE | re.VERBOSE,
)
_FOR_LAWYERS = re.compile(
    r"copyright|infring|trademark|characters?\b|\b(?:no|any)\s+(?:profit|money)|\bsue\s+me|all\s+rights|fandom"
    r"|just\s+(?:borrow|play)",
    re.IGNORECASE,
)
_REVIEW = r"(?:r\s?(?:&|\+|and)\s?r|(?:read\s+(?:and|&)\s+)?review)"
_CLOSING = re.compile(
    rf"""[\s*_~=.<>\#(\[–—-]*
         (?: (?:the\s+)?end | fin | finis | tbc | t\.b\.c | {_REVIEW}(?:\s+please|\s+pls)?
           | to\s+be\s+continued .{{0,40}}
           | cont(?:inued|['’]d|\.)?\s+in\s+(?:the\s+next\s+)?(?:chapter|part)\b .{{0,40}}
           | end\s+[(\[]?\d+\s?(?:/|of)\s?\d+ | fortsetzung\s+folgt | ende | continuará | à\s+suivre
           | продолжение\s+следует | конец
           | pl(?:ea)?[sz]e?\s+{_REVIEW}\b .{{0,60}}
           | end\s+(?:of\s+)?(?:chapter|part|file)\b .{{0,80}} )
         [\s*_~=.<>\#)\]–—!?…:;,♥♡☺3-]*""",
    re.IGNORECASE | re.VERBOSE,
)


def story_start(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the story in `text[start:end]` begins, after notes, a title above them, and scene breaks."""
    while True:
        rows = lines(text, start, end)
        first = next(rows, (end, end))
        while is_scene_break(text, *first):
            first = next(rows, (end, end))
        after = _note_end(text, first[0], end, hard_wrapped=hard_wrapped)
        if after == first[0] and may_be_title(text, *first):
            below = next(rows, (end, end))[0]
            after = _note_end(text, below, end, hard_wrapped=hard_wrapped)
            if after == below:
                return first[0]
        elif after == first[0]:
            return after
        start = after


def story_end(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the story in `text[start:end]` ends, before notes and closing words such as `TBC`."""
    while True:
        end = trimmed_end(text, start, end)
        last = paragraph_start(text, start, end, hard_wrapped=hard_wrapped)
        if last == end:
            return end
        before = _before_last(text, start, last, end, hard_wrapped=hard_wrapped)
        if before == end:
            return end
        end = before


def is_note(line: str) -> bool:
    """Whether a line opens an author's note."""
    return _NOTE.match(line) is not None


def _before_last(text: str, start: int, last: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the closing note begins that ends with the paragraph `text[last:end]`, or `end` if none does."""
    if end - last <= _LONGEST_CLOSING:
        row_start, row_end = next(lines(text, last, end))
        if row_end == end and is_scene_break(text, row_start, end):
            return last
        if _CLOSING.fullmatch(text, last, end):
            return last
    if _note_end(text, last, end, hard_wrapped=hard_wrapped) == end:
        return last
    if text[max(last, end - _LONGEST_CLOSING) : end].rstrip(_MARKS).endswith((")", "]", "}")):
        for bracket in _BRACKETED.finditer(text, max(start, end - _LONGEST_BRACKET), end):
            opening = line_start(text, bracket.start())
            if opening >= start and _note_end(text, opening, end, hard_wrapped=hard_wrapped) == end:
                return opening
    above_end = trimmed_end(text, start, last)
    above = paragraph_start(text, start, above_end, hard_wrapped=hard_wrapped)
    return above if _note_end(text, above, end, hard_wrapped=hard_wrapped) == end else end


def _note_end(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the note ends that begins at `start`, or `start` if none does."""
    if start == end or text[start] in _OPENS_A_STORY:
        return start
    note = _NOTE.match(text, start, end)
    if not note:
        return _disclaimer_end(text, start, end, hard_wrapped=hard_wrapped)
    stop = paragraph_end(text, note.start("rest"), end, hard_wrapped=hard_wrapped)
    if not note["rest"].strip(_MARKS + ":.-–—)]}") and stop == note.end("rest"):
        return _next_paragraph_end(text, stop, end, hard_wrapped=hard_wrapped)
    if note["bracket"]:
        return _bracket_end(text, note.start("bracket"), stop, end)
    return stop


def _disclaimer_end(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the paragraph ends that begins at `start`, if it says whose the characters are; else `start`."""
    if text[start] in _OPENS_NO_DISCLAIMER or not _NOT_MINE.match(text, start, end):
        return start
    stop = paragraph_end(text, start, end, hard_wrapped=hard_wrapped)
    return stop if stop - start <= _LONGEST_DISCLAIMER and _FOR_LAWYERS.search(text, start, stop) else start


def _next_paragraph_end(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """The marker stands alone, so the note is the paragraph that follows."""
    row = next(lines(text, start, end), None)
    if row is None or is_scene_break(text, *row):
        return start
    return paragraph_end(text, row[0], end, hard_wrapped=hard_wrapped)


def _bracket_end(text: str, start: int, stop: int, end: int) -> int:
    """Where the bracket at `start` closes: at the end of its paragraph, else where the brackets balance."""
    opening, closing = text[start], _PARTNER[text[start]]
    if text[max(start, stop - _LONGEST_CLOSING) : stop].rstrip(_MARKS + ".!").endswith(closing):
        return stop
    depth = 0
    window = text[start : min(end, start + _LONGEST_BRACKET)]
    for match in re.finditer(rf"[{re.escape(opening + closing)}]", window):
        depth += 1 if match[0] == opening else -1
        if depth == 0:
            after = start + match.end()
            while after < end and text[after] in "*_":
                after += 1
            return after
    return stop
