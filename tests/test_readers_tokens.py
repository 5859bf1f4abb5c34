import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.readers.tokens import Tag, Text, attributes_of, references, tokenize, unescape


def said(source):
    """Tags as `+name` and `-name`, texts as they stand."""
    return [
        source[token.start : token.end]
        if isinstance(token, Text)
        else "+" * token.opens + "-" * token.closes + token.name
        for token in tokenize(source)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<P>Oh<BR/>no</p>", ["+p", "Oh", "+-br", "no", "-p"]),
        ("I <3 you </3 a < b <", ["I <3 you </3 a < b <"]),
        ("<a title=\"a > b\" href='<i>'>x", ["+a", "x"]),
        ("a<!-- <p> -- > -->b<!-->c<!--->d<!-- e", ["a", "b", "c", "d"]),
        ('<!DOCTYPE x [<!ENTITY lol "haha">]>&lol;', ["&lol;"]),
        ("<?xml version='1.0'?>a<!weird>b", ["a", "b"]),
        ("<script>if (a<b) '</p>'</script >a", ["+script", "if (a<b) '</p>'", "-script", "a"]),
        ("<style/>a<title>b<i></title>c", ["+-style", "a", "+title", "b<i>", "-title", "c"]),
        ("<![CDATA[a<b]]>c", ["a<b", "c"]),
        ("a<i", ["a", "+i"]),
        ("<p class='x>all that follows", ["+p"]),
        ("<p \"'>Speech</p>", ["+p", "Speech", "-p"]),
        ("<o:p>a</o:p>", ["+o:p", "a", "-o:p"]),
    ],
)
def test_tags_and_texts(source, expected):
    assert said(source) == expected


def test_attributes():
    assert attributes_of(" a=1 B='two' c = \"th&amp;ree\" d A=9 /") == {"a": "1", "b": "two", "c": "th&ree", "d": ""}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("R&amp;R", "R&R"),
        ("&eacute;&EACUTE;&#233;&#xE9;&#XE9", "é&EACUTE;ééé"),
        ("AT&T & co; &unheardof; &", "AT&T & co; &unheardof; &"),
        ("&copy 2001", "© 2001"),
        ("&amp;quot;x&amp;amp;#8217;&amp;lt;", '"x’<'),
        ("R&amp;R; Q&amp;copy that &amp;amp;nothing;", "R&R; Q&copy that &nothing;"),
        ("&#146;&#0;&#55296;", "’\ufffd\ufffd"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
    ],
)
def test_references(source, text):
    assert unescape(source) == text


@given(st.text("&amp;lt#x9; nbsq", max_size=40))
def test_references_are_in_order_and_say_what_they_stand_for(source):
    end = 0
    for found in references(source, 0, len(source)):
        assert end <= found.start < found.end <= len(source)
        assert source[found.start] == "&"
        end = found.end


@given(st.text("<>/!-[]?= \"'aipscrt&;", max_size=60))
def test_tokens_are_in_order_and_in_range(source):
    end = 0
    for token in tokenize(source):
        assert end <= token.start
        if isinstance(token, Tag):
            assert token.opens or token.closes
        else:
            assert token.start < token.end <= len(source)
            end = token.end


@pytest.mark.parametrize(
    "unit", ["<a ", "<a x='", "<!--", "<", "</a", "='\"", "<![CDATA[", "<title></tit", "&", "&amp;a", "&#1"]
)
def test_the_time_grows_with_the_length_alone(unit):
    source = unit * (300_000 // len(unit))
    start = time.process_time()
    for token in tokenize(source):
        if isinstance(token, Tag):
            attributes_of(token.attributes)
    unescape(source)
    assert time.process_time() - start < 2  # a tokenizer that goes back takes minutes
