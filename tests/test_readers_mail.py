from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import WorkError
from tagger.readers.mail import is_mail, read_mail

TEXT = Path(__file__).parent / "fixtures" / "text"
HEADER = "From: gullsong@tea.example\nSubject: NEW: Tea (1/2)\nDate: 3 Mar 1997\nMessage-ID: <1@tea.example>\n\n"
STORY = "It was late and she put the kettle on.\n\nIt sang."


def bodies(text):
    work = read_mail(text.encode(), "a")
    return [work.text[chapter.start : chapter.end] for chapter in work.chapters]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_what_is_mail(line_end):
    assert is_mail((HEADER + STORY).replace("\n", line_end).encode())
    assert is_mail(("From - Mon Mar 03 1997\n" + HEADER + STORY).replace("\n", line_end).encode())
    assert [each.replace(line_end, "\n") for each in bodies((HEADER + STORY).replace("\n", line_end))] == [STORY]


@pytest.mark.parametrize(
    "text",
    [
        "From: Wick\nTo: Maren\nSubject: the kettle\nDate: today\n\nIt is gone.",
        "Title: Tea\nAuthor: gullsong\nRating: T\n\nNoon.",
        "From the loft she saw it.\n\nNoon.",
        "From: a\nSubject: b\nMessage-ID: <1>\nNoon came.",
    ],
)
def test_what_is_no_mail(text):
    assert not is_mail(text.encode())
    assert read_mail(text.encode(), "a").text


@pytest.mark.parametrize(
    ("after", "dropped"),
    [
        ("\n\n-- \ngullsong\nhttp://tea.example\n", "signature"),
        ("\n\n--\ngullsong\n", "signature"),
        ("\n\n_______________\nTea mailing list\nTea@lists.example\n", "signature"),
        ("\n\n-- \ngullsong\n\n-----~-->\nTo unsubscribe, send mail to\nteafic-unsubscribe@x.example\n", "signature"),
        ("\n\n> Is there more?\n> I want more.\n", "quotation"),
        ("\n\nOrrin <o@tea.example> wrote:\n> Is there more?\n", "quotation"),
    ],
)
def test_what_is_not_the_authors_goes(after, dropped):
    assert bodies(HEADER + STORY + after) == [STORY]
    assert dropped in read_mail((HEADER + STORY + after).encode(), "a").source.ignored


@pytest.mark.parametrize(
    "inside", ["\n\n--\n\n", "\n\n---\n", "\n\nTo unsubscribe was all she wanted.\n\n", "\n\nShe wrote:\n\n"]
)
def test_what_is_story_stays(inside):
    assert bodies(HEADER + STORY + inside + STORY) == [STORY + inside + STORY]


def test_each_post_is_a_chapter_and_a_reply_is_none():
    reply = HEADER.replace("NEW:", "Re: NEW:") + "> It sang.\n\nI loved this!"
    work = read_mail("\n\n".join([HEADER + STORY, HEADER.replace("1/2", "2/2") + STORY, reply]).encode(), "a")
    assert [chapter.title for chapter in work.chapters] == ["NEW: Tea (1/2)", "NEW: Tea (2/2)"]
    assert [work.text[chapter.start : chapter.end] for chapter in work.chapters] == [STORY, STORY]
    assert work.source.ignored == ("mail header", "reply")
    with pytest.raises(WorkError, match=r"^a: holds only replies to a story$"):
        read_mail(reply.encode(), "a")


def test_quoted_printable_is_read_as_what_it_stands_for():
    top = HEADER.replace("\n\n", "\nContent-Transfer-Encoding: quoted-printable\n\n")
    assert bodies(top + "It=92s late, =\nand caf=C3=A9=20closed. 2 =3D 2.") == ["It’s late, and café closed. 2 = 2."]
    assert bodies(HEADER + "It=92s late.") == ["It=92s late."]


def test_base64_is_refused():
    top = HEADER.replace("\n\n", "\nContent-Transfer-Encoding: base64\n\n")
    with pytest.raises(WorkError, match=r"^a: is mail in base64; save the post as plain text and try again$"):
        read_mail((top + "Tm9vbi4=").encode(), "a")


@given(st.integers(0, 3000), st.integers(0, 3000), st.binary(max_size=3))
def test_a_damaged_file_is_read_or_refused(start, end, bytes_between):
    data = (TEXT / "usenet-parts.txt").read_bytes()
    try:
        work = read_mail(data[:start] + bytes_between + data[end:], "a")
    except WorkError:
        return
    for chapter in work.chapters:
        assert 0 <= chapter.start <= chapter.end <= len(work.text)


PARTS = st.sampled_from(
    [HEADER, STORY, "> quoted", "Orrin wrote:", "-- ", "--", "gullsong", "From - 1997", "=3D=", "Re: x"]
)


@given(st.lists(PARTS, max_size=10), st.sampled_from(["\n", "\n\n"]))
def test_the_text_is_a_subsequence_of_the_file(parts, between):
    data = between.join([HEADER, STORY, *parts])
    work = read_mail(data.encode(), "a")
    rest = iter(data)
    assert all(character in rest for character in work.text.rstrip("\n"))
