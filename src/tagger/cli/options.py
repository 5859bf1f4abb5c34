"""Options that several commands share, and the helpers that read them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tagger.errors import UsageError, printable
from tagger.shipped import default_bundle, labels_file

if TYPE_CHECKING:
    from tagger.labels import LabelSet
    from tagger.parallel import Engine
    from tagger.works import LabelledWork


class EngineName(StrEnum):
    """What spreads the work over processes."""

    local = "local"
    dask = "dask"


Model = Annotated[
    Path | None, typer.Option("-m", "--model", help="The model's folder.  [default: the one that ships with tagger]")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="How many processes; 0 means one a core.")]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write the results to this file; or, if it is a folder or ends with /, to parts in it: started again, a"
        " run that was broken off goes on there.",
    ),
]
OnEngine = Annotated[
    EngineName, typer.Option("--engine", help="Work on this machine, or on a Dask cluster (docs/scale.md).")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="The Dask cluster's scheduler, as in tcp://10.0.0.1:8786.  [default: a cluster of -j processes here]",
    ),
]
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


def engine_of(name: EngineName, scheduler: str | None) -> Engine:
    """The engine to use."""
    from importlib.util import find_spec

    from tagger.parallel import LOCAL, Engine

    if name is EngineName.local:
        if scheduler:
            raise UsageError("--scheduler is for --engine dask; add that")
        return LOCAL
    if not find_spec("distributed"):
        raise UsageError("--engine dask needs a package: pip install distributed")
    return Engine(name.value, scheduler)


class Destination(NamedTuple):
    """Where results go: to standard output, to a file, or in parts into a folder."""

    path: Path | None = None
    in_parts: bool = False


def destination(given: str | None) -> Destination:
    """What `-o` names.

    >>> destination("results/").in_parts, destination("results.jsonl").in_parts
    (True, False)
    """
    if given is None:
        return Destination()
    path = Path(given)
    return Destination(path, given.endswith(("/", os.sep)) or path.is_dir())


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
