import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers import FORMATS, SUFFIXES, format_of, read_bytes, read_file, story_files
from tagger.works import Declared, Source

STORIES = Path(__file__).parent / "fixtures" / "readers"


def openings(work):
    """The title of each chapter with the first and the last word of its body."""
    bodies = [(chapter.title, work.text[chapter.start : chapter.end].split()) for chapter in work.chapters]
    return [(title, words[0], words[-1]) for title, words in bodies]


def test_a_downloaded_story_with_wrapped_lines():
    assert read_file(STORIES / "wrapped-download.txt").source.format == "fanficfare"
    work = read_file(STORIES / "wrapped-download.txt", "text")
    assert openings(work) == [("Chapter 1", "The", "lady."), ("Chapter 2", "In", "one.")]
    assert work.declared == Declared("T", ("ghosts", "chess"))
    assert work.source == Source("text", "utf-8", ("header", "author's note"))
    assert work.hard_wrapped


def test_a_journal_post():
    work = read_file(STORIES / "journal-post.txt")
    assert openings(work) == [("", "They", "salting.")]
    assert work.declared == Declared("PG-13", ("Character Death (past)", "Grief"))
    assert not work.hard_wrapped


def test_a_novel_in_markdown():
    work = read_file(STORIES / "novel.md")
    assert openings(work) == [
        ("Prologue", "The", "pomace."),
        ("Chapter One: Windfalls", "Nobody", "wrote."),
        ("The Second Count", "There", "five."),
    ]
    assert work.declared == Declared("Mature", ("war", "character death"), ("apples", "accounting"))
    assert work.source == Source("markdown", "utf-8", ("header", "author's note"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, line_end):
    text = f"Chapter 1{line_end * 2}“It’s late,” she said.{line_end * 2}***{line_end * 2}Café.{line_end}"
    path = tmp_path / "story.txt"
    path.write_bytes(text.encode(encoding))
    work = read_file(path)
    assert work.text == (text.replace("\r", "\n") if line_end == "\r" else text)
    assert work.id == str(path)
    assert openings(work) == [("Chapter 1", "“It’s", "Café.")]


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.txt", "text"), ("a.TEXT", "text"), ("a.Md", "markdown"), ("a", "text"), ("a.pdf", "text"), ("a.Htm", "html")],
)
def test_the_suffix_tells_the_format(tmp_path, name, format):
    path = tmp_path / name
    path.write_text("# Noon\n\nIt was late.")
    assert read_file(path).source.format == format
    assert read_file(path, "markdown").source.format == "markdown"


def test_each_suffix_has_a_reader_and_each_reader_a_suffix_or_a_sign_of_its_own():
    assert {*SUFFIXES.values(), "fanficfare", "mail"} == set(FORMATS)


@pytest.mark.parametrize(
    ("data", "error"), [(b"", "a: is empty"), (b"\0", "a: holds no text"), (b"\xef\xbb\xbf \r\n\0", "a: holds no text")]
)
@pytest.mark.parametrize("format", FORMATS)
def test_nothing_to_read(data, error, format):
    with pytest.raises(WorkError, match=f"^{error}$" if format in {"text", "markdown"} else "^a: "):
        read_bytes(data, "a", format)


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(WorkError, match=r"gone.txt: no such file; check the spelling$"):
        read_file(tmp_path / "gone.txt")
    with pytest.raises(WorkError, match=r"is a folder; name the stories in it$"):
        read_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_nobody_may_read(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("Noon.")
    path.chmod(0)
    with pytest.raises(WorkError, match=r"secret.txt: cannot be read: Permission denied$"):
        read_file(path)


def test_bytes_of_anything_are_read(tmp_path):
    data = bytes(range(256)) * 1200
    assert len(read_bytes(data, "noise").text) == len(data)


def test_story_files(tmp_path):
    names = ["b.txt", "a.MD", "deep/er/c.jsonl", "deep/d.text", "e.markdown", "f.png", ".hidden.txt", ".git/g.txt"]
    names += ["g.epub", "h.Html", "i.docx", "j.rtf", "k.csv.gz", "l.jsonl.gz", "m.gz", "n.sqlite", "o.pdf", "txt"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Noon.")
    (tmp_path / "folder.txt").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in story_files(tmp_path)]
    stories = ["a.MD", "b.txt", "deep/d.text", "deep/er/c.jsonl", "e.markdown", "g.epub", "h.Html", "i.docx", "j.rtf"]
    assert found == [*stories, "k.csv.gz", "l.jsonl.gz", "n.sqlite"]


def test_a_folder_without_stories(tmp_path):
    with pytest.raises(WorkError) as raised:
        story_files(tmp_path)
    assert str(raised.value).startswith(f"no stories in {tmp_path} (looked for *.txt, *.text, *.md, ")
    assert str(raised.value).endswith(", *.sqlite, *.sqlite3)")


def zipped(*names):
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return file.getvalue()


PAGE = "<!-- saved --><!DOCTYPE html><title>Tea</title><p>Tea."
MAIL = b"From: h@tea.example\nSubject: NEW: Tea (1/2)\nNewsgroups: alt.tea\n\nTITLE: Tea\n\nIt was late."
FANFICFARE = b"\n\nTea\n\nby hesper\n\nStatus: Done\nPackaged: 2020-01-01\nPublisher: tea.example\n"
EPUB, DOCX = zipped("mimetype", "META-INF/container.xml"), zipped("[Content_Types].xml", "word/document.xml")


@pytest.mark.parametrize(
    ("name", "data", "format"),
    [
        ("tea.doc", rb"{\rtf1\ansi Tea.}", "rtf"),
        ("tea.docx", b"\xef\xbb\xbf \n" + PAGE.encode(), "html"),
        ("tea.txt", b'<?xml version="1.0"?>\n<html xmlns="x"><body>Tea.', "html"),
        ("tea", b"<HTML>Tea.", "html"),
        ("tea.docx", EPUB, "epub"),
        ("tea", zipped("content.opf"), "epub"),
        ("tea.epub", DOCX, "docx"),
        ("tea.zip", DOCX, "docx"),
        ("tea.epub", zipped("tea.txt"), "epub"),
        ("tea.epub", b"Tea.", "epub"),
        ("tea.txt", b"<p>Tea, and a tag that somebody forgot.</p>", "text"),
        ("tea.md", b"<div align=center>Tea</div>", "markdown"),
        ("tea.txt", b"<3", "text"),
        ("tea.txt", b"{not JSON}", "text"),
        ("tea.txt", "Tea.".encode("utf-16"), "text"),
        ("tea.txt", b"T\0e\0a\0", "text"),
        ("tea.html", PAGE.encode("utf-16"), "html"),
        ("tea.odt", b"Tea.", "text"),
        ("tea.txt", MAIL, "mail"),
        ("tea", FANFICFARE, "fanficfare"),
        ("tea.md", MAIL, "markdown"),
        ("tea.txt", b"Subject: Tea\n\nIt was late.", "text"),
    ],
)
def test_content_tells_the_format_before_the_suffix_does(name, data, format):
    assert format_of(data, name) == format


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("tea.txt", b"%PDF-1.7", "is a PDF, which has no paragraphs to follow; use the EPUB"),
        ("tea.epub", b"tea" + b"\0" * 57 + b"BOOKMOBI", "is a MOBI or AZW3 book, which is not read; use its EPUB"),
        ("tea.xlsx", zipped("xl/workbook.xml"), "is a spreadsheet, which is not read; save it as CSV"),
        (
            "tea.zip",
            zipped("tea.txt"),
            "is a zip file, and neither an EPUB nor a DOCX; unpack it first and name what is",
        ),
        ("tea.epub", EPUB[:40], "is no zip file, or a broken one; download it again"),
        ("-", b"SQLite format 3\0", "is a database of works, which is read as a file; name that file"),
    ],
)
def test_what_is_not_read_says_what_to_use_instead(name, data, error):
    with pytest.raises(WorkError, match=f"^{name}: {error}"):
        read_bytes(data, name)


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode), st.sampled_from(["a", *SUFFIXES]))
def test_any_bytes_have_a_format_or_are_refused_in_one_line(data, name):
    try:
        told = format_of(data, name)
    except WorkError as error:
        told = str(error)
    assert told in FORMATS or (told.startswith(f"{name}: ") and "\n" not in told)


def test_plain_text_loads_no_other_reader():
    program = "import sys; from tagger.readers import read_bytes; read_bytes(b'Tea.', 'a.txt'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    others = {
        "html",
        "epub",
        "docx",
        "rtf",
        "detection",
        "unreadable",
        "archive",
        "markup",
        "mojibake",
        "mail",
        "fanficfare",
    }
    assert not {f"tagger.readers.{name}" for name in others} & set(loaded)
    assert not {"zipfile", "zlib", "xml", "html", "csv", "sqlite3", "ftfy", "pyarrow", "zstandard"} & set(loaded)
