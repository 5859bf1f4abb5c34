"""kernel(): the compiled inner loops, where the package `tagger-kernel` is installed; without it NumPy does the same.

Both give the same numbers to the bit, which a test holds; with the kernel `predict` takes some 60 % of the time.
It is reached by ctypes and knows nothing of Python: arrays go in, arrays come out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger import features
from tagger.arrays import F32, F64, I32, I64, NDArray
from tagger.features import Counts, Table, Vocabulary, look_up
from tagger.structure import KINDS, MARKERS, Observed

if TYPE_CHECKING:
    import ctypes

VERSION = 4  # of the functions and structures of kernel.c
SWITCH = "TAGGER_KERNEL"  # in the environment; "off" leaves the kernel alone
_FILTER_BITS = 20


@lru_cache(maxsize=1)
def kernel() -> Kernel | None:
    """The kernel, or None where there is none, or another version of it, or it is switched off."""
    if os.environ.get(SWITCH) == "off":
        return None
    try:
        import tagger_kernel
    except ImportError:
        return None
    library = tagger_kernel.load()
    return Kernel(library) if library is not None and library.tagger_kernel_version() == VERSION else None


class Kernel:
    """The functions of kernel.c over arrays."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.tagger_count.restype = library.tagger_fold.restype = _types().c_int64
        self._last: tuple[Vocabulary, _Prepared] | None = None

    def count(self, passages: Sequence[str], vocabulary: Vocabulary) -> tuple[Counts, Observed]:
        """What featurize() and observe() give for the words of some passages."""
        letters, offsets = self._fold(passages)
        n, size = len(passages), int(np.diff(offsets).max(initial=0))
        powers, inverses = features.powers(size)
        columns, counts = np.empty(len(letters), np.int32), np.empty(len(letters), np.int32)
        rows, markers = np.empty(n + 1, np.int64), np.empty((n, KINDS), np.int64)
        known, total, in_words, signs, visible = np.empty((5, n), np.int64)
        prepared = self._prepared(vocabulary)
        scratch = _scratch(size, prepared.n_features)
        out = (columns, counts, rows, known, total, markers, in_words, signs, visible)
        entries = self._call(
            "count", prepared.struct, letters, offsets, n, powers, inverses, _pointers(scratch), _pointers(out)
        )
        # The room for entries is twice too large; a copy of what was used lets the rest go.
        counted = Counts(columns[:entries].copy(), counts[:entries].copy(), rows, known, total)
        return counted, Observed(markers, in_words, signs, visible)

    def _fold(self, passages: Sequence[str]) -> tuple[NDArray[np.uint16], I64]:
        """The letters of some passages laid end to end, a line break after each, and where each passage begins."""
        # Most passages are ASCII, which is copied as it is; as one string, a single emoji would widen them all.
        encoded = [passage.encode("utf-8", "surrogatepass") for passage in passages]
        text, sizes = b"".join(encoded), np.array([len(each) for each in encoded], np.int64)
        letters, offsets = np.empty(len(text) + len(sizes), np.uint16), np.empty(len(sizes) + 1, np.int64)
        table = features.FOLD
        accents = self._call("fold", text, sizes, len(sizes), table, len(table) - 1, letters, offsets)
        if accents and (composed := features.compose(passages)) != passages:
            return self._fold(composed)
        return letters[: offsets[-1]], offsets

    def values(self, counts: Counts, idf: F32, damped: F32, steps_in_one: np.float32) -> tuple[I32, F64]:
        """What scoring.in_steps() gives."""
        columns, often, rows = counts[:3]
        steps, lengths = np.empty(len(columns), np.int32), np.empty(len(rows) - 1)
        most, factor = _types().c_int32(len(damped) - 1), _types().c_float(steps_in_one)
        self._call("values", columns, often, rows, len(lengths), idf, damped, most, factor, steps, lengths)
        return steps, lengths

    def score(self, counts: Counts, steps: I32, matrix: NDArray[np.int16]) -> F64:
        """The sums of steps of value times steps of weight by passage and label, float64[passages, labels]."""
        passages, labels = len(counts.rows) - 1, matrix.shape[1]
        sums = np.empty((passages, labels))
        self._call("score", counts.columns, steps, counts.rows, passages, matrix, labels, sums)
        return sums

    def loudest(
        self, counts: Counts, steps: I32, matrix: NDArray[np.int16], passages: I64, labels: I64, most: int
    ) -> I64:
        """The features of the greatest positive contributions to each pair of passage and label, int64[pairs, most]."""
        found, products = np.empty((len(passages), most), np.int64), np.empty(most, np.int64)
        pairs = (np.ascontiguousarray(passages, np.int64), np.ascontiguousarray(labels, np.int64), len(passages))
        self._call(
            "loudest", counts.columns, steps, counts.rows, matrix, matrix.shape[1], *pairs, most, products, found
        )
        return found

    def pool(self, margins: F32, rows: I64, top: int, share: F64, most: int) -> tuple[F32, I64]:
        """What aggregation.aggregate() gives."""
        margins, rows = np.ascontiguousarray(margins, np.float32), np.ascontiguousarray(rows, np.int64)
        share, works, labels = np.ascontiguousarray(share, np.float64), len(rows) - 1, margins.shape[1]
        pooled, leading = np.empty((works, labels), np.float32), np.empty((works, most, labels), np.int64)
        room = np.empty(2 * int(np.diff(rows).max(initial=0)), np.int64)
        self._call("pool", margins, rows, works, labels, int(top), share, int(most), room, pooled, leading)
        return pooled, leading

    def _prepared(self, vocabulary: Vocabulary) -> _Prepared:
        """The vocabulary as the kernel takes it, made once for all batches of a model."""
        last = self._last  # another thread may be at another model
        if last is None or last[0] is not vocabulary:
            last = self._last = vocabulary, _Prepared(vocabulary, self._call)
        return last[1]

    def _call(self, name: str, *arguments: Any) -> int:
        """Call a function; arrays go by their address, Python's whole numbers as 64 bits."""
        types = _types()
        return int(
            getattr(self._library, f"tagger_{name}")(
                *(
                    types.c_void_p(_address(each))
                    if isinstance(each, np.ndarray)
                    else types.c_int64(each)
                    if type(each) is int
                    else each
                    for each in arguments
                )
            )
        )


class _Prepared:
    """A vocabulary as kernel.c has it, beside the arrays that it points to."""

    def __init__(self, vocabulary: Vocabulary, call: Any) -> None:
        kinds = np.full(len(vocabulary.words.keys), -1, np.int8)
        places = look_up(vocabulary.words, MARKERS.table.keys)
        kinds[places[places >= 0]] = MARKERS.kinds[places >= 0]
        bits = np.zeros((1 << _FILTER_BITS) // 64, np.uint64)
        call("filter", vocabulary.pairs.keys, len(vocabulary.pairs.keys), bits)
        self.n_features = len(vocabulary.idf)
        self._held = (vocabulary, kinds, bits)
        fields = (
            *(_of_table(table) for table in (vocabulary.words, vocabulary.pairs, MARKERS.table)),
            (_address(vocabulary.columns), _address(kinds), _address(MARKERS.kinds), _address(bits)),
            (vocabulary.n_stems, self.n_features),
        )
        numbers = [int(features.SPREAD), *(number for group in fields for number in group)]
        self.struct = np.array(numbers, np.uint64)


def _of_table(table: Table) -> tuple[int, int, int]:
    return _address(table.keys), _address(table.slots), len(table.slots).bit_length() - 1


def _scratch(size: int, n_features: int) -> tuple[NDArray[Any], ...]:
    """The room that a passage of `size` characters needs, as in kernel.c."""
    return (
        np.empty(size + 8, np.uint8),
        np.empty(size + 8, np.uint8),
        np.empty(size + 1, np.uint64),
        np.empty(2 * size + 4, np.int32),
        np.empty(size + 2, np.int32),
        np.empty(size, np.uint64),
        np.empty(size, np.int32),
        np.zeros(n_features, np.int32),
        np.zeros((n_features >> 6) + 1, np.uint64),
        np.zeros((n_features >> 12) + 1, np.uint64),
    )


def _pointers(arrays: Sequence[NDArray[Any]]) -> I64:
    """A structure of pointers: their addresses in a row."""
    return np.array([_address(each) for each in arrays], np.int64)


def _address(array: NDArray[Any]) -> int:
    if not array.flags.c_contiguous:
        raise ValueError("the kernel takes arrays without gaps")
    return int(array.__array_interface__["data"][0])


@lru_cache(maxsize=1)
def _types() -> Any:
    import ctypes

    return ctypes
