"""tagger from within: passages in memory to one score for each label, and one story to its whole result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_lib.peers import Scorer


def load(model: Path) -> Scorer:
    """Featurize and score, no more: what is compared with a vectorizer and a matrix product."""
    import numpy as np

    from tagger import bundles, scoring
    from tagger.features import blocks
    from tagger.reading import count

    bundle = bundles.load(model)

    def block(texts: Sequence[str]) -> Any:
        counts, _ = count(texts, bundle.vocabulary)
        return scoring.score(counts, scoring.in_steps(counts, bundle.vocabulary.idf), bundle.weights)

    def score(texts: Sequence[str]) -> Any:
        return np.concatenate([block(texts[start:end]) for start, end in blocks(map(len, texts))])

    return Scorer(score, score)


def suggest_one(model: Path) -> Callable[[str], Any]:
    """From the text of a story to its result with evidence."""
    from tagger import bundles
    from tagger.readers import read_bytes
    from tagger.tagging import Options, tag

    bundle = bundles.load(model)
    return lambda text: tag([read_bytes(text.encode(), "story.txt", "text")], bundle, Options())
