"""A bundle described, for people and for machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from tagger import recipe as recipes
from tagger.bundles import FORMAT, Bundle
from tagger.calibration import PRESETS


def description(bundle: Bundle) -> dict[str, Any]:
    """What the model was made from and what it knows, in plain JSON types. `right` is the share of suggestions at a
    preset's threshold, 0..1, that were right on works held out in training.
    """
    labels = [
        {
            "label": label.id,
            "kind": label.kind,
            "trained": bool(bundle.supported[i]),
            "thresholds": _by_preset(bundle.thresholds[:, i]),
            "right": _by_preset(bundle.precision[:, i]),
            **bundle.facts.get("out_of_fold", {}).get(label.id, {}),
        }
        for i, label in enumerate(bundle.labels)
    ]
    facts = {key: value for key, value in bundle.facts.items() if key != "out_of_fold"}
    return {
        "format": FORMAT,
        "name": bundle.recipe.name,
        "version": bundle.recipe.version,
        "sha256": bundle.sha256,
        "facts": facts,
        "recipe": recipes.to_dict(bundle.recipe),
        "top": bundle.rule.top,
        "least_known": bundle.least_known,
        "labels": labels,
    }


def _by_preset(column: Any) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else round(float(value), 4) for name, value in zip(PRESETS, column, strict=True)
    }


def render(told: dict[str, Any]) -> str:
    """The description as a table."""
    facts = told["facts"]
    lines = [f"{told['name']} {told['version']}  ({told['format']}, sha256 {told['sha256'][:16]}…)"]
    if "works" in facts:
        lines += [
            f"learned from {facts['works']:,} works, {facts['passages']:,} passages, {facts['words']:,} words",
            f"{facts['features']:,} features; words that share a hash: {facts['collisions']['hashes']}; "
            f"keys not in their first slot: {facts['collisions']['displaced']:.1%}",
            "made with " + ", ".join(f"{name} {number}" for name, number in facts["libraries"].items()),
        ]
    lines += ["", f"{'label':<27} {'present':>7}  {'AP':>5} {'AUC':>5}   thresholds (share right) by preset"]
    lines.append(" " * 50 + "   ".join(f"{name:<13}" for name in PRESETS))
    lines += [_row(label) for label in told["labels"]]
    lines += [
        "",
        "AP, AUC and shares are out of fold, on the training data; `tagger evaluate` measures on other works.",
    ]
    return "\n".join(lines)


def _row(label: dict[str, Any]) -> str:
    if not label["trained"]:
        return f"{label['label']:<27} untrained: too few examples"
    figures = (
        f"{label.get('present', '-'):>7}  {_number(label.get('average_precision')):>5} {_number(label.get('auc')):>5}"
    )
    presets = "   ".join(
        f"{label['thresholds'][name]:.2f} ({_number(label['right'][name])})".ljust(13) for name in PRESETS
    )
    return f"{label['label']:<27} {figures}   {presets}".rstrip()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
