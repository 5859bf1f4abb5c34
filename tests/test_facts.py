"""What a policy's conditions are asked of."""

import pytest

from tagger.bundles import Bundle
from tagger.checking import check
from tagger.declarations import normalise
from tagger.facts import facts_of, stance
from tagger.labels import LabelSet
from tagger.policy import Makeup, abstention
from tagger.tagging import Options, tag
from tagger.works import Declared, Failure, LabelledWork


@pytest.mark.parametrize(
    ("warnings", "tags", "label", "expected"),
    [
        ((), (), "violence", "no"),
        ((), ("Violence",), "violence", "yes"),
        (("Graphic Depictions Of Violence",), (), "violence", "yes"),
        ((), ("dubcon",), "sexual-violence", "yes"),
        ((), ("No violence",), "graphic-violence", "denied"),
        (("No Archive Warnings Apply",), (), "graphic-violence", "denied"),
        (("No Archive Warnings Apply",), (), "grief", "no"),
        (("No Archive Warnings Apply",), (), "character-death", "no"),
        (("Choose Not To Use Archive Warnings",), (), "violence", "undisclosed"),
        (("Choose Not To Use Archive Warnings",), ("Violence",), "violence", "yes"),
        (("Choose Not To Use Archive Warnings",), ("No violence",), "violence", "denied"),
    ],
)
def test_the_stance_of_an_author(
    warnings: tuple[str, ...], tags: tuple[str, ...], label: str, expected: str, labels: LabelSet
) -> None:
    assert stance(labels[label], normalise(Declared(None, warnings, tags), labels)) == expected


def test_lower_thresholds_bring_evidence_and_change_no_finding(bundle: Bundle, corpus: list[LabelledWork]) -> None:
    works = [each.work for each in corpus]
    lowered = Options(thresholds=dict.fromkeys(bundle.labels.ids, 0.01))
    more = 0
    for low, usual in zip(tag(works, bundle, lowered), tag(works, bundle), strict=True):
        facts, checked = facts_of(low, bundle.labels), check(usual, bundle.labels)
        assert set(facts.suggested) == {each["label"] for each in usual["suggested"]}
        told = [(each["finding"], each["reason"], each["label"]) for each in facts.findings]
        assert told == [(each["finding"], each["reason"], each["label"]) for each in checked["findings"]]
        more += len(facts.evidence) - len(facts.suggested)
    assert more > 0


@pytest.mark.parametrize(
    ("makeup", "kind"),
    [
        (Makeup(words=5, known=5, letters=20, signs=0, visible=21), "too-short"),
        (Makeup(words=500, known=5, letters=2000, signs=0, visible=2100), "language"),
        (Makeup(words=500, known=500, letters=1000, signs=0, visible=2100), "not-prose"),
        (Makeup(words=500, known=50, letters=1900, signs=200, visible=2100), "not-prose"),
    ],
)
def test_every_abstention_is_of_a_kind(makeup: Makeup, kind: str, stand_in: Bundle) -> None:
    (result,) = tag([Failure("x", "error")], stand_in)
    result |= {"status": "abstained", "reason": abstention(makeup, 0.4, "French"), "suggested": [], "scores": {}}  # type: ignore[typeddict-item]
    result |= {"source": {"words": 5}, "declared": {"rating": None, "warnings": (), "tags": ()}}  # type: ignore[typeddict-item]
    del result["error"]
    facts = facts_of(result, stand_in.labels)
    assert (facts.abstained, facts.rating_suggested, facts.words) == (kind, None, 5)


def test_of_what_could_not_be_read_nothing_is_known(stand_in: Bundle) -> None:
    (result,) = tag([Failure("x", "x: is empty")], stand_in)
    facts = facts_of(result, stand_in.labels, trust="new")
    assert (facts.status, facts.words, facts.trust, facts.scores) == ("error", None, None, {})


@pytest.fixture(scope="module")
def stand_in(labels: LabelSet) -> Bundle:
    from tagger import training

    return training.stand_in(labels)
