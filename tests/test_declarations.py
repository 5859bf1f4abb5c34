"""What an author's header comes to: labels declared, denied and undisclosed, each with the words that say so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import shipped
from tagger.declarations import ARCHIVE_WARNINGS, Declarations, Said, normalise
from tagger.labels import load
from tagger.ratings import Rating
from tagger.works import Declared

LABELS = load(shipped.labels_file())


def read(*warnings: str, tags: tuple[str, ...] = (), rating: str | None = None) -> Declarations:
    return normalise(Declared(rating, warnings, tags), LABELS)


@pytest.mark.parametrize("name", [*ARCHIVE_WARNINGS, "Underage", "graphic depictions of violence", "RAPE/NON-CON"])
def test_archive_warnings_are_known_in_any_case_and_where_they_stand(name: str) -> None:
    for told in (read(name), read(tags=(name,)), read(name.lower()), read(f"Warning: {name}")):
        assert len(told.archive_warnings) == 1
        assert told.archive_warnings[0] in ARCHIVE_WARNINGS
        assert not told.unread


def test_underage_has_two_names_and_no_label() -> None:
    for name in ("Underage", "Underage Sex", "underage sex"):
        told = read(name)
        assert told.archive_warnings == ("Underage Sex",)
        assert (told.present, told.related) == ({}, {})
    assert read(tags=("Underage Drinking",)).archive_warnings == ()
    assert read(tags=("no underage",)).archive_warnings == ()


@pytest.mark.parametrize(
    "words",
    [
        *("Choose Not To Use Archive Warnings", "Creator Chose Not To Use Archive Warnings"),
        *("creator chose not to use archive warnings", "Author chose not to warn", "CNTW", "Chose not to use warnings"),
    ],
)
def test_who_chose_not_to_warn_is_taken_at_the_word(words: str) -> None:
    for told in (read(words), read(tags=(words,))):
        assert [said.text for said in told.undisclosed] == [words]
        assert not told.none_apply


@pytest.mark.parametrize("words", ["see end notes", "See notes for warnings inside", "spoilers", "Inside"])
def test_who_points_elsewhere_for_warnings_has_not_disclosed_them_here(words: str) -> None:
    assert read(words).undisclosed
    assert not read(tags=(words,)).undisclosed


@pytest.mark.parametrize(
    "words",
    ["No Archive Warnings Apply", "no archive warnings apply", "None", "none apply", "N/A", "No warnings.", "nope"],
)
def test_no_warning_at_all_is_said_in_many_ways(words: str) -> None:
    assert read(words).none_apply
    assert not read(words).undisclosed


def test_no_archive_warnings_apply_gives_way_to_an_archive_warning() -> None:
    assert not read("No Archive Warnings Apply", "Rape/Non-Con").none_apply
    assert read("No Archive Warnings Apply", tags=("dubcon", "Gore")).none_apply


def test_none_is_no_warning_among_tags() -> None:
    assert not read(tags=("None",)).none_apply


def test_each_label_remembers_who_said_it_and_where() -> None:
    told = read("TW: abuse", tags=("Past Abuse", "no smut", "dubcon", "no major character death"))
    assert told.present["abuse"] == (Said("warnings", "TW: abuse"), Said("tags", "Past Abuse"))
    assert told.denied["sexual-content"] == (Said("tags", "no smut"),)
    assert told.related["sexual-violence"] == (Said("tags", "dubcon"),)
    assert told.denied_in_part["character-death"] == (Said("tags", "no major character death"),)


def test_what_is_declared_declares_what_it_implies() -> None:
    told = read("Graphic Depictions Of Violence")
    assert told.present.keys() == {"graphic-violence", "violence"}
    assert told.direct == {"graphic-violence"}


def test_what_is_denied_denies_what_implies_it() -> None:
    assert read("no violence").denied.keys() == {"violence", "graphic-violence"}
    assert read("no graphic violence").denied.keys() == {"graphic-violence"}


def test_what_is_declared_goes_before_what_is_denied() -> None:
    told = read("no smut", tags=("Eventual Smut",))
    assert "sexual-content" in told.present
    assert "sexual-content" not in told.denied


@pytest.mark.parametrize(
    "trigger",
    [
        *(
            "TW: {}",
            "tw {}",
            "CW: {}",
            "TW/CW: {}",
            "[TW] {}",
            "Trigger Warning: {}",
            "trigger warning for {}",
            "{} tw",
        ),
        *("Content Warning - {}", "Content Note: {}", "warning: {}", "Warnings for {}", "{} cw", "{} trigger warning"),
        *("CW // {}", "(TW) {}", "⚠️ TW: {}", "tw: mentions of {}", "#tw {}"),
    ],
)
@pytest.mark.parametrize(("topic", "label"), [("suicide", "suicide"), ("drug use", "substance-use")])
def test_a_trigger_warning_is_a_warning_wherever_it_stands(trigger: str, topic: str, label: str) -> None:
    assert label in read(tags=(trigger.format(topic),)).present


@pytest.mark.parametrize(
    ("rating", "tags", "expected"),
    [
        ("PG-13", (), Rating.TEEN),
        ("Mature", (), Rating.MATURE),
        (None, ("Fanworks", "Explicit", "M/M"), Rating.EXPLICIT),
        (None, ("Teen And Up Audiences",), Rating.TEEN),
        ("see inside", (), None),
        (None, ("Mature Audiences of One",), None),
        ("M", ("General Audiences",), Rating.MATURE),
    ],
)
def test_the_rating_is_read_from_its_field_or_from_the_archives_name(
    rating: str | None, tags: tuple[str, ...], expected: Rating | None
) -> None:
    told = read(rating=rating, tags=tags)
    assert told.rating == expected
    assert (told.rating_said is None) == (expected is None)


def test_what_nobody_can_read_is_kept_apart_and_couples_are_not_in_it() -> None:
    told = read(tags=("Steve/Tony", "Sherlock & John", "Coffee for Two", "Explicit", "Gen", "Fluff"))
    assert told.unread == (Said("tags", "Coffee for Two"),)


def test_labels_of_the_archive_are_present_as_the_label_set_has_it() -> None:
    for label in LABELS:
        for name in label.vocabularies.get("ao3_tags", ()):
            assert label.id in read(tags=(name,)).present, name


@given(st.lists(st.text(max_size=80), max_size=5), st.lists(st.text(max_size=80), max_size=5), st.text(max_size=30))
def test_anything_may_be_declared(warnings: list[str], tags: list[str], rating: str) -> None:
    told = read(*warnings, tags=tuple(tags), rating=rating)
    stances = [told.present, told.related, told.denied, told.denied_in_part]
    labels = [label for stance in stances for label in stance]
    assert len(labels) == len(set(labels))
    assert set(labels) <= set(LABELS.ids)
    assert told.direct <= told.present.keys()
