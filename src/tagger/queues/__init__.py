"""The review queue: decisions of `screen` in, people's decisions out, and no two people at the same work.

    add -> waiting -> next (held, for a while) -> decide -> decided
              ^          │ release, or too long        │
              └──────────┴───────── appeal ────────────┘   to somebody else than who decided

Works that the policy settled by itself are kept beside them (`passed`): they are counted, and can be appealed too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import orjson

from tagger.errors import RefusedError, UsageError
from tagger.labels import LabelSet
from tagger.queues.database import (
    READING,
    Connection,
    Engine,
    batches,
    connect,
    events,
    insert_new,
    items,
    sql,
    told,
)
from tagger.queues.reviewing import OUTCOMES, Review, settle

__all__ = ["LEASE", "OUTCOMES", "STATES", "Added", "Event", "Item", "Queue", "Review", "opened"]

LEASE = timedelta(hours=1)

# `superseded`: the same text waits again, as judged by another model or policy.
WAITING, DECIDED, PASSED, SUPERSEDED = STATES = ("waiting", "decided", "passed", "superseded")

_RANKS = {"hold": 0, "review": 1}  # what waits is taken in this order, and audits of approvals last
_AUDIT = 2
_SHORTEST_KEY = 8


class Item(NamedTuple):
    """A work that was screened. `record` is what `screen` said of it (schema tagger.decision/1); `holder` has it until
    `held_until`, both None where nobody has. Times are UTC, ISO 8601.
    """

    key: str
    id: str
    state: str
    added: str
    holder: str | None
    held_until: str | None
    record: dict[str, Any]


class Event(NamedTuple):
    """A change: who did what to the item `key`, when, and under which model and policy it had been screened.

    `kind` is queued, passed, superseded, held, released, decided or appealed; `detail` says more, in plain JSON types.
    """

    number: int
    key: str
    at: str
    who: str
    kind: str
    model_sha256: str
    policy_sha256: str
    detail: dict[str, Any]


class Added(NamedTuple):
    """How many works came to wait, how many the policy had settled by itself, and how many were there before."""

    waiting: int = 0
    passed: int = 0
    known: int = 0


@contextmanager
def opened(place: str, *, create: bool = False) -> Iterator[Queue]:
    """The queue in a file or at a URL of PostgreSQL; with `create`, made where none is. Raises QueueError."""
    engine = connect(place, create=create)
    try:
        with told(engine):
            yield Queue(engine)
    finally:
        engine.dispose()


def _now() -> datetime:
    return datetime.now(UTC)


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Queue:
    """A queue in a database. Each method is one transaction; `clock` gives the time."""

    engine: Engine
    clock: Callable[[], datetime] = _now

    def add(self, records: Sequence[Mapping[str, Any]], who: str) -> Added:
        """Take in what `screen` said of some works. One whose key is there already changes nothing."""
        rows = {record["key"]: self._row(record) for record in records}
        if not rows:
            return Added()
        with self.engine.begin() as connection:
            found = insert_new(connection, list(rows.values()))
            new = [row for key, row in rows.items() if key in found]
            waiting = [row for row in new if row["state"] == WAITING]
            kinds = {WAITING: "queued", PASSED: "passed"}
            told = [self._event(row, who, kinds[row["state"]]) for row in new]
            told += [
                self._event(old, who, "superseded", {"by": by}) for old, by in self._supersede(connection, waiting)
            ]
            if told:
                connection.execute(events.insert(), told)
        return Added(len(waiting), len(new) - len(waiting), len(records) - len(new))

    def _row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        waits = record["decision"] in _RANKS or bool(record.get("audit"))
        kept = record if waits else {name: value for name, value in record.items() if name != "text"}
        return {
            "key": record["key"],
            "id": record["id"],
            "text_sha256": record["text_sha256"],
            "record": orjson.dumps(kept).decode(),
            "added": _written(self.clock()),
            "rank": _RANKS.get(record["decision"], _AUDIT),
            "state": WAITING if waits else PASSED,
        }

    def _supersede(self, connection: Connection, new: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
        """Take out what was said of the same texts before, unless somebody has looked at it or is looking.

        Gives what was taken out and the key of what replaces it.
        """
        keys = {(row["id"], row["text_sha256"]): row["key"] for row in new if row["text_sha256"] is not None}
        idle = (items.c.state == WAITING) & ~self._is_held() & ~_has(items.c.key, "decided")
        for batch in batches(sorted({each for each, _ in keys})):
            query = sql.select(items).where(idle, items.c.id.in_(batch)).order_by(items.c.number).with_for_update()
            for old in connection.execute(query).mappings().all():
                by = keys.get((old["id"], old["text_sha256"]), old["key"])
                if by != old["key"]:
                    connection.execute(items.update().where(items.c.key == old["key"]).values(state=SUPERSEDED))
                    yield dict(old), by

    def next(self, who: str, lease: timedelta = LEASE) -> Item | None:
        """Hold the item that is first in turn, for so long; None when nothing waits for this person.

        It is the one they hold already; else what was held back by the policy, then what is for review, then audits,
        the oldest first; what they gave back comes last. Nobody gets what another holds, nor an appeal against
        themselves.
        """
        mine = self._is_held() & (items.c.holder == who)
        turn = (
            sql.case((mine, 0), else_=1),
            sql.case((_has(items.c.key, "released", who), 1), else_=0),
            items.c.rank,
            items.c.number,
        )
        free = (items.c.state == WAITING) & (mine | ~self._is_held()) & ~_has(items.c.key, "decided", who)
        first = sql.select(items).where(free).order_by(*turn).limit(1).with_for_update(skip_locked=True)
        with self.engine.begin() as connection:
            row = connection.execute(first).mappings().one_or_none()
            if row is None:
                return None
            until = _written(self.clock() + lease)
            held = {"holder": who, "held_until": until}
            connection.execute(items.update().where(items.c.key == row["key"]).values(**held))
            self._tell(connection, row, who, "held", {"until": until})
            return _item({**row, **held})

    def decide(self, id: str, who: str, review: Review, labels: LabelSet | None = None) -> Item:
        """Write down what a person decided; the item is theirs, or nobody's.

        `labels` are known besides those that the work was scored for. Raises RefusedError where somebody else holds the
        item, where it is decided already or an appeal against this very person, and UnknownLabelError.
        """
        with self.engine.begin() as connection:
            row = self._waiting(connection, id, who)
            if connection.scalar(sql.select(_has(row["key"], "decided", who))):
                raise RefusedError(f"{row['id']} is an appeal against what {who} decided; it is for somebody else")
            detail = settle(review, orjson.loads(row["record"]), labels)
            self._move(connection, row, DECIDED)
            self._tell(connection, row, who, "decided", detail)
            return _item({**row, "state": DECIDED, "holder": None, "held_until": None})

    def release(self, id: str, who: str) -> Item:
        """Give an item back undecided. Raises RefusedError where this person does not hold it."""
        with self.engine.begin() as connection:
            row = self._waiting(connection, id, who)
            if row["holder"] is None:
                raise RefusedError(f"nobody holds {row['id']}, so there is nothing to release")
            if row["holder"] != who:  # whose time ran out, else `_waiting` had said so
                raise RefusedError(f"{who} does not hold {row['id']}, so there is nothing to release")
            self._move(connection, row, WAITING)
            self._tell(connection, row, who, "released")
            return _item({**row, "holder": None, "held_until": None})

    def appeal(self, id: str, who: str, reasons: Sequence[str] = ()) -> Item:
        """Send what a person or the policy decided to another person. Raises RefusedError where nothing is decided."""
        with self.engine.begin() as connection:
            row = self._find(connection, id, who, (DECIDED, PASSED))
            if row["state"] not in (DECIDED, PASSED):
                raise RefusedError(f"{row['id']} is {row['state']}: only what is decided can be appealed against")
            self._move(connection, row, WAITING, rank=_RANKS["hold"])
            self._tell(connection, row, who, "appealed", {"reasons": list(reasons)})
            return _item({**row, "state": WAITING})

    def show(self, id: str, who: str = "") -> tuple[Item, list[Event]]:
        """An item and its events, oldest first."""
        with self._reading() as connection:
            row = self._find(connection, id, who, (WAITING,))
            own = sql.select(events).where(events.c.key == row["key"]).order_by(events.c.number)
            return _item(row), [_event(each) for each in connection.execute(own).mappings()]

    def items(self, *states: str) -> Iterator[Item]:
        """The items in these states, or in all, as they are taken: by rank, then the oldest first."""
        chosen = sql.select(items).where(items.c.state.in_(states or STATES)).order_by(items.c.rank, items.c.number)
        with self._reading() as connection:
            for row in connection.execute(chosen).mappings():
                yield _item(row)

    def events(self, *kinds: str) -> Iterator[Event]:
        """The log, oldest first: all of it, or the events of these kinds."""
        chosen = sql.select(events).order_by(events.c.number)
        with self._reading() as connection:
            for row in connection.execute(chosen.where(events.c.kind.in_(kinds)) if kinds else chosen).mappings():
                yield _event(row)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self.engine.execution_options(**{READING: True}).begin() as connection:
            yield connection

    def _is_held(self) -> Any:
        return sql.func.coalesce(items.c.held_until, "") > _written(self.clock())

    def _waiting(self, connection: Connection, id: str, who: str) -> dict[str, Any]:
        """The item, if it waits and nobody else holds it."""
        row = self._find(connection, id, who, (WAITING,))
        name = row["id"]
        if row["state"] == DECIDED:
            last = sql.select(events).where(events.c.key == row["key"], events.c.kind == "decided")
            found = connection.execute(last.order_by(events.c.number.desc()).limit(1)).mappings().one()
            raise RefusedError(
                f"{name} was decided by {found['who']} at {found['at'][:16]} UTC; `tagger queue appeal` sends it to"
                " somebody else"
            )
        if row["state"] == PASSED:
            raise RefusedError(f"{name} was settled by the policy; `tagger queue appeal` makes it wait for a person")
        if row["state"] == SUPERSEDED:
            raise RefusedError(f"{name} was screened again and waits under another key; see `tagger queue list`")
        if row["holder"] not in (None, who) and row["held_until"] > _written(self.clock()):
            raise RefusedError(f"{row['holder']} has {name} until {row['held_until'][:16]} UTC")
        return row

    def _find(self, connection: Connection, id: str, who: str, liked: Sequence[str]) -> dict[str, Any]:
        """The item meant by a key, the start of one, or a work's id, locked until the transaction ends.

        Of several with one id, those in the states `liked`, and of these the one that `who` holds. Raises UsageError
        where there is none or it is not clear which.
        """
        named = items.c.id == id
        if len(id) >= _SHORTEST_KEY and set(id) <= set("0123456789abcdef"):
            named |= items.c.key.startswith(id)
        query = sql.select(items).where(named).order_by(items.c.number).with_for_update()
        found = [dict(row) for row in connection.execute(query).mappings()]
        if not found:
            raise UsageError(f"the queue has no work {id!r}; `tagger queue list --state all` names them")
        for better in (lambda row: row["state"] in liked, lambda row: row["holder"] == who):
            found = list(filter(better, found)) or found
        if len(found) > 1:
            keys = ", ".join(row["key"][:12] for row in found)
            raise UsageError(f"{id!r} stands for {len(found)} items; name one by its key: {keys}")
        return found[0]

    def _move(self, connection: Connection, row: dict[str, Any], state: str, **more: Any) -> None:
        values = {"state": state, "holder": None, "held_until": None, **more}
        connection.execute(items.update().where(items.c.key == row["key"]).values(**values))

    def _tell(
        self, connection: Connection, row: Any, who: str, kind: str, detail: dict[str, Any] | None = None
    ) -> None:
        connection.execute(events.insert(), self._event(row, who, kind, detail))

    def _event(self, row: Any, who: str, kind: str, detail: dict[str, Any] | None = None) -> dict[str, Any]:
        record = orjson.loads(row["record"])
        return {
            "key": row["key"],
            "at": _written(self.clock()),
            "who": who,
            "kind": kind,
            "model_sha256": record["model"]["sha256"],
            "policy_sha256": record["policy"]["sha256"],
            "detail": orjson.dumps(detail or {}).decode(),
        }


def _has(key: Any, kind: str, who: str | None = None) -> Any:
    """Whether the log has such an event of the item, by this person or by anybody."""
    found = sql.select(1).where(events.c.key == key, events.c.kind == kind)
    return (found.where(events.c.who == who) if who is not None else found).exists()


def _item(row: Any) -> Item:
    named = {name: row[name] for name in Item._fields if name != "record"}
    return Item(**named, record=orjson.loads(row["record"]))


def _event(row: Any) -> Event:
    named = {name: row[name] for name in Event._fields if name != "detail"}
    return Event(**named, detail=cast(dict[str, Any], orjson.loads(row["detail"])))
