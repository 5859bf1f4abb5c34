"""How many passages speak for a label is told by the works that were held out."""

import numpy as np

from tagger.aggregation import Rule
from tagger.composites import Sample
from tagger.streaming.pooling import choose_shares

PASSAGES = 8


def sample(n_works: int, seed: int = 0) -> Sample:
    """Works with a scene (label 0), works that are so throughout (label 1), and one rare label (2)."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((n_works, 3)) < [0.4, 0.4, 0.01]).astype(float)
    margins = rng.normal(0, 1, (n_works, PASSAGES, 3))
    margins[np.arange(n_works), rng.integers(0, PASSAGES, n_works), 0] += 6 * truth[:, 0]
    margins[:, :, 1] += 0.8 * truth[:, 1, None]
    rows = np.arange(n_works + 1) * PASSAGES
    return Sample(margins.reshape(-1, 3).astype(np.float32), rows, truth, np.ones(n_works))


def test_a_scene_is_told_by_the_loudest_passages_and_a_colour_by_all() -> None:
    rule = choose_shares(sample(600), Rule(1, np.full(3, 0.5)))
    assert rule.share[0] <= 0.1
    assert rule.share[1] >= 0.5
    assert rule.top == 1


def test_a_label_with_few_works_is_pooled_as_is_best_for_all() -> None:
    both = sample(600)
    one = both._replace(margins=both.margins[:, [0, 0, 2]], truth=both.truth[:, [0, 0, 2]])
    assert choose_shares(one, Rule(1, np.ones(3))).share[2] <= 0.25


def test_works_of_one_passage_tell_nothing() -> None:
    short = sample(50)._replace(rows=np.arange(401), truth=np.ones((400, 3)), importance=np.ones(400))
    rule = Rule(2, np.array([0.0, 0.5, 0.3]))
    assert choose_shares(short, rule) is rule
