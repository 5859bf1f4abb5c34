"""workers(): processes of this machine that do what they are given, share its arrays and end quietly."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.context import BaseContext
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tagger.errors import EngineError

T = TypeVar("T")
R = TypeVar("R")

# Where an array begins: at the line of a cache, which suits every type.
_ALIGNMENT = 64


@contextmanager
def workers(function: Callable[[T], R], jobs: int) -> Iterator[Callable[[T], Future[R]]]:
    """What hands a batch to the next free of `jobs` processes. They end with the context, however it ends: a batch
    that has not begun by then is dropped. EngineError when one of them dies.
    """
    with tempfile.TemporaryDirectory(prefix="tagger-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "function"
        store(function, path)
        pool = ProcessPoolExecutor(jobs, _context(getattr(function, "func", function).__module__))
        try:
            with interrupts_ignored():  # by the workers for good: they inherit it when they start
                pool.submit(os.getpid)
            yield lambda batch: pool.submit(_call, path, batch)
        except BrokenProcessPool:
            raise EngineError(
                "a process died at its work, as happens when memory runs out; use fewer of them with -j"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def warm_up(module: str) -> None:
    """Have ready what `workers` will come from for a function of this module, while this process has other things to
    do first.
    """
    if _context(module).get_start_method() == "forkserver":
        from multiprocessing import forkserver

        with interrupts_ignored():
            forkserver.ensure_running()


def _context(module: str) -> BaseContext:
    """How processes start: forked from one that has imported what the function needs and done nothing else."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__, module])
    return context


def store(function: Callable[[T], R], path: Path) -> None:
    """Write a function to a file, and the arrays within it to one beside it, from which processes map them."""
    buffers: list[pickle.PickleBuffer] = []
    spans: list[tuple[int, int]] = []
    pickled = pickle.dumps(function, protocol=5, buffer_callback=buffers.append)
    with path.with_suffix(".arrays").open("wb") as stream:
        for buffer in buffers:
            stream.write(bytes(-stream.tell() % _ALIGNMENT))
            start = stream.tell()
            stream.write(buffer.raw())
            spans.append((start, stream.tell()))
    path.write_bytes(pickle.dumps((pickled, spans)))


@lru_cache(maxsize=1)
def stored(path: Path) -> Callable[[Any], Any]:
    """The function in a file; its arrays are views of the one beside it, and cannot be written to."""
    pickled, spans = pickle.loads(path.read_bytes())
    with path.with_suffix(".arrays").open("rb") as stream:
        empty = not os.fstat(stream.fileno()).st_size  # and cannot be mapped
        arrays = memoryview(b"" if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    function: Callable[[Any], Any] = pickle.loads(pickled, buffers=[arrays[start:end] for start, end in spans])
    return function


def _call(path: Path, batch: Any) -> Any:
    return stored(path)(batch)


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; the first one ends the others, which need not say anything. What
    starts while it is ignored ignores it for good.
    """
    with _handled(signal.SIG_IGN):
        yield


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits for the end of what leaves a mess when it is broken off."""
    held: list[int] = []
    with _handled(lambda number, _: held.append(number)):
        yield
    if held:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _handled(handler: signal.Handlers | Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """With another handler of Ctrl-C; only the main thread can set one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
