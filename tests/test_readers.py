import os
from pathlib import Path

import pytest

from tagger.errors import WorkError
from tagger.readers import FORMATS, SUFFIXES, read_bytes, read_file, story_files
from tagger.works import Declared, Source

STORIES = Path(__file__).parent / "fixtures" / "readers"


def openings(work):
    """The title of each chapter with the first and the last word of its body."""
    bodies = [(chapter.title, work.text[chapter.start : chapter.end].split()) for chapter in work.chapters]
    return [(title, words[0], words[-1]) for title, words in bodies]


def test_a_downloaded_story_with_wrapped_lines():
    work = read_file(STORIES / "wrapped-download.txt")
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
    assert work.text == text
    assert work.id == str(path)
    assert openings(work) == [("Chapter 1", "“It’s", "Café.")]


@pytest.mark.parametrize(
    ("name", "format"), [("a.txt", "text"), ("a.TEXT", "text"), ("a.Md", "markdown"), ("a", "text"), ("a.html", "text")]
)
def test_the_suffix_tells_the_format(tmp_path, name, format):
    path = tmp_path / name
    path.write_text("# Noon\n\nIt was late.")
    assert read_file(path).source.format == format
    assert read_file(path, "markdown").source.format == "markdown"


def test_each_suffix_has_a_reader_and_each_reader_a_suffix():
    assert set(SUFFIXES.values()) == set(FORMATS)


@pytest.mark.parametrize(
    ("data", "error"), [(b"", "a: is empty"), (b"\0", "a: holds no text"), (b"\xef\xbb\xbf \r\n\0", "a: holds no text")]
)
@pytest.mark.parametrize("format", FORMATS)
def test_nothing_to_read(data, error, format):
    with pytest.raises(WorkError, match=f"^{error}$"):
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
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Noon.")
    (tmp_path / "folder.txt").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in story_files(tmp_path)]
    assert found == ["a.MD", "b.txt", "deep/d.text", "deep/er/c.jsonl", "e.markdown"]


def test_a_folder_without_stories(tmp_path):
    with pytest.raises(WorkError) as raised:
        story_files(tmp_path)
    looked_for = "*.txt, *.text, *.md, *.markdown, *.jsonl"
    assert str(raised.value) == f"no stories in {tmp_path} (looked for {looked_for})"
