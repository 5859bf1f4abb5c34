import struct
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers import archive
from tagger.readers.archive import open_archive


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def test_members_are_named_in_order_and_read():
    book = open_archive(zipped(("b/", b""), ("b/one.txt", b"one"), ("a.txt", b"two")), "book")
    assert book.names() == ["b/one.txt", "a.txt"]
    assert book.read("a.txt") == b"two"
    assert book.read("b/one.txt") == b"one"


def test_a_member_without_a_name_is_left_out():
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        nameless = zipfile.ZipInfo("x")
        nameless.filename = ""
        file.writestr(nameless, b"one")
        file.writestr("a.txt", b"two")
    assert open_archive(out.getvalue(), "book").names() == ["a.txt"]


def test_a_member_that_is_not_there():
    with pytest.raises(WorkError, match=r"^book: has no 'gone' in it; it may be cut short, so download it again$"):
        open_archive(zipped(("a", b"")), "book").read("gone")


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"no zip at all", zipped(("a", b"text"))[:-8], b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_zip_file(data):
    with pytest.raises(WorkError, match=r"^book: is no zip file, or a broken one; download it again$"):
        open_archive(data, "book")


def test_a_broken_member():
    data = zipped(("a", b"a story" * 9))
    at = data.index(b"a", 30) + 4
    broken = data[:at] + bytes(255 - byte for byte in data[at : at + 4]) + data[at + 4 :]
    book = open_archive(broken, "book")
    with pytest.raises(WorkError, match=r"^book: 'a' in it is broken; download it again$"):
        book.read("a")


def test_an_encrypted_member():
    data = bytearray(zipped(("a", b"text")))
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    with pytest.raises(WorkError, match=r"^book: is encrypted; save it again without a password$"):
        open_archive(bytes(data), "book").read("a")


@pytest.mark.parametrize("name", ["../a", "b/../../a", "/etc/passwd", "C:\\a", "..\\a", "\\\\host\\a"])
def test_a_path_outside(name):
    with pytest.raises(WorkError, match=r"^book: names a path outside itself, .*; refused as unsafe$"):
        open_archive(zipped(("fine", b""), (name, b"")), "book")


def test_a_member_that_packs_too_well_is_a_bomb():
    book = open_archive(zipped(("bomb", b"\0" * 2_000_000), ("small", b"\0" * 900_000)), "book")
    with pytest.raises(WorkError, match=r"^book: unpacks to far more than a story holds; refused as a zip bomb$"):
        book.read("bomb")
    assert len(book.read("small")) == 900_000


def test_members_that_are_too_much_together(monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED", 100)
    book = open_archive(zipped(("a", b"a" * 60)), "book")
    book.read("a")
    with pytest.raises(WorkError, match="zip bomb"):
        book.read("a")


def test_a_size_that_is_a_lie_unpacks_no_further():
    data = bytearray(zipped(("a", b"\0" * 3_000_000)))
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 10)
    with pytest.raises(WorkError, match="is broken"):
        open_archive(bytes(data), "book").read("a")


def test_too_many_members(monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)
    with pytest.raises(WorkError, match=r"^book: has 2 files in it; refused as a zip bomb$"):
        open_archive(zipped(("a", b""), ("b", b"")), "book")


def test_ways_of_packing_that_unpack_without_bounds_are_not_read():
    with pytest.raises(WorkError, match="packed in a way that is not read"):
        open_archive(zipped(("a", b"text"), method=zipfile.ZIP_BZIP2), "book").read("a")


WHOLE = zipped(("a", b"a story " * 9), ("folder/b", b"and another"))


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(WHOLE)))
def test_any_bytes_are_members_or_a_work_error(changes, end):
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    with suppress(WorkError):
        book = open_archive(bytes(data[:end]), "book")
        for name in book.names():
            assert len(book.read(name)) <= 1000
