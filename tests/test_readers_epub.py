import importlib.util
import json
import random
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.epub import read_epub
from tagger.readers.html import decode_markup
from tagger.works import Declared

FIXTURES = Path(__file__).parent / "fixtures"
_SPEC = importlib.util.spec_from_file_location("make_epub", FIXTURES / "make_epub.py")
make_epub = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make_epub)


def bodies(work):
    return [[chapter.title, work.text[chapter.start : chapter.end]] for chapter in work.chapters]


def parts(data):
    with zipfile.ZipFile(BytesIO(data)) as file:
        return {name: decode_markup(file.read(name))[0] for name in file.namelist()}


def check_offsets(work):
    end = 0
    for chapter in work.chapters:
        assert end <= chapter.start < chapter.end <= len(work.text)
        end = chapter.end
    end = 0
    for piece in work.pieces:
        assert end <= piece.start < piece.start + piece.length <= len(work.text)
        assert piece.source >= 0
        assert piece.width > 0
        end = piece.start + piece.length


@pytest.mark.parametrize("name", make_epub.BOOKS)
def test_each_layout(name):
    work = read_epub(make_epub.epub(name), name)
    expected = json.loads((FIXTURES / "epub" / f"{name}.json").read_text("utf-8"))
    declared = expected["declared"]
    assert bodies(work) == expected["chapters"]
    assert work.declared == Declared(declared["rating"], tuple(declared["warnings"]), tuple(declared["tags"]))
    assert work.source.format == "epub"
    assert work.source.encoding == expected["encoding"]
    assert list(work.source.ignored) == expected["ignored"]
    assert list(work.source.repairs) == expected["repairs"]


@pytest.mark.parametrize("name", make_epub.BOOKS)
def test_pieces_lead_back_to_the_pages(name):
    data = make_epub.epub(name)
    work, sources = read_epub(data, name), parts(data)
    check_offsets(work)
    for piece in work.pieces:
        written = sources[piece.part][piece.source : piece.source + piece.width]
        assert work.text[piece.start : piece.start + piece.length] == written
    mapped = sum(piece.length for piece in work.pieces)
    unmapped = work.text.replace("* * *", "").replace("\n", "")
    assert mapped == len(unmapped) - (name == "novel")  # the line break in its first heading


def test_a_book_is_the_same_bytes_every_time():
    assert make_epub.epub("novel") == make_epub.epub("novel")


def changed(name="bare", **members):
    """A book with some members changed, or taken out where None."""
    every = {**make_epub.BOOKS[name](), **members}
    return make_epub.zipped({key: content for key, content in every.items() if content is not None})


ENCRYPTED = (
    '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData>'
    '<enc:CipherReference URI="{}"/></enc:CipherData></enc:EncryptedData></encryption>'
)


def test_a_locked_book_is_refused_and_locked_fonts_are_not():
    locked = {"META-INF/encryption.xml": ENCRYPTED.format("Story%20One.htm")}
    with pytest.raises(WorkError, match=r"^a: is locked \(DRM\); ask whoever sold it for an open copy$"):
        read_epub(changed(**locked), "a")
    assert read_epub(changed(**{"META-INF/encryption.xml": ENCRYPTED.format("fonts/a.otf")}), "a").chapters


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "a: is empty"),
        (b"PK", "a: is no zip file, or a broken one; download it again"),
        (make_epub.zipped({"a.txt": "text"}), "a: is no EPUB; nothing in it says in which order to read it"),
        (
            changed(**{"Story One.htm": None}),
            "a: has no 'Story One.htm' in it; it may be cut short, so download it again",
        ),
        (make_epub.zipped({"book.opf": "<package/>"}), "a: holds no text"),
        (changed(**{"../evil": "x"}), "a: names a path outside itself, '../evil'; refused as unsafe"),
    ],
)
def test_nothing_to_read(data, error):
    with pytest.raises(WorkError) as raised:
        read_epub(data, "a")
    assert str(raised.value) == error


def test_a_link_out_of_the_book_leads_nowhere():
    package = make_epub.package({"../../etc/passwd": ""})
    with pytest.raises(WorkError, match=r"^a: has no '../../etc/passwd' in it"):
        read_epub(make_epub.zipped({"book.opf": package}), "a")


def test_entities_that_a_page_defines_are_never_expanded():
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><p>Ha &b; &c;.</p>'
    )
    work = read_epub(changed(**{"Story One.htm": bomb}), "a")
    assert bodies(work)[0] == ["", "Ha &b; &c;."]


def test_a_page_that_the_spine_names_twice_is_read_once():
    spine = '<itemref idref="p0"/>' * 3
    members = {"book.opf": make_epub.package({"a.htm": ""}, spine=spine), "a.htm": "<p>Noon.</p>"}
    assert bodies(read_epub(make_epub.zipped(members), "a")) == [["", "Noon."]]


def test_a_book_larger_than_any_story(monkeypatch):
    monkeypatch.setattr("tagger.readers.epub.MOST_MARKUP", 10)
    with pytest.raises(WorkError, match=r"^a: is larger than any story; split it into works$"):
        read_epub(make_epub.epub("bare"), "a")


SNIPPETS = st.sampled_from(
    [
        *('<item id="a" href="a.htm"/>', '<item id="b" href="%2e%2e/b"/>', '<item href="', '<itemref idref="a"/>'),
        *('<itemref idref="b"/>', "<itemref/>", "<dc:subject>", "Mature", "</dc:subject>", "<reference type='toc'/>"),
        *('<item id="n" properties="nav" href="a.htm"/>', "<!--", "]]>", "&", '"', "\0"),
    ]
)


@given(st.lists(SNIPPETS, max_size=12).map("".join), st.text(max_size=30))
def test_any_package_is_a_work_or_a_work_error(package, page):
    data = make_epub.zipped({"book.opf": package.encode(), "a.htm": page.encode("utf-8", "replace")})
    with suppress(WorkError):
        check_offsets(read_epub(data, "a"))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_work_error(data):
    with pytest.raises(WorkError):
        read_epub(data, "a")


def mutated(members, chance):
    """Members with bits flipped and ends cut off, zipped anew."""
    changed = {}
    for name, content in members.items():
        data = bytearray(content if isinstance(content, bytes) else content.encode())
        for _ in range(chance.randint(0, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        changed[name] = bytes(data[: chance.randint(1, len(data))] if chance.random() < 0.2 else data)
    return make_epub.zipped(changed)


def test_mutated_books_are_a_work_or_a_work_error():
    chance = random.Random(5)
    works = 0
    for number in range(200):
        name = sorted(make_epub.BOOKS)[number % len(make_epub.BOOKS)]
        data = bytearray(mutated(make_epub.BOOKS[name](), chance) if number % 2 else make_epub.epub(name))
        if number % 2 == 0:
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            data = data[: chance.randint(len(data) // 2, len(data))] if number % 4 else data
        with suppress(WorkError):
            check_offsets(read_epub(bytes(data), "a"))
            works += 1
    assert works > 20
