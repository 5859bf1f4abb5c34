"""run(): a command to its end, with its time and memory. Child: a process that answers, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


class Run(NamedTuple):
    """What a command took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, with the processes it started and waited for
    peak: float  # MB of memory, of the greatest of these processes


class FailedError(Exception):
    """A program ended with an error; the message is the last thing it said."""


def environment() -> dict[str, str]:
    """Children import this checkout, on one thread, and may keep their bytecode as an installed program does."""
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), str(ROOT / "scripts"), os.environ.get("PYTHONPATH"))))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **ONE_THREAD, "PYTHONPATH": path}


def program(*arguments: object) -> list[str]:
    """The command line of one of our helpers, bench_lib/program.py."""
    return [sys.executable, "-m", "bench_lib.program", *map(str, arguments)]


def run(command: Sequence[str], folder: Path | None = None, **variables: str) -> Run:
    """Run a command to its end, in `folder`. FailedError when it fails.

    A process counts the memory of the one that started it until it becomes another program: keep the caller small.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**environment(), **variables},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        last = next(reversed(said.strip().splitlines()), "")
        raise FailedError(last or f"it ended with {process.returncode}")
    kilo = 1024 if sys.platform == "darwin" else 1  # Darwin counts bytes, everything else KiB
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / kilo * 1024 / 1e6)


class Child:
    """A helper that answers with lines of JSON: once, or again for each line on its input."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            program(*arguments), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def answer(self) -> Any:
        """The next answer. FailedError when the child has ended instead."""
        line = self.stdout.readline()
        if not line:
            raise FailedError("it failed; the reason is on standard error")
        return json.loads(line)

    def ask(self) -> Any:
        """The answer to one more round."""
        self.stdin.write("again\n")
        self.stdin.flush()
        return self.answer()

    def end(self) -> None:
        """Let it go."""
        self.stdin.close()
        self.process.wait()
        self.stdout.close()


def answers(*arguments: object) -> Any:
    """The one answer of a helper that needs no asking."""
    child = Child(*arguments)
    try:
        return child.answer()
    finally:
        child.end()


def cores() -> list[int]:
    """The cores that this process may use; [] where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def pinned(count: int) -> Iterator[None]:
    """Children that start meanwhile keep to the last `count` cores, where the system allows it."""
    before = cores()
    if not before:
        yield
        return
    os.sched_setaffinity(0, before[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
