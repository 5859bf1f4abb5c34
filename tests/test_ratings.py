"""Ratings of every system come to the archive's four."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.ratings import BY_NAME, Rating, read_rating


@pytest.mark.parametrize(
    ("rating", "texts"),
    [
        (Rating.NOT_RATED, "Not Rated|NR|unrated|not yet rated|None|N/A"),
        (Rating.GENERAL, "General Audiences|general audience|G|PG|K|K+|FRC|Gen|C|U|all ages|tous publics|0+"),
        (Rating.TEEN, "Teen And Up Audiences|Teen & Up Audiences|TEEN|T|PG-13|PG13|pg 13|PG‑13|PG-15|FRT|FRT-13|FRT13"),
        (Rating.TEEN, "YT|12A|15|16+|T for Teen|PG-13 for language|PG-13 (this part)|Fiction T|young adult"),
        (Rating.MATURE, "Mature|mature|MATURE|M|R|hard R|FRM|R (for violence)|Rated M|M - Mature|Mature audiences|17+"),
        (
            Rating.MATURE,
            "Rated: Fiction  M|mature, but not explicit|General Audiences, Mature|PG-13/R|“Mature”",
        ),
        (
            Rating.EXPLICIT,
            "Explicit|NC-17|NC17|nc 17|NC–17|FRAO|MA|Adult|Adults only|X|XXX|18+|18|A|AO|E|NC-21",
        ),
        (Rating.EXPLICIT, "PG to NC-17|G - NC-17|Overall rating: NC-17|R/NC-17|R for blood. Later NC-17|up to NC-17"),
    ],
)
def test_a_rating_is_read_in_any_system(rating: Rating, texts: str) -> None:
    assert {text: read_rating(text) for text in texts.split("|")} == dict.fromkeys(texts.split("|"), rating)


@pytest.mark.parametrize(
    "text",
    [None, "", "   ", "see inside", "A lot of things", "Maximum silliness", "Great", "15 chapters", "?"],
)
def test_what_is_no_rating_is_none(text: str | None) -> None:
    assert read_rating(text) is None


def test_mature_is_not_explicit() -> None:
    for text in ("Mature", "mature", "Mature (M)", "Mature/R", "Mature audiences only", "M for Mature"):
        assert read_rating(text) is Rating.MATURE


def test_the_archives_own_names_are_read_back() -> None:
    for rating in Rating:
        assert read_rating(rating.label) is rating
        assert read_rating(rating.label.upper()) is rating
        assert BY_NAME[rating.label.casefold()] is rating


def test_two_ratings_are_for_adults() -> None:
    assert [rating.label for rating in Rating if rating.is_adult] == ["Mature", "Explicit"]


@given(st.text(max_size=60))
def test_any_text_is_a_rating_or_none(text: str) -> None:
    assert read_rating(text) in (None, *Rating)


CODES = st.sampled_from(["G", "PG", "PG-13", "R", "NC-17", "K", "K+", "T", "M", "MA", "FRT", "FRM", "FRAO", "Teen"])


@given(CODES, CODES, st.sampled_from([" to ", "/", " - ", "-", " or ", ", "]))
def test_of_a_range_the_highest_counts(low: str, high: str, between: str) -> None:
    highest = max(read_rating(low) or 0, read_rating(high) or 0)
    assert read_rating(f"{low}{between}{high}") == highest
