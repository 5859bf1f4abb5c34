"""facts_of(): a result, and what the archive knows besides -> the facts that a policy's conditions are asked of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tagger.checking import NARROWER_WARNING, Finding, compare, suggest_rating
from tagger.declarations import Declarations, normalise
from tagger.labels import Label, LabelSet
from tagger.results import Evidence, Result, Suggestion
from tagger.works import Declared

NOTHING_SAID = Declarations()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one work. `status` is ok, abstained (`abstained` then says of what kind) or error.

    `scores`, 0..1, has every label the model knows, and nothing unless the status is ok. `suggested` are the labels
    that reach their balanced threshold; `evidence` may have more. `rating_suggested` is None without scores, `words` if
    the work could not be read.
    """

    status: str
    abstained: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    suggested: Mapping[str, Suggestion] = field(default_factory=dict)
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)
    said: Declarations = NOTHING_SAID
    rating_suggested: str | None = None
    findings: Sequence[Finding] = ()
    trust: str | None = None
    words: int | None = None
    form: Sequence[str] = ()


def facts_of(result: Result, labels: LabelSet, trust: str | None = None, form: Sequence[str] = ()) -> Facts:
    """The facts in a result, made at the balanced thresholds or lower ones. `labels` are those of the model."""
    status = result["status"]
    if status == "error":
        return Facts("error")
    declared, scored = result["declared"], status == "ok"
    suggested = _balanced(result["suggested"], labels)
    said = normalise(Declared(declared["rating"], declared["warnings"], declared["tags"]), labels)
    return Facts(
        status=status,
        abstained=_kind_of(result["reason"]) if "reason" in result else None,
        scores=result["scores"],
        suggested={each["label"]: each for each in suggested},
        evidence={each["label"]: each["evidence"] for each in result["suggested"]},
        said=said,
        rating_suggested=suggest_rating(suggested)[0].label if scored else None,
        findings=compare(said, suggested, result["scores"], labels) if scored else (),
        trust=trust,
        words=result["source"]["words"],
        form=form,
    )


def _balanced(suggested: Iterable[Suggestion], labels: LabelSet) -> list[Suggestion]:
    """The suggestions that the balanced thresholds make: those that reach them, and what these imply."""
    suggested = list(suggested)
    reached = labels.implied_by(each["label"] for each in suggested if each["band"] != "unsure")
    return [each for each in suggested if each["label"] in reached]


def _kind_of(reason: str) -> str:
    """Which of policies.ABSTENTIONS the reason of policy.abstention is.

    >>> _kind_of("not English, or not prose: the model knows 3% of its words and needs 40%")
    'language'
    """
    opening = reason.partition(":")[0]
    return {"too short": "too-short", "not prose": "not-prose"}.get(opening, "language")


def stance(label: Label, said: Declarations) -> str:
    """What the author says of a label, one of policies.STANCES.

    `yes`: of it, or of something near it; `denied`: that it is not there, or that no archive warning applies and it is
    one; `undisclosed`: nothing, and chose not to warn; else `no`.
    """
    if label.id in said.present or label.id in said.related:
        return "yes"
    archival = bool(label.vocabularies.get("ao3")) and label.id not in NARROWER_WARNING
    if label.id in said.denied or (said.none_apply and archival and not said.undisclosed):
        return "denied"
    return "undisclosed" if said.undisclosed else "no"
