"""Streams of bytes, unpacked on the way where a file is .gz or .zst, with a guard against bombs."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tagger.errors import WorkError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_UNPACKED = 200_000_000  # bytes; a larger stream is fine if its ratio is
LARGEST_RATIO = 200
LONGEST_CELL = 30_000_000  # a line of JSON, a cell of a table
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LARGEST_WINDOW = 1 << 27  # what `zstd --long` uses; more is memory asked for by the file


def open_stream(path: Path) -> io.BufferedReader:
    """The file's bytes, unpacked. Reading raises WorkError where it is damaged, cut short or a bomb."""
    return io.BufferedReader(_Guarded(path), buffer_size=1 << 18)


class _Guarded(io.RawIOBase):
    """A stream all of whose errors are WorkErrors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._packed = path.stat().st_size
        self._unpacked = 0
        self._stream = _unpacking(path)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            count = self._stream.readinto(buffer)
        except Exception as error:
            if not _is_damage(error):
                raise
            raise WorkError(f"{self._path}: is damaged or cut short ({error}); download it again") from None
        self._unpacked += count
        if self._unpacked > max(MOST_UNPACKED, LARGEST_RATIO * self._packed):
            raise WorkError(f"{self._path}: unpacks to far more than works do; refused as a bomb")
        return count

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _unpacking(path: Path) -> io.BufferedIOBase:
    file = path.open("rb")
    head = file.peek(len(_ZSTD))
    if head.startswith(_GZIP):
        import gzip

        file.close()
        return cast(io.BufferedIOBase, gzip.open(path))
    if head.startswith(_ZSTD):
        try:
            import zstandard
        except ImportError:
            file.close()
            raise WorkError(f"{path}: needs a package to be unpacked: pip install zstandard") from None
        unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        return cast(io.BufferedIOBase, unpacker.stream_reader(file, read_across_frames=True, closefd=True))
    return file


def _is_damage(error: Exception) -> bool:
    """Whether it is what gzip and zstandard raise for bytes that were never theirs."""
    return isinstance(error, OSError | EOFError | zlib.error) or type(error).__name__ == "ZstdError"
