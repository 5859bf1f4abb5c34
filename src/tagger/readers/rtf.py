r"""RTF, the files of WordPad, TextEdit and older Words.

The text stands between control words (`\par`, `\i`) in groups (`{..}`), some of which hold no text of the story.
Offsets into the source count bytes, since that is what an RTF file is made of: ASCII as a rule, other characters as
`\'e9` in the code page of a font or as `\u233?`.
"""

from __future__ import annotations

import codecs
import re
import sys
from dataclasses import dataclass, replace

from tagger.errors import WorkError
from tagger.readers.manuscript import Manuscript, role_of
from tagger.works import Source, Work

MOST_BYTES = 100_000_000
_TOKEN = re.compile(
    rb"""  \\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?[ ]?
         | (?P<hex>(?:\\'[0-9a-fA-F]{2})++)
         | \\(?P<symbol>[^a-zA-Z])
         | (?P<brace>[{}])
         | (?P<end>[\r\n]++)
         | (?P<text>[^\\{}\r\n]++)
         | \\""",
    re.VERBOSE | re.DOTALL,
)
_HEX_WIDTH = 4  # of `\'e9`

# Groups that hold no text of the story, beside those that say so themselves with `\*`.
_ELSEWHERE = frozenset(
    b"colortbl info pict object header headerl headerr headerf footer footerl footerr footerf footnote fldinst "
    b"listtext pntext shp do xe tc rxe template filetbl annotation private revtbl nonesttables".split()
)
_FONTS, _STYLES = b"fonttbl", b"stylesheet"
_LEFT_OUT = {b"footnote": "footnote", b"annotation": "comment", b"shp": "text box", b"do": "text box"}

_PARAGRAPH_ENDS = frozenset((b"par", b"sect", b"page", b"column", b"cell", b"nestcell", b"row", b"nestrow"))
_CHARACTERS = {
    b"line": "\n",
    b"softline": "\n",
    b"lbr": "\n",
    b"tab": "\t",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"emspace": "\u2003",
    b"enspace": "\u2002",
    b"qmspace": "\u2005",
    b"bullet": "\u2022",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
    b"~": "\xa0",
    b"_": "-",
    b"{": "{",
    b"}": "}",
    b"\\": "\\",
}
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_CHARSETS = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850", b"ansi": "cp1252"}
# What a font's \fcharset says of its bytes; any other is the document's code page.
_FONT_CHARSETS = {
    **{77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950", 161: "cp1253"},
    **{162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874"},
    **{238: "cp1250", 255: "cp850"},
}


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it, and what ends with it."""

    destination: bytes = b""  # what the text is for; b"" is the story
    skip: int = 1  # how many characters follow a `\\u` for programs that do not know it
    font: int | None = None
    hidden: bool = False
    deleted: bool = False
    style: int | None = None
    outlined: bool = False


def read_rtf(data: bytes, id: str) -> Work:
    """The story in the bytes of an RTF file. WorkError if it is none, is absurdly large, or holds no text."""
    if not data.lstrip()[:5].lower() == rb"{\rtf":
        raise WorkError(f"{id}: does not begin with {{\\rtf, so it is no RTF file; if it is text, name it .txt")
    if len(data) > MOST_BYTES:
        raise WorkError(f"{id}: has more than {MOST_BYTES // 1_000_000} MB; save the story without its pictures")
    reader = _Reader(id)
    reader.read(data)
    repairs = (f"{reader.lone} lone surrogate{'s' if reader.lone > 1 else ''} read as U+FFFD",) if reader.lone else ()
    encoding = "utf-8" if data.isascii() else "latin-1"  # offsets count bytes
    return reader.manuscript.work(Source("rtf", encoding, tuple(sorted(reader.left_out)), repairs))


class _Reader:
    """Takes the tokens of an RTF file one by one and writes the story to a manuscript."""

    def __init__(self, id: str) -> None:
        self.manuscript = Manuscript(id)
        self.left_out: set[str] = set()
        self.lone = 0  # surrogates without their other half
        self._state = _State()
        self._stack: list[_State] = []
        self._code_page = "cp1252"
        self._font_code_pages: dict[int, str] = {}
        self._roles: dict[int, str] = {}
        self._style_name = ""  # of the entry of the style sheet that is being read
        self._to_skip = 0
        self._half: tuple[int, int] | None = None  # the first of two surrogates, and where it stands

    def read(self, data: bytes) -> None:
        """Read the file up to the end of its outermost group."""
        position = data.index(b"{")
        while match := _TOKEN.match(data, position):
            position = match.end()
            if match["text"]:
                self._text(match["text"], match.start())
            elif match["brace"]:
                self._brace(opens=match["brace"] == b"{")
                if not self._stack:
                    break
            elif match["word"]:
                self._to_skip = 0
                position += self._word(match["word"], match["number"], match)
            elif match["hex"]:
                self._hex(match["hex"], match.start())
            elif match["symbol"]:
                self._to_skip = 0
                self._symbol(match["symbol"], match)
        self._write("", 0, 0)

    def _brace(self, *, opens: bool) -> None:
        self._to_skip = 0
        if opens:
            self._stack.append(self._state)
            return
        if self._state.destination == _STYLES and self._state.style is not None:
            self._roles[self._state.style] = role_of(self._style_name.strip(" ;")) or (
                "heading" if self._state.outlined else ""
            )
            self._style_name = ""
        self._state = self._stack.pop()

    def _word(self, word: bytes, digits: bytes | None, match: re.Match[bytes]) -> int:
        """Obey a control word. How many bytes that are no RTF follow it."""
        number = int(digits) if digits else None
        if word == b"bin":
            return max(0, number or 0)
        if word == b"u":
            self._unicode(number or 0, match)
        elif word in _CHARACTERS:
            self._write(_CHARACTERS[word], match.start(), len(match[0]))
        elif word in _PARAGRAPH_ENDS:
            self._end_paragraph()
        elif word in _ELSEWHERE or word in {_FONTS, _STYLES}:
            self._state = replace(self._state, destination=word, style=None)
            self.left_out.update({_LEFT_OUT[word]} if word in _LEFT_OUT else ())
        elif word in {b"ansicpg", b"fcharset", *_CHARSETS}:
            self._set_code_page(word, number)
        else:
            self._state = _obeyed(self._state, word, number)
        return 0

    def _set_code_page(self, word: bytes, number: int | None) -> None:
        if word in _CHARSETS:
            self._code_page = _CHARSETS[word]
        elif word == b"ansicpg":
            self._code_page = _code_page(number, self._code_page)
        elif self._state.destination == _FONTS and self._state.font is not None and number in _FONT_CHARSETS:
            self._font_code_pages[self._state.font] = _FONT_CHARSETS[number]

    def _symbol(self, symbol: bytes, match: re.Match[bytes]) -> None:
        if symbol == b"*" and not self._state.destination:
            self._state = replace(self._state, destination=b"*")
        elif symbol in b"\r\n":
            self._end_paragraph()
        elif symbol in _CHARACTERS:
            self._write(_CHARACTERS[symbol], match.start(), 2)

    def _text(self, text: bytes, start: int) -> None:
        skipped = min(self._to_skip, len(text))
        self._skip(skipped, start + skipped)
        self._bytes(text[skipped:], start + skipped, len(text) - skipped)

    def _hex(self, text: bytes, start: int) -> None:
        skipped = _HEX_WIDTH * min(self._to_skip, len(text) // _HEX_WIDTH)
        self._skip(skipped // _HEX_WIDTH, start + skipped)
        text = text[skipped:]
        self._bytes(bytes.fromhex(text.replace(b"\\'", b"").decode()), start + skipped, len(text))

    def _skip(self, number: int, end: int) -> None:
        """Pass over characters that only repeat the one before, which so goes on to `end`."""
        self._to_skip -= number
        if number and self._is_story() and not self._half:
            self.manuscript.extend(end)

    def _bytes(self, text: bytes, start: int, width: int) -> None:
        if not text:
            return
        if self._state.destination == _STYLES:
            self._style_name += text.decode("latin-1")
        elif self._is_story():
            code_page = self._code_page
            if self._state.font is not None:
                code_page = self._font_code_pages.get(self._state.font, code_page)
            self._write(text.decode(code_page, "replace"), start, width)

    def _unicode(self, number: int, match: re.Match[bytes]) -> None:
        code = number + 0x10000 if number < 0 else number
        start, end = match.span()
        self._to_skip = self._state.skip
        if not self._is_story():
            return
        if code in _LOW and self._half:
            (high, start), self._half = self._half, None
            code = 0x10000 + ((high - _HIGH.start) << 10) + (code - _LOW.start)
        if code in _HIGH:
            self._write("", 0, 0)
            self._half = (code, start)
        elif code in _LOW or not 0 <= code <= sys.maxunicode:
            self.lone += code in _LOW
            self._write("\ufffd", start, end - start)
        else:
            self._write(chr(code), start, end - start)

    def _is_story(self) -> bool:
        return not (self._state.destination or self._state.hidden or self._state.deleted)

    def _write(self, text: str, start: int, width: int) -> None:
        if not self._is_story():
            return
        if self._half:
            self.lone += 1
            self.manuscript.write("\ufffd", self._half[1], 1)
            self._half = None
        self.manuscript.write(text, start, width)

    def _end_paragraph(self) -> None:
        if self._is_story():
            self._write("", 0, 0)
            outlined = "heading" if self._state.outlined else ""
            self.manuscript.end_paragraph(self._roles.get(self._state.style or 0, "") or outlined)


def _obeyed(state: _State, word: bytes, number: int | None) -> _State:
    """The state after a control word that writes nothing; most are about looks and change nothing here."""
    match word:
        case b"uc":
            state = replace(state, skip=max(0, 1 if number is None else number))
        case b"f" | b"deff":
            state = replace(state, font=number)
        case b"v":
            state = replace(state, hidden=number != 0)
        case b"deleted":
            state = replace(state, deleted=number != 0)
        case b"plain":
            state = replace(state, font=None, hidden=False, deleted=False)
        case b"pard":
            state = replace(state, style=None, outlined=False)
        case b"s":
            state = replace(state, style=number)
        case b"outlinelevel":
            state = replace(state, outlined=number is not None and 0 <= number < 9)
    return state


def _code_page(number: int | None, otherwise: str) -> str:
    """Python's name of a code page, or `otherwise` where it knows none."""
    name = {10000: "mac_roman", 65001: "utf-8"}.get(number or 0, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return otherwise
