"""settle(): what a person says of a work's labels -> what is known of them, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tagger import labels as label_sets
from tagger import shipped
from tagger.errors import UsageError
from tagger.labels import LabelSet

# `return` goes back to the author with what to change; `hold` stays unpublished until the archive knows more.
OUTCOMES = ("approve", "return", "hold", "reject")


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision. `accepted` labels are in the work, `rejected` ones are not, `added` ones are though nothing
    suggested them; of all others nothing is said, unless it is `complete`: then they are not in the work. `reasons` are
    codes, and `outcome` one of OUTCOMES, or None where only the labels were looked at.
    """

    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    complete: bool = False
    reasons: tuple[str, ...] = ()
    outcome: str | None = None


def settle(review: Review, record: dict[str, Any], labels: LabelSet | None = None) -> dict[str, Any]:
    """What the log says of a decision, in plain JSON types: the labels `present` and `absent`, and how it was said.

    Labels are those the work was scored for and those of `labels`; of a work without scores, tagger's own if there are
    no `labels`. Raises UnknownLabelError for any other, and UsageError for a label said to be there and not to be, or
    for a suggestion that a complete review is silent about: it must not turn into "absent" by oversight.
    """
    known = _known(record, labels)
    for label in (*review.accepted, *review.rejected, *review.added):
        known.index(label)
    if review.outcome not in (None, *OUTCOMES):
        raise UsageError(f"there is no outcome {review.outcome!r}; choose one of {', '.join(OUTCOMES)}")
    present, absent = {*review.accepted, *review.added}, set(review.rejected)
    if present & absent:
        raise UsageError(f"two things are said of {_listed(present & absent)}: that it is there, and that it is not")
    if review.complete:
        silent = {each["label"] for each in record.get("suggested", ())} - present - absent
        if silent:
            raise UsageError(
                f"{_listed(silent)}: suggested, and a complete review says of each suggestion whether it is right;"
                " use --accept or --reject"
            )
        absent = set(known.ids) - present
    return {
        "present": sorted(present),
        "absent": sorted(absent),
        "accepted": sorted(review.accepted),
        "rejected": sorted(review.rejected),
        "added": sorted(review.added),
        "complete": review.complete,
        "reasons": list(review.reasons),
        "outcome": review.outcome,
    }


def _known(record: dict[str, Any], labels: LabelSet | None) -> LabelSet:
    scored = set(record.get("scores", ()))
    if labels is None and not scored:
        return label_sets.load(shipped.labels_file())
    return label_sets.from_names(sorted(scored | set(labels.ids if labels else ())))


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(sorted(labels))
