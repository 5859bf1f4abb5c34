"""The peers that are Python libraries: each learns from a file of labelled works, and scores texts afterwards.

`train(data, model)` reads JSON Lines with "text" and "labels" and writes the model to the folder `model`;
`load(model)` returns how texts are scored. How the settings were chosen: docs/benchmarks.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SEED = 0
LABELS = "labels.json"


class Scorer(NamedTuple):
    """`suggest` is the fastest way to tell the labels of texts, which is what is timed; `score` ranks them too:
    float[texts, labels].
    """

    suggest: Callable[[Sequence[str]], Any]
    score: Callable[[Sequence[str]], Any]


class Peer(NamedTuple):
    """A library that learns and scores."""

    train: Callable[[Path, Path], None]
    load: Callable[[Path], Scorer]


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The works of a file, one at a time, by a fast reader: what is compared is not how JSON is parsed."""
    import orjson

    with path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def label_names(model: Path) -> list[str]:
    """The labels of a trained model, in the order of its scores."""
    names: list[str] = json.loads((model / LABELS).read_text("utf-8"))
    return names


def _note_labels(data: Path, model: Path) -> dict[str, int]:
    names = sorted({label for each in records(data) for label in each["labels"]})
    (model / LABELS).write_text(json.dumps(names), "utf-8")
    return {name: number for number, name in enumerate(names)}


# ---- scikit-learn -------------------------------------------------------------------------------------------------


def _tfidf() -> Any:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)


def _hashing() -> Any:
    import numpy as np
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    words = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18, alternate_sign=False, norm=None, dtype=np.float32)
    return make_pipeline(words, TfidfTransformer(sublinear_tf=True))


def _train_linear(make: Callable[[], Any]) -> Callable[[Path, Path], None]:
    def train(data: Path, model: Path) -> None:
        import joblib
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        number = _note_labels(data, model)
        vectorizer = make()
        values = vectorizer.fit_transform(each["text"] for each in records(data))
        truth = np.zeros((values.shape[0], len(number)), bool)
        for row, each in zip(truth, records(data), strict=True):
            row[[number[label] for label in each["labels"]]] = True
        matrix, bias = np.zeros((values.shape[1], len(number)), np.float32), np.zeros(len(number), np.float32)
        for label, present in enumerate(truth.T):
            if present.any() and not present.all():
                fitted = LogisticRegression(C=10, solver="liblinear", class_weight="balanced", random_state=SEED)
                fitted.fit(values, present)
                matrix[:, label], bias[label] = fitted.coef_[0], fitted.intercept_[0]
        joblib.dump((vectorizer, matrix, bias), model / "model.joblib")

    return train


def _load_linear(model: Path) -> Scorer:
    """All labels in one product, which is the fastest that scikit-learn's parts allow."""
    import joblib

    vectorizer, matrix, bias = joblib.load(model / "model.joblib")

    def score(texts: Sequence[str]) -> Any:
        return vectorizer.transform(texts) @ matrix + bias

    return Scorer(score, score)


# ---- The programs in C++ ------------------------------------------------------------------------------------------

_NO_WORD = str.maketrans(dict.fromkeys('.,;:!?"()[]{}|-–—…“”‘*_/\\\n\r\t', " "))


def _tokens(text: str) -> str:
    """Both split at white space and leave the rest to whoever calls them; this is the fastest way found in Python."""
    return text.lower().translate(_NO_WORD)


def _train_fasttext(data: Path, model: Path) -> None:
    number, works = _note_labels(data, model), 0
    examples = model / "examples.txt"
    with examples.open("w", encoding="utf-8") as lines:
        for each in records(data):
            works += 1
            names = " ".join(f"__label__{number[label]}" for label in each["labels"])
            lines.write(f"{names} {_tokens(each['text'])}\n")
    _fit_fasttext(examples, _epochs(works)).save_model(str(model / "model.bin"))
    examples.unlink()


def _fit_fasttext(examples: Path, epochs: int) -> Any:
    """It fails to converge now and then, at random: then again with half the rate."""
    import fasttext

    options = {"loss": "ova", "dim": 50, "thread": 1, "verbose": 0, "seed": SEED, "epoch": epochs}
    for rate in (0.5, 0.25, 0.12):
        try:
            return fasttext.train_supervised(str(examples), lr=rate, **options)
        except RuntimeError as error:
            failure = error
    raise failure


def _epochs(works: int) -> int:
    """A hundred for a thousand works, and fewer the more there are, down to fastText's own five."""
    return max(5, min(100, 100_000 // works))


def _load_fasttext(model: Path) -> Scorer:
    import fasttext
    import numpy as np

    n_labels = len(label_names(model))
    loaded = fasttext.load_model(str(model / "model.bin"))

    def score(texts: Sequence[str]) -> Any:
        scores = np.zeros((len(texts), n_labels))
        for row, text in zip(scores, texts, strict=True):
            names, chances = loaded.predict(_tokens(text), k=-1)
            row[[int(name.removeprefix("__label__")) for name in names]] = chances
        return scores

    return Scorer(score, score)


def _train_vw(data: Path, model: Path) -> None:
    from vowpalwabbit import Workspace

    number = _note_labels(data, model)
    examples = model / "examples.txt"
    with examples.open("w", encoding="utf-8") as lines:
        for each in records(data):
            names = ",".join(str(number[label]) for label in each["labels"])
            lines.write(f"{names} | {_tokens(each['text'])}\n")
    Workspace(
        f"--multilabel_oaa {len(number)} --loss_function logistic -b 22 -l 1 --l1 1e-6 --passes 10 --holdout_off"
        f" -d {examples} --cache_file {examples}.cache -k -f {model / 'model.vw'} --quiet"
    ).finish()
    examples.unlink()
    examples.with_name("examples.txt.cache").unlink(missing_ok=True)


def _load_vw(model: Path) -> Scorer:
    """It names labels faster than it scores them."""
    import numpy as np
    from vowpalwabbit import Workspace

    n_labels, path = len(label_names(model)), model / "model.vw"
    suggests = Workspace(f"-t -i {path} --quiet")

    def suggest(texts: Sequence[str]) -> Any:
        return [suggests.predict(f" | {_tokens(text)}") for text in texts]

    def score(texts: Sequence[str]) -> Any:
        # Told to give chances, it never forgets earlier ones: only the last of them belong to the text just read.
        chances = Workspace(f"-t -i {path} --probabilities --quiet")
        return np.array([chances.predict(f" | {_tokens(text)}")[-n_labels:] for text in texts])

    return Scorer(suggest, score)


PEERS = {
    "sklearn": Peer(_train_linear(_tfidf), _load_linear),
    "sklearn-hash": Peer(_train_linear(_hashing), _load_linear),
    "fasttext": Peer(_train_fasttext, _load_fasttext),
    "vw": Peer(_train_vw, _load_vw),
}
