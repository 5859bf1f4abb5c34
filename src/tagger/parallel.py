"""map_batches(): one function over many batches, in order: in this process, on several, or on a Dask cluster."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

# Batches in flight for each process: enough that none waits for its next, few enough to hold in memory.
_AHEAD = 4


class Engine(NamedTuple):
    """Where batches are worked on: on this machine (`local`) or by `dask`, on the cluster whose scheduler has this
    address (as in tcp://10.0.0.1:8786) or, without one, on a cluster of this machine's own processes.
    """

    name: str = "local"
    scheduler: str | None = None


LOCAL = Engine()


class Answer(Protocol[R_co]):
    """What will come of a batch."""

    def done(self) -> bool:
        """Whether it has come."""

    def result(self) -> R_co:
        """It, once it has come."""


def map_batches(
    function: Callable[[T], R],
    batches: Iterable[T],
    jobs: int = 1,
    engine: Engine = LOCAL,
    *,
    folders: Sequence[Path] = (),
    lost: Callable[[T], R] | None = None,
) -> Iterator[R]:
    """`function` of each batch, in the batches' order; `jobs` processes, or in this one when it is 1.

    Batches are drawn as they are needed, a few for each process, so an endless stream is welcome. With several
    processes the function must be importable, and a script that calls this must keep its own work under `if __name__
    == "__main__"`; large arrays within the function are shared, not copied. EngineError when a process dies.

    On a Dask cluster `folders` are paths within the function that its workers must be able to read (see
    cluster.Errand), a batch whose worker dies is given to another, and `lost` says what stands for one that
    every worker dies of, which is an EngineError without it.

    >>> list(map_batches(len, ["a", "bb"]))
    [1, 2]
    """
    if engine.name == "dask":
        return _map_on_cluster(function, batches, jobs, engine, folders, lost)
    return _map_on_processes(function, batches, jobs) if jobs > 1 else map(function, batches)


def warm_up(module: str, jobs: int, engine: Engine = LOCAL) -> None:
    """Begin to start processes for a function of this module: they take as long as what it imports."""
    if engine == LOCAL and jobs > 1:
        from tagger import processes

        processes.warm_up(module)


def _map_on_processes(function: Callable[[T], R], batches: Iterable[T], jobs: int) -> Iterator[R]:
    from tagger.processes import workers

    with workers(function, jobs) as submit:
        yield from _in_order(submit, batches, lambda: jobs)


def _map_on_cluster(
    function: Callable[[T], R],
    batches: Iterable[T],
    jobs: int,
    engine: Engine,
    folders: Sequence[Path],
    lost: Callable[[T], R] | None,
) -> Iterator[R]:
    from tagger.cluster import workers

    with workers(function, folders, engine.scheduler, jobs, lost) as (submit, processes):
        yield from _in_order(submit, batches, processes)


def _in_order(submit: Callable[[T], Answer[R]], batches: Iterable[T], processes: Callable[[], int]) -> Iterator[R]:
    """Each batch's result in its turn, while those after it are worked on."""
    pending: deque[Answer[R]] = deque()
    for batch in batches:
        pending.append(submit(batch))
        while pending and (pending[0].done() or len(pending) >= _AHEAD * processes()):
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
