"""workers(): the workers of a Dask cluster, each sent once what it needs, and then batches as they come up."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import dask
from distributed import CancelledError, Client, Future, LocalCluster, Worker, WorkerPlugin, get_worker
from distributed.client import ClosedClientError
from distributed.comm.addressing import get_address_host_port
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from distributed.utils import silence_logging_cmgr

from tagger import __version__
from tagger.errors import EngineError, UsageError
from tagger.processes import interrupts_held, interrupts_ignored

T = TypeVar("T")
R = TypeVar("R")

# Seconds that a scheduler has to answer, and that its first worker has to come.
_ANSWERING, _COMING = 10, 60
# dask warns of a long novel that it had better stand in a file.
_QUIET = {"distributed.admin.large-graph-warning-threshold": "1 TB"}


class Workers(NamedTuple):
    """`submit` hands a batch to the cluster; `processes` counts the threads that work there now."""

    submit: Callable[[Any], Answer[Any, Any]]
    processes: Callable[[], int]


@contextmanager
def workers(
    function: Callable[[T], R],
    folders: Sequence[Path],
    scheduler: str | None,
    jobs: int,
    lost: Callable[[T], R] | None = None,
) -> Iterator[Workers]:
    """The workers of the cluster at `scheduler` or, without one, `jobs` processes of this machine, with the function.

    See parallel.map_batches for `folders` and `lost`. EngineError when there is no such cluster, or no longer.
    """
    errand = Errand(function, folders)
    with dask.config.set(_QUIET), silence_logging_cmgr(logging.CRITICAL), _client(scheduler, jobs) as client:
        with _gone_is_told(CommClosedError):
            _send(errand, client, scheduler or "the cluster of this machine")

        def submit(batch: T) -> Answer[T, R]:
            # The scheduler unpickles what it passes on: many lines are one thing to it.
            pickled = pickle.dumps(batch, protocol=5)
            with _gone_is_told(OSError):
                return Answer(client.submit(_run, errand.name, pickled, pure=False), batch, lost)

        def processes() -> int:
            with _gone_is_told(OSError):
                return sum(client.nthreads().values())

        try:
            yield Workers(submit, processes)
        finally:
            with suppress(OSError, ValueError):  # when the cluster is gone already
                client.unregister_worker_plugin(errand.name)


def _send(errand: Errand, client: Client, where: str) -> None:
    """Send an errand to all workers, now and later."""
    try:
        client.wait_for_workers(1, timeout=_COMING)
    except TimeoutError:
        raise EngineError(f"{where} has had no worker for {_COMING} s; start one with `dask worker`") from None
    try:
        with interrupts_held():
            client.run_on_scheduler(_version)
            client.register_plugin(errand, name=errand.name)
    except CommClosedError:
        raise
    except Exception as error:  # whatever importing tagger there may raise
        raise EngineError(f"{where} or its workers cannot import tagger ({error}); install it there") from error


@contextmanager
def _client(scheduler: str | None, jobs: int) -> Iterator[Client]:
    with ExitStack() as stack:
        if not scheduler:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tagger-", ignore_cleanup_errors=True))
            with interrupts_ignored():  # by the workers for good: they inherit it when they start
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                    local_directory=folder,
                )
            stack.enter_context(cluster)
            scheduler = cluster.scheduler_address
        try:
            get_address_host_port(scheduler, strict=True)
            with interrupts_held():
                client = Client(scheduler, timeout=_ANSWERING, set_as_default=False)
        except ValueError as error:
            raise UsageError(f"--scheduler {scheduler}: {error}; write it as tcp://HOST:8786") from None
        except OSError:
            raise EngineError(f"no Dask scheduler answers at {scheduler}; start one with `dask scheduler`") from None
        yield stack.enter_context(client)


@dataclass(frozen=True)
class Answer(Generic[T, R]):
    """What will come of a batch; `lost` makes what stands for it when every worker dies of it."""

    future: Future[R]
    batch: T
    lost: Callable[[T], R] | None

    def done(self) -> bool:
        """Whether it has come."""
        return bool(self.future.done())

    def result(self) -> R:
        """It, once it has come. EngineError when the cluster is gone, or when nothing stands for what it ends."""
        try:
            with _gone_is_told(CommClosedError):
                result: R = self.future.result()
        except KilledWorker:
            if not self.lost:
                raise EngineError("a batch ended every worker that took it up; give them more memory") from None
            return self.lost(self.batch)
        return result


@contextmanager
def _gone_is_told(broken: type[Exception]) -> Iterator[None]:
    """Turn what a broken connection raises into an error that a person understands."""
    try:
        yield
    except (CancelledError, ClosedClientError, broken) as error:
        raise EngineError(f"the Dask cluster is gone ({getattr(error, 'reason', error)}); start it again") from None


class Folder(NamedTuple):
    """A folder's content: its files by their names, and a digest of them all."""

    digest: str
    files: Mapping[str, bytes]


def read_folder(path: Path) -> Folder:
    """A folder as it is on disk, folders within it included."""
    files = {each.relative_to(path).as_posix(): each.read_bytes() for each in sorted(path.rglob("*")) if each.is_file()}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return Folder(digest.hexdigest(), files)


class Errand(WorkerPlugin):
    """A function and the folders that it needs, as Dask sends them to each worker, also to one that joins late.

    A folder's path within the function becomes, on a worker, one in the worker's own folder that is named by what it
    holds, so that a worker that lives long never takes one model for another: a link to the folder where the worker
    can read the same at the same path, and else a copy.
    """

    def __init__(self, function: Callable[[Any], Any], folders: Sequence[Path]) -> None:
        self.name = f"tagger-{uuid.uuid4().hex}"
        self.version = __version__
        self.folders = {path: read_folder(path) for path in folders}
        self.pickled = _pickled(function, {path: folder.digest for path, folder in self.folders.items()})

    def setup(self, worker: Worker) -> None:
        """Begin on a worker. What may fail waits for the first batch, whose error reaches who sent it."""
        self.home, self.address = Path(worker.local_directory), worker.address
        self.lock = threading.Lock()
        self.found: Callable[[Any], Any] | None = None

    def function(self) -> Callable[[Any], Any]:
        """The function, ready to be called on this worker. EngineError when the worker's tagger is another one."""
        with self.lock:
            if not self.found:
                if self.version != __version__:
                    raise EngineError(
                        f"the worker {self.address} has tagger {__version__} and not {self.version}; install the same"
                    )
                places = {folder.digest: self._place(path, folder) for path, folder in self.folders.items()}
                self.found = _unpickled(self.pickled, places)
            return self.found

    def _place(self, path: Path, folder: Folder) -> Path:
        place = self.home / folder.digest
        if not place.exists():
            begun = self.home / f"{folder.digest}.{self.name}"
            if path.is_dir() and read_folder(path).digest == folder.digest:
                begun.symlink_to(path.resolve(), target_is_directory=True)
            else:
                for name, content in folder.files.items():
                    file = begun / name
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
            begun.rename(place)
        return place


def _version() -> str:
    return __version__


def _run(name: str, pickled: bytes) -> Any:
    errand = get_worker().plugins[name]
    assert isinstance(errand, Errand)
    return errand.function()(pickle.loads(pickled))


def _pickled(function: Callable[[Any], Any], digests: Mapping[Path, str]) -> bytes:
    """A function with the folders it names left open."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: object) -> str | None:
            return digests.get(thing) if isinstance(thing, Path) else None

    stream = io.BytesIO()
    Pickler(stream, protocol=5).dump(function)
    return stream.getvalue()


def _unpickled(pickled: bytes, places: Mapping[str, Path]) -> Callable[[Any], Any]:
    """The function with the folders that it names in their places."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, digest: str) -> Path:
            return places[digest]

    function: Callable[[Any], Any] = Unpickler(io.BytesIO(pickled)).load()
    return function
