import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice

import pytest

from tagger.errors import EngineError
from tagger.parallel import available_cores, map_batches

BOTH = pytest.mark.parametrize("jobs", [1, 2])


def after(seconds: float) -> float:
    """Take that long."""
    time.sleep(seconds)
    return seconds


@BOTH
def test_results_come_in_the_order_of_their_batches_however_long_each_takes(jobs: int) -> None:
    seconds = [0.08, 0.0, 0.02, 0.01, 0.0]
    assert list(map_batches(after, seconds, jobs)) == seconds


def test_one_process_and_two_give_the_same() -> None:
    batches = [list(range(n)) for n in range(20)]
    assert list(map_batches(sum, batches, 2)) == list(map_batches(sum, batches, 1))


@BOTH
def test_no_batches_give_no_results(jobs: int) -> None:
    assert list(map_batches(len, [], jobs)) == []


class Endless:
    """An endless stream that counts what was drawn of it."""

    drawn = 0

    def __iter__(self) -> Iterator[int]:
        for self.drawn in count(1):
            yield -self.drawn


@BOTH
def test_an_endless_stream_is_welcome(jobs: int) -> None:
    assert list(islice(map_batches(abs, Endless(), jobs), 5)) == [1, 2, 3, 4, 5]


def test_one_process_draws_no_batch_before_it_is_wanted() -> None:
    stream = Endless()
    results = map_batches(abs, stream)
    assert stream.drawn == 0
    assert list(islice(results, 5)) == [1, 2, 3, 4, 5]
    assert stream.drawn == 5


def test_several_processes_draw_only_a_few_batches_ahead_of_a_slow_reader() -> None:
    stream = Endless()
    results = map_batches(abs, stream, 2)
    next(results)
    time.sleep(0.3)
    assert stream.drawn < 20


def test_a_run_that_is_broken_off_ends_quietly() -> None:
    results = map_batches(abs, count(), 2)
    next(results)
    results.close()


@BOTH
def test_an_error_in_a_batch_is_raised_to_the_caller(jobs: int) -> None:
    with pytest.raises(ValueError, match="'two'"):
        list(map_batches(int, ["1", "two"], jobs))


def end_at(fatal: int, batch: int) -> int:
    """End the process at one batch, as a system does that is out of memory."""
    if batch == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch


def test_a_process_that_dies_is_one_error() -> None:
    with pytest.raises(EngineError, match="a process died at its work"):
        list(map_batches(partial(end_at, 5), range(20), 2))


def test_there_is_at_least_one_core() -> None:
    assert available_cores() >= 1
