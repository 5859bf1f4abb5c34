"""`tagger queue`: what waits for people, and what they decide."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from tagger.cli.options import Quiet, say
from tagger.cli.predict import width_of
from tagger.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from tagger.labels import LabelSet
    from tagger.queues import Item

app = typer.Typer(
    help="What waits for people, and what they decide; two people never get the same work.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """How items and events are written."""

    table = "table"
    jsonl = "jsonl"


class State(StrEnum):
    """What has become of an item; `passed` ones were settled by the policy, `superseded` ones screened anew."""

    waiting = "waiting"
    decided = "decided"
    passed = "passed"
    superseded = "superseded"
    all = "all"


class Outcome(StrEnum):
    """What is to become of a work."""

    approve = "approve"
    return_ = "return"
    hold = "hold"
    reject = "reject"


Place = Annotated[
    str,
    typer.Option("-Q", "--queue", metavar="FILE|URL", envvar="TAGGER_QUEUE", help="A file, or postgresql://HOST/NAME."),
]
Who = Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who you are.  [default: your login name]")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A work's id, or the first 8 or more characters of its key.")]
Written = Annotated[
    Format | None, typer.Option("-f", "--format", help="How to print.  [default: table on a terminal, else jsonl]")
]
Reasons = Annotated[list[str] | None, typer.Option("--reason", metavar="CODE", help="Why; repeatable.")]
Text = Annotated[bool, typer.Option("--text", help="Show the story too, where the policy had it stored.")]
QUEUE = "queue.db"


@app.command()
def add(
    decisions: Annotated[Path, typer.Argument(metavar="FILE", help="What `tagger screen` wrote, or - for stdin.")],
    queue: Place = QUEUE,
    name: Who = None,
    quiet: Quiet = False,
) -> None:
    """Take in what `tagger screen` decided; the queue is made where there is none.

    What is held back or to be reviewed waits for people, and so do the approvals drawn for an audit. The others are
    kept to be counted, without their text. Adding the same again changes nothing.
    """
    from tagger.queues import Added, opened
    from tagger.recorded import read_records

    total, who = Added(), person(name)
    with input_stream(decisions) as stream, opened(queue, create=True) as found:
        for records in read_records(stream, str(decisions)):
            added = found.add(records, who)
            total = Added(*(a + b for a, b in zip(total, added, strict=True)))
    say(
        f"{total.waiting:,} works wait for people, {total.passed:,} were settled by the policy, {total.known:,} were"
        " known already",
        quiet=quiet,
    )


@app.command("list")
def list_items(
    queue: Place = QUEUE,
    state: Annotated[State, typer.Option(help="Which items.")] = State.waiting,
    format: Written = None,
) -> None:
    """List what waits, in the order in which it is taken."""
    from tagger.queues import opened
    from tagger.queues.rendering import listing, plain

    with opened(queue) as found:
        items = found.items(*() if state is State.all else (state.value,))
        if as_table(format):
            print(listing(items))
        else:
            write_lines(plain(item) for item in items)


@app.command("next")
def next_item(
    queue: Place = QUEUE,
    name: Who = None,
    lease: Annotated[int, typer.Option(metavar="MINUTES", min=1, help="For how long the work is yours.")] = 60,
    text: Text = False,
    format: Written = None,
) -> None:
    """Take the work that is first in turn; nobody else gets it while it is yours.

    It is the one you have already, if you have one. What the policy holds back comes first, then what is to be
    reviewed, then audits, the oldest first; what you gave back comes last.
    """
    from tagger.queues import opened

    with opened(queue) as found:
        item = found.next(person(name), timedelta(minutes=lease))
    if item is None:
        say("nothing waits for you")
    else:
        _show(item, format, text=text)


@app.command()
def show(id: Id, queue: Place = QUEUE, text: Text = False, format: Written = None) -> None:
    """Show a work's decision, its reasons, and everything that was done with it."""
    from tagger.queues import opened
    from tagger.queues.rendering import card, plain

    with opened(queue) as found:
        item, events = found.show(id, person(None, required=False))
    if as_table(format):
        print(card(item, events, width_of(None), text=text))
    else:
        write_lines([{**plain(item, text=text), "events": [event._asdict() for event in events]}])


@app.command()
def decide(
    id: Id,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="A suggestion that is right; repeatable.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="A suggestion that is wrong; repeatable.")
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="A label that was not suggested; repeatable.")
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="You read all of it, and no other label is in the work.")
    ] = False,
    reason: Reasons = None,
    outcome: Annotated[Outcome | None, typer.Option(help="What is to become of the work.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="A label set (TOML) whose labels may be named beside those that were scored.")
    ] = None,
    queue: Place = QUEUE,
    name: Who = None,
    format: Written = None,
) -> None:
    """Write down what you decided of a work that is yours, or nobody's."""
    from tagger.queues import Review, opened

    review = Review(
        accepted=tuple(accept or ()),
        rejected=tuple(reject or ()),
        added=tuple(add or ()),
        complete=complete,
        reasons=tuple(reason or ()),
        outcome=outcome.value if outcome else None,
    )
    with opened(queue) as found:
        item = found.decide(id, person(name), review, _label_set(labels))
    _show(item, format)


@app.command()
def release(id: Id, queue: Place = QUEUE, name: Who = None, format: Written = None) -> None:
    """Give a work back undecided."""
    from tagger.queues import opened

    with opened(queue) as found:
        item = found.release(id, person(name))
    _show(item, format)


@app.command()
def appeal(id: Id, reason: Reasons = None, queue: Place = QUEUE, name: Who = None, format: Written = None) -> None:
    """Send a work that is decided, by a person or by the policy, to somebody who has not decided it."""
    from tagger.queues import opened

    with opened(queue) as found:
        item = found.appeal(id, person(name), reason or ())
    _show(item, format)


@app.command()
def log(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Of one work alone.")] = None,
    queue: Place = QUEUE,
    format: Written = None,
) -> None:
    """Tell who did what, when, and under which model and policy; nothing is ever taken out of the log."""
    from tagger.queues import opened
    from tagger.queues.rendering import log as rendered

    with opened(queue) as found:
        events = found.show(id)[1] if id else found.events()
        if as_table(format):
            print(rendered(events))
        else:
            write_lines(event._asdict() for event in events)


def _show(item: Item, format: Format | None, *, text: bool = False) -> None:
    from tagger.queues.rendering import card, plain

    if as_table(format):
        print(card(item, width=width_of(None), text=text))
    else:
        write_lines([plain(item, text=text)])


def _label_set(file: Path | None) -> LabelSet | None:
    from tagger.labels import load

    return load(file) if file else None


def person(given: str | None, *, required: bool = True) -> str:
    """Who acts: the name given, or the login name. Raises UsageError where there is none and one is `required`."""
    import getpass

    try:
        name = (given if given is not None else getpass.getuser()).strip()
    except (OSError, KeyError):
        name = ""
    if not name and required:
        raise UsageError("say who you are with --as NAME")
    return name


def as_table(format: Format | None) -> bool:
    """Whether a person reads what is printed."""
    return format is Format.table or (format is None and sys.stdout.isatty())


def write_lines(objects: Iterable[dict[str, Any]]) -> None:
    """Write JSON Lines to standard output, each as it comes."""
    import orjson

    from tagger.cli.output import opened

    with opened(None) as stream:
        for each in objects:
            stream.write(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE))


def input_stream(path: Path) -> AbstractContextManager[BinaryIO]:
    """A file to read, or standard input for "-". Raises DataError."""
    if str(path) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
