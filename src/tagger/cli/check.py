"""`tagger check`: what the author declared against what the text shows."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tagger.cli.options import (
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
)
from tagger.cli.predict import Format, InputFormat, Preset, color_of, format_of, width_of, write_all
from tagger.parallel import warm_up


class FailOn(StrEnum):
    """The findings that may fail a run; the others are never an error."""

    contradiction = "contradiction"
    missing = "missing"
    undisclosed_by_choice = "undisclosed_by_choice"


def check(
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
    quotes: Annotated[bool, typer.Option("--quotes", help="Show the passages themselves.")] = False,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="What the files are, when their names do not tell.")
    ] = None,
    fail_on: Annotated[
        list[FailOn] | None, typer.Option(help="Exit with 1 at such a finding (a missing tag is none); repeatable.")
    ] = None,
    jobs: Jobs = 1,
    engine: OnEngine = EngineName.local,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Compare what authors declared (rating, warnings, tags) with what their stories show.

    Findings, not verdicts: what is declared and not seen is never an error, and nothing is missing where the author
    chose not to warn.
    """
    on = engine_of(engine, scheduler)
    jobs = job_count(jobs)
    warm_up("tagger.predicting", jobs, on)
    from tagger.predicting import Job, bundle_at
    from tagger.reports import Style
    from tagger.reports.check import frame
    from tagger.tagging import Options

    to = destination(output)
    style = Style(format_of(format, files, input_format, to), width_of(to.path), color_of(to.path))
    job = Job(model_path(model), Options(preset=preset.value, quotes=quotes), style, check=True)
    bundle_at(job.bundle)  # a model that will not do is told before any work is read
    alarms = [each.value for each in fail_on or []]
    code = write_all(job, frame(style.format), files, input_format, to, alarms, jobs=jobs, engine=on, quiet=quiet)
    if code:
        raise typer.Exit(code)
