"""`tagger predict`: suggest warnings and tags."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import closing
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tagger.cli.options import (
    Destination,
    EngineName,
    Jobs,
    Model,
    OnEngine,
    Output,
    Quiet,
    Scheduler,
    destination,
    engine_of,
    job_count,
    model_path,
    say,
    thresholds,
)
from tagger.errors import ALL_WORKS_FAILED, SOME_WORKS_FAILED, UsageError
from tagger.parallel import Engine, warm_up

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tagger.partitions import Part
    from tagger.predicting import Job, Outcome
    from tagger.reports import Frame


class Format(StrEnum):
    """How results are written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


class InputFormat(StrEnum):
    """What the input is."""

    text = "text"
    markdown = "markdown"
    html = "html"
    epub = "epub"
    docx = "docx"
    rtf = "rtf"
    fanficfare = "fanficfare"
    mail = "mail"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    sql = "sql"
    sqlite = "sqlite"


class Preset(StrEnum):
    """Which errors are worse: missing a warning, or a false one."""

    high_recall = "high-recall"
    balanced = "balanced"
    high_precision = "high-precision"


def predict(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Stories, folders or tables of them, or - for stdin.")
    ],
    model: Model = None,
    format: Annotated[
        Format | None,
        typer.Option("-f", "--format", help="How to print.  [default: table; jsonl for many works in a file]"),
    ] = None,
    output: Output = None,
    preset: Annotated[Preset, typer.Option(help="Miss less, or raise fewer false alarms.")] = Preset.balanced,
    threshold: Annotated[
        list[str] | None, typer.Option(metavar="LABEL=NUMBER", help="A label's own threshold, 0 to 1; repeatable.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the sum that made each piece of evidence.")] = False,
    evidence: Annotated[
        int,
        typer.Option(min=0, max=50, help="How many passages to show for a suggestion, 0 (takes less time) to 50."),
    ] = 3,
    quotes: Annotated[bool, typer.Option("--quotes", help="Show the passages themselves.")] = False,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="What the files are, when their names do not tell.")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Exit with 1 when this label (or `any` warning) is suggested; repeatable."),
    ] = None,
    jobs: Jobs = 1,
    engine: OnEngine = EngineName.local,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Suggest content warnings and tags for stories, with the passages that speak for them.

    Suggestions, not verdicts: what is not suggested may still be there.
    """
    if not evidence and (explain or quotes):
        raise UsageError("--explain and --quotes show evidence; leave out --evidence 0")
    on = engine_of(engine, scheduler)
    jobs = job_count(jobs)
    warm_up("tagger.predicting", jobs, on)
    from tagger.policy import choose_thresholds
    from tagger.predicting import Job, bundle_at
    from tagger.reports import Style, frame
    from tagger.tagging import Options

    to = destination(output)
    style = Style(format_of(format, files, input_format, to), width_of(to.path), color_of(to.path))
    options = Options(
        preset=preset.value,
        thresholds=thresholds(threshold or []),
        evidence=evidence,
        contributions=explain,
        quotes=quotes,
        course=style.format == "table",
    )
    job = Job(model_path(model), options, style)
    # A model or a threshold that will not do is told before any work is read.
    bundle = bundle_at(job.bundle)
    choose_thresholds(bundle.thresholds, bundle.labels, options.preset, options.thresholds)
    alarms = {bundle.labels[name].id for name in fail_on or [] if name != "any"}
    alarms |= set(bundle.labels.warnings) if "any" in (fail_on or []) else set()
    code = write_all(job, frame(style.format), files, input_format, to, alarms, jobs=jobs, engine=on, quiet=quiet)
    if code:
        raise typer.Exit(code)


def write_all(
    job: Job,
    around: Frame,
    files: list[Path],
    input_format: InputFormat | None,
    output: Destination,
    alarms: Iterable[str],
    *,
    jobs: int,
    engine: Engine,
    quiet: bool,
) -> int:
    """Do the job for all works and write what comes of each as it comes. The exit code; see Tally for `alarms`."""
    from tagger.cli.output import refuse_inputs
    from tagger.cli.progress import bar
    from tagger.predicting import gather
    from tagger.predicting import predict as predict_all

    refuse_inputs(output.path, files)
    tally = Tally(frozenset(alarms))
    if output.path and output.in_parts:
        from tagger import partitions

        parts = partitions.begin(output.path, files, job, input_format)
        tally = tally.going_on(parts.finished)
        if tally.works:
            say(f"{output.path}: going on after {tally.works} works", quiet=quiet)
        written = partitions.write(parts, job, jobs, engine)
    else:
        batches = gather(files, sys.stdin.buffer, input_format)
        written = _written(predict_all(batches, job, jobs, engine), around, output.path)
    with bar(quiet=quiet or is_terminal(output.path)) as advance, closing(written) as outcomes:
        for outcome in outcomes:
            tally = tally.after(outcome)
            if outcome.message and not (job.style.format == "table" and is_terminal(output.path)):
                say(outcome.message, quiet=quiet)
            advance("works", tally.works, 0)
    return tally.exit_code


def _written(outcomes: Iterator[Outcome], around: Frame, output: Path | None) -> Generator[Outcome]:
    """Each outcome, once it is written."""
    from tagger.cli.output import opened

    with opened(output) as stream:
        stream.write(around.opening)
        for number, outcome in enumerate(outcomes):
            stream.write((around.between if number else b"") + outcome.rendered)
            yield outcome
        stream.write(around.closing)


class Tally(NamedTuple):
    """What came of the works so far, and the exit code that follows: `alarms` are the labels or findings to fail on."""

    alarms: frozenset[str]
    works: int = 0
    errors: int = 0
    alarmed: bool = False

    def after(self, outcome: Outcome) -> Tally:
        """The tally with one more work."""
        alarmed = self.alarmed or not self.alarms.isdisjoint(outcome.told)
        return self.having(outcome.status)._replace(alarmed=alarmed)

    def having(self, status: str) -> Tally:
        """The tally with one more work that came to this status."""
        return self._replace(works=self.works + 1, errors=self.errors + (status == "error"))

    def going_on(self, finished: Iterable[Part]) -> Tally:
        """The tally with the works of parts that an earlier run has finished."""
        parts = list(finished)
        return self._replace(
            works=self.works + sum(part.works for part in parts),
            errors=self.errors + sum(part.errors for part in parts),
            alarmed=self.alarmed or not self.alarms.isdisjoint(chain.from_iterable(part.told for part in parts)),
        )

    @property
    def exit_code(self) -> int:
        """0, or what went wrong; a failed work outweighs an alarm."""
        if self.errors:
            return ALL_WORKS_FAILED if self.errors == self.works else SOME_WORKS_FAILED
        return int(self.alarmed)


def is_terminal(output: Path | None) -> bool:
    """Whether the results are read as they come."""
    return output is None and sys.stdout.isatty()


def format_of(given: Format | None, files: list[Path], input_format: InputFormat | None, output: Destination) -> str:
    """The format asked for; else JSON Lines for files of many works and for parts, and a table for everything else."""
    from tagger.readers import JSON_LINES, tables

    if output.in_parts:
        if given not in (None, Format.jsonl):
            raise UsageError(f"-o {output.path}: results in parts are JSON Lines; leave out -f {given}")
        return Format.jsonl.value
    if given:
        return given.value
    many = (JSON_LINES, *tables.SUFFIXES)
    lines = input_format is InputFormat.jsonl or input_format in tables.FORMATS
    lines = lines or all(file.name.lower().endswith(many) for file in files)
    return "jsonl" if lines and not is_terminal(output.path) else "table"


def width_of(output: Path | None) -> int:
    """The columns to print a table in."""
    return shutil.get_terminal_size().columns if is_terminal(output) else 100


def color_of(output: Path | None) -> bool:
    """Whether to print in color."""
    return is_terminal(output) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
