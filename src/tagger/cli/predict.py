"""`tagger predict`: suggest warnings and tags."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tagger.cli.options import Jobs, Model, Quiet, job_count, model_path, say, thresholds
from tagger.errors import ALL_WORKS_FAILED, SOME_WORKS_FAILED

if TYPE_CHECKING:
    from tagger.predicting import Outcome


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
    jsonl = "jsonl"


class Preset(StrEnum):
    """Which errors are worse: missing a warning, or a false one."""

    high_recall = "high-recall"
    balanced = "balanced"
    high_precision = "high-precision"


def predict(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Stories, folders of them, JSON Lines, or - for stdin.")
    ],
    model: Model = None,
    format: Annotated[
        Format | None,
        typer.Option("-f", "--format", help="How to print.  [default: table; jsonl for .jsonl into a file or pipe]"),
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the results to this file.")] = None,
    preset: Annotated[Preset, typer.Option(help="Miss less, or raise fewer false alarms.")] = Preset.balanced,
    threshold: Annotated[
        list[str] | None, typer.Option(metavar="LABEL=NUMBER", help="A label's own threshold, 0 to 1; repeatable.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the sum that made each piece of evidence.")] = False,
    quotes: Annotated[bool, typer.Option("--quotes", help="Show the passages themselves.")] = False,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="What the files are, when their names do not tell.")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Exit with 1 when this label (or `any` warning) is suggested; repeatable."),
    ] = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
) -> None:
    """Suggest content warnings and tags for stories, with the passages that speak for them.

    Suggestions, not verdicts: what is not suggested may still be there.
    """
    from tagger.cli import output as outputs
    from tagger.cli.progress import bar
    from tagger.policy import choose_thresholds
    from tagger.predicting import Job, bundle_at, gather
    from tagger.predicting import predict as predict_all
    from tagger.reports import Style, frame
    from tagger.tagging import Options

    style = Style(_format(format, files, input_format, output), _width(output), _color(output))
    options = Options(
        preset=preset.value,
        thresholds=thresholds(threshold or []),
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
    tally = Tally(frozenset(alarms))
    around = frame(style.format)
    with bar(quiet=quiet or _is_terminal(output)) as advance, outputs.opened(output) as stream:
        stream.write(around.opening)
        batches = gather(files, sys.stdin.buffer, input_format)
        for number, outcome in enumerate(predict_all(batches, job, job_count(jobs))):
            stream.write((around.between if number else b"") + outcome.rendered)
            tally = tally.after(outcome)
            if outcome.message and not (style.format == "table" and _is_terminal(output)):
                say(outcome.message, quiet=quiet)
            advance("works", number + 1, 0)
        stream.write(around.closing)
    if tally.exit_code:
        raise typer.Exit(tally.exit_code)


class Tally(NamedTuple):
    """What came of the works so far, and the exit code that follows: `alarms` are the labels to fail on."""

    alarms: frozenset[str]
    works: int = 0
    errors: int = 0
    alarmed: bool = False

    def after(self, outcome: Outcome) -> Tally:
        """The tally with one more work."""
        return self._replace(
            works=self.works + 1,
            errors=self.errors + (outcome.status == "error"),
            alarmed=self.alarmed or not self.alarms.isdisjoint(outcome.suggested),
        )

    @property
    def exit_code(self) -> int:
        """0, or what went wrong; a failed work outweighs an alarm."""
        if self.errors:
            return ALL_WORKS_FAILED if self.errors == self.works else SOME_WORKS_FAILED
        return int(self.alarmed)


def _is_terminal(output: Path | None) -> bool:
    return output is None and sys.stdout.isatty()


def _format(given: Format | None, files: list[Path], input_format: InputFormat | None, output: Path | None) -> str:
    """The format asked for; else JSON Lines for JSON Lines, and a table for everything else."""
    if given:
        return given.value
    lines = input_format is InputFormat.jsonl or all(file.suffix == ".jsonl" for file in files)
    return "jsonl" if lines and not _is_terminal(output) else "table"


def _width(output: Path | None) -> int:
    return shutil.get_terminal_size().columns if _is_terminal(output) else 100


def _color(output: Path | None) -> bool:
    return _is_terminal(output) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
