"""adapt(): a bundle, and what share of an archive's works have each label -> a bundle for that archive.

A score is the probability that a work has a label among works of the mix that the model was calibrated on. An
archive's mix is another: where one work in three has graphic violence, the same scene is likelier to be it. Thresholds
stay: they are probabilities, and so is what they are compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tagger.bundles import Bundle
from tagger.calibration import shift
from tagger.errors import RecipeError, UnknownLabelError


def adapt(bundle: Bundle, expected: Mapping[str, float], source: str = "the mix") -> Bundle:
    """The bundle for works of which `expected` shares (0..1, by label) have the labels; others stay as they are.
    `source` is where the shares come from, for messages.

    Raises RecipeError for a label the bundle did not learn or whose own share it does not know, and for a share that
    is none.
    """
    wanted = np.full(len(bundle.labels), np.nan)
    for name, share in expected.items():
        try:
            column = bundle.labels.index(bundle.labels[name].id)
        except UnknownLabelError as error:
            raise RecipeError(f"{source}: {error}") from error
        if not 0 < share < 1:
            raise RecipeError(
                f"{source}: the share of works with {name} is {share:g}, but must lie between 0 and 1, both excluded"
            )
        if not bundle.supported[column] or np.isnan(bundle.prevalence[column]):
            raise RecipeError(f"{source}: the model does not say in how many works it expects {name}; train it again")
        wanted[column] = share
    return replace(
        bundle,
        calibration=shift(bundle.calibration, bundle.prevalence, wanted),
        prevalence=np.where(np.isnan(wanted), bundle.prevalence, wanted),
    )


def parse_mix(text: str, name: str) -> dict[str, float]:
    r"""Shares by label from TOML; `name` is the file's, for messages.

    >>> parse_mix("violence = 0.3\nfluff = 0.2", "mix.toml")
    {'violence': 0.3, 'fluff': 0.2}

    Raises RecipeError for broken TOML, or a value that is no number.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} is not valid TOML: {error}") from error
    for label, share in table.items():
        if type(share) not in (int, float):
            raise RecipeError(f"{name}: {label} must be a share of works between 0 and 1, not {share!r}")
    return {label: float(share) for label, share in table.items()}


def render_mix(bundle: Bundle) -> str:
    """The shares that a bundle's scores assume, as the TOML that `parse_mix` reads."""
    lines = [
        f"{label.id} = {share:.4f}"
        for label, share in zip(bundle.labels, bundle.prevalence.tolist(), strict=True)
        if np.isfinite(share)
    ]
    return "\n".join(lines)
