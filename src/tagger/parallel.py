"""map_batches(): one function over many batches, in order, on several processes; the one file that knows joblib."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Batches a process gets before all wait for the slowest: many, so that waiting is rare, few enough to hold in memory.
_WINDOW = 8


def map_batches(function: Callable[[T], R], batches: Iterable[T], jobs: int = 1) -> Iterator[R]:
    """`function` of each batch, in the batches' order; `jobs` processes, or in this one when it is 1.

    Batches are drawn as they are needed, a window of a few for each process, so an endless stream is welcome. With
    several processes the function must be importable; large arrays within it are shared, not copied.

    >>> list(map_batches(len, ["a", "bb"]))
    [1, 2]
    """
    if jobs == 1:
        return map(function, batches)
    return _map_in_windows(function, iter(batches), jobs)


def _map_in_windows(function: Callable[[T], R], batches: Iterator[T], jobs: int) -> Iterator[R]:
    """A window is done before the next is drawn: joblib's own stream draws on however slow its reader is, and complains
    when it is left early.
    """
    from joblib import Parallel, delayed

    with Parallel(n_jobs=jobs, batch_size=1) as workers:
        with _interrupts_ignored():  # by the workers for good: they inherit it when they start
            workers(delayed(os.getpid)() for _ in range(jobs))
        while window := list(islice(batches, _WINDOW * jobs)):
            yield from workers(delayed(function)(batch) for batch in window)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; the first one ends the others, which need not say anything."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
