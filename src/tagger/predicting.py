"""predict(): files, folders or a stream in, rendered results out, in order; no bad work stops the run."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tagger import bundles, readers, reports
from tagger.bundles import Bundle
from tagger.errors import BundleError, WorkError
from tagger.parallel import LOCAL, Engine, map_batches
from tagger.readers import jsonl, tables
from tagger.results import Result, failed
from tagger.swapping import is_being_exchanged
from tagger.tagging import Options, tag
from tagger.works import Failure, Work

STDIN = "-"

# A batch is large enough that NumPy's cost by the call is small, and small enough to keep memory flat.
BATCH_BYTES = 1 << 20
BATCH_FILES = 64
_READ_BYTES = 1 << 20
_PAUSE = 0.02  # seconds


class File(NamedTuple):
    """A file that is read and not yet understood, and the name that its work goes by."""

    name: str
    data: bytes


# A file yet to be read, one read, a work of a table, or what could not even be opened.
Item = Path | File | Work | Failure


class Batch(NamedTuple):
    """One call's share of the input: `lines` of JSON, the first being line `number` of `name`, or else `items`, read as
    `format` or, where that is None, as what they look like. `table` says that the items are the works of a table.
    """

    items: Sequence[Item] = ()
    format: str | None = None
    table: bool = False
    lines: Sequence[bytes] = ()
    name: str = ""
    number: int = 1


class Outcome(NamedTuple):
    """One work's result, rendered. `told` are the labels suggested or, of a check, its findings. `unique` says that its
    id must not come twice; `message` is an error's text, and `place` the file and line of a record.
    """

    id: str
    status: str
    told: tuple[str, ...]
    message: str | None
    unique: bool
    rendered: bytes
    place: str


@dataclass(frozen=True)
class Job:
    """What is done with every batch: tag it by the bundle at this path, with these options, and render it so; with
    `check`, render not the results but how they compare with what the authors declared.
    """

    bundle: Path
    options: Options = field(default_factory=Options)
    style: reports.Style = field(default_factory=reports.Style)
    check: bool = False


# Results are many small objects and no cycles: Python's search for cycles, every 700 new objects, took a twentieth.
GC_THRESHOLD = 100_000


def predict(batches: Iterable[Batch], job: Job, jobs: int = 1, engine: Engine = LOCAL) -> Iterator[Outcome]:
    """One outcome a work, in order, the same whatever the number of jobs and the engine.

    A second record of the same id becomes an error: its result could not be told from the first one's.
    """
    for outcomes in predict_batches(batches, job, jobs, engine):
        yield from outcomes


def predict_batches(
    batches: Iterable[Batch], job: Job, jobs: int = 1, engine: Engine = LOCAL, ids: Iterable[str] = ()
) -> Iterator[list[Outcome]]:
    """The same, a list for each batch; `ids` are those used before."""
    seen = set(map(hash, ids))  # hashes: the ids of a stream of millions must fit into memory
    batches, bundle = carried(batches, engine), (job.bundle,)
    for outcomes in map_batches(partial(run, job), batches, jobs, engine, folders=bundle, lost=partial(_lost, job)):
        for i, outcome in enumerate(outcomes):
            key = hash(outcome.id)
            if outcome.unique and key in seen:
                outcomes[i] = _duplicate(outcome, job)
            seen.add(key)
        yield outcomes


def carried(batches: Iterable[Batch], engine: Engine) -> Iterable[Batch]:
    """The batches as an engine needs them: the workers of Dask may stand on machines that do not have the files."""
    if engine.name != "dask":
        return batches
    return (batch._replace(items=list(map(_loaded, batch.items))) for batch in batches)


def run(job: Job, batch: Batch) -> list[Outcome]:
    """Read, tag and render one batch."""
    gc.set_threshold(GC_THRESHOLD)
    placed = list(_placed(batch))
    results = tag([work for _, work in placed], bundle_at(job.bundle), job.options)
    return _outcomes(results, job, [place for place, _ in placed], unique=batch.table or bool(batch.lines))


# A bundle that takes another's place is whole within a moment; what is broken for longer stays so.
_SWAP_PATIENCE, _SWAP_PAUSE = 2.0, 0.02  # seconds


def bundle_at(path: Path) -> Bundle:
    """The bundle, loaded once in each process, and anew when another has taken its place.

    Raises BundleError; one that comes of a swap in the midst of loading is waited out.
    """
    patience = time.monotonic() + _SWAP_PATIENCE
    while True:
        stamp = bundles.stamp(path)
        try:
            bundle = loaded(path, stamp)
            if stamp == bundles.stamp(path):  # else its files may be of two bundles
                return bundle
        except BundleError:
            swapping = stamp != bundles.stamp(path) or is_being_exchanged(path)
            if not swapping or time.monotonic() > patience:
                raise
        time.sleep(_SWAP_PAUSE)


@lru_cache(maxsize=1)
def loaded(path: Path, _stamp: bundles.Stamp | None) -> Bundle:
    """The bundle that stood at `path` when its manifest bore the stamp (see bundles.stamp), remembered."""
    return bundles.load(path)


def _outcomes(results: Sequence[Result], job: Job, places: Sequence[str], *, unique: bool) -> list[Outcome]:
    if job.check:
        told, rendered = _checked(results, job)
    else:
        told = [tuple(suggestion["label"] for suggestion in each.get("suggested", ())) for each in results]
        rendered = reports.render(results, job.style)
    return [
        Outcome(each["id"], each["status"], own, each.get("error"), unique, text, place)
        for each, own, text, place in zip(results, told, rendered, places, strict=True)
    ]


def _checked(results: Sequence[Result], job: Job) -> tuple[list[tuple[str, ...]], list[bytes]]:
    """The findings of each work that a run may be asked to fail on, and its check rendered."""
    from tagger.checking import alarming, check
    from tagger.reports import check as report

    labels = bundle_at(job.bundle).labels
    checks = [check(each, labels) for each in results]
    told = [alarming(each) for each in checks]
    return told, report.render(checks, job.style)


def _duplicate(outcome: Outcome, job: Job) -> Outcome:
    error = f"the id {outcome.id!r} was used before; give every work an id of its own"
    if outcome.place:
        error = f"{outcome.place}: {error}"
    return _outcomes([failed(outcome.id, error, bundle_at(job.bundle).model)], job, [outcome.place], unique=False)[0]


def _lost(job: Job, batch: Batch) -> list[Outcome]:
    """What stands for a batch that no worker survived: one error for all its works."""
    if batch.lines:
        place = f"{batch.name}:{batch.number}-{batch.number + len(batch.lines) - 1}"
    else:
        place = " to ".join(dict.fromkeys(_name(item) for item in (batch.items[0], batch.items[-1])))
    error = f"{place}: every worker that took up these works died, perhaps for want of memory"
    return _outcomes([failed(place, error, bundle_at(job.bundle).model)], job, [""], unique=False)


def works_in(batch: Batch) -> Iterator[Work | Failure]:
    """The works of a batch, read one by one; what cannot be read is a Failure in its place."""
    return (work for _, work in _placed(batch))


def _placed(batch: Batch) -> Iterator[tuple[str, Work | Failure]]:
    """The same, each with the file and line of its record, "" where it is none."""
    for number, line in enumerate(batch.lines, batch.number):
        if not line.isspace():
            place = f"{batch.name}:{number}"
            yield place, jsonl.read_record(line, place)
    for item in batch.items:
        yield "", _read(item, batch.format)


def _read(item: Item, format: str | None) -> Work | Failure:
    if isinstance(item, Work | Failure):
        return item
    try:
        if isinstance(item, File):
            return readers.read_bytes(item.data, item.name, format)
        return readers.read_file(item, format)
    except WorkError as error:
        return Failure(_name(item), str(error))


def _loaded(item: Item) -> Item:
    """A file read, and what is none as it is."""
    if not isinstance(item, Path):
        return item
    try:
        return File(_name(item), item.read_bytes())
    except OSError as error:
        return Failure(_name(item), readers.why_unreadable(item, error))


def _name(item: Item) -> str:
    """The id of an item's work."""
    if isinstance(item, Path):
        return readers.name_of(item)
    return item.name if isinstance(item, File) else item.id


def gather(paths: Sequence[Path], stdin: BinaryIO, format: str | None = None) -> Iterator[Batch]:
    """The input in batches, drawn as needed: files, the stories of folders, JSON Lines, tables, and "-" for standard
    input.

    `format` overrides what names and first bytes tell; it is "jsonl" or one of readers.FORMATS or tables.FORMATS. What
    cannot be opened stands in its place as a Failure.
    """
    waiting: list[Item] = []
    size = 0
    for part in _parts(paths, stdin, format):
        if not isinstance(part, Batch):
            waiting.append(part)
            size += _size(part)
            if size < BATCH_BYTES and len(waiting) < BATCH_FILES:
                continue
        if waiting:
            yield Batch(waiting, format)
            waiting, size = [], 0
        if isinstance(part, Batch):
            yield part
    if waiting:
        yield Batch(waiting, format)


def _parts(paths: Sequence[Path], stdin: BinaryIO, format: str | None) -> Iterator[Batch | Item]:
    """Each path's works, files one by one and lines by the batch."""
    for file in chain.from_iterable(map(files_at, paths)):
        if isinstance(file, Failure):
            yield file
        elif str(file) == STDIN:
            yield from _from_stdin(stdin, format)
        else:
            yield from _from_file(file, format)


def files_at(path: Path) -> Sequence[Path | Failure]:
    """The stories of a folder, and of what is none that itself; a folder without any is one Failure."""
    if str(path) == STDIN or not path.is_dir():
        return [path]
    try:
        return readers.story_files(path)
    except WorkError as error:
        return [Failure(readers.name_of(path), str(error))]


def _from_file(path: Path, format: str | None) -> Iterator[Batch | Item]:
    if format in tables.FORMATS or (format in (None, "jsonl") and readers.holds_table(path)):
        yield from _from_table(path, format)
    elif format == "jsonl" or (format is None and path.suffix.lower() == readers.JSON_LINES):
        try:
            with path.open("rb", buffering=_READ_BYTES) as stream:
                yield from _from_lines(stream, readers.name_of(path))
        except OSError:
            yield path  # reading it as a file says why it cannot be read
    else:
        yield path


def _from_stdin(stdin: BinaryIO, format: str | None) -> Iterator[Batch | Item]:
    """A stream that starts with a brace is JSON Lines, read as they come, unless it is RTF; any other is one file."""
    if format in tables.FORMATS:
        yield Failure(STDIN, f"{STDIN}: {format} is not read from standard input; name a file of it")
        return
    first = _first_lines(stdin) if format in (None, "jsonl") else b""
    opening = first.lstrip()
    if format == "jsonl" or (opening.startswith(b"{") and not opening.startswith(rb"{\rtf")):
        yield from _from_lines(stdin, STDIN, first)
    else:
        yield File(STDIN, first + stdin.read())


def _first_lines(stdin: BinaryIO) -> bytes:
    """Everything up to and including the first line that is not blank."""
    lines = [stdin.readline()]
    while lines[-1].isspace():
        lines.append(stdin.readline())
    return b"".join(lines)


def _from_lines(stream: BinaryIO, name: str, first: bytes = b"") -> Iterator[Batch]:
    """Batches of lines, each about BATCH_BYTES; no record at all is one Failure."""
    lines, number, any_record = first.splitlines(keepends=True), 1, False
    while lines or (lines := _next_lines(stream)):
        any_record = any_record or any(not line.isspace() for line in lines)
        yield Batch(lines=lines, name=name, number=number)
        number += len(lines)
        lines = []
    if not any_record:
        yield Batch([Failure(name, f"{name} is empty: a JSON Lines file holds one work a line")])


def _next_lines(stream: BinaryIO) -> list[bytes]:
    """About BATCH_BYTES of whole lines or, from a pipe that pauses, those that have come."""
    if not isinstance(stream, io.BufferedReader) or stream.seekable():
        return stream.readlines(BATCH_BYTES)
    data = stream.read1(BATCH_BYTES)
    while data and len(data) < BATCH_BYTES and _has_more(stream):
        more = stream.read1(BATCH_BYTES)
        if not more:
            break
        data += more
    if data and not data.endswith(b"\n"):
        data += stream.readline()
    return io.BytesIO(data).readlines()


def _has_more(pipe: io.BufferedReader) -> bool:
    """Whether something comes within a moment; a program that writes steadily never lets that long pass."""
    import select

    try:
        return bool(select.select([pipe], [], [], _PAUSE)[0])
    except (OSError, ValueError):  # no pipe at all, or a system where only sockets can be asked
        return True


def _from_table(path: Path, format: str | None) -> Iterator[Batch]:
    """Batches of the works in a table, read row by row, each about BATCH_BYTES."""
    works: list[Item] = []
    size = 0
    for work in tables.works(path, format):
        works.append(work)
        size += _size(work)
        if size >= BATCH_BYTES:
            yield Batch(works, table=True)
            works, size = [], 0
    if works:
        yield Batch(works, table=True)


def _size(item: Item) -> int:
    """Of what is waiting in a batch: its bytes or, where it has been read, its characters."""
    if isinstance(item, Path):
        return item.stat().st_size if item.is_file() else 0
    if isinstance(item, File):
        return len(item.data)
    return len(item.text if isinstance(item, Work) else item.error)
