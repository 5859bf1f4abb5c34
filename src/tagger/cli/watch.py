"""`tagger watch`: decide the files of a folder as they come in."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli.options import Model, Quiet
from tagger.cli.screen import Cache, CacheSize, Format, PolicyFile, Written, job_of, opened, style_of, write
from tagger.errors import UsageError

if TYPE_CHECKING:
    from tagger.decisions import Record
    from tagger.screening import Job


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that stories are put into.")],
    policy: PolicyFile,
    model: Model = None,
    format: Written = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Add the decisions to this file of JSON Lines.")
    ] = None,
    cache: Cache = None,
    cache_size: CacheSize = 256,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.01, help="How often to look.")] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Decide each file of a folder once it is written to the end, and move it to done/ or, if it failed, to failed/.

    It goes on until SIGTERM, finishes the file in hand, and ends with 0. Started again, it goes on where it was.
    """
    from tagger.screening import Seen
    from tagger.watching import DONE, FAILED, put_away
    from tagger.watching import watch as files_of

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; make it first, or name another")
    if output is not None and format is Format.table:
        raise UsageError("-o adds to a file of JSON Lines; leave out --format table")
    style = style_of(format, output)
    job = job_of(policy, model, cache, cache_size, quiet=quiet)
    with _asked_to_stop() as is_over, opened(output, resume=output is not None) as (stream, before):
        seen = Seen(before.keys)
        for path in files_of(folder, _apart(folder, output, cache), every, is_over):
            failed = False
            for decided in _decide(path, job):
                write([record for key, record in decided if seen.add(key)], stream, style, output, quiet=quiet)
                failed = failed or any(record["status"] == "error" for _, record in decided)
            put_away(path, folder / (FAILED if failed else DONE))


def _decide(path: Path, job: Job) -> Iterator[list[tuple[int, Record]]]:
    """The keys and decisions on the works of a file, by the batch. All of them: whether the file failed depends on
    those that are decided already, too.
    """
    from tagger.predicting import gather
    from tagger.screening import run

    for batch in gather([path], io.BytesIO()):
        yield [(key, record) for key, record in run(job, batch) if record is not None]


def _apart(folder: Path, *written: Path | None) -> set[str]:
    """The names of files in the folder that this program writes itself."""
    own = {path.name for path in written if path is not None and path.resolve().parent == folder.resolve()}
    return own | {f"{name}-journal" for name in own}


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """A function that says whether SIGTERM has come."""
    asked = False

    def ask(signum: int, frame: object) -> None:  # noqa: ARG001  # what a handler is called with
        nonlocal asked
        asked = True

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGTERM, before)
