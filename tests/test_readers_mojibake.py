import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.readers.encoding import looks_mangled
from tagger.readers.mojibake import Edit, chained, edited, mend, place
from tagger.readers.prose import read_prose
from tagger.works import Piece

CLEAN = "“It’s late—no, it isn’t…” said Zoë. ‘Café?’ – “Déjà vu.”"


def misread(text, encoding="cp1252"):
    """The text as it comes back when its UTF-8 is read in another encoding; what that has no character for is kept."""
    return "".join(
        bytes([byte]).decode(encoding if bytes([byte]).decode(encoding, "ignore") else "latin-1")
        for byte in text.encode()
    )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1251", "mac-roman"])
def test_utf8_that_was_read_in_another_encoding(encoding):
    mangled = misread(CLEAN, encoding)
    assert looks_mangled(mangled)
    assert mend(mangled).text == CLEAN


@pytest.mark.parametrize("times", [2, 3])
def test_utf8_that_was_misread_more_than_once(times):
    mangled = CLEAN
    for _ in range(times):
        mangled = misread(mangled)
    assert mend(mangled).text == CLEAN


@pytest.mark.parametrize(
    ("mangled", "text", "repair"),
    [
        (
            "“No,” she said.\nâ€œYes,â€ said he.",
            "“No,” she said.\n“Yes,” said he.",
            "1 line in the wrong encoding mended",
        ),
        ("Ã¢â‚¬Å“No,Ã¢â‚¬Â she said.", "“No,” she said.", "1 line in the wrong encoding mended"),
        ("don\x92t \x93go\x94", "don’t “go”", "1 line in the wrong encoding mended"),
        ("don\ufffdt, it\ufffds, we\ufffdLL", "don’t, it’s, we’LL", "3 lost apostrophes put back"),
        ("&quot;No,&quot; &#8212; &amp;amp; &#x27;", '"No," — & \'', "5 HTML entities read as characters"),
        ("\\u0026quot;No\\u0026quot;", '"No"', "2 escapes such as \\u0026 read as characters"),
        ("One.\\r\\rTwo.", "One.\n\nTwo.", "1 escape such as \\u0026 read as characters"),
        ("One.<br><br>Two.", "One.\n\nTwo.", "2 HTML tags taken out"),
        ("One.<br />\n<br />\nTwo.", "One.\n\nTwo.", "2 HTML tags taken out"),
        ("<p>One.</p><p class='x'>Two.</p>", "\n\nOne.\n\nTwo.", "4 HTML tags taken out"),
        ("C<i>ont</i>inued <EM>now</EM>", "Continued now", "4 HTML tags taken out"),
        ("One.<hr>Two.", "One.\n\n* * *\n\nTwo.", "1 HTML tag taken out"),
        ("ket\xadtle Ma\u200bren \ufeffand\u2060 all", "kettle Maren and all", "4 invisible characters taken out"),
        ("ket\0tle", "kettle", "1 invisible character taken out"),
    ],
)
def test_repairs(mangled, text, repair):
    mended = mend(mangled)
    assert looks_mangled(mangled)
    assert mended.text == text
    assert repair in mended.repairs


@pytest.mark.parametrize(
    "text",
    [
        "R&R! &c. AT&T; &foo; &notit; a &b; &;",
        "I <3 you. a < b > c <-- <bob> hi <iris> hi <3",
        "C:\\new\\road \\u12 \\n",
        "NÃO É, Ângela! “â” • Ðorđe, Ñandú, naïve",
        "‚so‘ „und“ Ђорђе 50% \ufffd “\ufffdhe said”",
        "&nbsp;\n\n<hr>\n",
        "Тест «да» — и всё.",
    ],
)
def test_what_is_meant_stays(text):
    assert mend(text) == ([text], (), ())


def test_noise_is_left_alone():
    noise = bytes(range(256)).decode("latin-1") * 3 + "&quot;"
    assert mend(noise).text == noise


def test_an_endless_line_of_breaks_is_mended_piece_by_piece():
    mended = mend("One &amp; two.<br>" * 2000)
    assert mended.text == "One & two.\n" * 2000
    assert max(piece.length for piece in mended.pieces) < 100


def test_a_repair_is_listed_in_the_source_and_the_body_is_the_mended_text():
    work = read_prose("Title: x\nRating: T\n\nItâ€™s late.\n".encode(), "a", format="text")
    assert [work.text[chapter.start : chapter.end] for chapter in work.chapters] == ["It’s late."]
    assert work.source.repairs == ("1 line in the wrong encoding mended",)


MANGLED = st.lists(
    st.sampled_from(
        ["It", "â€™", "Ã©", "&amp;", "<br>", "\n", " ", "\xad", "\ufffd", "Ã¢â‚¬â„¢", "\\u0026", "é", "<p>", "“"]
    ),
    max_size=30,
).map("".join)


@given(MANGLED)
def test_pieces_are_in_order_and_those_of_equal_width_are_the_same(text):
    mended = mend(text)
    at = came_from = 0
    for start, length, source, width, _ in mended.pieces:
        assert start >= at
        assert source >= came_from
        at, came_from = start + length, source + width
        if length == width:
            same = mended.text[start:at] == text[source:came_from]
            assert same or "\ufffd" in text or not text.isascii()
    assert at <= len(mended.text)
    assert came_from <= len(text)
    assert bool(mended.pieces) == (mended.text != text) or not mended.text


@given(st.text())
def test_any_text_is_mended_without_an_error_and_only_if_it_looks_mangled(text):
    changed = mend(text).text != text
    assert not changed or looks_mangled(text) or "\0" in text or not text.isascii()


EDITS = st.lists(st.tuples(st.integers(0, 30), st.text("xyz", max_size=3)), min_size=2, max_size=8).map(
    lambda found: [
        Edit(start, end, text)
        for (start, text), (end, _) in zip(sorted(found)[::2], sorted(found)[1::2], strict=False)
        if start < end
    ]
)


@given(EDITS, EDITS)
def test_a_chain_of_edits_leads_back_to_the_source(first, second):
    source = "abcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVW"
    middle, below = edited(source, first)
    second = [edit for edit in second if edit.end <= len(middle)]
    text, above = edited(middle, second)
    for start, length, at, width, _ in chained(above, below):
        assert 0 <= at <= at + width <= len(source)
        if length == width and not set(text[start : start + length]) & set("xyz"):
            assert text[start : start + length] == source[at : at + width]


def test_place():
    text, pieces = edited("tea &amp; cake", [Edit(0, 4), Edit(4, 9, "&")])
    assert text == "& cake"
    assert [place(pieces, at) for at in (0, 4, 9, 10, 14, 99)] == [0, 0, 1, 2, 6, 6]
    assert place((), 7) == 7
    assert chained([Piece(0, 2, 0, 2)], ()) == (Piece(0, 2, 0, 2),)
