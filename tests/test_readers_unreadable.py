import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.unreadable import HEAD_BYTES, refusal, refuse

PALM = b"story" + b"\0" * 55
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "story.pdf", "a PDF, which has no paragraphs to follow; use the EPUB or a text file"),
        (b"\r\n%PDF-1.4", "story.txt", "a PDF"),
        (PALM + b"BOOKMOBI" + b"\0" * 50, "story.mobi", "a MOBI or AZW3 book, which is not read; use its EPUB"),
        (PALM + b"BOOKMOBI", "story.epub", "a MOBI or AZW3 book"),
        (PALM + b"TEXtREAd", "story.prc", "a MOBI or AZW3 book"),
        (b"\xeaDRMION\xee", "story.azw", "a Kindle book"),
        (OLE, "story.doc", "a Word file of before 2007, or one with a password, which is not read; open it in Word"),
        (OLE, "story.docx", "save it as DOCX"),
        (b"\xffWPC\x10", "story.wpd", "a WordPerfect file"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text", "a", "an OpenDocument file"),
        (b'<?xml version="1.0"?>\n<FictionBook xmlns="x">', "story.fb2", "a FictionBook file"),
        (b"\x89PNG\r\n\x1a\n", "scan.txt", "a picture"),
        (b"\xff\xd8\xff\xe0", "scan.jpg", "a picture"),
        (b"RIFF\x01\x02\x03\x04WEBP", "scan", "a picture"),
        (b"ID3\x04\0", "podfic.mp3", "a sound or a film"),
        (b"Rar!\x1a\x07\x01", "story.rar", "a packed file, which is not read; unpack it first"),
        (b"\x1f\x8b\x08\0", "story.txt.gz", "a packed file"),
        # Known by the suffix alone, since the content is no text.
        (b"\0\1\2\3", "story.PDF", "a PDF"),
        (b"\0\1\2\3", "story.doc", "a word processor's file"),
        (b"PK\x03\x04\0\0", "story.pages", "a Pages file"),
        (b"PK\x03\x04\0\0", "works.xlsx", "a spreadsheet, which is not read; save it as CSV"),
    ],
)
def test_refused(data, name, words):
    with pytest.raises(WorkError, match=re.escape(f"{name}: is {words}" if words.startswith("a") else words)) as caught:
        refuse(data, name)
    assert "\n" not in str(caught.value)
    assert refusal(data[:HEAD_BYTES], name) == str(caught.value)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"Once upon a time.", "story.txt"),
        (b"", "story.pdf"),
        (rb"{\rtf1 Many a .doc is RTF.}", "story.doc"),
        (b"<html><p>or HTML</p></html>", "story.doc"),
        (b"Caf\xe9, in cp1252.", "story.doc"),
        ("Ночь.".encode("utf-16"), "story.doc"),
        (b"A story about %PDF-1.7 files.", "story.txt"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip", "story.epub"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "story.docx"),
        (b"SQLite format 3\0", "archive.db"),
        (b"\0\0\0", "story.txt"),
    ],
)
def test_let_through(data, name):
    assert refusal(data, name) is None
    refuse(data, name)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100), st.sampled_from([".pdf", ".mobi", ".doc"])
)
def test_text_is_never_refused(text, suffix):
    if not text.lstrip().startswith(("%PDF-", "<FictionBook")):
        assert refusal(text.encode(), f"story{suffix}") is None or text.startswith(("TPZ", "ITOLITLS", "AT&TFORM"))


@given(st.binary(max_size=200), st.text(max_size=8))
def test_any_bytes_get_one_line_or_none(data, name):
    why = refusal(data, name)
    assert why is None or why.startswith(name)
