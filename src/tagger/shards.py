"""Arrays on disk in shards, each a folder of plain NumPy files: written whole or not at all, read by memory mapping.

A folder under its own name is complete, whenever the program may have been ended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tagger.arrays import NDArray
from tagger.parallel import LOCAL, Engine, map_batches

Arrays = Mapping[str, NDArray[Any]]


class Task(NamedTuple):
    """A shard to make, and what to make it of."""

    folder: Path
    source: Any


def save(folder: Path, arrays: Arrays) -> None:
    """Write a shard, unless it is there."""
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(unfinished / f"{name}.npy", array, allow_pickle=False)
    if folder.exists():
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(folder)


def load(folder: Path | Arrays, *names: str) -> Arrays:
    """Some arrays of a shard, or all of them, mapped and not to be written to; arrays that are loaded as they are."""
    if not isinstance(folder, Path):
        return folder
    files = [folder / f"{name}.npy" for name in names] if names else sorted(folder.glob("*.npy"))
    return {file.stem: _map(file) for file in files}


def _map(file: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except ValueError:  # an empty array cannot be mapped
        return np.asarray(np.load(file, allow_pickle=False))


def make(
    function: Callable[[Any], Arrays],
    tasks: Sequence[Task],
    jobs: int,
    progress: Callable[[int, int], None],
    engine: Engine = LOCAL,
    *,
    folders: Sequence[Path] = (),
    carried: Callable[[Any], Any] = lambda source: source,
) -> list[Path]:
    """Make the shards that are not there yet, on several processes or a cluster, and give the folders of all.

    A cluster's workers need none of this machine's files: `folders` are those within the function (see map_batches),
    and `carried` gives a source with what it stands for. They send arrays back, and the shards are written here.
    """
    missing = [task for task in tasks if not task.folder.exists()]
    done = len(tasks) - len(missing)
    progress(done, len(tasks))
    for _ in _made(function, missing, jobs, engine, folders, carried):
        done += 1
        progress(done, len(tasks))
    return [task.folder for task in tasks]


def _made(
    function: Callable[[Any], Arrays],
    tasks: Sequence[Task],
    jobs: int,
    engine: Engine,
    folders: Sequence[Path],
    carried: Callable[[Any], Any],
) -> Iterator[None]:
    """Once for each shard when it is there."""
    if engine == LOCAL or not tasks:
        yield from map_batches(partial(_make_one, function), tasks, jobs if len(tasks) > 1 else 1)
        return
    sources = (carried(task.source) for task in tasks)
    for task, arrays in zip(tasks, map_batches(function, sources, jobs, engine, folders=folders), strict=True):
        save(task.folder, arrays)
        yield


def _make_one(function: Callable[[Any], Arrays], task: Task) -> None:
    save(task.folder, function(task.source))


def pack(lines: Sequence[str]) -> NDArray[np.uint8]:
    r"""Lines of text as an array; none of them may hold a line feed.

    >>> unpack(pack(["kettle", "", "thé"]))
    ['kettle', '', 'thé']
    """
    return np.frombuffer("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"), np.uint8)


def unpack(packed: NDArray[np.uint8]) -> list[str]:
    """The lines of `pack`."""
    return packed.tobytes().decode("utf-8", "surrogatepass").split("\n")[:-1]
