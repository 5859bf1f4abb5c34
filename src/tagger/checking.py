"""check(): what the author declared against what the text shows -> findings, each with a reason and its evidence.

An archive's rules are kept: nothing is missing where the author chose not to warn, General against Teen and Mature
against Explicit are the author's choice, what is declared and not seen is never an error, a passing mention contradicts
nothing, and consent that an author calls dubious is the author's to name. Nobody's age is ever inferred: `Underage Sex`
can only be declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, NotRequired, TypedDict

from tagger.declarations import Declarations, Said, normalise
from tagger.freeform import plain
from tagger.labels import Label, LabelSet
from tagger.ratings import Rating
from tagger.results import DeclaredFacts, Evidence, ModelFacts, Result, SourceFacts, Suggestion
from tagger.works import Declared

SCHEMA = "tagger.check/1"
RATING = "rating"  # where a finding is about no label

# In the order in which they are told. Only the first three can be asked to fail a run.
FINDINGS = ("contradiction", "missing", "undisclosed_by_choice", "agrees", "not_seen")

# Reason code -> the sentence that says it. `{words}` are the author's, `{shown}` is what the text does ("seems to
# show"), `{name}` the label.
REASONS = {
    "declared": "The author declared {words}, and the text {shown} it.",
    "declared-nearby": "The author declared {words}; whether that covers {name} is the author's to say.",
    "undeclared": "The text {shown} {name}, and nobody declared it.",
    "only-mentioned": "The text {shown} {name} in passing, and nobody declared it.",
    "denied-in-part": "The author declared {words}; the text {shown} some {name}.",
    "denied-but-mentioned": "The author declared {words}, and the text {shown} {name} in passing.",
    "may-be-minor": "The text {shown} {name}; {words} is right unless the character is a major one.",
    "not-seen": "The author declared {words}, and the text does not plainly show it, which is no error.",
    "no-archive-warnings": "The author declared {words}, and the text {shown} {name}.",
    "denied": "The author declared {words}, and the text {shown} {name}.",
    "fluff-beside-killing": "The author declared {words}, and the text seems to show a killing that nobody declared.",
    "chose-not-to-warn": "The author chose not to warn; the text {shown} {name}.",
    "rating-agrees": "The rating {words} fits what the text shows.",
    "rating-below-content": "The rating is {words}, and the text {shown} {name}.",
    "rating-above-content": "The rating {words} is higher than the text plainly asks for, which is no error.",
    "not-rated": "The work is not rated; the text {shown} {name}.",
}
_SHOWN = {"mention": "seems to touch on", "present": "seems to show", "central": "seems to be largely about"}

# The least rating that goes with a label; those not named go with General. With sexual content it is Explicit where the
# model is sure of it.
_RATED = {
    Rating.MATURE: {"sexual-content", "sexual-violence", "graphic-violence"},
    Rating.TEEN: {
        *("violence", "war", "captivity", "suicide", "self-harm", "eating-disorder", "mental-illness", "substance-use"),
        *("abuse", "child-abuse", "dysfunctional-relationship", "racism", "homophobia", "transphobia", "sexism"),
        *("ableism", "strong-language", "horror", "dark-themes", "animal-harm", "pregnancy-loss"),
    },
}
# What an archive acts on beside a General or Teen rating.
_GRAPHIC = {"sexual-content", "graphic-violence"}
# The archive's warning is narrower than the label: it is for major characters alone.
NARROWER_WARNING = {"character-death"}
# Words that make fluff a part of the work, not its colour.
_SOME_FLUFF = {"ending", "eventual", "some", "bit", "little", "moments", "hint", "touch", "end", "angst", "mild"}


class Finding(TypedDict):
    """One thing that the declaration and the text say together. `finding` is one of FINDINGS, `reason` one of REASONS.

    `label` is a label's id, or "rating"; `name` is what the archive calls it. `declared` are the author's words that
    the finding rests on. `score`, `band`, `prominence`, `right` and `evidence` are those of the suggestion (see
    results.Suggestion), null and empty where the text shows nothing.
    """

    finding: str
    reason: str
    label: str
    kind: str
    name: str
    declared: list[str]
    score: float | None
    band: str | None
    prominence: str | None
    right: float | None
    evidence: list[Evidence]
    sentence: str


class RatingFacts(TypedDict):
    """The rating declared, in the archive's words, and the one that the loudest passages ask for, with the label that
    decides; null where there is none.
    """

    declared: str | None
    suggested: str | None
    label: str | None


class Understood(TypedDict):
    """What the author's words were taken to mean. `labels` are declared or implied; `archive_warnings` are canonical
    names, Underage Sex among them; `unread` are words that name nothing known.
    """

    archive_warnings: tuple[str, ...]
    labels: list[str]
    related: list[str]
    denied: list[str]
    denied_in_part: list[str]
    undisclosed: bool
    unread: list[str]


class Check(TypedDict):
    """One work. `status` is that of its result, and so are `reason` and `error`. `unchecked` are declared labels that
    the model never learned.
    """

    schema: str
    id: str
    status: str
    reason: NotRequired[str]
    error: NotRequired[str]
    model: ModelFacts
    source: NotRequired[SourceFacts]
    declared: NotRequired[DeclaredFacts]
    understood: NotRequired[Understood]
    rating: NotRequired[RatingFacts]
    findings: NotRequired[list[Finding]]
    unchecked: NotRequired[list[str]]


def check(result: Result, labels: LabelSet) -> Check:
    """Compare what a result's author declared with what it suggests. `labels` are those of the model."""
    checked: Check = {"schema": SCHEMA, "id": result["id"], "status": result["status"], "model": result["model"]}
    if "error" in result:
        checked["error"] = result["error"]
        return checked
    if "reason" in result:
        checked["reason"] = result["reason"]
    declared = result["declared"]
    said = normalise(Declared(declared["rating"], declared["warnings"], declared["tags"]), labels)
    judged = result["status"] == "ok"
    rating, decisive = suggest_rating(result["suggested"])
    checked["source"] = result["source"]
    checked["declared"] = declared
    checked["understood"] = _understood(said)
    checked["rating"] = {
        "declared": None if said.rating is None else said.rating.label,
        "suggested": rating.label if judged else None,
        "label": decisive["label"] if decisive else None,
    }
    checked["findings"] = compare(said, result["suggested"], result["scores"], labels) if judged else []
    checked["unchecked"] = sorted(said.direct - result["scores"].keys()) if judged else []
    return checked


def alarming(checked: Check) -> tuple[str, ...]:
    """The kinds of findings in a check on which a run may be asked to fail: a missing tag is none of them."""
    return tuple(
        each["finding"] for each in checked.get("findings", ()) if (each["finding"], each["kind"]) != ("missing", "tag")
    )


def compare(
    said: Declarations, suggested: Sequence[Suggestion], scores: Mapping[str, float], labels: LabelSet
) -> list[Finding]:
    """The findings, contradictions first. `scores` has every label that the model knows, 0..1."""
    shown = {each["label"]: each for each in suggested}
    judgements = [
        *_of_rating(said, suggested),
        *_of_fluff(said, shown),
        *(judgement for each in suggested for judgement in _of_suggestion(labels[each["label"]], each, said)),
        *(
            _Judgement("not_seen", "not-seen", label, said.present[label])
            for label in labels.ids
            if label in said.direct and label in scores and label not in shown
        ),
    ]
    first = {judgement.label: judgement for judgement in reversed(judgements)}
    kept = [judgement for judgement in judgements if first[judgement.label] is judgement]  # fluff may have come twice
    told = [judgement for judgement in kept if not _told_by_another(judgement, kept, labels)]
    told.sort(key=lambda judgement: FINDINGS.index(judgement.finding))
    return [_finding(judgement, scores, labels) for judgement in told]


class _Judgement(NamedTuple):
    """A finding in short: `because` are the words and `shown` the suggestion that it rests on."""

    finding: str
    reason: str
    label: str
    because: Sequence[Said] = ()
    shown: Suggestion | None = None


def _of_suggestion(label: Label, shown: Suggestion, said: Declarations) -> Iterator[_Judgement]:
    """What is to be said of a suggested label: at most one thing."""
    finding, reason, because = _verdict(label, shown, said)
    if finding == "missing" and label.kind == "tag" and (said.undisclosed or not _is_unmistakable(shown)):
        return
    if finding == "missing" and said.undisclosed:
        finding, reason, because = "undisclosed_by_choice", "chose-not-to-warn", said.undisclosed
    yield _Judgement(finding, reason, label.id, because, shown)


def _verdict(label: Label, shown: Suggestion, said: Declarations) -> tuple[str, str, Sequence[Said]]:
    """The finding, its reason, and the words that it rests on, as if every author warned."""
    if label.id in said.present:
        return "agrees", "declared", said.present[label.id]
    if label.id in said.related:
        return "agrees", "declared-nearby", said.related[label.id]
    if label.id in said.denied:
        found = ("contradiction", "denied") if _is_plain(shown) else ("missing", "denied-but-mentioned")
        return *found, said.denied[label.id]
    if label.id in said.denied_in_part:
        return "missing", "denied-in-part", said.denied_in_part[label.id]
    return _unsaid(label, shown, said)


def _unsaid(label: Label, shown: Suggestion, said: Declarations) -> tuple[str, str, Sequence[Said]]:
    """The same for a label of which no word speaks, unless it is that no archive warning applies."""
    if said.none_apply and label.vocabularies.get("ao3"):
        if label.id in NARROWER_WARNING:
            return "missing", "may-be-minor", said.none_apply
        if _is_plain(shown) and not said.undisclosed:
            return "contradiction", "no-archive-warnings", said.none_apply
    return "missing", "only-mentioned" if shown["prominence"] == "mention" else "undeclared", ()


def _is_plain(shown: Suggestion) -> bool:
    """Whether the text shows enough of it to hold against an author's word."""
    return shown["prominence"] != "mention" and shown["band"] != "unsure"


def _is_unmistakable(shown: Suggestion) -> bool:
    """Whether it is worth telling of a tag, which nobody is hurt to miss."""
    return shown["prominence"] == "central" and shown["band"] == "likely"


def _of_fluff(said: Declarations, shown: Mapping[str, Suggestion]) -> Iterator[_Judgement]:
    """Fluff, declared as the colour of the work, beside a killing of which nothing was said."""
    fluff = [each for each in said.present.get("fluff", ()) if _is_all_fluff(each.text)]
    killing = _killing({label: each for label, each in shown.items() if _is_plain(each) and not _told(label, said)})
    if fluff and killing and not said.undisclosed:
        yield _Judgement("contradiction", "fluff-beside-killing", "fluff", fluff, killing)


def _is_all_fluff(words: str) -> bool:
    return "fluff" in plain(words) and _SOME_FLUFF.isdisjoint(plain(words).split())


def _told(label: str, said: Declarations) -> bool:
    return label in said.present or label in said.related


def _killing(shown: Mapping[str, Suggestion]) -> Suggestion | None:
    """Graphic violence, or a death in a chapter with violence."""
    if "graphic-violence" in shown:
        return shown["graphic-violence"]
    death, violence = shown.get("character-death"), shown.get("violence")
    if not death or not violence:
        return None
    fought = {piece["chapter"] for piece in violence["evidence"]}
    return death if any(piece["chapter"] in fought for piece in death["evidence"]) else None


def suggest_rating(suggested: Iterable[Suggestion]) -> tuple[Rating, Suggestion | None]:
    """The rating that the highest passage asks for, and the suggestion that decides it; General by itself.

    A passing mention asks for Teen at most.
    """
    asked = [(_rating_for(each), each) for each in suggested]
    rating = max((own for own, _ in asked), default=Rating.GENERAL)
    if rating == Rating.GENERAL:
        return rating, None
    equals = [each for own, each in asked if own == rating]
    return rating, max(equals, key=lambda each: (each["label"] in _GRAPHIC, each["score"]))


def _rating_for(shown: Suggestion) -> Rating:
    if shown["label"] in _RATED[Rating.MATURE]:
        if not _is_plain(shown):
            return Rating.TEEN
        is_explicit = shown["label"] == "sexual-content" and shown["band"] == "likely"
        return Rating.EXPLICIT if is_explicit else Rating.MATURE
    return Rating.TEEN if shown["label"] in _RATED[Rating.TEEN] else Rating.GENERAL


def _of_rating(said: Declarations, suggested: Iterable[Suggestion]) -> Iterator[_Judgement]:
    """What is to be said of the rating; nothing where there is none, or where it is the author's choice."""
    declared, because = said.rating, [said.rating_said] if said.rating_said else []
    asked, decisive = suggest_rating(suggested)
    if declared is None:
        return
    if declared == Rating.NOT_RATED:
        if asked.is_adult:
            yield _Judgement("undisclosed_by_choice", "not-rated", RATING, because, decisive)
    elif asked.is_adult and not declared.is_adult:
        if decisive and decisive["label"] in _GRAPHIC:
            yield _Judgement("contradiction", "rating-below-content", RATING, because, decisive)
    elif declared.is_adult and not asked.is_adult:
        yield _Judgement("not_seen", "rating-above-content", RATING, because)
    elif declared == asked:
        yield _Judgement("agrees", "rating-agrees", RATING, because)


def _told_by_another(judgement: _Judgement, judgements: Iterable[_Judgement], labels: LabelSet) -> bool:
    """Whether a missing label is implied by another that ought to be declared: that would declare both."""
    if judgement.finding != "missing":
        return False
    wanting = {
        each.label for each in judgements if each.finding in ("missing", "contradiction") and each.label in labels
    }
    return any(judgement.label in labels.implied_by([other]) for other in wanting - {judgement.label})


def _finding(judgement: _Judgement, scores: Mapping[str, float], labels: LabelSet) -> Finding:
    shown = judgement.shown
    label = None if judgement.label == RATING else labels[judgement.label]
    subject = labels[shown["label"]] if shown else label
    words = list(dict.fromkeys(said.text for said in judgement.because))
    sentence = REASONS[judgement.reason].format(
        words=_joined([f"“{' '.join(each.split())}”" for each in words]),
        shown=_SHOWN[shown["prominence"]] if shown else "",
        name=_in_a_sentence(subject.name) if subject else "",
    )
    return {
        "finding": judgement.finding,
        "reason": judgement.reason,
        "label": judgement.label,
        "kind": label.kind if label else RATING,
        "name": archive_name(label) if label else "Rating",
        "declared": words,
        "score": shown["score"] if shown else scores.get(judgement.label),
        "band": shown["band"] if shown else None,
        "prominence": shown["prominence"] if shown else None,
        "right": shown["right"] if shown else None,
        "evidence": shown["evidence"] if shown else [],
        "sentence": sentence,
    }


def archive_name(label: Label) -> str:
    """What the Archive of Our Own calls a label: its warning, or else a common tag; without either the label's name.

    The warning for a character's death is for major ones alone, so there it is the tag.
    """
    warnings = label.vocabularies.get("ao3", ()) if label.id not in NARROWER_WARNING else ()
    tags = label.vocabularies.get("ao3_tags", ())
    own = [tag for tag in tags if tag.casefold() == label.name.casefold()]
    return next(iter((*warnings, *own, *tags)), label.name)


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _in_a_sentence(name: str) -> str:
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def _understood(said: Declarations) -> Understood:
    return {
        "archive_warnings": said.archive_warnings,
        "labels": sorted(said.present),
        "related": sorted(said.related),
        "denied": sorted(said.denied),
        "denied_in_part": sorted(said.denied_in_part),
        "undisclosed": bool(said.undisclosed),
        "unread": [each.text for each in said.unread],
    }
