"""Facts and a policy make a decision, and say by which rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.decisions import Decision, decide, deciding_rule, is_audited, share_seen
from tagger.declarations import normalise
from tagger.facts import Facts
from tagger.labels import LabelSet
from tagger.policies import DECISIONS, Policy, parse
from tagger.works import Declared

HEAD = 'name = "p"\n'


def rules(*conditions: str, decision: str = "hold", head: str = HEAD) -> Policy:
    """A policy with a rule for each set of conditions, named 1, 2, ..."""
    tables = [
        f'[[rule]]\nname = "{number}"\nwhen = {{ {each} }}\ndecision = "{decision}"\nmessage = "m"\n'
        for number, each in enumerate(conditions, 1)
    ]
    return parse(head + "".join(tables), "p.toml")


def shown(label: str, score: float = 0.95, **changes: Any) -> Any:
    facts = {"label": label, "kind": "warning", "score": score, "threshold": 0.5, "band": "likely", "right": None}
    piece = {"chapter": 2, "paragraph": 3, "start": 40, "end": 90, "score": 0.9, "words": ["knife"], "quote": "knife!"}
    return {**facts, "prominence": "present", "evidence": [piece], **changes}


def facts_with(labels: LabelSet, rating: str | None = "T", *said: str, **changes: Any) -> Facts:
    """An ordinary story of 1,200 words, unless changed."""
    scores = dict.fromkeys(labels.ids, 0.0) | changes.pop("scores", {})
    suggested = {label: shown(label, score) for label, score in scores.items() if score >= 0.5}
    suggested |= changes.pop("suggested", {})
    usual: dict[str, Any] = {
        "status": "ok",
        "scores": scores,
        "suggested": suggested,
        "evidence": {label: each["evidence"] for label, each in suggested.items()},
        "said": normalise(Declared(rating, (), said), labels),
        "rating_suggested": "General Audiences",
        "words": 1200,
    }
    return Facts(**{**usual, **changes})


SCORED = {"scores": {"violence": 0.9, "grief": 0.6}}


@pytest.mark.parametrize(
    ("condition", "changes", "said", "holds"),
    [
        ('label = "violence", at_least = 0.9', SCORED, (), True),
        ('label = "violence", at_least = 0.91', SCORED, (), False),
        ('label = "violence", below = 0.91', SCORED, (), True),
        ('label = "violence", below = 0.9', SCORED, (), False),
        ('label = "violence", at_least = 0.5, below = 0.95', SCORED, (), True),
        ('label = ["grief", "war"], at_least = 0.5', SCORED, (), True),
        ('label = "any", at_least = 0.9', SCORED, (), True),
        ('label = "any", at_least = 0.9', {"scores": {"fluff": 0.9}}, (), False),
        ('label = "violence", band = "likely"', SCORED, (), True),
        ('label = "violence", band = "possible"', SCORED, (), False),
        ('label = "war", band = ["possible", "likely"]', SCORED, (), False),
        ('label = "violence", prominence = ["present", "central"]', SCORED, (), True),
        ('label = "violence", prominence = "central"', SCORED, (), False),
        ('label = "violence", declared = "no"', {}, (), True),
        ('label = "violence", declared = "no"', {}, ("Violence",), False),
        ('label = "violence", declared = "yes"', {}, ("Violence",), True),
        ('label = "violence", declared = "denied"', {}, ("No violence",), True),
        ('label = "violence", declared = ["no", "denied"]', {}, ("No violence",), True),
        ('label = "violence", declared = "undisclosed"', {}, ("Choose Not To Use Archive Warnings",), True),
        ('label = "violence", declared = "no"', {}, ("Choose Not To Use Archive Warnings",), False),
        ('rating = "Teen And Up Audiences"', {}, (), True),
        ('rating = ["Mature", "Explicit"]', {}, (), False),
        ('rating_suggested = "General Audiences"', {}, (), True),
        ('rating_suggested = "Mature"', {}, (), False),
        ('archive_warning = "Underage Sex"', {}, ("Underage",), True),
        ('archive_warning = "Underage Sex"', {}, (), False),
        ('archive_warning = "No Archive Warnings Apply"', {}, ("No Archive Warnings Apply",), True),
        ('archive_warning = "No Archive Warnings Apply"', {}, ("Major Character Death",), False),
        ('archive_warning = "Choose Not To Use Archive Warnings"', {}, ("Chose Not To Warn",), True),
        ('trust = "new"', {"trust": "new"}, (), True),
        ('trust = "new"', {"trust": "known"}, (), False),
        ('trust = ["new", "unknown"]', {}, (), True),
        ("words_below = 1200", {}, (), False),
        ("words_below = 1201", {}, (), True),
        ("words_at_least = 1200", {}, (), True),
        ("words_at_least = 1201", {}, (), False),
        ('form = ["too-short", "no-paragraphs"]', {"form": ("no-paragraphs",)}, (), True),
        ('form = "too-short"', {"form": ("no-paragraphs",)}, (), False),
        ('status = "ok"', {}, (), True),
        ('status = "error"', {}, (), False),
        ('trust = "new", words_below = 2000', {"trust": "new"}, (), True),
        ('trust = "new", words_below = 1000', {"trust": "new"}, (), False),
    ],
)
def test_each_condition(
    condition: str, changes: dict[str, Any], said: tuple[str, ...], holds: bool, labels: LabelSet
) -> None:
    decision = decide(facts_with(labels, "T", *said, **changes), rules(condition), labels)
    assert decision.decision == ("hold" if holds else "approve")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('finding = "missing"', ["grief", None]),
        ('finding = "contradiction"', ["violence"]),
        ('finding = "rating-below-content"', [None]),
        ('finding = ["denied", "undeclared"]', ["violence", "grief"]),
        ('label = "grief", finding = "missing"', ["grief"]),
        ('label = "war", finding = "missing"', []),
        ('finding = "agrees"', []),
    ],
)
def test_a_finding_is_asked_for_by_its_kind_or_its_reason(
    condition: str, found: list[str | None], labels: LabelSet
) -> None:
    def finding(kind: str, reason: str, label: str) -> Any:
        return {"finding": kind, "reason": reason, "label": label, "evidence": []}

    findings = (
        finding("contradiction", "denied", "violence"),
        finding("missing", "undeclared", "grief"),
        finding("missing", "rating-below-content", "rating"),
    )
    decision = decide(facts_with(labels, findings=findings, **SCORED), rules(condition), labels)
    assert [reason["label"] for reason in decision.reasons] == found


def test_no_rating_is_none_and_not_not_rated(labels: LabelSet) -> None:
    policy = rules('rating = "none"', 'rating = "Not Rated"')
    assert decide(facts_with(labels, None), policy, labels).reasons[0]["rule"] == "1"
    assert decide(facts_with(labels, "Not Rated"), policy, labels).reasons[0]["rule"] == "2"


def test_a_reason_says_what_and_where_and_not_the_text(labels: LabelSet) -> None:
    message = "Your {rating} story of {words} words shows {label} ({score})."
    head = f'name = "p"\n[labels.violence]\nhold = 0.8\nmessage = "{message}"'
    (reason,) = decide(facts_with(labels, **SCORED), parse(head, "p.toml"), labels).reasons
    assert reason == {
        "code": "shows-violence",
        "rule": "labels.violence",
        "message": "Your Teen And Up Audiences story of 1,200 words shows violence (0.90).",
        "label": "violence",
        "score": 0.9,
        "evidence": [{"chapter": 2, "paragraph": 3, "start": 40, "end": 90}],
    }


BANDS = "[warnings]\nreview = 0.5\nhold = 0.8\n[labels.grief]\nreview = 0.7\n"


@pytest.mark.parametrize(
    ("scores", "decision", "codes"),
    [
        ({"violence": 0.49}, "approve", []),
        ({"violence": 0.5}, "review", ["shows-violence"]),
        ({"violence": 0.8}, "hold", ["shows-violence"]),
        ({"grief": 0.6}, "approve", []),
        ({"grief": 0.99}, "review", ["shows-grief"]),
        ({"fluff": 0.99}, "approve", []),
        ({"war": 0.6, "horror": 0.7}, "review", ["shows-horror", "shows-war"]),
    ],
)
def test_bands(scores: dict[str, float], decision: str, codes: list[str], labels: LabelSet) -> None:
    found = decide(facts_with(labels, scores=scores), parse(HEAD + BANDS, "p.toml"), labels)
    assert found.decision == decision
    assert [reason["code"] for reason in found.reasons] == codes


def test_bands_may_leave_out_what_the_author_declared(labels: LabelSet) -> None:
    policy = parse(HEAD + '[warnings]\nhold = 0.8\ndeclared = ["no", "denied"]', "p.toml")
    assert decide(facts_with(labels, **SCORED), policy, labels).decision == "hold"
    assert decide(facts_with(labels, "T", "Violence", **SCORED), policy, labels).decision == "approve"


def test_the_first_rule_decides_alone_and_rules_go_before_bands(labels: LabelSet) -> None:
    conditions = ("words_at_least = 9000", 'trust = "new"', "words_at_least = 1")
    policy = rules(*conditions, decision="approve", head=HEAD + BANDS)
    found = decide(facts_with(labels, trust="new", **SCORED), policy, labels)
    assert (found.decision, [reason["rule"] for reason in found.reasons]) == ("approve", ["2"])


ALL = 'name = "p"\ngather = "all"\n'


def test_gathered_reasons_come_in_order_and_the_strictest_decides(labels: LabelSet) -> None:
    policy = rules('trust = "new"', "words_at_least = 1", decision="review", head=ALL + BANDS)
    found = decide(facts_with(labels, trust="new", **SCORED), policy, labels)
    assert found.decision == "hold"
    assert [reason["rule"] for reason in found.reasons] == ["1", "2", "warnings"]
    assert deciding_rule(found, policy) == "warnings"


def test_a_gathered_approval_is_told_only_where_nothing_is_stricter(labels: LabelSet) -> None:
    policy = rules("words_at_least = 1", decision="approve", head=ALL + 'otherwise = "review"\n' + BANDS)
    assert [each["rule"] for each in decide(facts_with(labels), policy, labels).reasons] == ["1"]
    found = decide(facts_with(labels, **SCORED), policy, labels)
    assert [each["rule"] for each in found.reasons] == ["warnings"]


def test_where_no_rule_holds(labels: LabelSet) -> None:
    assert decide(facts_with(labels), parse(HEAD, "p.toml"), labels) == Decision("approve", [])
    (reason,) = decide(facts_with(labels), parse(HEAD + 'otherwise = "review"', "p.toml"), labels).reasons
    assert (reason["code"], reason["rule"], reason["label"]) == ("by-default", "otherwise", None)


SILENT = 'name = "p"\non_error = "hold"\non_abstain = "hold"\n'


@pytest.mark.parametrize("gather", ["first", "all"])
@pytest.mark.parametrize(
    ("status", "abstained", "rule", "code"),
    [("error", None, "on_error", "not-read"), ("abstained", "language", "on_abstain", "not-scored")],
)
def test_what_the_model_says_nothing_of_is_approved_by_no_rule(
    gather: str, status: str, abstained: str | None, rule: str, code: str, labels: LabelSet
) -> None:
    policy = rules('trust = "known"', "words_at_least = 0", decision="approve", head=SILENT + f'gather = "{gather}"\n')
    found = decide(Facts(status, abstained, trust="known", words=900), policy, labels)
    assert (found.decision, [(each["rule"], each["code"]) for each in found.reasons]) == ("hold", [(rule, code)])


def test_a_rule_may_approve_it_by_its_status(labels: LabelSet) -> None:
    policy = rules('status = ["abstained", "error"]', decision="approve", head=SILENT)
    assert decide(Facts("abstained", "too-short"), policy, labels).decision == "approve"
    assert decide(Facts("error"), policy, labels).decision == "approve"


def test_a_rule_may_be_about_the_kind_of_abstention(labels: LabelSet) -> None:
    policy = rules('abstained = "language"', decision="review", head=SILENT)
    assert decide(Facts("abstained", "language"), policy, labels).decision == "review"
    assert decide(Facts("abstained", "not-prose"), policy, labels).decision == "hold"


def test_of_an_error_only_the_status_is_asked(labels: LabelSet) -> None:
    policy = rules('trust = "unknown"', 'label = "war", declared = "no"', decision="review", head=SILENT)
    assert deciding_rule(decide(Facts("error"), policy, labels), policy) == "on_error"


def test_a_score_that_is_not_there_meets_no_condition(labels: LabelSet) -> None:
    policy = rules('label = "war", below = 0.5', head=HEAD + "[warnings]\nreview = 0.0\n")
    found = decide(Facts("abstained", "language"), policy, labels)
    assert deciding_rule(found, policy) == "on_abstain"


def test_audits_are_drawn_by_the_id_at_the_rate_asked() -> None:
    ids = [f"work-{number}" for number in range(20_000)]
    drawn = {each for each in ids if is_audited(each, 0.02)}
    assert 0.017 < len(drawn) / len(ids) < 0.023
    assert drawn == {each for each in ids if is_audited(each, 0.02)}
    assert drawn < {each for each in ids if is_audited(each, 0.05)}
    assert not any(is_audited(each, 0) for each in ids)
    assert all(is_audited(each, 1) for each in ids)


def test_the_share_that_a_person_sees() -> None:
    assert {each: share_seen(each, 0.02) for each in DECISIONS} == {
        "approve": 0.02,
        "review": 1.0,
        "hold": 1.0,
        "reject": 0.0,
    }


@given(data=st.data())
def test_a_stricter_band_never_makes_a_milder_decision(data: st.DataObject, labels: LabelSet) -> None:
    score = st.floats(0, 1).map(lambda each: round(each, 2))
    review, hold, lower = [*sorted(data.draw(st.tuples(score, score))), data.draw(score)]
    facts = facts_with(labels, scores={"war": data.draw(score), "grief": data.draw(score)})
    gather = data.draw(st.sampled_from(["first", "all"]))

    def decided(review: float, hold: float) -> int:
        text = f'name = "p"\ngather = "{gather}"\n[warnings]\nreview = {review}\nhold = {hold}\n'
        return DECISIONS.index(decide(facts, parse(text, "p.toml"), labels).decision)

    assert decided(min(lower, review), min(lower, hold)) >= decided(review, hold)
