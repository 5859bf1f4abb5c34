"""`tagger train`: labelled works -> a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli.options import (
    EngineName,
    Jobs,
    Labels,
    OnEngine,
    Quiet,
    Scheduler,
    engine_of,
    job_count,
    label_set,
    say,
)
from tagger.errors import UsageError

if TYPE_CHECKING:
    from tagger.bundles import Bundle
    from tagger.parallel import Engine
    from tagger.recipe import Recipe
    from tagger.streaming.workplace import Request


def train(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A folder or a file of labelled works.")],
    output: Annotated[Path, typer.Option("-o", "--output", "--model", help="The folder to write the model to.")],
    recipe: Annotated[Path | None, typer.Option("--recipe", help="Choices other than the defaults (TOML).")] = None,
    labels: Labels = None,
    split: Annotated[str, typer.Option(help="Which split of DATA to learn from; `all` for everything.")] = "train",
    more: Annotated[
        list[Path] | None,
        typer.Option("--add", help="More labelled works to learn from, all of them; may be repeated."),
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="Word vectors (.npz), for words that no label came with.")
    ] = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Learn by way of the disk, in little memory, and go on where a run was broken off; or all in memory."
            "  [default: by way of the disk when DATA has more than 32 MB, unless there are --vectors]",
        ),
    ] = None,
    work_dir: Annotated[
        Path | None, typer.Option(help="Where to work on the disk.  [default: beside the model]")
    ] = None,
    keep_work: Annotated[bool, typer.Option("--keep-work", help="Leave the work folder when all is done.")] = False,
    jobs: Jobs = 1,
    engine: OnEngine = EngineName.local,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Train a model on labelled works."""
    from tagger import bundles
    from tagger import recipe as recipes
    from tagger.streaming import workplace

    bundles.check_place(output)
    choices, added = recipes.load(recipe) if recipe else recipes.Recipe(), more or []
    on = engine_of(engine, scheduler)
    if _streams(stream, [data, *added], vectors, on):
        wanted = None if str(labels) == "auto" else label_set(labels, [])
        request = workplace.Request(data, tuple(added), split, wanted, choices)
        bundle = _on_disk(request, work_dir or output.parent, keep_work, job_count(jobs), on, quiet)
    else:
        bundle = _in_memory(data, added, split, labels, choices, vectors, job_count(jobs), quiet)
    bundles.save(bundle, output)
    say(_summary(bundle, output), quiet=quiet)


def _streams(asked: bool | None, data: list[Path], vectors: Path | None, engine: Engine) -> bool:
    """Whether to learn by way of the disk."""
    from tagger import labelled
    from tagger.parallel import LOCAL
    from tagger.streaming import workplace

    if engine != LOCAL and (vectors or asked is False):
        raise UsageError("--engine dask is for trainings by way of the disk: leave --vectors and --no-stream away")
    if asked and vectors:
        raise UsageError("--vectors are for works in memory: leave them away, or add --no-stream")
    if asked is None:
        return engine != LOCAL or (not vectors and labelled.size_of(*data) > workplace.LARGE)
    return asked


def _in_memory(
    data: Path,
    more: list[Path],
    split: str,
    labels: Path | None,
    recipe: Recipe,
    vectors: Path | None,
    jobs: int,
    quiet: bool,
) -> Bundle:
    from tagger import labelled, training
    from tagger import vectors as word_vectors
    from tagger.cli.progress import bar

    works = labelled.load(data)
    added = labelled.load(*more)
    labelled.refuse_duplicates([*works, *added])
    wanted = label_set(labels, [*works, *added])
    labelled.check_labels([*works, *added], wanted)
    chosen = labelled.select(works, data, split)
    lent = word_vectors.load(vectors) if vectors else None
    with bar(quiet=quiet) as advance:
        return training.train(chosen, wanted, recipe, more=added, vectors=lent, jobs=jobs, progress=advance)


def _on_disk(request: Request, parent: Path, keep: bool, jobs: int, engine: Engine, quiet: bool) -> Bundle:
    from tagger import streaming
    from tagger.cli.progress import bar
    from tagger.streaming import workplace

    place = parent / workplace.folder_name(request)
    if place.exists():
        say(f"going on with what is in {place}", quiet=quiet)
    with workplace.kept_until_done(place, keep=keep), bar(quiet=quiet) as advance:
        return streaming.train_files(place, request, jobs=jobs, progress=advance, engine=engine)


def _summary(bundle: Bundle, output: Path) -> str:
    trained, missing = int(bundle.supported.sum()), int((~bundle.supported).sum())
    rest = f"; {missing} labels had too few examples and stay untrained" if missing else ""
    return (
        f"trained {trained} labels on {bundle.facts['works']:,} works{rest}; the model is in {output}."
        f" Try it: tagger predict STORY -m {output}"
    )
