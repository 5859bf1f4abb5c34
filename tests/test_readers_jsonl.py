import json

import pytest

from tagger.errors import DataError
from tagger.readers.jsonl import read_labelled, read_record
from tagger.works import Declared, Failure, Source, Work

PLACE = "works.jsonl:12"


def record(**fields):
    return json.dumps(fields).encode()


def test_a_plain_record():
    work = read_record(record(id="a1", text="It was late."), PLACE)
    assert isinstance(work, Work)
    assert (work.id, work.text, work.source) == ("a1", "It was late.", Source("jsonl"))
    assert work.chapters == (("", 0, 12),)


@pytest.mark.parametrize(
    ("fields", "id"),
    [({}, PLACE), ({"id": None}, PLACE), ({"id": ""}, PLACE), ({"id": 7}, "7"), ({"id": "x y"}, "x y")],
)
def test_ids(fields, id):
    assert read_record(record(text="Noon.", **fields), PLACE).id == id


def test_the_text_is_laid_out():
    text = "Title: x\nRating: M\nWarnings: war\n\nChapter 1\n\nNoon.\n\nA/N: hi"
    work = read_record(record(text=text), PLACE)
    assert work.declared == Declared("M", ("war",))
    assert work.source == Source("jsonl", ignored=("header", "author's note"))
    assert [work.text[c.start : c.end] for c in work.chapters] == ["Noon."]


def test_what_the_record_declares_goes_before_the_header():
    text = "Rating: M\nWarnings: war\nTags: tea\n\nNoon."
    work = read_record(record(text=text, rating="Explicit", warnings=["Rape/Non-Con"], title="x"), PLACE)
    assert work.declared == Declared("Explicit", ("Rape/Non-Con",), ("tea",))
    work = read_record(record(text=text, tags="a, b", warnings="grief; loss", rating=None), PLACE)
    assert work.declared == Declared("M", ("grief", "loss"), ("a", "b"))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{text: 1}", "not JSON: "),
        (b'{"text": "cut', "not JSON: "),
        (b"It was late.", "(column 1)"),
        (b"[" * 100_000, "not JSON: "),
        (b"[1]", 'is a list, not an object with "text"'),
        (b'"text"', "is a string, not an object"),
        (b"3", "is a number, not an object"),
        (b"{}", 'has no "text"'),
        (b'{"text": 3}', '"text" is a number, not a string'),
        (b'{"text": null}', '"text" is null, not a string'),
        (b'{"text": ["a"]}', '"text" is a list, not a string'),
        (b'{"text": " \\n"}', '"text" is empty'),
        (b'{"text": "\\u0000"}', '"text" is empty'),
        (b'{"text": "a", "id": 1.5}', '"id" is a number, not a string or a whole number'),
        (b'{"text": "a", "id": true}', '"id" is true or false'),
        (b'{"text": "a", "rating": 3}', '"rating" is a number, not a string'),
        (b'{"text": "a", "warnings": 3}', '"warnings" is a number, not a list of strings'),
        (b'{"text": "a", "tags": ["b", 3]}', '"tags" is a list, not a list of strings only'),
    ],
)
def test_lines_that_cannot_be_read(line, error):
    failure = read_record(line, PLACE)
    assert isinstance(failure, Failure)
    assert failure.id == PLACE
    assert error in failure.error
    assert "\n" not in failure.error


def test_a_failure_has_the_id_of_its_record_and_says_where_it_stands():
    assert read_record(record(id="a1", text=3), PLACE) == Failure("a1", f'{PLACE}: "text" is a number, not a string')


def test_lone_surrogates_are_mended():
    work = read_record(b'{"id": "a\\udc00", "text": "No\\ud83d. \\ud83d\\ude00 \\\\ud800 \\ud800"}', PLACE)
    assert work.text == "No\ufffd. 😀 \\ud800 \ufffd"
    assert work.id == "a\ufffd"
    assert work.source.repairs == ("3 lone surrogates read as U+FFFD",)


def test_bytes_that_are_not_utf8_are_mended():
    work = read_record(b'{"text": "caf\xe9"}', PLACE)
    assert work.text == "café"
    assert work.source == Source("jsonl", "cp1252", (), ("1 byte that is not UTF-8 read as cp1252",))


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert read_record(b"\xef\xbb\xbf" + record(text="Noon."), PLACE).text == "Noon."


def test_a_labelled_record():
    labelled = read_labelled(record(id="a", text="Noon.", labels=["war"], unknown=["grief"]), PLACE)
    assert labelled.work.id == "a"
    assert (labelled.present, labelled.unknown, labelled.absent) == ({"war"}, {"grief"}, frozenset())
    assert (labelled.partial, labelled.group, labelled.place) == (False, "a", PLACE)


def test_labels_may_be_called_present_and_be_none():
    assert read_labelled(record(text="Noon.", present=[]), PLACE).present == frozenset()


def test_a_list_of_absent_labels_makes_silence_unknown():
    labelled = read_labelled(record(text="Noon.", labels="war, grief", absent=[], group=4), PLACE)
    assert (labelled.present, labelled.partial, labelled.group) == ({"war", "grief"}, True, "4")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"text": "Noon."}, 'needs "labels"'),
        ({"text": "Noon.", "labels": [], "present": []}, 'needs "labels"'),
        ({"text": "Noon.", "labels": [3]}, '"labels" is a list, not a list of strings only'),
        ({"text": "Noon.", "labels": {"war": 1}}, '"labels" is an object'),
        ({"text": "Noon.", "labels": ["war"], "unknown": ["war"]}, "says two things of war"),
        ({"text": "", "labels": []}, '"text" is empty'),
        ({"labels": []}, 'has no "text"'),
    ],
)
def test_labelled_records_that_cannot_be_read(fields, error):
    with pytest.raises(DataError, match=f"^{PLACE}: .*{error}"):
        read_labelled(record(**fields), PLACE)


@pytest.mark.parametrize(
    ("author", "trust"),
    [({"trust": "new"}, "new"), ({"name": "A"}, None), ({"trust": None}, None), ({"trust": ""}, None), ("A", None)],
)
def test_what_the_archive_says_of_the_author(author: object, trust: str | None) -> None:
    work = read_record(json.dumps({"text": "Tea.", "author": author}).encode(), "w.jsonl:1")
    assert isinstance(work, Work)
    assert work.trust == trust


def test_trust_that_is_no_string_is_told() -> None:
    failure = read_record(b'{"id": "a", "text": "Tea.", "author": {"trust": 3}}', "w.jsonl:1")
    assert failure == Failure("a", 'w.jsonl:1: "author.trust" is a number, not a string')
