"""begin() and write(): results in a folder, part-00000.jsonl and on; a run that broke off goes on where it stopped.

The parts one after the other are what one file would hold, and each comes into being whole. Beside them stand
`_manifest.json`, which says what they are made from and how, and `_parts.jsonl`, a line for each finished part (Part).
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tagger import __version__, predicting
from tagger.errors import OutputError, UsageError
from tagger.parallel import LOCAL, Engine
from tagger.predicting import STDIN, Batch, Job, Outcome, bundle_at, files_at, gather, predict_batches
from tagger.readers import name_of

SCHEMA = "tagger.parts/1"
MANIFEST = "_manifest.json"
FINISHED = "_parts.jsonl"

# A part is full at this many bytes: little is lost with one, and they are not too many.
PART_BYTES = 64 << 20
# Files are taken in groups of about this many bytes: those of a finished group are not opened again.
GROUP_BYTES = 64 << 20


class Place(NamedTuple):
    """How far the input has been read: so many groups of files, and so many batches of the next one."""

    groups: int = 0
    batches: int = 0


class Part(NamedTuple):
    """A part: its size, what came of its works, which labels or findings were told of any of them, and the place in
    the input where the next one begins.
    """

    name: str
    bytes: int = 0
    works: int = 0
    errors: int = 0
    told: Sequence[str] = ()
    place: Place = Place()

    def after(self, outcomes: Sequence[Outcome], place: Place) -> Part:
        """The part with the works of one more batch."""
        return Part(
            self.name,
            self.bytes + sum(len(each.rendered) for each in outcomes),
            self.works + len(outcomes),
            self.errors + sum(each.status == "error" for each in outcomes),
            sorted({*self.told, *chain.from_iterable(each.told for each in outcomes)}),
            place,
        )


@dataclass(frozen=True)
class Parts:
    """A folder of results: the files they are made from, in groups and read as `format`, and what is `finished`."""

    folder: Path
    groups: Sequence[Sequence[Path]]
    format: str | None
    finished: Sequence[Part]


def begin(folder: Path, paths: Sequence[Path], job: Job, format: str | None = None) -> Parts:
    """Make the folder; or find out what is finished of the same run, where that was broken off.

    `paths` and `format` are those of predicting.gather, without standard input. UsageError when the folder holds
    another run's results, OutputError when it holds anything else or cannot be written.
    """
    files = _files(paths)
    sizes = [file.stat().st_size if file.exists() else 0 for file in files]
    manifest = _manifest(files, job, format)
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / MANIFEST).exists():
            _compare(folder, (folder / MANIFEST).read_bytes(), manifest)
        elif any(folder.iterdir()):
            raise OutputError(f"cannot write the results to {folder}: it holds other files; name a new folder")
        else:
            _replace(folder / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
        finished = _finished(folder)
        _replace(folder / FINISHED, b"".join(map(_line, finished)))
    return Parts(folder, _groups(files, sizes), format, finished)


def write(parts: Parts, job: Job, jobs: int = 1, engine: Engine = LOCAL) -> Generator[Outcome]:
    """Do what is left, and yield each outcome once it is written."""
    places: deque[Place] = deque()  # of the batches whose outcomes are still to come

    def batches() -> Iterator[Batch]:
        for place, batch in _left(parts):
            places.append(place)
            yield batch

    outcomes = predict_batches(batches(), job, jobs, engine, _ids(parts))
    placed = ((places.popleft(), each) for each in outcomes)
    for number in count(len(parts.finished)):
        if not (yield from _write_part(parts, _name(number), placed)):
            return


def _write_part(
    parts: Parts, name: str, placed: Iterator[tuple[Place, Sequence[Outcome]]]
) -> Generator[Outcome, None, bool]:
    """Write outcomes to one part until it is full or they end; whether there were any."""
    first = next(placed, None)
    if first is None:
        return False
    part = Part(name)
    unfinished = parts.folder / f"{name}.unfinished"
    with _told(unfinished):
        stream = unfinished.open("wb")
    with stream:
        for place, outcomes in chain([first], placed):
            with _told(unfinished):
                stream.writelines(each.rendered for each in outcomes)
            part = part.after(outcomes, place)
            yield from outcomes
            if part.bytes >= PART_BYTES:
                break
        else:
            part = part._replace(place=Place(len(parts.groups)))
        with _told(unfinished):
            stream.flush()
    with _told(parts.folder):
        unfinished.replace(parts.folder / name)
        with (parts.folder / FINISHED).open("ab") as log:
            log.write(_line(part))
    return True


def _left(parts: Parts) -> Iterator[tuple[Place, Batch]]:
    """The batches that no finished part holds, each with the place where it ends."""
    start = parts.finished[-1].place if parts.finished else Place()
    for number in range(start.groups, len(parts.groups)):
        skipped = start.batches if number == start.groups else 0
        batches = gather(parts.groups[number], io.BytesIO(), parts.format)
        for done, batch in enumerate(islice(batches, skipped, None), skipped + 1):
            yield Place(number, done), batch


def _ids(parts: Parts) -> Iterator[str]:
    """The ids of the works in the finished parts."""
    for part in parts.finished:
        path = parts.folder / part.name
        with _told(path), path.open("rb") as stream:
            for line in stream:
                yield _id(line, path)


def _id(line: bytes, path: Path) -> str:
    try:
        return str(orjson.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        raise OutputError(f"{path} is not as it was written; delete it to have it written again") from None


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files at some paths; a folder without stories stays as it is, for gather to complain of."""
    if any(str(path) == STDIN or (path.exists() and not path.is_dir() and not path.is_file()) for path in paths):
        raise UsageError("results in parts need input that can be read again; save it to a file first")
    return [file if isinstance(file, Path) else path for path in paths for file in files_at(path)]


def _groups(files: Sequence[Path], sizes: Sequence[int]) -> list[list[Path]]:
    groups: list[list[Path]] = []
    room = 0
    for file, size in zip(files, sizes, strict=True):
        if room <= 0:
            groups.append([])
            room = GROUP_BYTES
        groups[-1].append(file)
        room -= size
    return groups


def _manifest(files: Sequence[Path], job: Job, format: str | None) -> dict[str, Any]:
    """What results are made from and how: the same again wherever going on is right."""
    steps = [predicting.BATCH_BYTES, predicting.BATCH_FILES, GROUP_BYTES]
    options = {**asdict(job.options), "check": job.check, "format": job.style.format, "input_format": format}
    return {
        "tagger": {"schema": SCHEMA, "version": __version__, "steps": steps},
        "model": bundle_at(job.bundle).model,
        "options": options,
        "inputs": {name_of(file): _facts(file) for file in files},
    }


def _facts(file: Path) -> dict[str, int] | None:
    if not file.is_file():
        return None
    found = file.stat()
    return {"bytes": found.st_size, "modified_ns": found.st_mtime_ns}


_DIFFERENCES = {
    "tagger": "by another version of tagger",
    "model": "by another model",
    "options": "with other options",
    "inputs": "from other files",
}


def _compare(folder: Path, held: bytes, manifest: Mapping[str, Any]) -> None:
    """Raise UsageError unless the manifest of a folder is the one that this run would write."""
    try:
        there = orjson.loads(held)
        differences = [(how, dict(there[key]), manifest[key]) for key, how in _DIFFERENCES.items()]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{folder / MANIFEST} is not what tagger writes; name another folder") from None
    for how, theirs, ours in differences:
        if theirs != ours:
            which = sorted(name for name in {*theirs, *ours} if theirs.get(name) != ours.get(name))
            raise UsageError(
                f"{folder} holds results made {how} ({which[0]}); name another folder, or delete it to begin anew"
            )


def _finished(folder: Path) -> list[Part]:
    """The parts from the first on that are on record and as long as recorded."""
    log = folder / FINISHED
    found: list[Part] = []
    for number, line in enumerate(log.read_bytes().splitlines() if log.exists() else ()):
        try:
            fields = orjson.loads(line)
            part = Part(**{**fields, "place": Place(*fields["place"])})
        except (ValueError, KeyError, TypeError):  # the run was broken off as it wrote this line
            break
        file = folder / _name(number)
        if part.name != file.name or not file.is_file() or file.stat().st_size != part.bytes:
            break
        found.append(part)
    return found


def _line(part: Part) -> bytes:
    return orjson.dumps({**part._asdict(), "place": list(part.place)}, option=orjson.OPT_APPEND_NEWLINE)


def _name(number: int) -> str:
    return f"part-{number:05}.jsonl"


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn a failure to write into an error that names the file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write the results to {path}: {error.strerror or error}") from error
