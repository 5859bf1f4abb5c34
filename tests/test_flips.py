"""How much of what people said looks flipped."""

from __future__ import annotations

import numpy as np
import pytest

from tagger.arrays import F64
from tagger.flips import LEAST_CELLS, flipped
from tagger.metrics import Estimate


def told(n: int, share: float, *, asked: bool = False, seed: int = 0) -> tuple[F64, F64, Estimate | None]:
    """A calibrated model's scores of n works, what people say of them, a share of it flipped, and the guess."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.3, 3, (n, 10))
    truth = (rng.random((n, 10)) < scores).astype(float)
    said = np.where(rng.random((n, 10)) < share, 1 - truth, truth)
    names = [str(i) for i in range(n)]
    return scores, said, flipped(scores, said, np.full((n, 10), asked), np.ones(n), names)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.3])
def test_the_share_is_found(share: float) -> None:
    found = told(400, share)[2]
    assert found
    assert found.value == pytest.approx(share, abs=0.02)
    assert found.low <= share <= found.high  # type: ignore[operator]


def test_few_cells_and_those_that_were_asked_about_tell_nothing() -> None:
    assert told(LEAST_CELLS // 10 - 1, 0.1)[2] is None
    assert told(400, 0.1, asked=True)[2] is None


def test_what_nobody_knows_counts_nowhere() -> None:
    scores, said, found = told(200, 0.1)
    more = np.vstack((said, np.full(said.shape, np.nan)))
    names = [str(i) for i in range(400)]
    again = flipped(np.vstack((scores, scores)), more, np.zeros(more.shape, bool), np.ones(400), names)
    assert again
    assert found
    assert again.value == found.value
