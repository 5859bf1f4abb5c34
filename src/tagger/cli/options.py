"""Options that several commands share, and the helpers that read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.errors import UsageError, printable
from tagger.shipped import default_bundle, labels_file

if TYPE_CHECKING:
    from tagger.labels import LabelSet
    from tagger.works import LabelledWork

Model = Annotated[
    Path | None, typer.Option("-m", "--model", help="The model's folder.  [default: the one that ships with tagger]")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="How many processes; 0 means one a core.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No messages and no progress, only results.")]
Labels = Annotated[
    Path | None,
    typer.Option("--labels", help="A label set (TOML) instead of tagger's own; `auto` takes the data's labels."),
]


def model_path(given: Path | None) -> Path:
    """The model to use."""
    return given or default_bundle()


def label_set(given: Path | None, works: Sequence[LabelledWork]) -> LabelSet:
    """The label set to train or evaluate with: tagger's own, a file's, or that of the works themselves (`auto`)."""
    from tagger import labelled, labels

    if str(given) == "auto":
        return labelled.labels_of(works)
    return labels.load(given or labels_file())


def job_count(given: int) -> int:
    """The number of processes to use."""
    from tagger.parallel import available_cores

    return given or available_cores()


def thresholds(given: list[str]) -> dict[str, float]:
    """Thresholds by label, from options of the form LABEL=NUMBER.

    >>> thresholds(["violence=0.6"])
    {'violence': 0.6}
    """
    found = {}
    for each in given:
        label, _, number = each.partition("=")
        try:
            found[label.strip()] = float(number)
        except ValueError:
            raise UsageError(f"--threshold {each}: write it as LABEL=NUMBER, for instance violence=0.6") from None
    return found


def say(message: object, *, quiet: bool = False) -> None:
    """A message for people, one line on standard error."""
    if not quiet:
        print("tagger: " + printable(str(message)), file=sys.stderr)
