"""`tagger evaluate`: how good a bundle is, label by label."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tagger.cli.options import Jobs, Labels, Model, Quiet, job_count, label_set, model_path
from tagger.cli.predict import Preset
from tagger.errors import UsageError


class Format(StrEnum):
    """How figures are written."""

    table = "table"
    json = "json"


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A folder or a file of labelled works.")],
    model: Model = None,
    split: Annotated[
        str | None,
        typer.Option(help="Which split to evaluate on; `all` for everything.  [default: test; train with --folds]"),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=0, help="Instead of a model: train on all folds but one, in turn, and evaluate on that.")
    ] = 0,
    recipe: Annotated[Path | None, typer.Option("--recipe", help="The recipe for --folds (TOML).")] = None,
    labels: Labels = None,
    preset: Annotated[Preset, typer.Option(help="Whose thresholds to use.")] = Preset.balanced,
    format: Annotated[Format, typer.Option("-f", "--format", help="How to print.")] = Format.table,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the figures to this file.")] = None,
    resamples: Annotated[int, typer.Option(min=0, help="Bootstrap resamples for the intervals.")] = 1000,
    jobs: Jobs = 1,
    quiet: Quiet = False,
) -> None:
    """Measure a model on labelled works it has not learned from.

    Works without a label count; labels marked unsure do not.
    """
    from tagger import bundles, labelled
    from tagger import recipe as recipes
    from tagger.cli import output as outputs
    from tagger.cli.progress import bar
    from tagger.evaluation import cross_validate
    from tagger.evaluation import evaluate as evaluate_bundle
    from tagger.reports.evaluation import render_json, render_table

    if folds == 1:
        raise UsageError("--folds 1 leaves nothing to train on; give 2 or more")
    outputs.refuse_inputs(output, [data])
    works = labelled.load(data)
    with bar(quiet=quiet) as advance:
        if folds:
            wanted = label_set(labels, works)
            labelled.check_labels(works, wanted)
            chosen = labelled.select(works, data, split or labelled.TRAIN)
            choices = recipes.load(recipe) if recipe else recipes.Recipe()
            report = cross_validate(
                chosen, wanted, choices, folds, preset.value, resamples, jobs=job_count(jobs), progress=advance
            )
        else:
            bundle = bundles.load(model_path(model))
            labelled.check_labels(works, bundle.labels)
            chosen = labelled.select(works, data, split or "test")
            report = evaluate_bundle(bundle, chosen, preset.value, resamples)
    text = render_json(report) if format is Format.json else render_table(report)
    with outputs.opened(output) as stream:
        stream.write(f"{text}\n".encode())
