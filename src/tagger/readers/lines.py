"""Lines, and the lines that part scenes.

Everything here speaks in offsets into the text as it was decoded, and only the line feed ends a line: a text
whose lines end in lone carriage returns goes through `with_line_feeds` first, which moves no offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"\S.*\S|\S")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
# White space further than this from a line is not looked at.
_MARGIN = 200

LONGEST_SCENE_BREAK = 120
# Without quotation marks, round brackets (smileys), digits, '?' and '!': a line of those is somebody speaking.
_ORNAMENT = (
    r"*~#=+_.:\-|/\\^<>°§·×"
    r"\u2010-\u2015\u2020-\u2022\u2026\u203b\u2042\u2190-\u27bf\u2e3a\u2e3b\u301c\uff5e\ufe0f"
)
_SCENE_BREAK = re.compile(
    rf"""  [{_ORNAMENT}\s]+                                             # ***  * * *  ~*~  ---  .  #
        | [{_ORNAMENT}\s]*(?=[xX0\s]*[xXoO])(?:[xXoO0][{_ORNAMENT}\s]*){{3,}}  # xXx  oOo  x-x-x  ~oOo~  o0o
        | [{_ORNAMENT}]\s*[xXoO][{_ORNAMENT}xXoO\s]*(?<=[{_ORNAMENT}])  # -x-  *o*
        | <hr\s*/?> | <HR\s*/?> | (?:<p>)?&nbsp;(?:</p>)?              # left over from HTML
    """,
    re.VERBOSE,
)
# Looked at before anything else, for speed. Above U+201F come ornaments, below it the quotation marks.
_SCENE_BREAK_STARTS = frozenset("*~#=+_.:-|/\\^<>°§·×&xXoO0‐‑‒–—―")
_LAST_QUOTATION_MARK = "\u201f"


def with_line_feeds(text: str) -> str:
    r"""The text, offset for offset, with each carriage return that stands alone as a line feed.

    >>> with_line_feeds("one\rtwo\r\nthree")
    'one\ntwo\r\nthree'
    """
    if "\r" not in text or text.count("\r") == text.count("\r\n"):
        return text
    return _LONE_RETURN.sub("\n", text)


def lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    r"""The (start, end) of each line that is not blank, white space around it left out.

    >>> list(lines("  one\r\n\r\ntwo ", 0, 13))
    [(2, 5), (9, 12)]
    """
    return map(re.Match.span, _LINE.finditer(text, start, end))


def line_start(text: str, offset: int) -> int:
    """Where the line begins in which `offset` lies."""
    return text.rfind("\n", 0, offset) + 1


def paragraph_start(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the last paragraph of `text[start:end]` begins: its last line, or block if `hard_wrapped`."""
    begin = line_start(text, end)
    while hard_wrapped and begin > start and text[line_start(text, begin - 1) : begin].strip():
        begin = line_start(text, begin - 1)
    return max(start, begin)


def paragraph_end(text: str, start: int, end: int, *, hard_wrapped: bool) -> int:
    """Where the paragraph ends that begins at `start`."""
    if hard_wrapped:
        blank = _BLANK_LINE.search(text, start, end)
        return blank.start() if blank else end
    stop = text.find("\n", start, end)
    return end if stop < 0 else stop


def trimmed_end(text: str, start: int, end: int) -> int:
    """Where `text[start:end]` ends when white space at its end is left out."""
    while end > start:
        tail = text[max(start, end - _MARGIN) : end]
        kept = len(tail.rstrip())
        end -= len(tail) - kept
        if kept:
            break
    return end


def common_start(one: str, other: str) -> int:
    """How many characters both begin with.

    >>> common_start("title", "tilde")
    2
    """
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def is_scene_break(text: str, start: int, end: int) -> bool:
    """Whether the line `text[start:end]` is nothing but ornament, or x's and o's that serve as one.

    >>> [is_scene_break(line, 0, len(line)) for line in ("* * *", "oOo", "-x-", "Oh.", "?!")]
    [True, True, True, False, False]
    """
    return (
        0 < end - start <= LONGEST_SCENE_BREAK
        and ((first := text[start]) in _SCENE_BREAK_STARTS or first > _LAST_QUOTATION_MARK)
        and _SCENE_BREAK.fullmatch(text, start, end) is not None
    )


def has_words(text: str, start: int, end: int) -> bool:
    """Whether a line of `text[start:end]` is more than ornament."""
    return start < end and any(not is_scene_break(text, *row) for row in lines(text, start, end))


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the line `text[start:end]` has a blank line, or the edge of the text, on both sides."""
    before = text[max(0, start - _MARGIN) : start]
    after = text[end : end + _MARGIN]
    white_before = before[len(before.rstrip()) :]
    white_after = after[: len(after) - len(after.lstrip())]
    return (white_before.count("\n") > 1 or len(white_before) == start) and (
        white_after.count("\n") > 1 or len(white_after) == len(text) - end
    )
