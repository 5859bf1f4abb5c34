"""map_batches(): one function over many batches, in order, on several processes; the one file that knows joblib."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_batches(function: Callable[[T], R], batches: Iterable[T], jobs: int = 1) -> Iterator[R]:
    """`function` of each batch, in the batches' order; `jobs` processes, or in this one when it is 1.

    Batches are drawn as they are needed, a few ahead, so an endless stream is welcome. With several processes the
    function must be importable, and large arrays within it are shared, not copied.

    >>> list(map_batches(len, ["a", "bb"]))
    [1, 2]
    """
    if jobs == 1:
        return map(function, batches)
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=jobs, return_as="generator", batch_size=1, pre_dispatch="2*n_jobs")
    results: Iterator[R] = workers(delayed(function)(batch) for batch in batches)
    return results


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
