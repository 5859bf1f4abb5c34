"""Mend a text that was mangled before it came here: characters read in the wrong encoding (mojibake), invisible ones,
entities and tags of HTML that were never meant to be seen. Where something is mended, pieces say where it stood.

Only a text that `looks_mangled` need come here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tagger.readers.lines import common_start, is_scene_break
from tagger.works import Piece

# A text with a larger share of control characters is no text: nothing in it is mended.
_MOST_CONTROLS = 0.01
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# A line, or what stands before a break in HTML: many a file is a single line of these.
_SEGMENT = re.compile(
    r".{0,4000}?(?:\n|<br ?/?>(?![ \t]*\r?\n)|</p>|\Z)|.{1,4000}(?=\s)|.{4000}", re.IGNORECASE | re.DOTALL
)

_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|(?P<breaks>(?:\\r\\n|\\[rn]){2,})")
_ENTITY = re.compile(r"&(?:amp;)*(?P<name>#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,30};)")
_TAG = re.compile(
    r"""<!--.{0,2000}?-->
      | <(?P<end>/?)(?P<name>br|p|hr|h[1-6]|div|blockquote|center|[ou]l|li|t(?:able|body|r|d)
          |i|b|u|s|em|strong|strike|del|ins|small|big|su[bp]|span|font|tt|a(?=\s+(?:href|name)\b|>)|img)
        (?:\s[^<>]{0,500})?/?>  (?P<line_end>(?=[ \t]*\r?\n))?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_OPENED = {"br": "\n", "div": "\n", "li": "\n", "tr": "\n", "p": "\n\n", "blockquote": "\n\n", "hr": "\n\n* * *\n\n"}
_CLOSED = {"div": "\n", "blockquote": "\n\n"}

# What UTF-8 becomes when it is read as cp1252, latin-1, cp1251 or MacRoman.
_WRONG = re.compile(
    r"(?=[\x80-\x9fÂÃÐÑâïð‚вРС])(?:[\x80-\x9f]|[ÂÃÐÑ][\x80-\xbfŒœŠšŽžŸƒˆ˜–-€™]|â[€\x80-\x9f]|ï(?:»¿|¿½)|ðŸ|‚[ÄÅ]|вЂ|Р[ѕµ°Ѕ»]|С[‚ЏЊЃ])"
)
# The last byte of a closing quotation mark is no character of cp1252, and many programs drop it.
_CUT_QUOTE = re.compile(r"(?:â€|Ã¢â‚¬Â)[\x9d\ufffd]?(?=[ \t\r\n]|\Z)")
_LOST_APOSTROPHE = re.compile(r"(?<=[^\W\d_])\ufffd(?=(?:[stmd]|re|ve|ll)\b)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\xad\0]+")


class Mended(NamedTuple):
    """The text after the repairs, in parts, to be joined when the text before is let go, since both together would be
    the most that a run holds; where its stretches stood before, or nothing if all is as it was; and the repairs.
    """

    parts: list[str]
    pieces: tuple[Piece, ...] = ()
    repairs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The parts joined."""
        return "".join(self.parts)


class Edit(NamedTuple):
    """`text` takes the place of `[start:end]`."""

    start: int
    end: int
    text: str = ""


class _Step(NamedTuple):
    """A repair: a choice of characters that it needs, and what calls for it; the text after it with how often it was
    made; what was mended, and how.
    """

    needs: str
    sign: re.Pattern[str]
    repair: Callable[[str], tuple[str, int]]
    one: str
    many: str
    done: str


def mend(text: str) -> Mended:
    """The text as its author wrote it, as far as that can be told.

    >>> mended = mend("Itâ€™s &quot;late&quot;.")
    >>> mended.text, mended.repairs
    ('It’s "late".', ('2 HTML entities read as characters', '1 line in the wrong encoding mended'))
    """
    if not any(_called_for(step, text) for step in _STEPS) or _is_noise(text):
        return Mended([text])
    counts: Counter[_Step] = Counter()
    edits = [edit for start, end in _segments(text) if (edit := _mend_segment(text, start, end, counts))]
    if not edits:
        return Mended([text])
    repairs = tuple(_told(step, counts[step]) for step in _STEPS if counts[step])
    return Mended(*_edited(text, edits), repairs)


def edited(text: str, edits: Iterable[Edit]) -> tuple[str, tuple[Piece, ...]]:
    """The text after the edits, which are in order and do not overlap, and where its stretches stand in `text`.

    >>> text, pieces = edited("tea &amp; cake", [Edit(4, 9, "&")])
    >>> text, pieces[1]
    ('tea & cake', Piece(start=4, length=1, source=4, width=5, part=''))
    """
    parts, pieces = _edited(text, edits)
    return "".join(parts), pieces


def _edited(text: str, edits: Iterable[Edit]) -> tuple[list[str], tuple[Piece, ...]]:
    """The same, the text in parts."""
    parts: list[str] = []
    pieces: list[Piece] = []
    at = length = 0
    for start, end, new in (*edits, Edit(len(text), len(text))):
        if start > at:
            parts.append(text[at:start])
            pieces.append(Piece(length, start - at, at, start - at))
            length += start - at
        if new:
            parts.append(new)
            if end > start:
                pieces.append(Piece(length, len(new), start, end - start))
            length += len(new)
        at = end
    return parts, tuple(pieces)


def chained(pieces: Sequence[Piece], below: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces of a text taken from a text which itself has the pieces `below`, and so told in the latter's source.

    >>> chained([Piece(0, 2, 5, 2)], [Piece(0, 6, 10, 6), Piece(6, 1, 16, 5)])
    (Piece(start=0, length=1, source=15, width=1, part=''), Piece(start=1, length=1, source=16, width=5, part=''))
    """
    if not below:
        return tuple(pieces)
    starts = [piece.start for piece in below]
    return tuple(
        each for piece in pieces for each in _traced(piece, below, max(0, bisect_right(starts, piece.source) - 1))
    )


def place(pieces: Sequence[Piece], source: int) -> int:
    """Where in the text that stands which stood at `source`, or the first thing after it that is still there."""
    if not pieces:
        return source
    number = bisect_right(pieces, source, key=lambda piece: piece.source) - 1
    if number >= 0 and source < pieces[number].source + pieces[number].width:
        piece = pieces[number]
        return piece.start + min(source - piece.source, piece.length)
    if number + 1 < len(pieces):
        return pieces[number + 1].start
    return pieces[-1].start + pieces[-1].length


def _traced(piece: Piece, below: Sequence[Piece], number: int) -> Iterator[Piece]:
    """The parts of a piece that stand in the pieces below, of which the one of this number is the first to look at."""
    start, end = piece.source, piece.source + piece.width
    found: list[Piece] = []
    while number < len(below) and below[number].start < end:
        part = below[number]
        low, high = max(start, part.start), min(end, part.start + part.length)
        if low < high:
            each, rest = divmod(part.width, part.length)
            source, width = part.source + each * (low - part.start), each * (high - low)
            if rest:
                source, width = part.source, part.width
            found.append(Piece(piece.start + low - start, high - low, source, width, part.part))
        number += 1
    if piece.length == piece.width:
        yield from found
    elif found:
        source, name = found[0].source, found[0].part
        last = next(each for each in reversed(found) if each.part == name)
        yield Piece(piece.start, piece.length, source, last.source + last.width - source, name)


@cache
def _suspect() -> re.Pattern[str]:
    """What must be in a segment for any step to be called for: most have nothing of it."""
    return re.compile(f"[{re.escape(''.join(sorted({each for step in _STEPS for each in step.needs})))}]")


def _called_for(step: _Step, text: str) -> bool:
    return any(character in text for character in step.needs) and step.sign.search(text) is not None


def _told(step: _Step, count: int) -> str:
    return f"{count:,} {step.one if count == 1 else step.many} {step.done}"


def _is_noise(text: str) -> bool:
    return len(_CONTROL.findall(text)) > _MOST_CONTROLS * len(text)


def _segments(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _SEGMENT.finditer(text) if match[0])


def _mend_segment(text: str, start: int, end: int, counts: Counter[_Step]) -> Edit | None:
    """The edit that mends `text[start:end]`, if there is anything to mend; `counts` counts the repairs."""
    if not _suspect().search(text, start, end):
        return None
    before = after = text[start:end]
    stripped = before.strip()
    if is_scene_break(stripped, 0, len(stripped)):
        return None
    for step in _STEPS:
        if _called_for(step, after):
            after, count = step.repair(after)
            if count:
                counts[step] += count
    if after == before:
        return None
    head = common_start(before, after)
    tail = common_start(before[head:][::-1], after[head:][::-1])
    return Edit(start + head, end - tail, after[head : len(after) - tail])


def _unescaped(text: str) -> tuple[str, int]:
    return _ESCAPE.subn(lambda match: "\n\n" if match["breaks"] else _of_codes(match[0]), text)


def _of_codes(escapes: str) -> str:
    return bytes.fromhex(escapes.replace("\\u", "")).decode("utf-16-be", "replace")


def _without_entities(text: str) -> tuple[str, int]:
    from html import unescape
    from html.entities import html5

    count = 0

    def character(match: re.Match[str]) -> str:
        nonlocal count
        name = match["name"]
        if name[0] != "#" and name not in html5:
            return match[0]
        count += 1
        return unescape(f"&{name}")

    return _ENTITY.sub(character, text), count


def _without_tags(text: str) -> tuple[str, int]:
    return _TAG.subn(_break_for, text)


def _break_for(tag: re.Match[str]) -> str:
    """The line breaks that a tag stands for; a `<br>` at the end of a line is that line's end."""
    name = (tag["name"] or "").lower()
    if name[:1] == "h" and name != "hr":
        return "\n\n"
    if tag["line_end"] is not None and (name == "br" or tag["end"]):
        return ""
    return (_CLOSED if tag["end"] else _OPENED).get(name, "")


def _reencoded(text: str) -> tuple[str, int]:
    from ftfy import fix_encoding

    mended = fix_encoding(_CUT_QUOTE.sub("”", text))
    return mended, int(mended != text)


def _with_apostrophes(text: str) -> tuple[str, int]:
    return _LOST_APOSTROPHE.subn("’", text)


def _without_invisible(text: str) -> tuple[str, int]:
    return _INVISIBLE.subn("", text)


# In this order: an entity may stand for a tag, or for a character in the wrong encoding.
_STEPS = (
    _Step("\\", _ESCAPE, _unescaped, "escape such as \\u0026", "escapes such as \\u0026", "read as characters"),
    _Step("&", _ENTITY, _without_entities, "HTML entity", "HTML entities", "read as characters"),
    _Step("<", _TAG, _without_tags, "HTML tag", "HTML tags", "taken out"),
    _Step(
        "âÃÂÐÑïð‚ЂѕРС\x91\x92\x93\x94\x96\x97\x85",
        _WRONG,
        _reencoded,
        "line in the wrong encoding",
        "lines in the wrong encoding",
        "mended",
    ),
    _Step("\ufffd", _LOST_APOSTROPHE, _with_apostrophes, "lost apostrophe", "lost apostrophes", "put back"),
    _Step(
        "\0\xad\u200b\u2060\ufeff",
        _INVISIBLE,
        _without_invisible,
        "invisible character",
        "invisible characters",
        "taken out",
    ),
)
