"""The work folder of a training that streams: one for each data, split, recipe and label set, so that the same command
finds again what it left.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from tagger import __version__, labelled
from tagger import recipe as recipes
from tagger.errors import DataError, OutputError
from tagger.labels import LabelSet
from tagger.recipe import Recipe

# Data of more bytes than this are learned from by way of the disk, unless the user says otherwise.
LARGE = 1 << 25


class Request(NamedTuple):
    """A training: the `split` of some `data`, and all of `more`; `labels` None stands for those of the works."""

    data: Path
    more: tuple[Path, ...]
    split: str
    labels: LabelSet | None
    recipe: Recipe


def folder_name(request: Request) -> str:
    """The name of the work folder: it hangs on the files' paths, sizes and times, on what is asked of them, and on the
    program. DataError when there are no files.
    """
    own = [*labelled.files(request.data), *labelled.split_files(request.data)]
    state = [list(map(_state, own)), list(map(_state, labelled.files(*request.more)))]
    wanted = request.labels.to_dicts() if request.labels else None
    asked = [__version__, state, request.split, wanted, recipes.to_dict(request.recipe)]
    return "training-" + hashlib.sha256(orjson.dumps(asked)).hexdigest()[:16]


def _state(file: Path) -> tuple[str, int, int]:
    found = file.stat()
    return str(file.resolve()), found.st_size, found.st_mtime_ns


@contextmanager
def kept_until_done(place: Path, *, keep: bool) -> Iterator[None]:
    """A work folder that goes when the work is done, or when the data will not do; and stays when it was broken off."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield
    except DataError:
        shutil.rmtree(place, ignore_errors=True)
        raise
    except OSError as error:
        raise OutputError(f"cannot work in {place}: {error.strerror or error}; choose another --work-dir") from error
    if not keep:
        shutil.rmtree(place, ignore_errors=True)
