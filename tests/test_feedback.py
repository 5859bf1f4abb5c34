"""Decisions become labelled works that say what people said, and no more."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy")

from test_queues import record

from tagger import labelled
from tagger.feedback import decided, labelled_decisions, screened, texts_of, weights
from tagger.queues import Queue, Review, opened
from tagger.works import text_digest

TEXTS = {f"work-{n}": f"It was a dark and stormy night, number {n}.\n\nThe rain fell in torrents." for n in range(6)}


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with opened(str(tmp_path / "queue.db"), create=True) as made:
        records = [record(n, text_sha256=text_digest(TEXTS[f"work-{n}"])) for n in range(5)]
        records[4] |= {"decision": "approve", "audit": True, "share": 0.02}
        made.add(records, "screen")
        yield made


def exported(queue: Queue, texts: dict[str, str] | None = None) -> list[dict[str, Any]]:
    known = {text_digest(text): text for text in TEXTS.values()} if texts is None else texts
    return [json.loads(line) for line in labelled_decisions(decided(queue), known)]


def test_what_a_person_said_is_known_and_nothing_else(queue: Queue, tmp_path: Path) -> None:
    queue.decide("work-0", "ann", Review(accepted=("violence",)))
    queue.decide("work-1", "ann", Review(rejected=("violence",), added=("grief",)))
    queue.decide("work-2", "ann", Review(rejected=("violence",), complete=True))
    found = exported(queue)
    assert [(each["present"], each["absent"]) for each in found] == [
        (["violence"], []),
        (["grief"], ["violence"]),
        ([], ["fluff", "grief", "violence"]),
    ]
    assert found[0]["review"]["suggested"] == ["violence"]
    file = tmp_path / "feedback.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in found))
    read = labelled.load(file)
    assert [each.partial for each in read] == [True] * 3
    assert [each.work.text for each in read] == [TEXTS[f"work-{n}"] for n in range(3)]
    assert [each.group for each in read] == ["work-0", "work-1", "work-2"]


def test_what_is_not_decided_or_in_dispute_is_left_out(queue: Queue) -> None:
    queue.decide("work-0", "ann", Review(accepted=("violence",)))
    queue.decide("work-1", "ann", Review(outcome="approve"))  # nothing is said of any label
    queue.decide("work-2", "ann", Review(rejected=("violence",)))
    queue.appeal("work-2", "author")
    assert [each["group"] for each in exported(queue)] == ["work-0"]
    queue.decide("work-2", "ben", Review(accepted=("violence",)))
    assert [each["present"] for each in exported(queue)] == [["violence"], ["violence"]]


def test_an_audit_counts_for_the_many_that_nobody_saw(queue: Queue) -> None:
    for n in range(5):
        queue.decide(f"work-{n}", "ann", Review(accepted=("violence",)))
    found = [each["weight"] for each in exported(queue)]
    assert found == pytest.approx([5 / (4 + 5**0.5)] * 4 + [5**0.5 * 5 / (4 + 5**0.5)], abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_weights_are_1_in_the_mean_and_rise_with_rarity(shares: list[float]) -> None:
    found = weights(shares)
    assert sum(found) / len(found) == pytest.approx(1)
    assert max(found) / min(found) <= max(1, len(found) ** 0.5) + 1e-9
    by_share = sorted((share or 1, weight) for share, weight in zip(shares, found, strict=True))
    assert all(a[1] >= b[1] - 1e-12 for a, b in pairwise(by_share))


def test_the_export_is_the_same_every_time(queue: Queue) -> None:
    for n in (3, 1, 2):
        queue.decide(f"work-{n}", "ann", Review(accepted=("violence",)))
    known = {text_digest(text): text for text in TEXTS.values()}
    first = list(labelled_decisions(decided(queue), known))
    assert first == list(labelled_decisions(decided(queue), dict(reversed(known.items()))))
    assert [json.loads(line)["group"] for line in first] == ["work-1", "work-2", "work-3"]


def test_a_work_whose_text_is_gone_is_left_out_unless_the_policy_had_it_stored(queue: Queue) -> None:
    stored = record(5, text_sha256=text_digest(TEXTS["work-5"]), text=TEXTS["work-5"])
    queue.add([stored], "screen")
    for n in (0, 5):
        queue.decide(f"work-{n}", "ann", Review(accepted=("violence",)))
    assert [each["text"] for each in exported(queue, {})] == [TEXTS["work-5"]]


def test_texts_are_found_by_their_digest_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "renamed.txt").write_text(TEXTS["work-1"])
    (tmp_path / "more.jsonl").write_text(json.dumps({"id": "x", "text": TEXTS["work-2"]}) + "\nnot a record\n")
    wanted = {text_digest(TEXTS[f"work-{n}"]): TEXTS[f"work-{n}"] for n in (1, 2, 3)}
    found = texts_of([tmp_path / "archive", tmp_path / "more.jsonl"], wanted, io.BytesIO())
    assert found == {digest: text for digest, text in wanted.items() if text != TEXTS["work-3"]}


def test_everything_screened_is_told_with_what_people_said(queue: Queue) -> None:
    queue.add([record(5, "approve")], "screen")
    queue.decide("work-1", "ann", Review(rejected=("violence",), added=("grief",)))
    found = {each.record["id"]: each for each in screened(queue)}
    assert len(found) == 6
    assert (found["work-1"].present, found["work-1"].absent) == ({"grief"}, {"violence"})
    assert not found["work-5"].present | found["work-5"].absent
