"""The compiled inner loops of tagger. `load()` gives the library that tagger calls; nothing here is for people."""

from __future__ import annotations

import ctypes
from pathlib import Path

_NAMES = ("kernel.so", "kernel.dylib", "kernel.dll")


def load() -> ctypes.CDLL | None:
    """The library beside this file; None where it was built for another system and does not load."""
    for name in _NAMES:
        path = Path(__file__).with_name(name)
        if path.exists():
            try:
                return ctypes.CDLL(str(path))
            except OSError:
                return None
    return None
