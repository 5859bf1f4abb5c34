"""Recipe: every choice made in training, and the one home of each default.

A recipe file is TOML with the sections below; what it leaves out keeps its default, and a key that does not exist is
an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tagger.errors import RecipeError


class Features(NamedTuple):
    """`min_word` and `min_pair`: in how many passages a word stem or a pair must occur; `idf_power` above 1 favours
    rare words over common ones; `pair_weight` scales pairs against words; `max_words` (the commonest, as written) and
    `max_pairs` keep the bundle small;
    `neutral`: words that differ in gender alone (he, she; wife, husband) are one feature; `disguises`: so are k1ll
    and kill; `names`: names are features, and are else left out, since who is there does not say what happens.
    `vector_weight` is the length of a passage's sum of word vectors, where there are any, beside the length
    of 1 of its words.
    """

    min_word: int = 1
    min_pair: int = 2
    idf_power: float = 1.4
    pair_weight: float = 0.7
    max_words: int = 200_000
    max_pairs: int = 120_000
    vector_weight: float = 0.2
    neutral: bool = True
    disguises: bool = True
    names: bool = False


class Learner(NamedTuple):
    """`c`: the inverse of the regularisation strength; `witnesses`: the share of a long work's passages that is taken
    to carry its labels in the second round of multiple-instance training; `epochs`: how often a training that streams
    goes over its works; `min_positives`: a label with fewer positive works is left untrained.
    """

    c: float = 30.0
    witnesses: float = 0.25
    epochs: int = 4
    min_positives: int = 5


class Aggregation(NamedTuple):
    """`top`: how many passages speak for a warning at the least (0: learn it); `tag_share`: the share for a tag."""

    top: int = 0
    tag_share: float = 0.5


class Calibrating(NamedTuple):
    """`folds` of out-of-fold scoring; `composites`: how many works are composed of out-of-fold passages, so that long
    works are calibrated too when the training works are short; `max_passages` of the longest of them; `typical`: what
    stands before the "-" in the ids of the works, commas between, in which tags are as common as where they will be
    looked for: only these say how likely a tag is (all do, where none begins so); `doubted`: warnings, with commas
    between, that count for less in a work of one passage too when no other warning is likely; `company`: how many times
    as much as was learned it counts, in a longer work, that no other warning is likely. With more than 1 fewer clean
    works are warned of, and fewer of those that deserve one warning alone.
    """

    folds: int = 5
    composites: int = 3000
    max_passages: int = 60
    typical: str = ""
    doubted: str = ""
    company: float = 1.0


class Thresholding(NamedTuple):
    """Out of fold, 0..1: the precision that high-precision aims at, the least that balanced may have (`floor`), and the
    recall that high-recall aims at; `beta`: how many times as much the recall of warnings is worth to balanced as their
    precision; `shrink`: how many examples the threshold common to all labels is worth;
    `careful`: labels, with commas between, for which balanced aims at a precision too, that of high-precision or the
    one that stands behind the label ("racism 0.9, sexism").
    """

    precision: float = 0.75
    floor: float = 0.40
    recall: float = 0.80
    beta: float = 1.0
    shrink: float = 20.0
    careful: str = ""


class Recipe(NamedTuple):
    """All choices. `language` is a name for people: a work whose words the model does not know is told to be in
    another language than this.
    """

    name: str = "custom"
    version: str = "1"
    language: str = "English"
    seed: int = 0
    features: Features = Features()
    learner: Learner = Learner()
    aggregation: Aggregation = Aggregation()
    calibration: Calibrating = Calibrating()
    thresholds: Thresholding = Thresholding()


_SECTIONS = (Features, Learner, Aggregation, Calibrating, Thresholding)
_RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "min_word": (1, 10**6),
    "min_pair": (1, 10**6),
    "idf_power": (0, 10),
    "pair_weight": (0, 100),
    "max_words": (1, 10**7),
    "max_pairs": (0, 10**7),
    "vector_weight": (0, 100),
    "c": (1e-6, 1e6),
    "witnesses": (0.01, 1),
    "epochs": (1, 1000),
    "min_positives": (2, 10**6),
    "top": (0, 100),
    "tag_share": (0, 1),
    "folds": (2, 20),
    "composites": (0, 10**6),
    "max_passages": (2, 10**4),
    "precision": (0, 1),
    "floor": (0, 1),
    "recall": (0, 1),
    "beta": (0.1, 10),
    "company": (0, 100),
    "shrink": (0, 10**6),
}


def parse(text: str, name: str) -> Recipe:
    r"""Read a recipe from TOML; `name` is the file's, for messages.

    >>> parse("[learner]\nc = 3", "r.toml").learner.c
    3.0

    Raises RecipeError for broken TOML, an unknown key, a value of another type or out of range.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} is not valid TOML: {error}") from error
    found: Recipe = _fill(Recipe(), table, name, "")
    return found


def load(path: Path) -> Recipe:
    """Read a recipe file. Raises RecipeError."""
    try:
        return parse(path.read_text("utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {getattr(error, 'strerror', error)}") from error


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain JSON types, sections nested; `from_dict` reads it back."""
    return {key: each._asdict() if isinstance(each, _SECTIONS) else each for key, each in recipe._asdict().items()}


def from_dict(table: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from its plain form. Raises RecipeError like `parse`."""
    found: Recipe = _fill(Recipe(), table, name, "")
    return found


def _fill(defaults: Any, table: Mapping[str, Any], name: str, section: str) -> Any:
    """`defaults` with the values of `table`, section by section."""
    known = set(defaults._fields)
    values = {}
    for key, value in table.items():
        where = f"{section}{key}"
        if key not in known:
            raise RecipeError(f"{name}: there is no key {where!r}; the keys are {', '.join(sorted(known))}")
        values[key] = _value(getattr(defaults, key), value, name, where)
    return defaults._replace(**values)


def _value(default: Any, value: Any, name: str, where: str) -> Any:
    if isinstance(default, (str, int, float)):
        return _scalar(default, value, name, where)
    if not isinstance(value, Mapping):
        raise RecipeError(f"{name}: {where} is a section; write [{where}] and its keys below it")
    return _fill(default, value, name, f"{where}.")


def _scalar(default: str | int | float, value: Any, name: str, where: str) -> Any:
    wanted = type(default)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        kind = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[wanted]
        raise RecipeError(f"{name}: {where} must be {kind}, not {value!r}")
    if isinstance(value, (int, float)) and wanted is not bool:
        low, high = _RANGES[where.rpartition(".")[2]]
        if not low <= value <= high:
            raise RecipeError(f"{name}: {where} is {value:g}, but must lie between {low:g} and {high:g}")
    return value
