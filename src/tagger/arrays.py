"""The names of array types that annotations use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

__all__ = ["F32", "F64", "I16", "I32", "I64", "U64", "NDArray"]

if TYPE_CHECKING:
    from numpy.typing import NDArray
else:
    NDArray = np.ndarray  # importing numpy.typing takes as long as reading a story

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
