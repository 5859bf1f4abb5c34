"""`tagger retrain`: a model and what people decided -> a better model, or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli.options import Quiet, say

if TYPE_CHECKING:
    from tagger.retraining import Retraining


def retrain(
    base: Annotated[Path, typer.Option("--base", metavar="MODEL", help="The model that is in use.")],
    feedback: Annotated[
        list[Path], typer.Option("--add", metavar="FEEDBACK", help="What `tagger feedback export` wrote; repeatable.")
    ],
    holdout: Annotated[
        Path | None,
        typer.Option(metavar="DATA", help="Labelled works to compare the two models on.  [default: the feedback]"),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("-p", "--policy", metavar="FILE", help="Only labels that this policy uses can object."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write the new model.  [default: in place of MODEL]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write it whatever the comparison says.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a challenger on what people decided, and let it replace the model if it is better.

    It is the model with its weights moved towards the decisions; nothing else that it ever learned from is needed. It
    replaces the model only if some label got better, none that is used got worse, nor all others together, on works
    held out, and the decisions do not look careless. The old model is kept as MODEL.previous. Exits with 1 where the
    model stays.
    """
    from tagger import bundles, labelled, policies
    from tagger.cli.progress import bar
    from tagger.reports.contest import render
    from tagger.retraining import install
    from tagger.retraining import retrain as retrain_bundle

    place = output or base
    bundles.check_place(place)
    champion = bundles.load(base)
    used = policies.load(policy) if policy else None
    if used:
        policies.check_against(used, champion.labels, champion.supported.tolist(), champion.recipe.language)
    works = labelled.load(*feedback)
    others = labelled.load(holdout) if holdout else []
    labelled.check_labels([*works, *others], champion.labels)
    with bar(quiet=quiet) as advance:
        found = retrain_bundle(champion, works, others, used, progress=advance)
    print(render(found.contest, found.held_out))
    if not found.wins and not force:
        say(f"{_why(found)}; {base} stays as it is. --force replaces it all the same", quiet=quiet)
        raise typer.Exit(1)
    old = install(found.challenger, place)
    kept = f"; the old model is in {old}" if old else ""
    say(f"{_why(found)}; the new model is in {place}{kept}", quiet=quiet)


def _why(found: Retraining) -> str:
    better, worse = ", ".join(found.better) or "nothing", ", ".join(found.worse) or "nothing that is used"
    told = f"better: {better}; worse: {worse}"
    if found.careless and found.flipped is not None:
        told += f"; about {found.flipped.value:.0%} of what people said looks like the opposite of what they meant"
    return told
