"""`tagger train`: labelled works -> a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagger.cli.options import Jobs, Labels, Quiet, job_count, label_set, say


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
    jobs: Jobs = 1,
    quiet: Quiet = False,
) -> None:
    """Train a model on labelled works."""
    from tagger import bundles, labelled, training
    from tagger import recipe as recipes
    from tagger import vectors as word_vectors
    from tagger.cli.progress import bar

    bundles.check_place(output)
    choices = recipes.load(recipe) if recipe else recipes.Recipe()
    works = labelled.load(data)
    added = labelled.load(*more) if more else []
    labelled.refuse_duplicates([*works, *added])
    wanted = label_set(labels, [*works, *added])
    labelled.check_labels([*works, *added], wanted)
    chosen = labelled.select(works, data, split)
    lent = word_vectors.load(vectors) if vectors else None
    with bar(quiet=quiet) as advance:
        bundle = training.train(
            chosen, wanted, choices, more=added, vectors=lent, jobs=job_count(jobs), progress=advance
        )
    bundles.save(bundle, output)
    say(_summary(bundle, output), quiet=quiet)


def _summary(bundle: object, output: Path) -> str:
    from tagger.bundles import Bundle

    assert isinstance(bundle, Bundle)
    trained, missing = int(bundle.supported.sum()), int((~bundle.supported).sum())
    rest = f"; {missing} labels had too few examples and stay untrained" if missing else ""
    return (
        f"trained {trained} labels on {bundle.facts['works']:,} works{rest}; the model is in {output}."
        f" Try it: tagger predict STORY -m {output}"
    )
