"""What processes share: a function and its arrays, mapped from a file. How they do their work: see test_parallel."""

import os
import signal
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tagger.processes import interrupts_held, interrupts_ignored, store, stored, workers


def total(array: np.ndarray, factor: int) -> tuple[float, bool, bool, bool]:
    """A sum, and whether the array is this process's own, may be written to, and is aligned."""
    flags = array.flags
    return float(array.sum(dtype=float)) * factor, flags.owndata, flags.writeable, flags.aligned


def test_an_array_within_the_function_is_shared_and_not_copied() -> None:
    array = np.arange(30_000, dtype=np.float32).reshape(30, 1000)
    with workers(partial(total, array), 1) as submit:
        assert submit(2).result() == (2 * float(array.sum(dtype=float)), False, False, True)


@given(
    st.lists(
        arrays.arrays(st.sampled_from(["<i8", "<f4", "|u1", "|b1", "<U3"]), arrays.array_shapes(min_dims=0, min_side=0))
    )
)
def test_any_arrays_are_read_as_they_were_written(held: list[np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store(partial(np.array_equal, held), Path(folder) / "function")
        read = stored(Path(folder) / "function")
    (found,) = read.args  # type: ignore[attr-defined]
    assert [(each.dtype, each.shape, each.tobytes()) for each in found] == [
        (each.dtype, each.shape, each.tobytes()) for each in held
    ]
    assert not any(each.flags.writeable for each in found if each.size)


def test_an_interrupt_that_is_held_comes_at_the_end() -> None:
    done = []

    def interrupted() -> None:
        with interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["all of it"]


def test_an_interrupt_that_is_ignored_does_not_come() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts_ignored():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
