"""The systems that are compared: each learns from a corpus, and returns how it scores passages and judges works."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench_lib.quality import figures, logistic
from bench_lib.texts import SEED, Corpus, body, load_corpus

Score = Callable[[Sequence[str]], Any]


class Trained(NamedTuple):
    score: Score
    judge: Callable[[Sequence[Any]], Any]  # scores of whole works, float[works, labels]


def ours(corpus: Corpus, _: Path) -> Trained:
    import numpy as np

    from tagger import scoring
    from tagger.evaluation import judge
    from tagger.features import blocks, featurize, read_words
    from tagger.recipe import Recipe
    from tagger.training import train

    bundle = train(corpus.train, corpus.labels, Recipe())

    def one(texts: Sequence[str]) -> Any:
        counts = featurize(read_words(texts), bundle.vocabulary)
        return scoring.score(counts, scoring.values(counts, bundle.vocabulary.idf), bundle.weights)

    return Trained(
        lambda texts: np.concatenate([one(texts[start:end]) for start, end in blocks(map(len, texts))]),
        lambda works: judge(bundle, works, "balanced")[0],
    )


def sklearn(corpus: Corpus, _: Path) -> Trained:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return _linear(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), corpus)


def sklearn_hash(corpus: Corpus, _: Path) -> Trained:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    words = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18, alternate_sign=False, norm=None)
    return _linear(make_pipeline(words, TfidfTransformer(sublinear_tf=True)), corpus)


def _linear(vectorizer: Any, corpus: Corpus) -> Trained:
    """All labels in one product, which is the fastest that scikit-learn's parts allow."""
    import numpy as np

    values = vectorizer.fit_transform(map(body, corpus.train))
    fitted = [logistic(values, truth) for truth in corpus.truth.T]
    matrix = np.ascontiguousarray(np.vstack([weights for weights, _ in fitted]).T)
    bias = np.array([bias for _, bias in fitted])

    def score(texts: Sequence[str]) -> Any:
        return vectorizer.transform(texts) @ matrix + bias

    return Trained(score, lambda works: score(list(map(body, works))))


_NO_WORD = str.maketrans(dict.fromkeys('.,;:!?"()[]{}|-–—…“”‘*_/\\\n\r\t', " "))


def _tokens(text: str) -> str:
    """Both C++ programs split at white space and leave the rest to whoever calls them; this is the fastest way."""
    return text.lower().translate(_NO_WORD)


def fasttext(corpus: Corpus, folder: Path) -> Trained:
    import fasttext
    import numpy as np

    n_labels = len(corpus.labels)
    examples = folder / "fasttext.txt"
    with examples.open("w", encoding="utf-8") as lines:
        for each, truth in zip(corpus.train, corpus.truth, strict=True):
            names = " ".join(f"__label__{label}" for label in np.flatnonzero(truth == 1))
            lines.write(f"{names} {_tokens(body(each))}\n")
    model = fasttext.train_supervised(
        str(examples), loss="ova", lr=0.5, epoch=50, dim=50, thread=1, verbose=0, seed=SEED
    )

    def score(texts: Sequence[str]) -> Any:
        scores = np.zeros((len(texts), n_labels))
        for row, text in zip(scores, texts, strict=True):
            names, chances = model.predict(_tokens(text), k=-1)
            row[[int(name.removeprefix("__label__")) for name in names]] = chances
        return scores

    return Trained(score, lambda works: score(list(map(body, works))))


def vw(corpus: Corpus, folder: Path) -> Trained:
    import numpy as np
    from vowpalwabbit import Workspace

    examples, model = folder / "vw.txt", folder / "vw.model"
    with examples.open("w", encoding="utf-8") as lines:
        for each, truth in zip(corpus.train, corpus.truth, strict=True):
            lines.write(f"{','.join(map(str, np.flatnonzero(truth == 1)))} | {_tokens(body(each))}\n")
    Workspace(
        f"--multilabel_oaa {len(corpus.labels)} --loss_function logistic -b 22 --passes 10 --holdout_off"
        f" -d {examples} --cache_file {examples}.cache -k -f {model} --quiet"
    ).finish()
    # Told to give chances, it never forgets earlier ones: only the last of them belong to the text just read.
    chances, suggests = Workspace(f"-t -i {model} --probabilities --quiet"), Workspace(f"-t -i {model} --quiet")

    def judge(works: Sequence[Any]) -> Any:
        return np.array([chances.predict(f" | {_tokens(body(each))}")[-len(corpus.labels) :] for each in works])

    return Trained(lambda texts: [suggests.predict(f" | {_tokens(text)}") for text in texts], judge)


SYSTEMS: dict[str, tuple[str, Callable[[Corpus, Path], Trained]]] = {
    "ours": ("tagger", ours),
    "sklearn": ("scikit-learn TfidfVectorizer(1,2)", sklearn),
    "sklearn-hash": ("scikit-learn HashingVectorizer(1,2)", sklearn_hash),
    "fasttext": ("fastText, one against all", fasttext),
    "vw": ("Vowpal Wabbit, one against all", vw),
}
BARS = {"sklearn": ("≥", 8.0), "fasttext": ("≥", 1.0), "vw": ("≥", 1.0)}


def answers(name: str, folder: Path, every: int) -> Iterator[dict[str, Any]]:
    """Train; tell how long that took and how good it is on the validation split; then score all passages when asked."""
    corpus = load_corpus(every)
    began = time.process_time()
    try:
        trained = SYSTEMS[name][1](corpus, folder)
    except ModuleNotFoundError as error:
        yield {"missing": error.name}
        return
    seconds = time.process_time() - began
    precision, _, n_labels = figures(trained.judge(corpus.validation), corpus.validation_truth)
    yield {"train_s": seconds, "precision": precision, "labels": n_labels}
    texts = json.loads((folder / "passages.json").read_text("utf-8"))
    size = sum(len(text.encode()) for text in texts)
    trained.score(texts[:500])  # tables and caches are warm from the first round on
    for _ in sys.stdin:
        began = time.process_time()
        trained.score(texts)
        yield {"rate": size / 1e6 / (time.process_time() - began)}
