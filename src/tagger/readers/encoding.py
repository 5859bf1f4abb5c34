"""Bytes to text. Only a byte order mark is taken away, and a carriage return that stands alone becomes a line feed."""

from __future__ import annotations

import codecs
import re

from tagger.readers.lines import with_line_feeds

_NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_ONE_BYTE_AS_CP1252 = {
    byte: bytes([byte]).decode("latin-1" if byte in _NOT_IN_CP1252 else "cp1252") for byte in range(256)
}

# Three letters above 127 in a row are a Cyrillic word; Western words have one, seldom two.
_CYRILLIC_WORD = rb"(?<![\x80-\xff])[\xc0-\xff\xa8\xb8]{3,25}(?![\x80-\xff])"
_FEWEST_CYRILLIC_WORDS = 3
_KOI8_CAPITALS = 0xE0  # where cp1251 has small letters

_LONE_RETURN = re.compile(rb"\r(?!\0*\n)")

_UTF16_SAMPLE = 2000
_UTF16_FEWEST = 32


def decode(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    r"""The text, the name of its encoding, and what had to be mended.

    UTF-8, and UTF-16 where a byte order mark or a NUL in every other byte says so. Bytes that are not UTF-8 are read
    as cp1252, and as latin-1 where cp1252 has no character; if all bytes above 127 are such, one of these two is the
    encoding. Lines of Cyrillic words are read as cp1251 or KOI8-R.

    >>> decode(b"caf\xe9")
    ('café', 'cp1252', ('1 byte that is not UTF-8 read as cp1252',))
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_utf16(data[2:], "utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-16-be")
    data = data.removeprefix(codecs.BOM_UTF8)
    if 0 in data and (utf16 := _utf16_without_mark(data)):
        return _decode_utf16(data, utf16)
    if b"\r" in data:  # here, where a character takes a byte, and not as often as the text is looked at
        data = _LONE_RETURN.sub(b"\n", data)
    try:
        return data.decode(), "utf-8", ()
    except UnicodeDecodeError:
        return _decode_mixed(data)


def looks_mangled(text: str) -> bool:
    """Whether a character stands in the text without which there is nothing for `mojibake.mend` to mend.

    Searches for single characters, spelt out: every text comes by here, and a loop would cost more than they do.
    """
    if "&" in text or "<" in text or "\\" in text:
        return True
    if text.isascii():
        return "\0" in text  # beyond ASCII half the bytes of a string are 0, and the search is slow
    return (
        "â" in text
        or "Ã" in text
        or "Â" in text
        or "Ð" in text
        or "ï" in text
        or "‚" in text
        or "Ђ" in text
        or "\x92" in text
        or "\xad" in text
        or "\u200b" in text
        or "\ufeff" in text
        or "\ufffd" in text
    )


def _decode_mixed(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    words = re.findall(_CYRILLIC_WORD, data)
    if len(words) >= _FEWEST_CYRILLIC_WORDS:
        return _decode_cyrillic(data, _cyrillic_encoding(b"".join(words)))
    valid = data.decode(errors="ignore").encode()
    bad = len(data) - len(valid)
    legacy = "cp1252" if not any(byte in data for byte in _NOT_IN_CP1252) else "latin-1"
    encoding = legacy if valid.isascii() else "utf-8"
    del valid
    return data.decode(errors=_HANDLER), encoding, (_repair(bad, "latin-1" if encoding == "latin-1" else "cp1252"),)


def _cyrillic_encoding(letters: bytes) -> str:
    """The encoding in which most of the letters are small ones."""
    return "cp1251" if 2 * sum(byte >= _KOI8_CAPITALS for byte in letters) >= len(letters) else "koi8-r"


def _decode_cyrillic(data: bytes, cyrillic: str) -> tuple[str, str, tuple[str, ...]]:
    """Line by line: each as UTF-8, or in the Cyrillic encoding if most of its letters are such, or as cp1252."""
    parts: list[str] = []
    bad = {cyrillic: 0, "cp1252": 0}
    utf8 = False
    for line in data.splitlines(keepends=True):
        try:
            parts.append(line.decode())
            utf8 = utf8 or not line.isascii()
            continue
        except UnicodeDecodeError:
            above = sum(byte > 127 for byte in line)
        if 2 * sum(map(len, re.findall(_CYRILLIC_WORD, line))) >= above:
            parts.append(line.decode(cyrillic, "replace"))
            bad[cyrillic] += above
        else:
            parts.append(line.decode(errors=_HANDLER))
            bad["cp1252"] += above
    repairs = tuple(_repair(number, encoding) for encoding, number in bad.items() if number)
    return "".join(parts), "utf-8" if utf8 else cyrillic, repairs


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 of whichever end if every other byte, nearly, is NUL and hardly any between."""
    if len(data) < _UTF16_FEWEST:
        return None
    first, second = (data[at:_UTF16_SAMPLE:2] for at in (0, 1))
    nuls = first.count(0), second.count(0)
    if nuls[1] > 0.8 * len(second) and nuls[0] < 0.05 * len(first):
        return "utf-16-le"
    if nuls[0] > 0.8 * len(first) and nuls[1] < 0.05 * len(second):
        return "utf-16-be"
    return None


def _decode_utf16(data: bytes, encoding: str) -> tuple[str, str, tuple[str, ...]]:
    try:
        return with_line_feeds(data.decode(encoding)), encoding, ()
    except UnicodeDecodeError:
        text = with_line_feeds(data.decode(encoding, errors="replace"))
    bad = text.count("\ufffd") - data.decode(encoding, errors="ignore").count("\ufffd")
    return text, encoding, (f"{_count(bad, 'place')} not UTF-16 read as U+FFFD",)


def _repair(number: int, encoding: str) -> str:
    return f"{_count(number, 'byte')} not UTF-8 read as {encoding}"


def _count(number: int, noun: str) -> str:
    return f"1 {noun} that is" if number == 1 else f"{number:,} {noun}s that are"


def _read_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(map(_ONE_BYTE_AS_CP1252.__getitem__, bad)), error.end


_HANDLER = "tagger.cp1252"
codecs.register_error(_HANDLER, _read_as_cp1252)
