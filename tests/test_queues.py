"""Two people never get the same work, what is decided is written down for good, and it goes for both databases."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.errors import QueueError, RefusedError, UnknownLabelError, UsageError

pytest.importorskip("sqlalchemy")

from tagger import labels as label_sets
from tagger.queues import OUTCOMES, Added, Queue, Review, opened
from tagger.queues.database import connect, sql
from tagger.queues.reviewing import settle

POSTGRES = os.environ.get("TAGGER_TEST_POSTGRES", "")
LABELS = ("violence", "grief", "fluff")
ANN, BEN = "ann", "ben"


def record(number: int, decision: str = "review", **more: Any) -> dict[str, Any]:
    """What `screen` says of a work."""
    return {
        "schema": "tagger.decision/1",
        "id": f"work-{number}",
        "key": f"{number:064x}",
        "text_sha256": f"{number + 10**6:064x}",
        "status": "ok",
        "decision": decision,
        "reasons": [],
        "audit": False,
        "share": 1.0,
        "model": {"name": "default", "version": "1", "sha256": "m" * 64},
        "policy": {"name": "archive", "version": "1", "sha256": "p" * 64},
        "suggested": [{"label": "violence", "score": 0.9, "band": "likely"}],
        "scores": {"violence": 0.9, "grief": 0.2, "fluff": 0.1},
        **more,
    }


@contextmanager
def in_schema(url: str) -> Iterator[str]:
    """The URL of an empty database on the server."""
    name = f"queue_{uuid.uuid4().hex}"
    admin = sql.create_engine(_driver(url), isolation_level="AUTOCOMMIT", poolclass=sql.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield sql.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def _driver(url: str) -> Any:
    from tagger.queues.database import _url

    return _url(url)


NEEDS_SERVER = pytest.mark.skipif(
    not POSTGRES, reason="no PostgreSQL server: run through scripts/with-postgres, or set TAGGER_TEST_POSTGRES"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=NEEDS_SERVER)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "queue.db")
    else:
        with in_schema(POSTGRES) as url:
            yield url


@pytest.fixture
def queue(place: str) -> Iterator[Queue]:
    with opened(place, create=True) as made:
        yield made


def ids(queue: Queue, *states: str) -> list[str]:
    return [item.id for item in queue.items(*states)]


def test_what_the_policy_held_back_comes_first_then_review_then_audits_and_the_oldest_of_each(queue: Queue) -> None:
    kinds = ["review", "approve", "hold", "review", "hold"]
    added = queue.add([record(n, kind, audit=kind == "approve") for n, kind in enumerate(kinds)], "screen")
    assert added == Added(waiting=5)
    taken = []
    while item := queue.next(ANN):
        taken.append(item.id)
        queue.decide(item.id, ANN, Review(outcome="approve"))
    assert taken == ["work-2", "work-4", "work-0", "work-3", "work-1"]


def test_adding_again_changes_nothing(queue: Queue) -> None:
    records = [record(1), record(2, "approve"), record(3, "reject"), record(4, "approve", audit=True)]
    assert queue.add(records, "screen") == Added(waiting=2, passed=2)
    before = list(queue.events())
    assert queue.add(records, "screen") == Added(known=4)
    assert list(queue.events()) == before
    assert ids(queue, "waiting") == ["work-1", "work-4"]
    assert sorted(ids(queue, "passed")) == ["work-2", "work-3"]


def test_one_batch_may_hold_a_work_twice(queue: Queue) -> None:
    assert queue.add([record(1), record(1)], "screen") == Added(waiting=1, known=1)
    assert queue.add([], "screen") == Added()


def test_a_work_that_could_not_be_read_waits_too(queue: Queue) -> None:
    queue.add([record(n, status="error", error="broken", text_sha256=None, id="work-1") for n in (1, 2)], "screen")
    assert ids(queue, "waiting") == ["work-1", "work-1"]


def test_text_is_kept_only_of_what_waits_and_only_where_the_record_has_it(queue: Queue) -> None:
    queue.add([record(1, text="Once."), record(2, "approve", text="Twice."), record(3)], "screen")
    assert {item.id: item.record.get("text") for item in queue.items()} == {
        "work-1": "Once.",
        "work-2": None,
        "work-3": None,
    }


def test_the_same_text_judged_anew_replaces_what_nobody_has_looked_at(queue: Queue) -> None:
    queue.add([record(1)], "screen")
    again = record(2, id="work-1", text_sha256=record(1)["text_sha256"])
    queue.add([again], "screen")
    assert [item.key for item in queue.items("waiting")] == [again["key"]]
    assert queue.next(ANN).key == again["key"]  # type: ignore[union-attr]
    third = record(3, id="work-1", text_sha256=record(1)["text_sha256"])
    queue.add([third], "screen")  # ann is reading the second one
    assert {item.key for item in queue.items("waiting")} == {again["key"], third["key"]}
    assert queue.decide("work-1", ANN, Review()).key == again["key"]


def test_another_text_of_a_work_waits_beside_the_first(queue: Queue) -> None:
    queue.add([record(1), record(2, id="work-1")], "screen")
    with pytest.raises(UsageError, match="stands for 2 items; name one by its key: 000000000000"):
        queue.decide("work-1", ANN, Review())
    assert queue.decide(record(2)["key"], ANN, Review()).state == "decided"
    assert queue.decide("work-1", ANN, Review()).key == record(1)["key"]


def test_a_person_keeps_what_they_hold_until_it_is_decided_or_given_back(queue: Queue) -> None:
    queue.add([record(1), record(2)], "screen")
    assert [queue.next(ANN).id, queue.next(ANN).id] == ["work-1", "work-1"]  # type: ignore[union-attr]
    queue.release("work-1", ANN)
    assert queue.next(ANN).id == "work-2"  # type: ignore[union-attr]
    assert queue.next(BEN).id == "work-1"  # type: ignore[union-attr]
    assert queue.next("cleo") is None


def test_what_another_person_holds_is_refused_until_their_time_is_up(queue: Queue) -> None:
    queue.add([record(1)], "screen")
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    queue = replace(queue, clock=lambda: moment)
    queue.next(ANN, timedelta(minutes=30))
    with pytest.raises(RefusedError, match="ann has work-1 until 2026-03-01T12:30 UTC"):
        queue.decide("work-1", BEN, Review())
    with pytest.raises(RefusedError, match="ann has work-1"):
        queue.release("work-1", BEN)
    assert queue.next(BEN) is None
    later = replace(queue, clock=lambda: moment + timedelta(minutes=31))
    assert later.next(BEN).holder == BEN  # type: ignore[union-attr]
    with pytest.raises(RefusedError, match="ben has work-1"):
        later.decide("work-1", ANN, Review())
    assert later.decide("work-1", BEN, Review()).state == "decided"


def test_nothing_is_decided_twice_or_released_by_nobody(queue: Queue) -> None:
    queue.add([record(1), record(2, "approve")], "screen")
    with pytest.raises(RefusedError, match="nobody holds work-1"):
        queue.release("work-1", ANN)
    queue.decide("work-1", ANN, Review())
    with pytest.raises(RefusedError, match=r"was decided by ann at .* UTC; `tagger queue appeal`"):
        queue.decide("work-1", BEN, Review())
    with pytest.raises(RefusedError, match="settled by the policy"):
        queue.decide("work-2", ANN, Review())
    with pytest.raises(UsageError, match="the queue has no work 'work-9'"):
        queue.decide("work-9", ANN, Review())


def test_an_appeal_goes_to_somebody_else(queue: Queue) -> None:
    queue.add([record(1), record(2, "reject")], "screen")
    with pytest.raises(RefusedError, match="only what is decided can be appealed against"):
        queue.appeal("work-1", "the author")
    queue.decide("work-1", ANN, Review(outcome="reject"))
    queue.appeal("work-1", "the author", ["misread"])
    assert queue.next(ANN) is None
    with pytest.raises(RefusedError, match="an appeal against what ann decided"):
        queue.decide("work-1", ANN, Review())
    assert queue.next(BEN).id == "work-1"  # type: ignore[union-attr]
    queue.decide("work-1", BEN, Review(outcome="approve"))
    queue.appeal("work-1", ANN)
    assert [queue.next(ANN), queue.next(BEN)] == [None, None]  # both have had their say
    queue.appeal("work-2", "the author")
    assert {queue.next("cleo").id, queue.next(ANN).id} == {"work-1", "work-2"}  # type: ignore[union-attr]


def test_the_log_says_who_did_what_under_which_model_and_policy(queue: Queue) -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    queue = replace(queue, clock=lambda: moment)
    queue.add([record(1)], "screen")
    queue.next(ANN)
    queue.decide("work-1", ANN, Review(accepted=("violence",), reasons=("undeclared",), outcome="return"))
    told = [(event.kind, event.who) for event in queue.events()]
    assert told == [("queued", "screen"), ("held", ANN), ("decided", ANN)]
    last = next(iter(queue.events("decided")))
    assert (last.at, last.model_sha256, last.policy_sha256) == ("2026-03-01T12:00:00.000000Z", "m" * 64, "p" * 64)
    assert last.detail["present"] == ["violence"]
    assert last.detail["absent"] == []
    assert (last.detail["reasons"], last.detail["outcome"]) == (["undeclared"], "return")
    item, own = queue.show("work-1")
    assert item.state == "decided"
    assert [event.number for event in own] == [1, 2, 3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tagger_events SET who = 'nobody'",
        "DELETE FROM tagger_events",
        "sqlite: INSERT OR REPLACE INTO tagger_events SELECT * FROM tagger_events",
        "postgresql: TRUNCATE tagger_events",
    ],
)
def test_the_database_refuses_to_change_the_log(queue: Queue, statement: str) -> None:
    queue.add([record(1)], "screen")
    before = list(queue.events())
    dialect, _, limited = statement.rpartition(": ")
    if dialect not in ("", queue.engine.dialect.name):
        return
    with pytest.raises(sql.exc.DBAPIError, match="append-only"), queue.engine.begin() as connection:
        connection.exec_driver_sql(limited)
    assert list(queue.events()) == before


def review_all(place: str, who: str, taken: Any) -> None:
    """What a reviewer's process does: take what comes and decide it."""
    with opened(place) as queue:
        while item := queue.next(who):
            queue.decide(item.key, who, Review(accepted=("violence",), outcome="approve"))
            taken.put((who, item.id))
    taken.put((who, None))


def test_two_reviewers_at_once_decide_500_works_and_none_twice(place: str) -> None:
    with opened(place, create=True) as queue:
        queue.add([record(number) for number in range(500)], "screen")
    context = multiprocessing.get_context("spawn")
    taken: Any = context.Queue()
    people = [context.Process(target=review_all, args=(place, who, taken)) for who in (ANN, BEN)]
    for person in people:
        person.start()
    got: list[tuple[str, str]] = []
    ended = 0
    while ended < len(people):
        who, work = taken.get(timeout=120)
        if work is None:
            ended += 1
        else:
            got.append((who, work))
    for person in people:
        person.join()
        assert person.exitcode == 0
    assert sorted(work for _, work in got) == sorted(f"work-{number}" for number in range(500))
    assert {who for who, _ in got} == {ANN, BEN}
    with opened(place) as queue:
        decided = [event.key for event in queue.events("decided")]
        held = [event.key for event in queue.events("held")]
    assert len(set(decided)) == len(decided) == len(set(held)) == len(held) == 500


class TestSettle:
    def test_only_what_was_said_is_known(self) -> None:
        said = settle(Review(accepted=("violence",), added=("grief",)), record(1))
        assert (said["present"], said["absent"]) == (["grief", "violence"], [])

    def test_a_complete_review_makes_the_rest_absent(self) -> None:
        said = settle(Review(rejected=("violence",), added=("grief",), complete=True), record(1))
        assert (said["present"], said["absent"]) == (["grief"], ["fluff", "violence"])

    def test_a_complete_review_must_speak_of_every_suggestion(self) -> None:
        with pytest.raises(UsageError, match=r"violence: suggested, and a complete review .* --accept or --reject"):
            settle(Review(complete=True), record(1))

    def test_unknown_labels_are_refused(self) -> None:
        with pytest.raises(UnknownLabelError, match="violense"):
            settle(Review(accepted=("violense",)), record(1))

    def test_of_a_work_without_scores_the_labels_are_our_own(self) -> None:
        assert settle(Review(added=("horror",)), record(1, scores={}))["present"] == ["horror"]
        with pytest.raises(UnknownLabelError):
            settle(Review(added=("horror",)), record(1))
        own = label_sets.from_names(["Fear"])
        assert settle(Review(added=("Fear",)), record(1), own)["present"] == ["Fear"]

    def test_two_things_said_of_one_label_are_refused(self) -> None:
        with pytest.raises(UsageError, match="two things are said of grief"):
            settle(Review(added=("grief",), rejected=("grief",)), record(1))

    def test_an_outcome_is_one_of_a_few(self) -> None:
        with pytest.raises(UsageError, match=f"choose one of {', '.join(OUTCOMES)}"):
            settle(Review(outcome="burn"), record(1))

    @given(st.dictionaries(st.sampled_from(LABELS), st.sampled_from(["accepted", "rejected", "added"])), st.booleans())
    def test_present_and_absent_never_meet_and_a_complete_review_leaves_nothing_out(
        self, said: dict[str, str], complete: bool
    ) -> None:
        parts = {kind: tuple(label for label in said if said[label] == kind) for kind in set(said.values())}
        whole = complete and "violence" in said
        found = settle(Review(**parts, complete=whole), record(1))  # type: ignore[arg-type]
        present, absent = set(found["present"]), set(found["absent"])
        assert not present & absent
        assert present | absent == (set(LABELS) if whole else set(said))


class TestOpening:
    def test_a_queue_that_is_not_there(self, tmp_path: Path) -> None:
        with (
            pytest.raises(QueueError, match=r"there is no queue at .*; make one with"),
            opened(str(tmp_path / "no.db")),
        ):
            pass
        assert not list(tmp_path.iterdir())

    def test_a_database_of_something_else(self, tmp_path: Path) -> None:
        import sqlite3

        file = tmp_path / "other.db"
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE cats (name TEXT)")
        with pytest.raises(QueueError, match="holds no queue of tagger"), opened(str(file)):
            pass

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        file = tmp_path / "story.txt"
        file.write_text("Once upon a time. " * 100)
        with pytest.raises(QueueError, match=r"cannot use the queue .*story\.txt: file is not a database"):
            connect(str(file), create=True)

    def test_a_queue_of_the_future(self, tmp_path: Path) -> None:
        place = str(tmp_path / "queue.db")
        with opened(place, create=True) as queue, queue.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE tagger_about SET value = 'tagger.queue/2'")
        with pytest.raises(QueueError, match=r"has the format 'tagger\.queue/2', and this tagger reads"), opened(place):
            pass

    @pytest.mark.parametrize("url", ["mysql://root:secret@here/queue", "postgresql+psycopg2://root:secret@here/queue"])
    def test_other_databases_are_refused_and_no_password_is_shown(self, url: str) -> None:
        with pytest.raises(QueueError, match="a queue is kept in a file or at postgresql://") as told:
            connect(url, create=True)
        assert "secret" not in str(told.value)

    def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        url = f"postgresql://ann:secret@/queue?host={tmp_path}"
        with pytest.raises(QueueError, match="cannot use the queue postgresql") as told:
            connect(url, create=True)
        assert "secret" not in str(told.value)

    @NEEDS_SERVER
    def test_a_database_that_is_not_there(self) -> None:
        url = sql.make_url(POSTGRES).set(database="nowhere").render_as_string(hide_password=False)
        with pytest.raises(QueueError, match='database "nowhere" does not exist'):
            connect(url, create=True)

    def test_two_may_make_a_queue_at_once(self, place: str) -> None:
        context = multiprocessing.get_context("spawn")
        people = [context.Process(target=_make, args=(place, number)) for number in range(2)]
        for person in people:
            person.start()
        for person in people:
            person.join(60)
        assert [person.exitcode for person in people] == [0, 0]
        with opened(place) as queue:
            assert sorted(ids(queue)) == ["work-0", "work-1"]


def _make(place: str, number: int) -> None:
    with opened(place, create=True) as queue:
        queue.add([record(number)], "screen")


Step = Callable[[Queue, str], object]
STEPS: dict[str, Step] = {
    "next": lambda queue, who: queue.next(who),
    "decide": lambda queue, who: queue.decide(next(queue.items("waiting")).key, who, Review()),
    "release": lambda queue, who: queue.release(next(queue.items("waiting")).key, who),
    "appeal": lambda queue, who: queue.appeal(next(queue.items("decided", "passed")).key, "author"),
}


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from([ANN, BEN, "cleo"])), max_size=20))
def test_whatever_people_do_the_log_tells_the_states(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    place = str(tmp_path_factory.mktemp("queues") / "queue.db")
    with opened(place, create=True) as queue:
        queue.add([record(1), record(2, "hold"), record(3, "approve")], "screen")
        for step, who in steps:
            try:
                STEPS[step](queue, who)
            except (RefusedError, StopIteration):
                continue
        states = {item.key: (item.state, item.holder) for item in queue.items()}
        derived: dict[str, tuple[str, str | None]] = {}
        deciders: dict[str, list[str]] = {}
        for event in queue.events():
            derived[event.key] = {
                "queued": ("waiting", None),
                "passed": ("passed", None),
                "held": ("waiting", event.who),
                "released": ("waiting", None),
                "decided": ("decided", None),
                "appealed": ("waiting", None),
            }[event.kind]
            if event.kind == "decided":
                deciders.setdefault(event.key, []).append(event.who)
        assert derived == states
        assert all(len(set(people)) == len(people) for people in deciders.values())
