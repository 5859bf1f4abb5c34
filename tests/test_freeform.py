"""Freeform tags: what each declares, comes near to, and denies; and the table behind it."""

import time
import tomllib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import shipped
from tagger.freeform import Meaning, key, listed_names, names_of, plain, together, understand
from tagger.labels import from_names, load

LABELS = load(shipped.labels_file())
NAMES = names_of(LABELS)
SYNONYMS = tomllib.loads(shipped.synonyms_file().read_text("utf-8"))
TAG = partial(understand, names=NAMES, warned=False)
WARNING = partial(understand, names=NAMES, warned=True)


def stances(meaning: Meaning) -> str:
    """A meaning in short: labels as they are, "~" near, "-" denied, "(-)" denied in part."""
    marks = ("", "~", "-", "(-)")
    return " ".join(mark + label for mark, ids in zip(marks, meaning[:4], strict=True) for label in sorted(ids))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        # as a whole, in any spelling
        ("Self-Harm", "self-harm"),
        ("selfharm", "self-harm"),
        ("self harming", "self-harm"),
        ("Humour", "humor"),
        ("flufffff", "fluff"),
        ("Panic Attack", "mental-illness"),
        ("Non-Consensual", "sexual-violence"),
        ("noncon", "sexual-violence"),
        ("Rape/Non-con Elements", "sexual-violence"),
        ("r*pe", "sexual-violence"),
        ("s*icide", "suicide"),
        ("Hurt/Comfort", "hurt-comfort"),
        ("hurt & comfort", "hurt-comfort"),
        ("Dead Dove: Do Not Eat", "dark-themes"),
        ("смерть персонажа", "character-death"),
        ("Muerte de personaje", "character-death"),
        # with words around it
        ("past abuse", "abuse"),
        ("Implied/Referenced Self-Harm", "self-harm"),
        ("lots and lots of angst", "angst"),
        ("Slight Angst", "angst"),
        ("abuse (mentioned)", "abuse ~dysfunctional-relationship"),
        ("Swearing in chapter 12", "strong-language"),
        ("Violence (not graphic)", "violence"),
        ("Not a happy ending", "angst"),
        # several at once
        ("Angst and Hurt/Comfort", "angst hurt-comfort"),
        ("Slow burn with eventual smut", "romance sexual-content"),
        ("Fluff & Smut", "fluff sexual-content"),
        ("graphic violence and torture throughout the story", "dark-themes graphic-violence ~violence"),
        # of somebody by name
        ("Peter Parker Has PTSD", "mental-illness"),
        ("Tony Stark Dies", "character-death"),
        ("Dean Winchester Angst", "angst"),
        ("Suicidal Draco Malfoy", "suicide"),
        # near it
        ("dubcon", "~sexual-violence"),
        ("Extremely Dubious Consent", "~sexual-violence"),
        ("Blood", "~graphic-violence ~medical ~violence"),
        ("Implied Sexual Content", "~sexual-content"),
        ("Fake Character Death", "~character-death"),
        # denied
        ("no smut", "-sexual-content"),
        ("No Sexual Content", "-sexual-content"),
        ("there is absolutely no smut", "-sexual-content"),
        ("this fic contains no sexual content", "-sexual-content"),
        ("doesn't have any smut", "-sexual-content"),
        ("smut-free", "-sexual-content"),
        ("Violence: none", "-violence"),
        ("not fluff", "-fluff"),
        ("no smut or violence", "-sexual-content -violence"),
        ("no angst just fluff", "fluff -angst"),
        ("no smut and lots of fluff", "fluff -sexual-content"),
        ("romance without smut", "romance -sexual-content"),
        ("Everyone Lives/Nobody Dies", "-character-death"),
        ("non-graphic violence", "violence -graphic-violence"),
        ("Hurt No Comfort", "angst -hurt-comfort"),
        ("no graphic violence", "-graphic-violence"),
        # denied in part
        ("no major character death", "(-)character-death"),
        ("no explicit sex", "(-)sexual-content"),
        ("no blood", "(-)graphic-violence (-)medical (-)violence"),
    ],
)
def test_a_tag_says(tag: str, expected: str) -> None:
    assert stances(TAG(plain(tag))) == expected


@pytest.mark.parametrize(
    "tag",
    [
        *("Major Character Undeath", "Death Eaters", "Death (Discworld)", "Death & Susan Sto Helit", "Star Wars"),
        *("not beta read we die like men", "No Beta We Die Like Robins", "abuse of italics", "Snowball Fight"),
        *("Captain America: Civil War (Movie)", "Steve Rogers/Tony Stark", "M/M", "Asexual Character", "High School"),
        *("no plot", "no homo", "Coffee", "Comfort Food", "Ed", "Language", "", "!!!", "no", "not", "past", "and", "/"),
        *("never not smut", "Almost Dies of Cute", "Underage", "no underage", "High Fantasy", "Ana"),
    ],
)
def test_a_tag_says_nothing_of_any_label(tag: str) -> None:
    assert stances(TAG(plain(tag))) in ("", "~character-death")
    assert not TAG(plain(tag)).present


@pytest.mark.parametrize(
    ("warning", "expected"),
    [
        ("ED, SH", "eating-disorder self-harm"),
        ("language", "strong-language"),
        ("rape, abuse, and suicide", "abuse sexual-violence suicide ~dysfunctional-relationship"),
        ("someone gets kidnapped and there is no sexual content at all", "captivity -sexual-content"),
        ("blood, gore & death", "character-death graphic-violence ~horror ~medical ~violence"),
        ("a character whom you will love commits suicide here", "suicide"),
        ("Smut in chapter 5 (skippable)", "sexual-content"),
        ("Death Eaters being Death Eaters", ""),
        ("not beta read we die like men", ""),
    ],
)
def test_a_warning_is_read_through(warning: str, expected: str) -> None:
    assert stances(WARNING(plain(warning))) == expected


@given(st.sampled_from(sorted(NAMES.present)), st.sampled_from(["no ", "without ", "absolutely no ", "there is no "]))
def test_a_negated_name_denies_what_it_declared(name: str, negation: str) -> None:
    if key(negation + name) in {*NAMES.present, *NAMES.denied, *NAMES.unmeant} or name in NAMES.only_in_warnings:
        return  # "no consent" is a name of its own
    declared, denied = TAG(name), TAG(negation + name)
    assert not denied.present & declared.present
    assert declared.present <= denied.denied | denied.in_part


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_read(text: str, warned: bool) -> None:
    meaning = understand(plain(text), NAMES, warned=warned)
    assert meaning.known or meaning == Meaning()
    assert all(label in LABELS for ids in meaning[:4] for label in ids)


PIECES = st.sampled_from(
    [
        "no ",
        "not ",
        "past ",
        "smut",
        "fluff",
        " and ",
        ", ",
        "/",
        " & ",
        "(",
        ")",
        ": ",
        "without ",
        " none",
        "major ",
        "death",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_tag_takes_long(text: str) -> None:
    began = time.perf_counter()
    WARNING(plain(text))
    assert time.perf_counter() - began < 1


def test_meanings_add_up() -> None:
    one, other = TAG("no smut"), TAG("fluff")
    assert stances(together([one, other])) == "fluff -sexual-content"
    assert together([]) == Meaning()


# --- the table ---


def test_the_table_is_of_the_labels_that_there_are() -> None:
    for table in ("declares", "related", "denies"):
        assert set(SYNONYMS[table]) <= set(LABELS.ids)
    assert set(SYNONYMS["declares"]) == set(LABELS.ids)


def test_every_name_in_the_table_says_what_stands_there() -> None:
    short = {key(name) for name in listed_names(SYNONYMS["only_in_warnings"])}
    for table, stance in (("declares", "present"), ("related", "related"), ("denies", "denied")):
        for label, text in SYNONYMS[table].items():
            for name in listed_names(text):
                meaning = WARNING(plain(name)) if key(name) in short else TAG(plain(name))
                told = getattr(meaning, stance) | (meaning.present if stance == "related" else frozenset())
                assert label in told, f"{name} does not say {label}"


def test_every_name_of_the_label_set_declares_its_label() -> None:
    for label in LABELS:
        for name in (label.name, *label.vocabularies.get("ao3", ()), *label.vocabularies.get("ao3_tags", ())):
            assert label.id in TAG(plain(name)).present, name


def test_what_is_short_for_a_label_stands_in_the_table_too() -> None:
    for name in listed_names(SYNONYMS["only_in_warnings"]):
        assert not TAG(plain(name)).present
        assert WARNING(plain(name)).present, name


def test_what_is_unmeant_says_nothing() -> None:
    for name in listed_names(SYNONYMS["unmeant"]):
        assert TAG(plain(name)) == Meaning(known=True), name


def test_the_table_is_large() -> None:
    assert len(NAMES.present) > 2500


def test_a_label_set_of_ones_own_has_its_names_alone() -> None:
    own = names_of(from_names(["Joy", "violence"]))
    assert understand("no joy", own, warned=False).denied == {"Joy"}
    assert understand("fist fight", own, warned=False).present == {"violence"}
    assert not understand("fluff", own, warned=False).known
