import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tagger.readers.markup import has_class, parse
from tagger.readers.tokens import unescape


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<p>One.<p>Two.<div>Three.</div>Four.", "One.\n\nTwo.\n\nThree.\n\nFour."),
        ("<p>C<b>ontinu</b>ed</p>", "Continued"),
        ("<p>A <i> B </i> C<i></i>D\n  E</p>", "A B CD E"),
        ("<p>a<span>b</span><a>c</a><o:p></o:p><wbr>d</p>", "abcd"),
        ("one<br>two<br/><br />three<br>\n<br>\n<br>four", "one\ntwo\n\nthree\n\nfour"),
        ("one<br>&nbsp;<br>two", "one\n\ntwo"),
        ("<p>one</p><p>&nbsp;</p><p>\u00a0 \u200b</p><p></p><p>two</p>", "one\n\ntwo"),
        ("<p>one</p><hr><p>two</p>", "one\n\n* * *\n\ntwo"),
        ("one<hr/>* * *<br>~*~<p>-x-</p>two", "one\n\n* * *\n\ntwo"),
        ("one<br>***<br>two", "one\n\n* * *\n\ntwo"),
        ("<p>&nbsp;&nbsp;Indented.&nbsp;</p><p>\u3000日本</p>", "Indented.\n\n日本"),
        ("<p>10&nbsp;000</p>", "10\u00a0000"),
        ("<p>&ldquo;R&amp;R&rdquo; &lt;3 &amp;eacute;</p>", "“R&R” <3 é"),
        ("<p>a&#10;b&#32;&#9;c&#1;d</p>", "a b cd"),
        ("<title>x</title><style>p{}</style><script>'<p>'</script><p>a<noscript>b</noscript></p>", "a"),
        ("<template><p>x</p></template><select><option>y</select><textarea><p>z</textarea><p>a", "a"),
        ("<ul><li>a<li>b</ul><table><tr><td>c<td>d<tr><td>e</table><dl><dt>f<dd>g</dl>", "\n\n".join("abcdefg")),
        ("<i><p>Hello</i> there</p>", "Hello there"),
        ("<p>He <i>said</p><p>go</i> now</p>", "He said\n\ngo now"),
        ("a</p></div></nothing>b", "a\n\nb"),
        ("<pre>one\n two\n\nthree</pre>", "one\ntwo\n\nthree"),
        ("One\nline.\r\n\r\nTwo <i>lines</i>.", "One\nline.\n\nTwo lines."),
        ("<p>One\nline.\r\n\r\nStill.</p>", "One line. Still."),
        ("One\rline.", "One\nline."),
        ("<h2 class='landmark heading'>Chapter Text</h2><h2 class='toc-heading1'>Preface</h2><h2>One</h2>", "One"),
        ("<p>Cut <b", "Cut"),
        ("", ""),
    ],
)
def test_text(source, text):
    assert parse(source).text == text


def test_elements_have_their_text_and_their_place():
    page = parse("<div id=a class='x y2'><h2>One</h2><ul><li>Two<li>2</ul><p>Three<hr></div><p>Four")
    assert [(each.name, page.text_of(each), each.parent) for each in page.elements] == [
        ("", "One\n\nTwo\n\n2\n\nThree\n\n* * *\n\nFour", -1),
        ("div", "One\n\nTwo\n\n2\n\nThree\n\n* * *", 0),
        ("h2", "One", 1),
        ("ul", "Two\n\n2", 1),
        ("li", "Two", 3),
        ("li", "2", 3),
    ]
    outer = page.by_id("a")
    assert [each.name for each in page.children(outer)] == ["h2", "ul"]
    assert [each.name for each in page.within(outer)] == ["h2", "ul", "li", "li"]
    assert has_class(outer, "y")
    assert not has_class(outer, "z")
    assert page.by_id("b") is None


def test_of_too_many_elements_the_text_is_kept():
    page = parse("<div>One<div>Two</div>Three</div>", most_elements=2)
    assert page.text == "One\n\nTwo\n\nThree"
    assert len(page.elements) == 2


def test_anchors_have_a_place_and_links_none():
    page = parse("<p>a <a href=x>b</a></p><a name=here>c</a>")
    assert [(each.name, each.attributes, each.start) for each in page.elements if each.name == "a"] == [
        ("a", {"name": "here"}, 3)
    ]


def test_pieces_say_where_text_stands():
    source = "<p>  R&amp;R,\n<b>Marit</b>  said.</p>\n<p>End.</p>"
    page = parse(source, "a.xhtml")
    assert [(page.text[p.start : p.start + p.length], source[p.source : p.source + p.width]) for p in page.pieces] == [
        ("R", "R"),
        ("&", "&amp;"),
        ("R, ", "R,\n"),
        ("Marit", "Marit"),
        (" ", "  "),
        ("said.", "said."),
        ("End.", "End."),
    ]
    assert {piece.part for piece in page.pieces} == {"a.xhtml"}


def test_what_was_escaped_twice_is_a_repair():
    assert parse("<p>&amp;quot;a&amp;quot; &amp; b</p>").repairs == ("2 characters escaped twice decoded",)
    assert parse("<p>&quot;a&quot; &amp; b</p>").repairs == ()


FRAGMENTS = st.sampled_from(
    [
        *("<p>", "</p>", "<br>", "<hr>", "<i>", "</i>", "<div>", "</div>", "<h2>", "</h2>", "<pre>", "</pre>", "<td>"),
        *("<script>", "</script>", "<!--", "-->", "<li>", "<a name=b>", "<select>", "</select>", "<![CDATA[", "]]>"),
        *("&amp;", "&nbsp;", "&", "&#10;", "&#1;", "&amp;quot;", "&ampx", "&lt", "<", ">", '"', "'", "=", "<p title='"),
        *(
            "Noon",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\r",
            "\t",
            "\u00a0",
            "\u200b",
            "\x0b",
            "\x85",
            "***",
            "-x-",
            "é",
            "word two",
        ),
    ]
)
SOURCES = st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=60)


@given(SOURCES)
def test_every_character_is_from_the_source_or_parts_paragraphs(source):
    page = parse(source)
    end = source_end = 0
    for piece in page.pieces:
        assert piece.start >= end
        assert piece.source >= source_end
        assert piece.length > 0
        written = source[piece.source : piece.source + piece.width]
        text = page.text[piece.start : piece.start + piece.length]
        if piece.length == piece.width:
            assert text == re.sub(r"[ \t\r\n\f]", " ", written)
        else:
            assert text.strip() == unescape(written).strip()
        assert page.text[end : piece.start].replace("* * *", "").strip("\n") == ""
        end, source_end = piece.start + piece.length, piece.source + piece.width
    assert source_end <= len(source)
    assert page.text[end:].replace("* * *", "").strip("\n") == ""


@given(SOURCES)
def test_the_text_is_a_subsequence_of_the_source_without_its_references(source):
    assume("<![CDATA[" not in source)  # in which an ampersand is one
    remaining = iter(unescape(source))
    for character in parse(source).text.replace("* * *", ""):
        assert character.isspace() or character in remaining


@given(SOURCES)
def test_paragraphs_hold_text_and_no_white_space_around_it(source):
    text = parse(source).text
    for paragraph in text.split("\n\n") if text else ():
        assert paragraph
        assert all(line == line.strip() != "" for line in paragraph.split("\n"))
    for one, other in pairwise(text.split("\n\n")):
        assert (one, other) != ("* * *", "* * *")


@given(SOURCES)
def test_elements_lie_within_their_parents(source):
    page = parse(source)
    for number, element in enumerate(page.elements):
        assert element.number == number
        assert 0 <= element.start <= element.end <= len(page.text)
        if number:
            parent = page.elements[element.parent]
            assert parent.start <= element.start <= element.end <= parent.end
