import pytest

from tagger.errors import DataError
from tagger.readers.passages import read_passages

TEXT = """=== rel-001 | present: abuse, angst | unsure: grief

She left.

=====

She came back.

=== rel-002 | present:  | unsure:

Rating: G
Warnings: none

Noon.

A/N: hi

=== rel-003 | present: war

It was late.
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_passages(line_end):
    first, second, third = read_passages(TEXT.replace("\n", line_end), "a.txt")
    assert first.work.text.split() == ["She", "left.", "=====", "She", "came", "back."]
    assert (first.present, first.unknown) == ({"abuse", "angst"}, {"grief"})
    assert (first.work.id, first.group, first.place) == ("rel-001", "rel-001", "a.txt:1")
    assert (second.present, second.unknown, second.place) == (frozenset(), frozenset(), "a.txt:9")
    assert second.work.source.ignored == ("header", "author's note")
    assert [second.work.text[c.start : c.end] for c in second.work.chapters] == ["Noon."]
    assert (third.present, third.unknown, third.place) == ({"war"}, frozenset(), "a.txt:18")


def test_no_passages():
    assert list(read_passages("\n", "a.txt")) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("hello\n\n=== a | present: | unsure:\n\nNoon.", "a.txt:1: text before the first line of the form"),
        ("hello", "a.txt:1: text before"),
        ("\n=== a\n\nNoon.", "a.txt:2: this line is not of the form"),
        ("=== a | present war | unsure:\n\nNoon.", "a.txt:1: this line is not"),
        ("=== a b | present: | unsure:\n\nNoon.", "a.txt:1: this line is not"),
        ("===a | present: | unsure:\n\nNoon.", "a.txt:1: this line is not"),
        ("=== a | present: | unsure: | x: y\n\nNoon.", "a.txt:1: this line is not"),
        ("=== a | present: war grief | unsure:\n\nNoon.", "a.txt:1: labels are ids with a comma between them"),
        ("=== a | present: war,, grief | unsure:\n\nNoon.", "a.txt:1: labels are ids"),
        ("=== a | present: war | unsure: war\n\nNoon.", "a.txt:1: both present and unsure: war"),
        ("=== a | present: | unsure:\n\n=== b | present: | unsure:\n\nNoon.", "a.txt:1: passage a has no text"),
        ("=== a | present: | unsure:\n\nNoon.\n\n=== b | present: | unsure:\n", "a.txt:5: passage b has no text"),
    ],
)
def test_passages_that_cannot_be_read(text, error):
    with pytest.raises(DataError) as raised:
        list(read_passages(text, "a.txt"))
    assert str(raised.value).startswith(error)
