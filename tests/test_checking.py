"""What is said of an author's declaration beside what the text shows."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import shipped
from tagger.checking import FINDINGS, RATING, REASONS, SCHEMA, Check, alarming, archive_name, check, suggest_rating
from tagger.labels import LabelSet, from_names, load
from tagger.ratings import Rating
from tagger.results import Suggestion, failed

LABELS = load(shipped.labels_file())
# rating, warnings and tags as declared, "|" between; what the text shows (see `suggestion`); and what is found
CASES = Path(__file__).parent / "fixtures" / "checks.tsv"
CNTW = "Choose Not To Use Archive Warnings"
NAWA = "No Archive Warnings Apply"
GRAPHIC = "Graphic Depictions Of Violence"


def suggestion(text: str) -> Suggestion:
    """A suggestion from words such as "violence", "violence mention", "fluff unsure", "grief possible central 2"; a
    number is the chapter of its evidence.
    """
    label, *facts = text.split()
    chapter = next((int(fact) for fact in facts if fact.isdigit()), 1)
    band = next((fact for fact in facts if fact in ("likely", "possible", "unsure")), "likely")
    prominence = next((fact for fact in facts if fact in ("mention", "present", "central")), "present")
    return {
        "label": label,
        "kind": LABELS[label].kind,
        "score": 0.9,
        "threshold": 0.5,
        "band": band,
        "prominence": prominence,
        "right": 0.8,
        "evidence": [{"chapter": chapter, "paragraph": 2, "start": 10, "end": 90, "score": 0.9, "words": ["a", "b"]}],
    }


def checked(
    rating: str | None = None, warnings: str = "", tags: str = "", shows: str = "", unsupported: tuple[str, ...] = ()
) -> Check:
    """The check of a work; warnings and tags part at "|", what the text shows at ","."""
    scores = {label: 0.1 for label in LABELS.ids if label not in unsupported}
    return check(
        {
            "schema": "tagger.result/1",
            "id": "one",
            "status": "ok",
            "model": {"name": "m", "version": "1", "sha256": "0"},
            "source": {"format": "text", "encoding": "utf-8", "words": 9, "chapters": 1, "ignored": (), "repairs": ()},
            "declared": {"rating": rating, "warnings": split(warnings), "tags": split(tags)},
            "suggested": [suggestion(each) for each in shows.split(", ") if each],
            "scores": scores,
            "structure": None,
            "unsupported": list(unsupported),
            "timing_ms": 1.0,
        },
        LABELS,
    )


def split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)


def found(checked: Check) -> dict[str, str]:
    return {each["label"]: f"{each['finding']} {each['reason']}" for each in checked["findings"]}


def cases() -> list[dict[str, str]]:
    """The table of declared and shown, with all that is to be found: `label finding reason`, parted by ", "."""
    lines = [line for line in CASES.read_text("utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("case", cases(), ids=lambda case: "; ".join(case.values()))
def test_what_is_found(case: dict[str, str]) -> None:
    result = checked(case["rating"] or None, case["warnings"], case["tags"], case["shows"])
    findings = [f"{each['label']} {each['finding']} {each['reason']}" for each in result["findings"]]
    assert sorted(findings) == sorted(filter(None, case["findings"].split(", ")))


# --- whatever is declared and shown ---

WORDS = st.sampled_from(
    [
        *(GRAPHIC, "Rape/Non-Con", "Major Character Death", "Underage Sex", CNTW, NAWA, "no smut", "dubcon", "Gore"),
        *("no major character death", "Everyone Lives", "TW: abuse", "Angst", "Steve/Tony", "no violence", "none"),
        "Fluff",
    ]
)
SHOWN = st.lists(
    st.tuples(
        st.sampled_from(LABELS.ids),
        st.sampled_from(["likely", "possible", "unsure"]),
        st.sampled_from(["mention", "present", "central"]),
    ),
    unique_by=lambda each: each[0],
    max_size=8,
)
RATINGS = st.sampled_from([None, "Not Rated", "G", "PG-13", "Mature", "NC-17", "whatever"])


@given(RATINGS, st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=4), SHOWN)
def test_every_finding_is_whole_and_there_is_one_a_label(
    rating: str | None, warnings: list[str], tags: list[str], shown: list[tuple[str, str, str]]
) -> None:
    result = checked(rating, "|".join(warnings), "|".join(tags), ", ".join(" ".join(each) for each in shown))
    labels = [each["label"] for each in result["findings"]]
    assert len(labels) == len(set(labels))
    order = [FINDINGS.index(each["finding"]) for each in result["findings"]]
    assert order == sorted(order)
    for each in result["findings"]:
        assert each["reason"] in REASONS
        assert each["sentence"].endswith(".")
        assert "{" not in each["sentence"]
        assert "Underage" not in each["sentence"]
        assert bool(each["evidence"]) == (each["finding"] != "not_seen" and each["reason"] != "rating-agrees")
        assert each["declared"] or each["finding"] == "missing"
        if each["finding"] == "contradiction":
            assert each["prominence"] != "mention"
            assert each["band"] != "unsure"


@given(RATINGS, st.lists(WORDS, max_size=4), SHOWN)
def test_nothing_is_missing_where_the_author_chose_not_to_warn(
    rating: str | None, tags: list[str], shown: list[tuple[str, str, str]]
) -> None:
    result = checked(rating, CNTW, "|".join(tags), ", ".join(" ".join(each) for each in shown))
    assert "missing" not in {each["finding"] for each in result["findings"]}


@given(SHOWN, st.permutations(["General Audiences", "Teen And Up Audiences"]), st.permutations(["Mature", "Explicit"]))
def test_which_of_two_ratings_on_a_side_is_never_a_finding(
    shown: list[tuple[str, str, str]], low: list[str], high: list[str]
) -> None:
    for pair in (low, high):
        kinds = []
        for rating in pair:
            result = checked(rating, shows=", ".join(" ".join(each) for each in shown))
            kinds.append({each["finding"] for each in result["findings"] if each["label"] == RATING} - {"agrees"})
        assert kinds[0] == kinds[1]


@given(st.lists(WORDS, max_size=4), SHOWN)
def test_underage_is_declared_or_not_and_never_found(tags: list[str], shown: list[tuple[str, str, str]]) -> None:
    result = checked(None, "|".join(tags), "", ", ".join(" ".join(each) for each in shown))
    assert ("Underage Sex" in result["understood"]["archive_warnings"]) == ("Underage Sex" in tags)
    assert "Underage" not in repr(result["findings"])


# --- the rating that the text asks for ---


@pytest.mark.parametrize(
    ("shows", "rating", "label"),
    [
        ("", Rating.GENERAL, None),
        ("fluff, grief", Rating.GENERAL, None),
        ("violence", Rating.TEEN, "violence"),
        ("violence, sexual-violence", Rating.MATURE, "sexual-violence"),
        ("sexual-violence, graphic-violence", Rating.MATURE, "graphic-violence"),
        ("graphic-violence mention", Rating.TEEN, "graphic-violence"),
        ("graphic-violence unsure", Rating.TEEN, "graphic-violence"),
        ("sexual-content possible", Rating.MATURE, "sexual-content"),
        ("sexual-content", Rating.EXPLICIT, "sexual-content"),
        ("sexual-content, graphic-violence", Rating.EXPLICIT, "sexual-content"),
        ("sexual-content mention, violence", Rating.TEEN, "sexual-content"),
    ],
)
def test_the_highest_passage_decides_the_rating(shows: str, rating: Rating, label: str | None) -> None:
    asked, decisive = suggest_rating([suggestion(each) for each in shows.split(", ") if each])
    assert (asked, decisive and decisive["label"]) == (rating, label)


def test_a_rating_that_decides_is_told_with_its_label() -> None:
    told = checked("pg", shows="violence, graphic-violence")["rating"]
    assert told == {"declared": "General Audiences", "suggested": "Mature", "label": "graphic-violence"}
    assert checked()["rating"] == {"declared": None, "suggested": "General Audiences", "label": None}


# --- the rest of a check ---


def test_a_finding_brings_the_words_the_sentence_and_the_evidence() -> None:
    (finding,) = checked(warnings=NAWA, shows="graphic-violence central")["findings"]
    assert finding["declared"] == [NAWA]
    assert finding["name"] == "Graphic Depictions Of Violence"
    assert finding["sentence"] == (
        "The author declared “No Archive Warnings Apply”, and the text seems to be largely about graphic violence."
    )
    assert (finding["score"], finding["band"], finding["prominence"], finding["right"]) == (
        0.9,
        "likely",
        "central",
        0.8,
    )
    assert finding["evidence"][0]["words"] == ["a", "b"]


def test_what_was_not_seen_has_the_score_it_got() -> None:
    (finding,) = checked(tags="Angst|Heavy  Angst")["findings"]
    assert (finding["score"], finding["band"], finding["evidence"]) == (0.1, None, [])
    assert finding["sentence"].startswith("The author declared “Angst” and “Heavy Angst”, ")


def test_what_the_model_never_learned_is_not_said_to_be_unseen() -> None:
    result = checked(tags="Pregnancy|Angst", unsupported=("pregnancy",))
    assert found(result) == {"angst": "not_seen not-seen"}
    assert result["unchecked"] == ["pregnancy"]


def test_what_was_understood_is_told() -> None:
    result = checked("T", f"{GRAPHIC}|Underage", "dubcon|no smut|no major angst|Coffee for Two|Steve/Tony")
    assert result["schema"] == SCHEMA
    assert result["understood"] == {
        "archive_warnings": (GRAPHIC, "Underage Sex"),
        "labels": ["graphic-violence", "violence"],
        "related": ["sexual-violence"],
        "denied": ["sexual-content"],
        "denied_in_part": ["angst"],
        "undisclosed": False,
        "unread": ["Coffee for Two"],
    }


def test_a_work_that_failed_or_was_not_scored_has_no_findings() -> None:
    model: Any = {"name": "m", "version": "1", "sha256": "0"}
    error = check(failed("bad", "it rained in", model), LABELS)
    assert error == {"schema": SCHEMA, "id": "bad", "status": "error", "model": model, "error": "it rained in"}
    short: Any = {
        "schema": "tagger.result/1", "id": "short", "status": "abstained", "reason": "too short", "model": model,
        "source": {}, "declared": {"rating": "T", "warnings": (GRAPHIC,), "tags": ()}, "suggested": [], "scores": {},
    }  # fmt: skip
    result = check(short, LABELS)
    assert (result["reason"], result["findings"], result["unchecked"]) == ("too short", [], [])
    assert result["rating"] == {"declared": "Teen And Up Audiences", "suggested": None, "label": None}


def test_a_missing_tag_alarms_nobody() -> None:
    assert alarming(checked(shows="humor central")) == ()
    assert alarming(checked(shows="humor central, violence")) == ("missing",)
    assert alarming(checked(tags="no angst", shows="angst")) == ("contradiction",)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("graphic-violence", "Graphic Depictions Of Violence"),
        ("sexual-violence", "Rape/Non-Con"),
        ("character-death", "Character Death"),
        ("violence", "Violence"),
        ("action-adventure", "Action/Adventure"),
    ],
)
def test_labels_go_by_what_the_archive_calls_them(label: str, name: str) -> None:
    assert archive_name(LABELS[label]) == name


def test_a_label_set_of_ones_own_is_checked_by_its_names() -> None:
    own: LabelSet = from_names(["Storm", "Joy"])
    result: Any = {
        "id": "x", "status": "ok", "model": {}, "source": {}, "scores": {"Storm": 0.9, "Joy": 0.1},
        "declared": {"rating": None, "warnings": (), "tags": ("lots of joy",)},
        "suggested": [{**suggestion("violence"), "label": "Storm"}],
    }  # fmt: skip
    kinds = {each["label"]: each["finding"] for each in check(result, own)["findings"]}
    assert kinds == {"Storm": "missing", "Joy": "not_seen"}
