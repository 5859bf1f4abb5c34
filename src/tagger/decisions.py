"""decide(): facts and a policy -> one decision a work, with the reasons for it; and Record, the decision as written.

A record is one JSON object, and everything that led to the decision is in it but the text: `tagger policy test` takes
recorded decisions and decides them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, NotRequired, TypedDict

from tagger.checking import RATING, Finding
from tagger.facts import Facts, stance
from tagger.labels import Label, LabelSet
from tagger.policies import DECISIONS, NO_RATING, NONE_APPLY, UNDISCLOSED, UNKNOWN, Bands, Policy, When, names
from tagger.results import DeclaredFacts, Evidence, ModelFacts, SourceFacts

SCHEMA = "tagger.decision/1"


class Place(TypedDict):
    """Where a passage stands; see results.Evidence."""

    chapter: int
    paragraph: int
    start: int
    end: int
    part: NotRequired[str]


class Reason(TypedDict):
    """Why a work was decided so. `rule` is the rule's name in the policy, "labels.<id>", "warnings" or "tags" for a
    band, and "otherwise", "on_abstain" or "on_error" for what holds when no rule does. `message` is for the author.
    `label` and `score` are null where the reason is about no label.
    """

    code: str
    rule: str
    message: str
    label: str | None
    score: float | None
    evidence: list[Place]


class Shown(TypedDict):
    """A label that the model suggests at its balanced threshold; see results.Suggestion."""

    label: str
    kind: str
    score: float
    band: str
    prominence: str
    evidence: list[Place]


class AuthorFacts(TypedDict):
    """What the archive says of the author: `trust` in its own words, for instance "new"; null where it says nothing."""

    trust: str | None


class PolicyFacts(TypedDict):
    """Which policy decided; `sha256` is of its meaning, not of its comments."""

    name: str
    version: str
    sha256: str


class Record(TypedDict):
    """One work. `key` (sha256, hex) is over everything that the decision rests on: the id, the text, what was declared,
    the author's trust, the bundle and the policy. `status` is ok, abstained (with `reason`) or error (with `error`).

    `audit` marks an approval drawn at random for a person to look at; `share`, 0..1, is the probability with which a
    person sees such a work: 1 for review and hold, the policy's audit rate for approvals, 0 for rejections. Scores run
    from 0 to 1; there are none where the model was not sure enough to speak. `text_sha256` is works.text_digest.
    """

    schema: str
    id: str
    key: str
    text_sha256: str | None
    status: str
    reason: NotRequired[str]
    error: NotRequired[str]
    decision: str
    reasons: list[Reason]
    audit: bool
    share: float
    model: ModelFacts
    policy: PolicyFacts
    declared: DeclaredFacts
    author: AuthorFacts
    suggested: list[Shown]
    scores: dict[str, float]
    source: SourceFacts | None
    form: list[str]
    text: NotRequired[str]


class Decision(NamedTuple):
    """One of policies.DECISIONS, and its reasons, the one that decided among them."""

    decision: str
    reasons: list[Reason]


def decide(facts: Facts, policy: Policy, labels: LabelSet) -> Decision:
    """Decide one work. `labels` are those of the model that scored it.

    Rules are asked in the policy's order, then the bands, `hold` before `review`. With `gather = "first"` the first
    that holds decides; with "all" the strictest does, and every reason is told but those to approve what is not
    approved. Of a work that could not be read nothing is asked but its `status`; a work without scores is approved by
    no rule that does not ask for its `status`.
    """
    matches = _matches(facts, policy, labels)
    if policy.gather == "first":
        return next(matches, None) or _fallback(facts, policy)
    gathered = list(matches)
    if facts.status != "ok" or not gathered:
        gathered.append(_fallback(facts, policy))
    strictest = max((match.decision for match in gathered), key=DECISIONS.index)
    told = [match for match in gathered if match.decision != "approve" or strictest == "approve"]
    return Decision(strictest, [reason for match in told for reason in match.reasons])


def is_audited(id: str, rate: float) -> bool:
    """Whether a person looks at this work though it is approved: true of a share `rate` of all ids, always the same.

    >>> sum(is_audited(str(number), 0.02) for number in range(10_000))
    212
    """
    drawn = int.from_bytes(sha256(b"audit\0" + id.encode("utf-8", "surrogatepass")).digest()[:8])
    return drawn < rate * 2**64


def share_seen(decision: str, audit: float) -> float:
    """The probability, 0..1, with which a person sees a work that was decided so, given the policy's audit rate."""
    return {"approve": audit, "reject": 0.0}.get(decision, 1.0)


def deciding_rule(decision: Decision, policy: Policy) -> str:
    """The name of the rule, band or fallback that a decision is due to: of several, the first that asks for it."""
    by_name = {rule.name: rule.decision for rule in policy.rules}
    rules = [reason["rule"] for reason in decision.reasons]
    asked = [(rule, by_name.get(rule, decision.decision)) for rule in rules]  # what is no rule had the strictest say
    return next((rule for rule, wanted in asked if wanted == decision.decision), "otherwise")


class _Subject(NamedTuple):
    """What a rule holds for: a label, or the work as a whole (None)."""

    label: Label | None = None
    evidence: Sequence[Evidence] = ()


_WORK = _Subject()


def _matches(facts: Facts, policy: Policy, labels: LabelSet) -> Iterator[Decision]:
    """What each rule and band that holds would decide, in order."""
    for rule in policy.rules:
        if facts.status != "ok" and not rule.when.status and (facts.status == "error" or rule.decision == "approve"):
            continue
        subjects = _subjects(rule.when, facts, labels)
        if subjects:
            reasons = [_reason(rule.code, rule.name, rule.message, each, facts) for each in subjects]
            yield Decision(rule.decision, reasons)
    banded = [(label, policy.bands_of(label.id, label.kind)) for label in labels if label.id in facts.scores]
    levels = [(label, bands, _level(label, bands, facts)) for label, bands in banded]
    for decision in ("hold", "review"):
        found = [(label, bands) for label, bands, level in levels if level == decision]
        found.sort(key=lambda each: -facts.scores[each[0].id])
        reasons = [
            _reason(f"shows-{label.id}", _name_of(label, policy), bands.message, _subject(label, facts), facts)
            for label, bands in found
        ]
        if reasons:
            yield Decision(decision, reasons)


def _level(label: Label, bands: Bands, facts: Facts) -> str:
    """Which band a label is in."""
    score = facts.scores[label.id]
    reached = next((name for name in ("hold", "review") if _reaches(score, getattr(bands, name))), "approve")
    return reached if reached != "approve" and stance(label, facts.said) in bands.declared else "approve"


def _reaches(score: float, least: float | None) -> bool:
    return least is not None and score >= least


def _name_of(label: Label, policy: Policy) -> str:
    """Where in the policy a label's bands stand."""
    return f"labels.{label.id}" if label.id in policy.labels else f"{label.kind}s"


def _subjects(when: When, facts: Facts, labels: LabelSet) -> list[_Subject]:
    """What all of the conditions hold for; nothing where one of them does not."""
    if not _holds(when, facts):
        return []
    findings = [each for each in facts.findings if not {each["finding"], each["reason"]}.isdisjoint(when.finding)]
    if not when.label:
        return [_subject_of(each, labels) for each in findings] if when.finding else [_WORK]
    chosen = [label for label in labels if names(when, label.id, label.kind) and _holds_for(when, label, facts)]
    chosen.sort(key=lambda label: -facts.scores.get(label.id, 0))
    found = {each["label"] for each in findings}
    return [_subject(label, facts) for label in chosen if not when.finding or label.id in found]


def _subject_of(finding: Finding, labels: LabelSet) -> _Subject:
    """The label of a finding; one about the rating is about the work."""
    label = labels[finding["label"]] if finding["label"] != RATING else None
    return _Subject(label, finding["evidence"])


def _subject(label: Label, facts: Facts) -> _Subject:
    return _Subject(label, facts.evidence.get(label.id, ()))


def _holds(when: When, facts: Facts) -> bool:
    """Whether the conditions hold that are asked of the work as a whole."""
    said, words = facts.said, facts.words
    warned = {
        *said.archive_warnings,
        *([NONE_APPLY] if said.none_apply else []),
        *([UNDISCLOSED] if said.undisclosed else []),
    }
    return (
        _among(when.status, [facts.status])
        and _among(when.abstained, [facts.abstained])
        and _among(when.rating, [_rating(facts)])
        and _among(when.rating_suggested, [facts.rating_suggested])
        and _among(when.archive_warning, warned)
        and _among(when.trust, [facts.trust or UNKNOWN])
        and _among(when.form, facts.form)
        and (when.words_at_least is None or (words is not None and words >= when.words_at_least))
        and (when.words_below is None or (words is not None and words < when.words_below))
    )


def _rating(facts: Facts) -> str:
    rating = facts.said.rating
    return NO_RATING if rating is None else rating.label


def _among(wanted: Sequence[str], found: Iterable[str | None]) -> bool:
    return not wanted or not set(wanted).isdisjoint(found)


def _holds_for(when: When, label: Label, facts: Facts) -> bool:
    """Whether the conditions hold that are asked of a label."""
    score, shown = facts.scores.get(label.id), facts.suggested.get(label.id)
    if when.asks_of_scores and score is None:
        return False
    return (
        (when.at_least is None or _reaches(score or 0, when.at_least))
        and (when.below is None or (score or 0) < when.below)
        and _among(when.band, [shown["band"] if shown else None])
        and _among(when.prominence, [shown["prominence"] if shown else None])
        and _among(when.declared, [stance(label, facts.said)])
    )


_UNSCORED = {
    "too-short": "It is too short for the model to say anything of it.",
    "language": "It is not in the language that the model reads, or it is not prose.",
    "not-prose": "It does not look like prose.",
}


def _fallback(facts: Facts, policy: Policy) -> Decision:
    """What is decided where no rule holds."""
    if facts.status == "error":
        told = ("not-read", "on_error", "The work could not be read.")
        decision = policy.on_error
    elif facts.status == "abstained":
        told = ("not-scored", "on_abstain", _UNSCORED[facts.abstained or "language"])
        decision = policy.on_abstain
    else:
        told = ("by-default", "otherwise", "Nothing speaks against it; a person looks at it all the same.")
        decision = policy.otherwise
        if decision == "approve":
            return Decision(decision, [])
    return Decision(decision, [_reason(*told, _WORK, facts)])


def _reason(code: str, rule: str, message: str, subject: _Subject, facts: Facts) -> Reason:
    label = subject.label
    score = facts.scores.get(label.id) if label else None
    return {
        "code": code,
        "rule": rule,
        "message": message.format(
            label=label.name[:1].lower() + label.name[1:] if label else "",
            score="" if score is None else f"{score:.2f}",
            rating=_rating(facts),
            words="" if facts.words is None else f"{facts.words:,}",
        ),
        "label": label.id if label else None,
        "score": score,
        "evidence": places(subject.evidence),
    }


def places(evidence: Iterable[Evidence]) -> list[Place]:
    """Where pieces of evidence stand, and nothing else of them."""
    return [
        {key: piece[key] for key in ("chapter", "paragraph", "start", "end", "part") if key in piece}  # type: ignore
        for piece in evidence
    ]
