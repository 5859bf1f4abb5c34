"""Zip files, opened with suspicion: EPUB and DOCX are such. Nothing is ever unpacked to disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import PurePosixPath, PureWindowsPath

from tagger.errors import WorkError

MOST_UNPACKED = 200_000_000  # bytes of all members read, together
MOST_MEMBERS = 20_000
LARGEST_RATIO = 200  # of unpacked to packed: prose packs to a third, a bomb to a thousandth
_SMALL = 1_000_000  # below this a ratio is not looked at: a page of one letter is no bomb
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # what EPUB and DOCX allow; the others unpack without bounds
# What zipfile raises for bytes that are no sound archive.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError),
    *(KeyError, IndexError, OverflowError, struct.error),
)


class Archive:
    """The members of a zip file. `open_archive` makes it."""

    def __init__(self, file: zipfile.ZipFile, id: str) -> None:
        self._file = file
        self._id = id
        self._unpacked = 0

    def names(self) -> list[str]:
        """The members' names in the order of the file; folders, and members without a name, left out."""
        return [name for name in self._file.namelist() if name and not name.endswith("/")]

    def read(self, name: str) -> bytes:
        """A member's bytes. WorkError if it is missing, broken, encrypted or a bomb."""
        try:
            member = self._file.getinfo(name)
        except KeyError:
            raise WorkError(f"{self._id}: has no {name!r} in it; it may be cut short, so download it again") from None
        self._check(member)
        try:
            data = self._file.read(member)
        except _BROKEN:
            raise WorkError(f"{self._id}: {name!r} in it is broken; download it again") from None
        self._unpacked += len(data)
        return data

    def _check(self, member: zipfile.ZipInfo) -> None:
        """Whether a member may be unpacked; zipfile itself never unpacks more than the size it declares."""
        if member.flag_bits & _ENCRYPTED:
            raise WorkError(f"{self._id}: is encrypted; save it again without a password")
        if member.compress_type not in _METHODS:
            raise WorkError(f"{self._id}: {member.filename!r} in it is packed in a way that is not read; zip it anew")
        packed = max(member.compress_size, 1)
        if self._unpacked + member.file_size > MOST_UNPACKED or (
            member.file_size > _SMALL and member.file_size > LARGEST_RATIO * packed
        ):
            raise WorkError(f"{self._id}: unpacks to far more than a story holds; refused as a zip bomb")


def open_archive(data: bytes, id: str) -> Archive:
    """The zip file in `data`, nothing of it unpacked yet.

    WorkError if it is none, is broken, has too many members, or names a path outside itself.
    """
    try:
        file = zipfile.ZipFile(BytesIO(data))
        members = file.infolist()
    except _BROKEN:
        raise WorkError(f"{id}: is no zip file, or a broken one; download it again") from None
    if len(members) > MOST_MEMBERS:
        raise WorkError(f"{id}: has {len(members):,} files in it; refused as a zip bomb")
    outside = next((each.filename for each in members if _leads_outside(each.filename)), None)
    if outside is not None:
        raise WorkError(f"{id}: names a path outside itself, {outside!r}; refused as unsafe")
    return Archive(file, id)


def _leads_outside(name: str) -> bool:
    """Whether a name would leave the folder it is unpacked to, on any system."""
    windows = PureWindowsPath(name)
    return PurePosixPath(name).is_absolute() or bool(windows.anchor) or ".." in windows.parts
