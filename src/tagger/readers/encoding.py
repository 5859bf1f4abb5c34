"""Bytes to text. Only a byte order mark is taken away: line ends and NUL characters stay where they are."""

from __future__ import annotations

import codecs

_NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_ONE_BYTE_AS_CP1252 = {
    byte: bytes([byte]).decode("latin-1" if byte in _NOT_IN_CP1252 else "cp1252") for byte in range(256)
}


def decode(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    r"""The text, the name of its encoding, and what had to be mended.

    UTF-8, and UTF-16 where a byte order mark says so. Bytes that are not UTF-8 are read as cp1252, and as
    latin-1 where cp1252 has no character; if all bytes above 127 are such, one of these two is the encoding.

    >>> decode(b"caf\xe9")
    ('café', 'cp1252', ('1 byte that is not UTF-8 read as cp1252',))
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_utf16(data)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode(), "utf-8", ()
    except UnicodeDecodeError:
        return _decode_mixed(data)


def _decode_mixed(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    valid = data.decode(errors="ignore")
    bad = len(data) - len(valid.encode())
    legacy = "cp1252" if not any(byte in data for byte in _NOT_IN_CP1252) else "latin-1"
    encoding = legacy if valid.isascii() else "utf-8"
    repair = f"{_count(bad, 'byte')} not UTF-8 read as {'latin-1' if encoding == 'latin-1' else 'cp1252'}"
    return data.decode(errors=_HANDLER), encoding, (repair,)


def _decode_utf16(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    encoding = "utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    data = data[2:]
    try:
        return data.decode(encoding), encoding, ()
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
    bad = text.count("\ufffd") - data.decode(encoding, errors="ignore").count("\ufffd")
    return text, encoding, (f"{_count(bad, 'place')} not UTF-16 read as U+FFFD",)


def _count(number: int, noun: str) -> str:
    return f"1 {noun} that is" if number == 1 else f"{number:,} {noun}s that are"


def _read_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(map(_ONE_BYTE_AS_CP1252.__getitem__, bad)), error.end


_HANDLER = "tagger.cp1252"
codecs.register_error(_HANDLER, _read_as_cp1252)
