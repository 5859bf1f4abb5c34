"""A progress bar with an estimate of the time left, on standard error and only when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[str, int, int], None]


@contextmanager
def bar(*, quiet: bool = False) -> Iterator[Advance]:
    """A function to call with a stage's name, how much of it is done, and how much there is (0: not known)."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Steps may take minutes, and of less than two within the period rich tells no time left.
    period = 3600
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=period) as progress:
        tasks: dict[str, object] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total or None)
            progress.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]

        yield advance
