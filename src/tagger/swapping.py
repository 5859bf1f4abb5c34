"""exchange(): two folders take each other's place, so that a reader sees one of them, whole, at any moment."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from glob import escape
from pathlib import Path

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_ASIDE = ".old"


def exchange(first: Path, second: Path) -> None:
    """Swap two folders that lie beside each other: on Linux in one step; elsewhere in three, and `second` is missing
    for a moment. OSError when it cannot be done, and then all is as it was.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None, use_errno=True)
        rename = getattr(library, "renameat2", None)
        if rename is not None:
            if not rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE):
                return
            if ctypes.get_errno() not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    aside = first.with_suffix(_ASIDE)
    second.rename(aside)
    try:
        first.rename(second)
    except BaseException:
        aside.rename(second)
        raise
    aside.rename(first)


def is_being_exchanged(path: Path) -> bool:
    """Whether the old folder has stepped aside, and the new one, `.NAME.something`, is not there yet."""
    return not path.exists() and any(path.parent.glob(f".{escape(path.name)}.*{_ASIDE}"))
