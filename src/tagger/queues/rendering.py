"""Items and events as people read them; no story text, but where it is asked for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from tagger.errors import printable
from tagger.queues import Event, Item


def plain(item: Item, *, text: bool = False) -> dict[str, Any]:
    """The item as one JSON object; the story only where `text` is asked for and the record has it."""
    record = {name: value for name, value in item.record.items() if text or name != "text"}
    return {**item._asdict(), "record": record}


def listing(items: Iterable[Item]) -> str:
    """One line an item: when it came, what the policy said, who has it, and what was suggested."""
    rows = [("key", "added", "decision", "state", "holder", "work", "suggested")]
    for item in items:
        suggested = ", ".join(f"{each['label']} {each['score']:.2f}" for each in item.record["suggested"])
        decision = "audit" if item.record.get("audit") else item.record["decision"]
        rows.append(
            (item.key[:12], item.added[:16], decision, item.state, item.holder or "", item.id, suggested or "nothing")
        )
    return columns(rows)


def card(item: Item, events: Iterable[Event] = (), width: int = 100, *, text: bool = False) -> str:
    """Everything about one item, over several lines."""
    record = item.record
    held = f", held by {item.holder} until {item.held_until[:16]} UTC" if item.holder and item.held_until else ""
    lines = [
        f"{item.id}  ({item.key[:12]})",
        f"{item.state}{held}; added {item.added[:16]} UTC",
        f"{record['decision']}{' (audit)' if record.get('audit') else ''} by the policy {record['policy']['name']}"
        f" {record['policy'].get('version', '')} and the model {record['model']['name']} {record['model']['version']}",
    ]
    if record["status"] != "ok":
        lines.append(f"{record['status']}: {record.get('error') or record.get('reason', '')}")
    lines += [f"  {reason['code']}: {_message(reason)}" for reason in record["reasons"]]
    lines += [_suggestion(each) for each in record["suggested"]] or ["  nothing suggested"]
    declared = record.get("declared") or {}
    said = [declared.get("rating") or "", *declared.get("warnings", ()), *declared.get("tags", ())]
    lines.append("declared: " + (", ".join(filter(None, said)) or "nothing"))
    lines += [f"{event.at[:16]}  {event.who}  {event.kind}{_summary(event)}" for event in events]
    told = [line for each in lines for line in textwrap.wrap(printable(each), width, subsequent_indent="    ")]
    if text and record.get("text"):
        told += ["", str(record["text"])]
    return "\n".join(told)


def log(events: Iterable[Event]) -> str:
    """One line an event."""
    rows = [("when (UTC)", "who", "what", "key", "model", "policy", "")]
    for event in events:
        model, policy = event.model_sha256[:8], event.policy_sha256[:8]
        rows.append((event.at[:19], event.who, event.kind, event.key[:12], model, policy, _summary(event).lstrip(": ")))
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """A table, each column as wide as its widest cell; the first row is its head."""
    told = [tuple(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*told, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in told)
    return "\n".join(line.rstrip() for line in lines)


def _message(reason: dict[str, Any]) -> str:
    return f"{reason['message']} ({reason['score']:.2f})" if reason.get("score") is not None else reason["message"]


def _suggestion(suggestion: dict[str, Any]) -> str:
    places = [f"chapter {each['chapter']}, paragraph {each['paragraph']}" for each in suggestion.get("evidence", ())]
    where = f"  at {'; '.join(places)}" if places else ""
    return f"  {suggestion['label']} {suggestion['score']:.2f} ({suggestion['band']}){where}"


def _summary(event: Event) -> str:
    detail = event.detail
    if event.kind != "decided":
        return f": {', '.join(detail['reasons'])}" if detail.get("reasons") else ""
    parts = [detail["outcome"] or "labels only"]
    parts += [f"{name} {', '.join(detail[name])}" for name in ("accepted", "added", "rejected") if detail[name]]
    parts += ["complete"] if detail["complete"] else []
    parts += [f"because {', '.join(detail['reasons'])}"] if detail["reasons"] else []
    return ": " + "; ".join(parts)
