import time
from collections.abc import Iterator
from itertools import count, islice

import pytest

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


@BOTH
@pytest.mark.filterwarnings("ignore:.*tasks")  # see below
def test_an_endless_stream_is_drawn_only_a_few_ahead(jobs: int) -> None:
    drawn = []

    def endless() -> Iterator[int]:
        for number in count():
            drawn.append(number)
            yield -number

    results = map_batches(abs, endless(), jobs)
    assert list(islice(results, 5)) == [0, 1, 2, 3, 4]
    assert len(drawn) < 40


@pytest.mark.xfail(strict=True, raises=UserWarning, reason="joblib warns of the tasks that nobody waited for")
def test_a_run_that_is_broken_off_ends_quietly() -> None:
    results = map_batches(abs, count(), 2)
    next(results)
    results.close()


@BOTH
def test_an_error_in_a_batch_is_raised_to_the_caller(jobs: int) -> None:
    with pytest.raises(ValueError, match="'two'"):
        list(map_batches(int, ["1", "two"], jobs))


def test_there_is_at_least_one_core() -> None:
    assert available_cores() >= 1
