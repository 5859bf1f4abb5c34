"""Shards of features -> one logistic regression a label, in a few passes over the data.

Stochastic gradient descent with momentum and steps that fall to nothing (Bottou, Curtis and Nocedal, "Optimization
methods for large-scale machine learning", SIAM Review 60, 2018), all labels of a group at once: a batch is one sparse
matrix, the weights a dense one, float32[features, labels]. A batch takes as many works from every shard, so that it
does not matter in which order the data lie. The weights after each pass are a shard too: there a run goes on.

A present label weighs the root of what would make both classes count alike: with few examples in a batch the whole of
it makes for wild steps, and the rankings are no better.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tagger import shards
from tagger.arrays import F32, I64, NDArray
from tagger.learning import Progress
from tagger.recipe import Recipe
from tagger.scoring import Weights
from tagger.shards import Arrays, Task
from tagger.streaming.featurizing import ENTRY_BYTES

# Labels that are learned together: the more, the less each costs. The number of processes must not change it.
_GROUP = 24
_LANES = 8  # rows of weights are padded to a multiple of it: odd widths take nearly twice as long
_STEP, _MOMENTUM, _BIAS_STEP = 30.0, 0.9, 0.1
_BATCHES, _SMALLEST, _LARGEST = 100, 16, 1024  # about so many in a pass, of so many works each
_ITERATIONS = 12


class Problem(NamedTuple):
    """What is to be learned: shards of features, the number of features, the folder with `truth`, float32[works,
    labels], 1, 0 or NaN (not to be learned), and `importance`, float32[works]; and the recipe.
    """

    shards: Sequence[Path]
    features: int
    truth: Path
    recipe: Recipe


class _Lesson(NamedTuple):
    """One pass for a group of labels, and the shard with the weights to go on from."""

    labels: I64
    epoch: int
    before: Path | None


class _State(NamedTuple):
    """Weights and bias, and the running sums of their gradients, padded to whole lanes; changed in place."""

    weights: F32
    bias: F32
    momentum: F32
    bias_momentum: F32


def solve(place: Path, problem: Problem, supported: NDArray[np.bool_], jobs: int, progress: Progress) -> Weights:
    """The weights of all supported labels, the features in rank order; what was learned so far is kept at `place`."""
    labels, epochs = np.flatnonzero(supported), problem.recipe.learner.epochs
    groups = np.array_split(labels, -(-len(labels) // _GROUP))
    folders: list[Path] = []
    for epoch in range(epochs):
        tasks = []
        for number, group in enumerate(groups):
            before = folders[number] if folders else None
            tasks.append(Task(place / f"{epoch:03}-{number:03}", _Lesson(group, epoch, before)))

        def report(done: int, total: int, epoch: int = epoch) -> None:
            progress("training", epoch * total + done, epochs * total)

        folders = shards.make(partial(_learn, problem), tasks, jobs, report)
    matrix = np.zeros((problem.features, len(supported)), np.float32)
    bias = np.zeros(len(supported), np.float32)
    for group, folder in zip(groups, folders, strict=True):
        found = shards.load(folder, "weights", "bias")
        matrix[:, group], bias[group] = found["weights"][:, : len(group)], found["bias"][: len(group)]
    return Weights(matrix, bias)


def _learn(problem: Problem, lesson: _Lesson) -> Arrays:
    """One pass over the data."""
    from threadpoolctl import threadpool_limits

    data, state = _open(problem), _start(problem, lesson)
    n_works = sum(len(part.works) for part in data)
    truth, importance = _truth(problem, lesson.labels)
    balance = _balance(truth, importance)
    n_batches = max(1, n_works // int(np.clip(n_works // _BATCHES, _SMALLEST, _LARGEST)))
    order = np.random.default_rng((problem.recipe.seed, lesson.epoch)).permutation(n_batches)
    steps, walked = problem.recipe.learner.epochs * n_batches, 0.0
    with threadpool_limits(1):
        values, _ = _batch(data, 0, n_batches, problem.features)
        longest = min(_STEP, 4 / _curvature(values))
        for done, number in enumerate(order.tolist(), lesson.epoch * n_batches):
            values, works = _batch(data, number, n_batches, problem.features)
            step = longest * (1 - done / steps)
            gradients = _gradients(state, values, truth[works], importance[works], balance)
            _move(state, *gradients, step)
            walked += step / (1 - _MOMENTUM)
    # The regularisation: as much as all these steps would have shrunk the weights.
    state.weights[:] *= np.exp(-walked / (problem.recipe.learner.c * n_works))
    return state._asdict()


class _Data(NamedTuple):
    """A shard of features: the file of its entries, where they begin in it, and its rows and works."""

    file: Path
    start: int
    rows: I64
    works: I64


def _open(problem: Problem) -> list[_Data]:
    """The shards, their entries still on disk: so many files cannot all be open."""
    found = []
    for folder in problem.shards:
        arrays, file = shards.load(folder, "rows", "works"), folder / "entries.npy"
        rows = np.array(arrays["rows"])
        found.append(_Data(file, file.stat().st_size - ENTRY_BYTES * int(rows[-1]), rows, np.array(arrays["works"])))
    return found


def _batch(data: Sequence[_Data], number: int, n_batches: int, features: int) -> tuple[Any, I64]:
    """The values of one of so many batches, sparse float32[works, features], and the places of its works among all."""
    from scipy.sparse import csr_matrix

    entries, sizes, works = [], [np.zeros(1, np.int64)], []
    for part in data:
        first, last = (len(part.works) * each // n_batches for each in (number, number + 1))
        begin, end = part.rows[[first, last]].tolist()
        read = np.fromfile(part.file, np.int32, 2 * (end - begin), offset=part.start + ENTRY_BYTES * begin)
        entries.append(read.reshape(-1, 2))
        sizes.append(np.diff(part.rows[first : last + 1]))
        works.append(part.works[first:last])
    columns, bits = np.ascontiguousarray(np.concatenate(entries).T)
    rows = np.concatenate(sizes).cumsum().astype(np.int32)
    return csr_matrix((bits.view(np.float32), columns, rows), (len(rows) - 1, features)), np.concatenate(works)


def _start(problem: Problem, lesson: _Lesson) -> _State:
    if lesson.before:
        return _State(**{name: array.copy() for name, array in shards.load(lesson.before).items()})
    lanes = _padded(len(lesson.labels))
    weights, bias = np.zeros((problem.features, lanes), np.float32), np.zeros(lanes, np.float32)
    return _State(weights, bias, weights.copy(), bias.copy())


def _padded(labels: int) -> int:
    return -(-labels // _LANES) * _LANES


def _truth(problem: Problem, labels: I64) -> tuple[F32, F32]:
    """The truth of some labels, float32[works, lanes], and how much each work counts, float32[works]."""
    found = shards.load(problem.truth, "truth", "importance")
    truth = np.full((len(found["truth"]), _padded(len(labels))), np.nan, np.float32)
    truth[:, : len(labels)] = found["truth"][:, labels]
    return truth, found["importance"]


def _balance(truth: F32, importance: F32) -> F32:
    """How much a work without each label counts, and one with it: float32[2, lanes]."""
    sums = np.array([importance @ (truth == each).astype(np.float64) for each in (0, 1)])
    balance: F32 = np.sqrt(sums.sum(axis=0) / np.maximum(2 * sums, 1e-9)).astype(np.float32)
    return balance


def _curvature(values: Any) -> float:
    """The greatest eigenvalue of the mean outer product of some works, 0..1, by power iteration.

    The loss curves at most a quarter as much in any direction; steps are safe up to one over that, with momentum too.
    """
    towards = np.random.default_rng(0).random(values.shape[1], np.float32)
    size = 1.0
    for _ in range(_ITERATIONS):
        towards = values.T @ (values @ (towards / np.float32(size))) / np.float32(values.shape[0])
        size = max(float(np.linalg.norm(towards)), 1e-9)
    return size


def _gradients(state: _State, values: Any, truth: F32, importance: F32, balance: F32) -> tuple[F32, F32]:
    """The gradients of the mean loss of a batch, for weights and bias."""
    chances = np.tanh((values @ state.weights + state.bias) / 2) / 2 + np.float32(0.5)
    present = truth == 1
    errors = np.where(np.isfinite(truth), chances - present, 0) * np.where(present, balance[1], balance[0])
    errors *= (importance / max(importance.sum(), 1e-9))[:, None]
    # By rows of the transpose: its sums stay in cache, and the conversion costs a third of what that saves.
    return values.T.tocsr() @ errors, errors.sum(axis=0)


def _move(state: _State, gradient: F32, of_bias: F32, step: float) -> None:
    """Go one step downhill."""
    state.momentum[:] *= _MOMENTUM
    state.momentum[:] += gradient
    state.bias_momentum[:] = _MOMENTUM * state.bias_momentum + of_bias
    np.multiply(state.momentum, step, out=gradient, casting="same_kind")
    state.weights[:] -= gradient
    state.bias[:] -= step * _BIAS_STEP * state.bias_momentum
