"""retrain(): a champion and feedback -> a challenger, and whether it is the better one; install(): the exchange.

    feedback -> update() -> challenger ─┐
                              champion ─┴─ compare() on works held out -> Retraining -> install()

Held out are the works of a holdout or, without one, the feedback itself, out of fold: each work as judged by a
challenger that did not learn from it or from its group. Feedback that is wrong all over looks right to itself, so it is
also asked how much of it looks flipped (see flips), and what is careless replaces nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tagger import bundles, policies
from tagger.arrays import F64
from tagger.bundles import Bundle
from tagger.calibration import PRESETS
from tagger.comparing import REST, Contest, Side, compare
from tagger.errors import DataError
from tagger.flips import flipped
from tagger.labels import LabelSet
from tagger.learning import Progress
from tagger.metrics import Estimate
from tagger.policies import Policy
from tagger.policy import decide
from tagger.scoring import Packed, pack
from tagger.training import digest, group_of, no_progress
from tagger.updating import LEAST, Lessons, Update, read_lessons, rescore, update
from tagger.works import LabelledWork, text_digest

PREVIOUS = ".previous"

# Feedback is careless when more of it than this looks flipped, chance allowed for.
CARELESS = 0.02


@dataclass(frozen=True)
class Retraining:
    """What came of it. `contest` tells the two models apart on works held out; `held_out` says in words which these
    were; labels that are not `used` cannot speak against the challenger. `flipped` is the share of the feedback that
    looks flipped, None where it cannot be told.
    """

    challenger: Bundle
    contest: Contest
    held_out: str
    used: frozenset[str]
    flipped: Estimate | None

    @property
    def worse(self) -> list[str]:
        """The labels that speak against the challenger."""
        return [label for label in self.contest.named("worse") if label in self.used or label == REST]

    @property
    def better(self) -> list[str]:
        """The labels that speak for it."""
        return self.contest.named("better")

    @property
    def careless(self) -> bool:
        """Whether the feedback is too often the opposite of what was meant."""
        return self.flipped is not None and (self.flipped.low or 0) > CARELESS

    @property
    def wins(self) -> bool:
        """Whether something is better, nothing that is used is worse, and the feedback is not careless."""
        return bool(self.better) and not self.worse and not self.careless


def retrain(
    champion: Bundle,
    feedback: Sequence[LabelledWork],
    holdout: Sequence[LabelledWork] = (),
    policy: Policy | None = None,
    *,
    progress: Progress = no_progress,
) -> Retraining:
    """Make a challenger of a model and feedback, and compare the two.

    Works of the holdout whose texts or groups are in the feedback are left out of it. Raises DataError where the
    feedback does not say enough of any label, or nothing is left to compare the models on.
    """
    taught = read_lessons(feedback, champion)
    found = update(taught, champion, progress)
    if not found.moved.any():
        raise DataError(
            f"no label has {LEAST} works of which people said whether they have it, after being asked: by accepting or"
            " rejecting it, or by a complete review; decide some more, then export again"
        )
    if holdout:
        told = read_lessons(_unseen(holdout, feedback), champion)
        scores = rescore(told, found.weights, champion)
        where = f"{_spoken(told):,} works held out"
    else:
        told, scores = taught, found.scores
        where = f"{_spoken(told):,} works of the feedback itself, out of fold"
    if not np.isfinite(told.truth).any():
        raise DataError("there is no work to compare the two models on; give other labelled works with --holdout")
    sides = _side(told.scores, champion), _side(scores, champion)
    contest = compare(*sides, told.truth, told.importance, told.groups, champion.labels, seed=champion.recipe.seed)
    used = frozenset(champion.labels.ids if policy is None else labels_used(policy, champion.labels))
    turned = flipped(found.scores, taught.truth, taught.asked, taught.importance, taught.groups, champion.recipe.seed)
    challenger = _challenger(champion, taught, found, contest, where)
    return Retraining(challenger, contest, where, used, turned)


def _packed(found: Update, before: Packed) -> Packed:
    """The weights found; those of labels that did not move stay as they are, to the bit."""
    matrix, step, bias = pack(found.weights)
    return Packed(np.where(found.moved, matrix, before.matrix), np.where(found.moved, step, before.step), bias)


def _spoken(told: Lessons) -> int:
    """How many works can tell the models apart."""
    return int(np.isfinite(told.truth).any(axis=1).sum())


def _unseen(holdout: Sequence[LabelledWork], feedback: Sequence[LabelledWork]) -> list[LabelledWork]:
    texts, groups = {text_digest(each.work.text) for each in feedback}, set(map(group_of, feedback))
    return [each for each in holdout if text_digest(each.work.text) not in texts and group_of(each) not in groups]


def _side(scores: F64, bundle: Bundle) -> Side:
    return Side(scores, decide(scores, bundle.thresholds[PRESETS.index("balanced")], bundle.labels))


def labels_used(policy: Policy, labels: LabelSet) -> set[str]:
    """The labels on which a policy's decisions can hang; all of them where it asks what the author left undeclared."""
    if any(rule.when.finding and not rule.when.label for rule in policy.rules):
        return set(labels.ids)
    return {
        label.id
        for label in labels
        if any(policies.names(rule.when, label.id, label.kind) for rule in policy.rules)
        or {policy.bands_of(label.id, label.kind).review, policy.bands_of(label.id, label.kind).hold} != {None}
    }


def _challenger(champion: Bundle, taught: Lessons, found: Update, contest: Contest, held_out: str) -> Bundle:
    """The champion with other weights, a version of its own, and what it learned from what among its facts."""
    earlier = champion.facts.get("retrained", [])
    version = f"{champion.recipe.version.partition('+')[0]}+{len(earlier) + 1}"
    said = taught.truth
    lesson: dict[str, Any] = {
        "base_sha256": champion.sha256,
        "works": len(taught.works),
        "feedback_sha256": digest(taught.works),
        "strengths": {
            label: float(strength)
            for label, strength in zip(champion.labels.ids, found.strengths, strict=True)
            if np.isfinite(strength)
        },
        "labels": {
            label: {"present": int((said[:, i] == 1).sum()), "absent": int((said[:, i] == 0).sum())}
            for i, label in enumerate(champion.labels.ids)
            if np.isfinite(said[:, i]).any()
        },
        "held_out": held_out,
        "better": contest.named("better"),
        "worse": contest.named("worse"),
    }
    return replace(
        champion,
        weights=_packed(found, champion.weights),
        recipe=champion.recipe._replace(version=version),
        facts={**champion.facts, "retrained": [*earlier, lesson]},
        sha256="",
    )


def install(challenger: Bundle, path: Path) -> Path | None:
    """Put a model where another one is, so that a reader sees one of the two, whole, at any moment.

    The old one stays beside it, under its name and PREVIOUS; that is returned, or None where none was there. Raises
    OutputError when it cannot be written.
    """
    path = path.resolve()
    old = path.with_name(path.name + PREVIOUS) if path.exists() else None
    bundles.save(challenger, path, keep=old)
    return old
