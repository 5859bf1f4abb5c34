import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.readers.encoding import decode
from tagger.readers.lines import with_line_feeds


@given(st.text())
def test_utf8_comes_back_as_it_was_but_for_lone_returns(text):
    if not text.startswith("\ufeff"):
        assert decode(text.encode()) == (with_line_feeds(text), "utf-8", ())


@given(st.binary())
def test_any_bytes_decode_and_ascii_keeps_its_place(data):
    text, _, repairs = decode(data)
    assert bool(repairs) == (decode(data)[2] != ())
    if data.isascii():
        assert text == with_line_feeds(data.decode())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (codecs.BOM_UTF8 + "café".encode(), ("café", "utf-8", ())),
        (codecs.BOM_UTF16_LE + "café 😀".encode("utf-16-le"), ("café 😀", "utf-16-le", ())),
        (codecs.BOM_UTF16_BE + "café".encode("utf-16-be"), ("café", "utf-16-be", ())),
        (b"one\r\ntwo\rthree\0", ("one\r\ntwo\nthree\0", "utf-8", ())),
        (b"\x93No.\x94", ("“No.”", "cp1252", ("2 bytes that are not UTF-8 read as cp1252",))),
        (b"caf\xe9 \x81", ("café \x81", "latin-1", ("2 bytes that are not UTF-8 read as latin-1",))),
        ("café ".encode() + b"\x97", ("café —", "utf-8", ("1 byte that is not UTF-8 read as cp1252",))),
        (b"cut short \xe2\x80", ("cut short â€", "cp1252", ("2 bytes that are not UTF-8 read as cp1252",))),
        (b"\xff\xfea\0b", ("a\ufffd", "utf-16-le", ("1 place that is not UTF-16 read as U+FFFD",))),
    ],
)
def test_decode(data, expected):
    assert decode(data) == expected


def test_bytes_that_are_not_utf8_are_counted_with_thousands():
    assert decode(b"\xe9" * 1200)[2] == ("1,200 bytes that are not UTF-8 read as cp1252",)
