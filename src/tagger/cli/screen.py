"""`tagger screen`: one decision a work, under an archive's policy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from tagger.cli.options import (
    EngineName,
    Jobs,
    Model,
    OnEngine,
    Quiet,
    Scheduler,
    engine_of,
    job_count,
    model_path,
    say,
)
from tagger.cli.predict import InputFormat, Tally, color_of, is_terminal, width_of
from tagger.errors import OutputError, UsageError

if TYPE_CHECKING:
    from tagger.decisions import Record
    from tagger.reports import Style
    from tagger.screening import Job, Resumed


class Format(StrEnum):
    """How decisions are written."""

    table = "table"
    jsonl = "jsonl"


PolicyFile = Annotated[Path, typer.Option("-p", "--policy", metavar="FILE", help="The archive's policy (TOML).")]
Written = Annotated[
    Format | None,
    typer.Option("-f", "--format", help="How to print.  [default: table on a terminal, else jsonl]"),
]
Cache = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Remember scored chapters here, so that a new chapter is scored alone."),
]
CacheSize = Annotated[int, typer.Option(metavar="MB", min=1, help="How large the cache may grow.")]


def screen(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Stories, folders or tables of them, or - for stdin.")
    ],
    policy: PolicyFile,
    model: Model = None,
    format: Written = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the decisions to this file.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file of -o: what is decided there is not decided again.")
    ] = False,
    cache: Cache = None,
    cache_size: CacheSize = 256,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="What the files are, when their names do not tell.")
    ] = None,
    jobs: Jobs = 1,
    engine: OnEngine = EngineName.local,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Sort works into approve, review and hold, under a policy, and say why.

    One decision a work, in order. People decide: what is held or reviewed waits for them (see `tagger queue`).
    """
    from dataclasses import replace

    from tagger.cli.output import refuse_inputs
    from tagger.cli.progress import bar
    from tagger.predicting import gather
    from tagger.screening import screen as screen_all

    style = style_of(format, output)
    if resume and (output is None or style.format != "jsonl"):
        raise UsageError("--resume goes on with a file of JSON Lines; name it with -o, and leave out --format table")
    if cache and engine is not EngineName.local:
        raise UsageError("--cache is for --engine local: a file on this machine is not on every worker; leave one out")
    refuse_inputs(output, files)
    on = engine_of(engine, scheduler)
    job = job_of(policy, model, cache, cache_size, quiet=quiet)
    with opened(output, resume=resume) as (stream, before):
        tally = Tally(frozenset(), before.works, before.errors)
        counts: dict[str, int] = {}
        batches = gather(files, sys.stdin.buffer, input_format)
        with bar(quiet=quiet or is_terminal(output)) as advance:
            for records in screen_all(batches, replace(job, done=before.keys), job_count(jobs), on):
                write(records, stream, style, output, quiet=quiet)
                for record in records:
                    counts[record["decision"]] = counts.get(record["decision"], 0) + 1
                    tally = tally.having(record["status"])
                advance("works", tally.works, 0)
    say(summary(counts, before), quiet=quiet)
    if tally.exit_code:
        raise typer.Exit(tally.exit_code)


def job_of(policy: Path, model: Path | None, cache: Path | None, megabytes: int, *, quiet: bool) -> Job:
    """What to do; a policy, model or cache that will not do is told before any work is read."""
    from tagger import policies
    from tagger.predicting import bundle_at
    from tagger.screening import Job, check_policy

    job = Job(model_path(model), policies.load(policy), cache, megabytes)
    check_policy(job.policy, bundle_at(job.bundle))
    if cache is not None:
        from tagger.scorecache import prepare

        if prepare(cache):
            say(f"the cache {cache} was broken; it stands in {cache}.broken, and a new one is made", quiet=quiet)
    return job


def style_of(format: Format | None, output: Path | None) -> Style:
    """How to write decisions."""
    from tagger.reports import Style

    chosen = format.value if format else "table" if is_terminal(output) else "jsonl"
    return Style(chosen, width_of(output), color_of(output))


@contextmanager
def opened(output: Path | None, *, resume: bool) -> Iterator[tuple[BinaryIO, Resumed]]:
    """A stream for the decisions, and what is decided already: with `resume` the file is added to in its place."""
    from tagger.cli import output as outputs
    from tagger.screening import Resumed
    from tagger.screening import resume as resumed

    if output is None or not resume:
        with outputs.opened(output) as stream:
            yield stream, Resumed()
        return
    before = resumed(output)
    try:
        with output.open("ab") as stream:
            yield stream, before
    except OSError as error:
        raise OutputError(f"cannot write the decisions to {output}: {error.strerror or error}") from error


def write(records: list[Record], stream: BinaryIO, style: Style, output: Path | None, *, quiet: bool) -> None:
    """Write the decisions on a batch, all the way to the file, and say what could not be read."""
    from tagger.reports.decision import render

    for record in records:
        stream.write(render(record, style))
        if "error" in record and not (style.format == "table" and is_terminal(output)):
            say(record["error"], quiet=quiet)
    stream.flush()


def summary(counts: dict[str, int], before: Resumed) -> str:
    """One line on what was decided."""
    from tagger.policies import DECISIONS

    told = ", ".join(f"{name} {counts[name]:,}" for name in DECISIONS if name in counts)
    earlier = f" ({before.works:,} decided before)" if before.works else ""
    return f"{told or 'nothing new'}{earlier}"
