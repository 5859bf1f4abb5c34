"""labelled_decisions(): what people decided in a queue -> labelled works, for `train`, `evaluate` and `retrain`.

A label that a person accepted or added is present, one they rejected is absent, and of every other nobody has said
anything, unless the review was complete: "a person agreed" is never mixed up with "nobody looked".

People see all of what is held back or to be reviewed and a few of the approvals, so decisions are no fair sample of an
archive. A work that is looked at with probability p counts 1/p (Horvitz and Thompson, JASA 47, 1952). So that a handful
of audits does not outweigh all the rest, no weight is above the square root of their number (Ionides, "Truncated
importance sampling", JCGS 17, 2008); then all are divided by their mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from tagger.drift import Seen, week_of
from tagger.predicting import gather, works_in
from tagger.queues import Item, Queue
from tagger.works import Work, text_digest


class Decided(NamedTuple):
    """An item that a person decided, and what the log says of the last decision (see queues.reviewing.settle)."""

    item: Item
    detail: dict[str, Any]


def decided(queue: Queue) -> list[Decided]:
    """What people decided, ordered by the works' ids; what an appeal has set aside is not among them."""
    items = list(queue.items("decided"))
    last = _last_said(queue)  # after the items: people may be deciding more of them
    found = [Decided(item, last[item.key]) for item in items]
    return sorted(found, key=lambda each: (each.item.id, each.item.key))


def screened(queue: Queue) -> Iterator[Seen]:
    """Everything that was screened, by the week in which it came into the queue, with what people said last."""
    last = _last_said(queue)
    for item in queue.items("waiting", "decided", "passed"):
        said = last.get(item.key, {}) if item.state == "decided" else {}
        present, absent = (frozenset(said.get(name, ())) for name in ("present", "absent"))
        yield Seen(week_of(item.added), item.record, present, absent)


def _last_said(queue: Queue) -> dict[str, dict[str, Any]]:
    """What the log says of the last decision on each item."""
    return {event.key: event.detail for event in queue.events("decided")}


def texts_of(paths: Iterable[Path], wanted: Iterable[str], stdin: BinaryIO) -> dict[str, str]:
    """The texts with these digests (works.text_digest), by digest, of the works in files, folders and tables, read as
    `screen` reads them.
    """
    missing, found = set(wanted), dict[str, str]()
    for batch in gather(list(paths), stdin):
        for work in works_in(batch):
            if isinstance(work, Work) and (digest := text_digest(work.text)) in missing:
                found[digest] = work.text
                missing.remove(digest)
        if not missing:
            break
    return found


def labelled_decisions(decisions: Iterable[Decided], texts: Mapping[str, str]) -> Iterator[bytes]:
    """Each decision as a labelled work, a line of JSON; what has no label decided, or no text, is left out.

    For `texts` see text_of. "group" is the work's id: its versions stay on one side of every split. "weight" undoes the
    queue's selection. "review" says what people were asked about and how they came to be.
    """
    told = [(each, text) for each in decisions if _says_something(each) and (text := text_of(each, texts)) is not None]
    for (each, text), weight in zip(told, weights([each.item.record["share"] for each, _ in told]), strict=True):
        item, detail = each
        yield orjson.dumps(
            {
                "id": f"{item.id}#{item.key[:12]}",
                "text": text,
                "present": detail["present"],
                "absent": detail["absent"],
                "group": item.id,
                "weight": round(weight, 6),
                "review": {
                    "complete": detail["complete"],
                    "outcome": detail["outcome"],
                    "reasons": detail["reasons"],
                    "decision": item.record["decision"],
                    "audit": item.record["audit"],
                    "share": item.record["share"],
                    "suggested": [suggestion["label"] for suggestion in item.record["suggested"]],
                    "key": item.key,
                    "model_sha256": item.record["model"]["sha256"],
                },
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )


def _says_something(each: Decided) -> bool:
    return bool(each.detail["present"] or each.detail["absent"])


def text_of(each: Decided, texts: Mapping[str, str]) -> str | None:
    """The text that was decided on: that of its digest in `texts`, else the one in its record, else None."""
    record = each.item.record
    stored: str | None = record.get("text")
    return texts.get(record["text_sha256"] or "", stored)


def weights(shares: Iterable[float]) -> list[float]:
    """How much each work counts, 1 in the mean, by the probabilities 0..1 with which people see such works.

    A rejection that came back by appeal was nobody's to see (0): it counts as one that everybody sees.

    >>> weights([1, 1, 1, 0.02])
    [0.8, 0.8, 0.8, 1.6]
    """
    raw = [1 / share if share > 0 else 1.0 for share in shares]
    cut = [min(each, len(raw) ** 0.5) for each in raw]
    return [each * len(cut) / sum(cut) for each in cut]
