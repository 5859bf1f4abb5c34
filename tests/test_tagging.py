"""The whole flow: what is said of a work hangs on its story alone, and everything said can be checked in the text."""

from functools import partial
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import reading
from tagger.bundles import Bundle
from tagger.errors import UnknownLabelError, UsageError
from tagger.features import blocks
from tagger.labels import LabelSet
from tagger.readers import read_text
from tagger.readers.jsonl import read_record
from tagger.reading import read
from tagger.results import Result
from tagger.tagging import COURSE_BINS, Options, tag
from tagger.training import stand_in
from tagger.works import Failure, LabelledWork, Work

EVERYTHING = Options(preset="high-recall", contributions=True, quotes=True, course=True)
FILLER = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 10


@pytest.fixture(scope="module")
def keywords(labels: LabelSet) -> Bundle:
    return stand_in(labels)


@pytest.fixture(scope="module")
def long_works(stories: list[LabelledWork]) -> list[Work]:
    """The longest works of the repository, of many passages each."""
    return [each.work for each in sorted(stories, key=lambda each: -len(each.work.text))[:8]]


def story(text: str, id: str = "story") -> Work:
    return read_text(text.encode(), id)


def untimed(results: list[Result]) -> list[dict[str, Any]]:
    return [{key: value for key, value in each.items() if key != "timing_ms"} for each in results]


def said(work: Work, bundle: Bundle) -> tuple[object, ...]:
    """What is said of the story, whatever its offsets."""
    result = tag([work], bundle)[0]
    labels = [(each["label"], each["score"], each["band"]) for each in result["suggested"]]
    return result["status"], result["scores"], labels, result["structure"], result["source"]["words"]


@pytest.fixture(scope="module")
def alone(long_works: list[Work], corpus: list[LabelledWork], bundle: Bundle) -> dict[str, tuple[Any, Any]]:
    """Some works and a failure by id, each with what is said of it when nothing stands beside it."""
    pool = [*long_works, *(each.work for each in corpus[:12]), story("Too short.", "short"), Failure("bad", "no")]
    return {each.id: (each, untimed(tag([each], bundle, EVERYTHING))[0]) for each in pool}


@given(st.data())
def test_order_and_company_change_nothing(
    alone: dict[str, tuple[Any, Any]], bundle: Bundle, data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(alone)), max_size=12))
    results = untimed(tag([alone[name][0] for name in chosen], bundle, EVERYTHING))
    assert results == [alone[name][1] for name in chosen]


def test_a_failure_keeps_its_place(keywords: Bundle) -> None:
    works = [story(FILLER, "first"), Failure("second", "it rained in"), story(FILLER, "third")]
    results = tag(works, keywords)
    assert [(each["id"], each["status"]) for each in results] == [("first", "ok"), ("second", "error"), ("third", "ok")]
    assert results[1] == {
        "schema": "tagger.result/1",
        "id": "second",
        "status": "error",
        "error": "it rained in",
        "model": keywords.model,
    }


def test_nothing_in_nothing_out(keywords: Bundle) -> None:
    assert tag([], keywords) == []


def test_evidence_is_told_by_chapter_paragraph_and_offset(keywords: Bundle) -> None:
    """Every paragraph is a passage; the third of chapter 2 and the first after the break in chapter 3 speak."""
    chapters = [
        [FILLER] * 2,
        [FILLER, FILLER, FILLER + "It was captivity.", FILLER],
        [FILLER, "* * *", "Captivity! " + FILLER],
    ]
    text = "\n\n".join(f"Chapter {i}\n\n" + "\n\n".join(each) for i, each in enumerate(chapters, 1))
    work = story("Title: Harbour\nWarnings: captivity\n\n" + text)
    result = tag([work], keywords, Options(quotes=True))[0]
    (suggestion,) = result["suggested"]
    assert suggestion["label"] == "captivity"
    assert result["source"]["chapters"] == 3
    places = {(each["chapter"], each["paragraph"]): each for each in suggestion["evidence"]}
    assert sorted(places) == [(2, 3), (3, 2)]
    assert places[2, 3]["quote"] == (FILLER + "It was captivity.")
    assert places[3, 2]["quote"] == ("Captivity! " + FILLER).strip()
    for piece in suggestion["evidence"]:
        assert work.text[piece["start"] : piece["end"]] == piece["quote"]
        assert piece["words"] == ["captivity"]


def test_evidence_of_real_stories_lies_where_it_is_said_to(long_works: list[Work], bundle: Bundle) -> None:
    shown = 0
    for work, result in zip(long_works, tag(long_works, bundle, EVERYTHING), strict=True):
        for suggestion in result["suggested"]:
            scores = [piece["score"] for piece in suggestion["evidence"]]
            assert scores == sorted(scores, reverse=True)
            assert 1 <= len(scores) <= EVERYTHING.evidence
            assert all(score >= suggestion["threshold"] - 1e-4 for score in scores[1:])
            for piece in suggestion["evidence"]:
                chapter = work.chapters[piece["chapter"] - 1]
                assert chapter.start <= piece["start"] < piece["end"] <= chapter.end
                assert work.text[piece["start"] : piece["end"]] == piece["quote"]
                shown += 1
    assert shown > 20


def test_contributions_and_bias_add_up_to_the_margin(long_works: list[Work], bundle: Bundle) -> None:
    margins = read(long_works[:1], bundle)
    starts = {passage.start: row for row, passage in enumerate(margins.passages)}
    pieces = [
        (suggestion["label"], piece)
        for suggestion in tag(long_works[:1], bundle, EVERYTHING)[0]["suggested"]
        for piece in suggestion["evidence"]
    ]
    assert pieces
    for label, piece in pieces:
        amounts = [each["amount"] for each in piece["contributions"]]
        assert np.isclose(piece["bias"] + sum(amounts), piece["margin"], atol=1e-4)
        assert piece["margin"] == margins.margins[starts[piece["start"]], bundle.labels.index(label)]
        assert [abs(each) for each in amounts] == sorted(map(abs, amounts), reverse=True)
        best = sorted(piece["contributions"], key=lambda each: -each["amount"])
        assert piece["words"] == [each["words"] for each in best[: EVERYTHING.words] if each["amount"] > 0]


def test_no_word_of_the_story_leaves_unless_quotes_are_asked_for(long_works: list[Work], bundle: Bundle) -> None:
    quoted = tag(long_works, bundle, Options(quotes=True))
    plain = tag(long_works, bundle, Options(contributions=True, course=True))
    for result in plain:
        assert b"quote" not in orjson.dumps(result)
    for work, result in zip(long_works, plain, strict=True):
        # Features are single words and pairs; three words of the story in a row are a quotation.
        strings = list(_strings({key: value for key, value in result.items() if key in ("suggested", "source")}))
        assert strings
        words = work.text.lower().split()
        triples = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
        assert not any(triple in string.lower() for string in strings for triple in triples)
    assert all(piece["quote"] for each in quoted for some in each["suggested"] for piece in some["evidence"])


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [string for part in parts for string in _strings(part)]


def test_implications_hold(corpus: list[LabelledWork], long_works: list[Work], bundle: Bundle) -> None:
    causes = [(bundle.labels.ids[a], bundle.labels.ids[b]) for a, b in bundle.labels.implications]
    assert causes
    effects = dict.fromkeys((effect for _, effect in causes), 1.0)
    works = [*(each.work for each in corpus), *long_works]
    met = 0
    for result in tag(works, bundle, Options(preset="high-recall", thresholds=effects)):
        suggested = {each["label"] for each in result["suggested"]}
        for cause, effect in causes:
            assert effect in suggested or cause not in suggested
            if result["scores"]:
                assert result["scores"][effect] >= result["scores"][cause]
            met += cause in suggested
    assert met


def test_scores_are_complete_and_suggestions_follow_from_them(corpus: list[LabelledWork], bundle: Bundle) -> None:
    trained = [name for name, known in zip(bundle.labels.ids, bundle.supported, strict=True) if known]
    untrained = [name for name in bundle.labels.ids if name not in trained]
    assert trained
    assert untrained
    for result in tag([each.work for each in corpus], bundle, Options(preset="high-precision")):
        assert list(result["scores"]) == trained
        assert result["unsupported"] == untrained
        assert all(0 <= score <= 1 for score in result["scores"].values())
        kinds = [each["kind"] for each in result["suggested"]]
        assert kinds == sorted(kinds, key=lambda kind: kind == "tag")
        for each in result["suggested"]:
            assert each["score"] == result["scores"][each["label"]]
            assert each["kind"] == bundle.labels[each["label"]].kind
            assert each["band"] == "likely" or each["score"] < each["threshold"]


def test_presets_only_add_suggestions_from_strict_to_lenient(corpus: list[LabelledWork], bundle: Bundle) -> None:
    works = [each.work for each in corpus]
    found = []
    for preset in ("high-precision", "balanced", "high-recall"):
        results = tag(works, bundle, Options(preset=preset))
        found.append({(each["id"], some["label"]) for each in results for some in each["suggested"]})
        assert {some["band"] for each in results for some in each["suggested"]} <= {"likely", "possible", "unsure"}
    assert found[0] < found[1] < found[2]


def test_a_threshold_of_ones_own_replaces_the_presets(keywords: Bundle) -> None:
    work = story(FILLER)
    score = tag([work], keywords)[0]["scores"]["grief"]
    for threshold, expected in ((score - 0.001, ["grief"]), (score + 0.001, [])):
        result = tag([work], keywords, Options(thresholds={"grief": threshold}))[0]
        assert [each["label"] for each in result["suggested"]] == expected
        assert [each["threshold"] for each in result["suggested"]] == [round(threshold, 4)] * len(expected)


def test_options_that_make_no_sense_are_refused(keywords: Bundle) -> None:
    with pytest.raises(UsageError, match="there is no preset 'strict'; choose one of high-recall, balanced"):
        tag([], keywords, Options(preset="strict"))
    with pytest.raises(UnknownLabelError, match="There is no label 'violense'; did you mean violence"):
        tag([], keywords, Options(thresholds={"violense": 0.5}))
    for value in (-0.1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="scores run from 0 to 1"):
            tag([], keywords, Options(thresholds={"violence": value}))


@pytest.mark.parametrize("evidence", [0, 1, 2, 5])
def test_as_much_evidence_as_is_asked_for(keywords: Bundle, evidence: int) -> None:
    work = story("\n\n".join([FILLER + "Captivity."] * 4))
    (suggestion,) = tag([work], keywords, Options(evidence=evidence))[0]["suggested"]
    assert len(suggestion["evidence"]) == min(evidence, 4)
    assert len({each["start"] for each in suggestion["evidence"]}) == min(evidence, 4)


def test_the_course_shows_where_in_the_work_a_label_speaks(keywords: Bundle) -> None:
    paragraphs = [FILLER] * 2 * COURSE_BINS
    paragraphs[20] += "Captivity."
    (suggestion,) = tag([story("\n\n".join(paragraphs))], keywords, Options(course=True))[0]["suggested"]
    course = suggestion["course"]
    assert len(course) == COURSE_BINS
    assert course.index(max(course)) == 10
    assert max(course) == suggestion["score"]
    (short,) = tag([story(FILLER + "Captivity.")], keywords, Options(course=True))[0]["suggested"]
    assert short["course"] == [short["score"]]


VARIANTS = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "lone CR": lambda text: text.replace("\n", "\r"),
    "upper case": str.upper,
    "lower case": str.lower,
    "curly apostrophes": lambda text: text.replace("'", "’"),
    "straight quotes": lambda text: text.translate(str.maketrans("‘’“”", "''\"\"")),
    "no-break spaces": lambda text: text.replace(" ", "\xa0"),
    "byte order mark": lambda text: "\ufeff" + text,
    "a header": lambda text: f"Title: Knives\nRating: M\nWarnings: violence, grief, murder and blood\n\n{text}",
    "an author's note": lambda text: f"{text}\n\nA/N: thank you for reading about murder, grief and blood!",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_form_of_a_story_does_not_change_what_is_said_of_it(
    name: str, corpus: list[LabelledWork], long_works: list[Work], bundle: Bundle
) -> None:
    texts = [each.text for each in (*long_works, *(each.work for each in corpus[:40])) if not each.source.ignored]
    assert len(texts) > 30
    for text in texts:
        assert said(story(VARIANTS[name](text)), bundle) == said(story(text), bundle)


def test_header_and_notes_are_declared_not_read(keywords: Bundle) -> None:
    noted = f"Title: Tea\nRating: M\nWarnings: captivity, grief\n\n{FILLER}\n\nA/N: no horror or captivity here!"
    result = tag([story(noted)], keywords)[0]
    assert result["suggested"] == []
    assert result["declared"] == {"rating": "M", "warnings": ("captivity", "grief"), "tags": ()}
    assert result["source"]["ignored"] == ("header", "author's note")


@pytest.mark.parametrize("contributions", [False, True])
def test_evidence_is_the_same_where_counts_are_not_kept(
    contributions: bool, corpus: list[LabelledWork], bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(preset="high-recall", contributions=contributions)
    works = [each.work for each in corpus[:40]]
    kept = tag(works, bundle, options)
    monkeypatch.setattr(reading, "KEPT_CHARS", 0)
    again = tag(works, bundle, options)
    for before, after in zip(kept, again, strict=True):
        assert before["suggested"] == after["suggested"]
    assert any(each["suggested"] for each in kept)


@pytest.mark.parametrize("size", [1, 500, 5000])
def test_a_work_read_in_blocks_scores_like_one_read_whole(
    size: int, long_works: list[Work], bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "blocks", partial(blocks, size=1 << 30))
    whole = untimed(tag(long_works, bundle, EVERYTHING))
    monkeypatch.setattr(reading, "blocks", partial(blocks, size=size))
    assert untimed(tag(long_works, bundle, EVERYTHING)) == whole


GERMAN = (
    "Am Morgen ging der alte Fischer langsam hinunter zum Hafen, weil er dort seine Netze trocknen wollte. "
    "Niemand sprach mit ihm, und er sprach mit niemandem, denn so war es ihm seit vielen Jahren am liebsten. "
    "Erst als die Sonne über den Dächern stand, setzte er sich auf die Bank und aß sein Brot mit etwas Käse. "
) * 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("word " * 29, "too short: 29 words, and at least 30 are needed"),
        ("12:30 40% [x]; " * 100, "not prose: only"),
        (GERMAN, "not English, or not prose: the model knows"),
        ("Chapter 1\n\nA/N: gone fishing, back soon.", "too short: 0 words"),
    ],
)
def test_it_says_nothing_where_it_had_better_not(text: str, reason: str, bundle: Bundle) -> None:
    result = tag([story(text)], bundle, Options(preset="high-recall", thresholds=dict.fromkeys(bundle.labels.ids, 0)))[
        0
    ]
    assert result["status"] == "abstained"
    assert result["reason"].startswith(reason)
    assert (result["scores"], result["suggested"], result["structure"]) == ({}, [], None)


def test_thirty_words_are_enough(keywords: Bundle) -> None:
    result = tag([story("word " * 29 + "captivity")], keywords)[0]
    assert result["status"] == "ok"
    assert result["source"]["words"] == 30
    assert [each["label"] for each in result["suggested"]] == ["captivity"]


FRAGMENTS = [
    *("captivity", "grief", "knife", "she said,", "slice of life", "f*ck", "é", "ﬁ", "中文", "😀", "’", "“Don't!”"),
    *("\n\n", "\r\n", "\0", "\x85", "\u2028", "\u200b", "chapter 1", "***", "xXx", "A/N:", "Warnings:"),
]
texts = st.one_of(st.text(min_size=1), st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=120).map(" ".join))


@given(st.lists(texts, max_size=3))
def test_any_text_at_all_gets_a_result_that_holds(keywords: Bundle, drawn: list[str]) -> None:
    works = [read_record(orjson.dumps({"text": text}), f"x:{i}") for i, text in enumerate(drawn)]
    results = tag(works, keywords, EVERYTHING)
    for work, result in zip(works, results, strict=True):
        assert orjson.loads(orjson.dumps(result))["id"] == work.id
        assert (result["status"] == "error") == isinstance(work, Failure)
        for suggestion in result.get("suggested", []):
            for piece in suggestion["evidence"]:
                assert piece["quote"] == work.text[piece["start"] : piece["end"]] != ""
                total = piece["bias"] + sum(each["amount"] for each in piece["contributions"])
                assert np.isclose(total, piece["margin"], atol=1e-4)


def test_timing_is_told_for_each_work(keywords: Bundle) -> None:
    for result in tag([story(FILLER), story(FILLER * 20, "long")], keywords):
        assert result["timing_ms"] >= 0
