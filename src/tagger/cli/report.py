"""`tagger report`: what was suggested, what people made of it, and whether the scores drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli.queue import Written, as_table, input_stream
from tagger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagger.decisions import Record
    from tagger.drift import Seen


def report(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="QUEUE|DECISIONS.jsonl...", help="A queue, or files of decisions, one for each period."),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(metavar="DECISIONS.jsonl", help="Decisions to compare scores with.  [default: the first periods]"),
    ] = None,
    first: Annotated[int, typer.Option(min=1, help="How many periods are the reference, without --reference.")] = 4,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the figures to this file.")] = None,
    format: Written = None,
) -> None:
    """Show flags, overrides, abstentions and the drift of scores, by week and label.

    The works of a queue are told by the week in which they were added; of files of decisions, which bear no dates, each
    is a period of its own.
    """
    from tagger.cli import output as outputs
    from tagger.drift import summarize
    from tagger.reports.drift import render_lines, render_table

    outputs.refuse_inputs(output, [*map(Path, sources), *([reference] if reference else [])])
    compared = _records(reference) if reference else None
    periods = summarize(_seen(sources), compared, first)
    table = as_table(format) and (output is None or format is not None)
    with outputs.opened(output) as stream:
        stream.write(f"{render_table(periods)}\n".encode() if table else render_lines(periods))


def _records(path: Path) -> Iterator[Record]:
    from tagger.recorded import read_records

    with input_stream(path) as stream:
        for records in read_records(stream, str(path)):
            yield from records


def _seen(sources: list[str]) -> Iterator[Seen]:
    from tagger.drift import Seen

    if all(source.endswith((".jsonl", ".ndjson")) for source in sources):
        for source in sources:
            for record in _records(Path(source)):
                yield Seen(Path(source).stem, record)
    elif len(sources) == 1:
        from tagger.feedback import screened
        from tagger.queues import opened

        with opened(sources[0]) as queue:
            yield from screened(queue)
    else:
        raise UsageError("give one queue, or one or more .jsonl files of decisions")
