"""How often each of very many things occurs, in bounded memory.

Exact as long as the things are few. When there are more than may be held, the rarest are forgotten and the tally says
how much it may have missed of any of them: lossy counting (Manku and Motwani, "Approximate frequency counts over data
streams", VLDB 2002).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from tagger.arrays import I64, U64


class Tally(NamedTuple):
    """`keys`, uint64[things], ascending; `counts`, int64[things, kinds]: how often each occurs, and how often in other
    ways. A first count is at most `missed` too low, and a thing that is not there occurs at most `missed` times.
    """

    keys: U64
    counts: I64
    missed: int = 0


def tally(keys: U64) -> Tally:
    """How often each key occurs among some.

    >>> tally(np.array([7, 3, 7], np.uint64)).counts.tolist()
    [[1], [2]]
    """
    ordered = np.sort(keys)
    heads = _heads(ordered)
    return Tally(ordered[heads], np.diff(heads, append=len(ordered))[:, None])


def merge(parts: Sequence[Tally]) -> Tally:
    """The tally of everything that the parts tell of."""
    keys = np.concatenate([part.keys for part in parts])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    heads = _heads(keys)
    counts = np.concatenate([part.counts for part in parts])[order]
    return Tally(keys[heads], np.add.reduceat(counts, heads) if len(heads) else counts, sum(p.missed for p in parts))


def prune(whole: Tally, most: int) -> Tally:
    """At most `most` things, by their first count: all that occur more often than what is forgotten.

    >>> prune(tally(np.array([7, 3, 7, 5], np.uint64)), 2)
    Tally(keys=array([7], dtype=uint64), counts=array([[2]]), missed=1)
    """
    if len(whole.keys) <= most:
        return whole
    often = whole.counts[:, 0]
    floor = int(np.partition(often, len(often) - most - 1)[len(often) - most - 1])
    kept = often > floor
    return Tally(whole.keys[kept], whole.counts[kept], whole.missed + floor)


def total(parts: Iterable[Tally], most: int, kinds: int = 1) -> Tally:
    """The tally of all parts, drawn one at a time; never are many more than twice `most` things held."""
    merged = Tally(np.zeros(0, np.uint64), np.zeros((0, kinds), np.int64))
    held: list[Tally] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part.keys)
        if size > max(len(merged.keys), 1 << 20):  # as much again: each thing is merged a few times only
            merged, held, size = prune(merge([merged, *held]), most), [], 0
    return prune(merge([merged, *held]), most)


def _heads(ordered: U64) -> I64:
    """Where a run of equal keys begins."""
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)
