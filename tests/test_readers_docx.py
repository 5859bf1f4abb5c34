import html
import re
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from fixtures.make_docx import FILES, GERMAN, STRICT, W, docx, paragraph, style, zipped
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.docx import read_docx
from tagger.works import Declared, Work


def bodies(work: Work) -> list[tuple[str, str]]:
    return [(each.title, work.text[each.start : each.end]) for each in work.chapters]


def story(body: str, styles: str = "") -> str:
    return read_docx(docx(body, styles), "a.docx").text


EXPECTED = {
    "word": [
        (
            "The Quay",
            "She waited on the quay, Tom & all.\n\n“Late again”,\nsaid the board.\n\n* * *\n\nNight came.",
        ),
        ("Home", "At home there was a letter."),
    ],
    "german": [("Am Kai", "Sie wartete am Kai."), ("Zu Hause", "Dort lag ein Brief.")],
    "tracked": [("", "She always waited, on the quay.\n\nThe ferry-man came.")],
    "strict": [("Chapter 1: Rain", "It rained."), ("Chapter 2: Sun", "Out it came.")],
    "google": [("", "The ferry was late.\n\n* * *\n\nIt came at noon.\n\n* * *\n\nBoat\n\nNoon")],
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_program_reads_as_its_story(name):
    assert bodies(read_docx(FILES[name], name)) == EXPECTED[name]


@pytest.mark.parametrize("name", FILES)
def test_pieces_say_where_in_the_document_a_stretch_stands(name):
    work = read_docx(FILES[name], name)
    assert work.pieces
    with zipfile.ZipFile(BytesIO(FILES[name])) as archive:
        sources = {part: archive.read(part).decode() for part in archive.namelist()}
    end = 0
    for piece in work.pieces:
        assert piece.start >= end
        end = piece.start + piece.length
        there = sources[piece.part][piece.source : piece.source + piece.width]
        assert html.unescape(there) == work.text[piece.start : end]
    written = re.sub(r"\n|\* \* \*|-", "", work.text)
    read = "".join(work.text[piece.start : piece.start + piece.length] for piece in work.pieces)
    assert read.replace("* * *", "") == written


def test_offsets_count_characters_and_not_bytes():
    work = read_docx(docx(paragraph("é😀 ") + paragraph("then")), "a.docx")
    with zipfile.ZipFile(BytesIO(docx(paragraph("é😀 ") + paragraph("then")))) as archive:
        source = archive.read("word/document.xml").decode()
    piece = work.pieces[-1]
    assert source[piece.source : piece.source + piece.width] == "then"


def test_the_header_is_declared_and_notes_are_left_out():
    work = read_docx(FILES["google"], "google")
    assert work.declared == Declared("M", ("blood", "grief"), ("ferries",))
    assert work.source.ignored == ("header", "author's note")


def test_what_is_left_out_is_named():
    assert read_docx(FILES["word"], "a").source.ignored == ("footnote",)
    assert read_docx(FILES["tracked"], "a").source.ignored == ("comment", "text box", "tracked deletion")


def test_a_title_page_above_the_first_heading_is_no_chapter():
    body = paragraph("The Ferry") + paragraph("by Ann") + paragraph("One", style="Heading1") + paragraph("It rained.")
    work = read_docx(docx(body), "a.docx")
    assert bodies(work) == [("One", "It rained.")]
    assert work.source.ignored == ("header",)


def test_a_heading_that_announces_a_note_is_no_chapter():
    body = paragraph("Author's Note", style="Heading1") + paragraph("Hello!") + paragraph("It rained all day long.")
    assert bodies(read_docx(docx(body), "a.docx")) == [("", "It rained all day long.")]


def test_an_outline_level_makes_a_heading():
    styles = style("Mine", "Mine", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>')
    body = paragraph("One", style="Mine") + paragraph("It rained.")
    body += paragraph("Two", properties='<w:outlineLvl w:val="1"/>') + paragraph("It stopped.")
    assert bodies(read_docx(docx(body, styles), "a.docx")) == [("One", "It rained."), ("Two", "It stopped.")]


def test_a_story_is_read_without_styles_that_can_be():
    members = {"word/styles.xml": "<broken", "word/document.xml": ""}
    with zipfile.ZipFile(BytesIO(GERMAN)) as archive:
        members["word/document.xml"] = archive.read("word/document.xml").decode()
    assert "Sie wartete am Kai." in read_docx(zipped(members), "a.docx").text


def test_a_document_in_utf16():
    body = "<w:p><w:r><w:t>Café.</w:t></w:r></w:p>"
    xml = f'<?xml version="1.0" encoding="UTF-16"?><w:document xmlns:w="{W}">{body}</w:document>'
    work = read_docx(zipped({"word/document.xml": xml.encode("utf-16")}), "a.docx")
    assert (work.text, work.source.encoding) == ("Café.", "utf-16")
    assert xml[work.pieces[0].source :].startswith("Café.")


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "a.docx: "),
        (b"Once upon a time.", "a.docx: "),
        (docx("")[:200], "a.docx: "),
        (docx(""), "a.docx: holds no text"),
        (zipped({"mimetype": "x"}), "a.docx: holds no word/document.xml, so it is no Word document"),
        (zipped({"word/document.xml": "<w:a"}), "a.docx: word/document.xml: is damaged: "),
        (zipped({"word/document.xml": b"\xff\xfe<"}), "a.docx: word/document.xml: is damaged: "),
        (zipped({"word/document.xml": f"{BOMB}<d>&b;</d>"}), "a.docx: word/document.xml: has a DOCTYPE"),
        (zipped({"word/document.xml": f"{BOMB}<d/>".encode("utf-16")}), "has a DOCTYPE"),
        (zipped({"word/document.xml": '<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>'}), "has a DOCTYPE"),
        (zipped({"word/document.xml": b"\0" * 10_000_000}), "bomb"),
    ],
)
def test_what_is_no_story(data, error):
    with pytest.raises(WorkError, match=re.escape(error)):
        read_docx(data, "a.docx")


def test_thousands_of_nested_elements_are_no_trouble():
    assert story("<w:sdt>" * 30_000 + paragraph("deep") + "</w:sdt>" * 30_000) == "deep"


def check(work: Work) -> None:
    work.text.encode()
    for chapter in work.chapters:
        assert 0 <= chapter.start <= chapter.end <= len(work.text)
    for piece in work.pieces:
        assert 0 <= piece.start <= piece.start + piece.length <= len(work.text)


NAMES = st.sampled_from(
    [
        *("p", "r", "t", "pPr", "rPr", "del", "ins", "sdt", "br", "tab", "vanish", "pStyle", "outlineLvl"),
        *("txbxContent", "hyperlink", "pBdr", "bottom", "footnoteReference"),
    ]
)
TREES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).map(html.escape),
    lambda inside: st.builds(
        lambda name, children: f'<w:{name} w:val="Heading1">{"".join(children)}</w:{name}>',
        NAMES,
        st.lists(inside, max_size=4),
    ),
    max_leaves=20,
)


@given(TREES, st.sampled_from([W, STRICT, "urn:other"]))
def test_any_document_is_a_work_or_an_error_of_ours(body, namespace):
    with suppress(WorkError):
        check(read_docx(docx(body, body, namespace=namespace), "a.docx"))


@given(st.sampled_from(sorted(FILES)), st.integers(0, 3000), st.binary(max_size=6), st.booleans())
def test_mutated_files(name, place, change, zipped_anew):
    data = FILES[name]
    try:
        if zipped_anew:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                members = {part: archive.read(part) for part in archive.namelist()}
            document = max(members, key=lambda part: len(members[part]))
            members[document] = mutated(members[document], place, change)
            data = zipped(members)
        else:
            data = mutated(data, place, change)
        check(read_docx(data, name))
    except WorkError:
        return


def mutated(data: bytes, place: int, change: bytes) -> bytes:
    return data[:place] + change + data[place + len(change) :] if change else data[:place]


@given(st.binary(max_size=300))
def test_any_bytes_are_an_error_of_ours(data):
    with pytest.raises(WorkError):
        read_docx(data, "a.docx")
