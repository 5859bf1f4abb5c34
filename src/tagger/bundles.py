"""Save, load, verify and describe a trained model on disk.

A bundle is a folder: `manifest.json` and plain NumPy arrays, memory-mapped, which load without running any code.

FORMAT is "tagger.bundle/3": warnings keep company (calibration.py). Format 2, in which they do not, and format 1, whose
weights are floating-point numbers in place of whole ones of 16 bits, are still read; any other number is refused. What
only adds keys to the manifest keeps the number; what changes the meaning of a key or an array, or how words are hashed,
raises it, and the reader of the old one stays in this file for as long as a test reads that format.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
import orjson

from tagger import __version__
from tagger import recipe as recipes
from tagger.aggregation import Rule
from tagger.arrays import NDArray
from tagger.calibration import PRESETS, Calibration
from tagger.errors import BundleError, OutputError, UnusableError
from tagger.features import Table, Vocabulary
from tagger.labels import LabelSet
from tagger.results import ModelFacts
from tagger.scoring import Packed, Weights, pack
from tagger.swapping import exchange

FORMAT = "tagger.bundle/3"
FORMAT_2 = "tagger.bundle/2"
FORMAT_1 = "tagger.bundle/1"
MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
FEATURE_NAMES = "features.txt"

# Each array's file, type and number of dimensions.
_ARRAYS: dict[str, tuple[str, int]] = {
    "word_keys": ("<u8", 1),
    "word_slots": ("<i4", 1),
    "word_columns": ("<i4", 1),
    "pair_keys": ("<u8", 1),
    "pair_slots": ("<i4", 1),
    "idf": ("<f4", 1),
    "weights": ("<i2", 2),
}


class Names(Sequence[str]):
    """The names of a bundle's features, each read where it is asked for: a prediction shows a few of many thousands."""

    def __init__(self, lines: bytes) -> None:
        """`lines` ends in a line feed, as each name does."""
        self._lines = lines
        self._ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
        self._shown: dict[int, str] = {}

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        name = self._shown.get(place)
        if name is None:
            at = range(len(self))[place]
            start = int(self._ends[at - 1]) + 1 if at else 0
            name = self._shown[place] = self._lines[start : int(self._ends[at])].decode()
        return name

    def __len__(self) -> int:
        return len(self._ends)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(self._lines)


@dataclass(frozen=True)
class Bundle:
    """A trained model.

    `labels` are those it was trained for, the columns of all its per-label arrays; `supported`, bool[labels], says
    which of them it learned. `names` are its features as people read them. `thresholds` and `precision`, float64[3,
    labels] by preset: from which score on a label is suggested, and the share of those that were right out of
    fold (NaN: none were made); `prevalence`, float64[labels], the share of works that its scores take to have each
    label (NaN: not recorded). `least_known` is the share of a work's words, 0..1, that it must know to speak; `facts`
    describes its training.
    """

    labels: LabelSet
    supported: NDArray[np.bool_]
    vocabulary: Vocabulary
    weights: Packed
    names: Sequence[str]
    rule: Rule
    calibration: Calibration
    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    prevalence: NDArray[np.float64]
    least_known: float
    recipe: recipes.Recipe
    facts: Mapping[str, Any]
    sha256: str = ""

    @property
    def model(self) -> ModelFacts:
        """What a result says of the model."""
        return {"name": self.recipe.name, "version": self.recipe.version, "sha256": self.sha256}


def save(bundle: Bundle, path: Path, keep: Path | None = None) -> None:
    """Write a bundle where none is, or in place of one, which is then found at `keep`; whole or not at all.

    Raises OutputError when it cannot be written, or when one of the places holds something that is no bundle.
    """
    check_place(path)
    if keep:
        check_place(keep)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir()
        _write(bundle, unfinished)
        # A model card beside the arrays is a person's work and outlives a new training.
        for kept in path.glob("*.md") if path.exists() else ():
            shutil.copy2(kept, unfinished / kept.name)
        _put(unfinished, path, keep)
    except OSError as error:
        raise OutputError(f"cannot write the model to {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_place(path: Path) -> None:
    """Raise OutputError where a bundle must not be written.

    It may replace a bundle, and a folder with nothing in it but a model card; anything else is somebody's.
    """
    above = next(each for each in path.absolute().parents if each.exists())
    if not os.access(above, os.W_OK):
        raise OutputError(f"cannot write the model to {path}: {above} is not to be written to; choose another place")
    if not path.exists() or (path / MANIFEST).is_file():
        return
    if not path.is_dir() or any(each.suffix != ".md" for each in path.iterdir()):
        raise OutputError(f"{path} exists and is not a model of tagger; choose another place with -o")


def _put(new: Path, path: Path, keep: Path | None) -> None:
    """Put `new` at `path`, and what was there at `keep`; what nobody keeps is at `new` then."""
    for place in filter(None, (path, keep)):
        if not place.exists():
            new.rename(place)
            return
        exchange(new, place)


class Stamp(NamedTuple):
    """What tells a manifest from another at the same path, without reading it."""

    inode: int
    modified_ns: int
    size: int


def stamp(path: Path) -> Stamp | None:
    """The stamp of a bundle, None where there is none."""
    try:
        stat = (path / MANIFEST).stat()
    except OSError:
        return None
    return Stamp(stat.st_ino, stat.st_mtime_ns, stat.st_size)


def _write(bundle: Bundle, folder: Path) -> None:
    for name, array in _arrays_of(bundle).items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array, _ARRAYS[name][0]), allow_pickle=False)
    (folder / FEATURE_NAMES).write_text("".join(f"{name}\n" for name in bundle.names), "utf-8", newline="\n")
    manifest = _manifest(bundle)
    manifest["files"] = {
        file.name: {"bytes": file.stat().st_size, "sum": _sum(file), "sha256": _digest(file)}
        for file in sorted(folder.iterdir())
    }
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    (folder / MANIFEST).write_bytes(text + b"\n")
    # As `sha256sum --check` reads it.
    (folder / MANIFEST_DIGEST).write_text(f"{_digest(folder / MANIFEST)}  {MANIFEST}\n", "utf-8")


def _arrays_of(bundle: Bundle) -> dict[str, NDArray[Any]]:
    vocabulary = bundle.vocabulary
    return {
        "word_keys": vocabulary.words.keys,
        "word_slots": vocabulary.words.slots,
        "word_columns": vocabulary.columns,
        "pair_keys": vocabulary.pairs.keys,
        "pair_slots": vocabulary.pairs.slots,
        "idf": vocabulary.idf,
        "weights": bundle.weights.matrix,
    }


def _manifest(bundle: Bundle) -> dict[str, Any]:
    per_label = {
        label.id: {
            "supported": bool(bundle.supported[i]),
            "bias": float(bundle.weights.bias[i]),
            "step": float(bundle.weights.step[i]),
            "share": float(bundle.rule.share[i]),
            **{name: float(column[i]) for name, column in bundle.calibration._asdict().items()},
            "thresholds": dict(zip(PRESETS, bundle.thresholds[:, i].tolist(), strict=True)),
            "precision": dict(zip(PRESETS, _or_none(bundle.precision[:, i]), strict=True)),
            "prevalence": _or_none(bundle.prevalence)[i],
        }
        for i, label in enumerate(bundle.labels)
    }
    return {
        "format": FORMAT,
        "recipe": recipes.to_dict(bundle.recipe),
        "facts": dict(bundle.facts),
        "n_stems": bundle.vocabulary.n_stems,
        "top": bundle.rule.top,
        "least_known": bundle.least_known,
        "labels": bundle.labels.to_dicts(),
        "per_label": per_label,
    }


def _or_none(values: NDArray[np.float64]) -> list[float | None]:
    """JSON has no NaN."""
    return [None if np.isnan(value) else value for value in values.tolist()]


def load(path: Path, *, thorough: bool = False) -> Bundle:
    """Read a bundle, every file checked against its size and its sum, or its digest when that is asked for; arrays are
    mapped, not read.

    Raises BundleError, one line that says which file is wrong and how.
    """
    raw = _read_manifest_bytes(path)
    manifest = _parse_manifest(raw, path)
    _check_files(manifest, path, thorough=thorough)
    sha256 = hashlib.sha256(raw).hexdigest()
    if _recorded_digest(path) != f"{sha256}  {MANIFEST}\n":
        raise BundleError(f"{path / MANIFEST} was altered after training: {path / MANIFEST_DIGEST} says otherwise")
    try:
        return _assemble(manifest, path, sha256)
    except (KeyError, TypeError, ValueError, AttributeError, UnusableError) as error:
        raise BundleError(f"{path / MANIFEST} is not what tagger wrote: {error!r}; train the model again") from error


def _read_manifest_bytes(path: Path) -> bytes:
    try:
        return (path / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        what = "holds no manifest.json, so it is not a model of tagger" if path.exists() else "does not exist"
        raise BundleError(f"the model {path} {what}; name another, or make one with `tagger train`") from error
    except OSError as error:
        raise BundleError(f"cannot read the model {path}: {error.strerror}") from error


def _parse_manifest(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        manifest = orjson.loads(raw)
        found = manifest["format"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BundleError(f"{path / MANIFEST} is cut short or is not a manifest of tagger") from error
    if found not in (FORMAT, FORMAT_2, FORMAT_1):
        raise BundleError(f"{path} has the format {found!r}, and this tagger reads {FORMAT!r}; upgrade or retrain")
    return dict(manifest)


def _check_files(manifest: Mapping[str, Any], path: Path, *, thorough: bool) -> None:
    files = manifest.get("files")
    expected = {f"{name}.npy" for name in _ARRAYS} | {FEATURE_NAMES}
    if not isinstance(files, dict) or not all(_is_entry(files.get(name)) for name in expected):
        raise BundleError(f"{path / MANIFEST} does not list the files of a model; train the model again")
    for name in sorted(expected):
        file, entry = path / name, files[name]
        try:
            size = file.stat().st_size
            if size != entry["bytes"]:
                raise BundleError(f"{file} has {size} bytes instead of {entry['bytes']}: it is cut short or altered")
            by_digest = thorough or "sum" not in entry  # manifests had no sums at first
            if not (_digest(file) == entry["sha256"] if by_digest else _sum(file) == entry["sum"]):
                raise BundleError(
                    f"{file} was altered after training: the manifest says otherwise; copy the model again, or train it"
                )
        except FileNotFoundError as error:
            raise BundleError(f"{file} is missing from the model") from error
        except OSError as error:
            raise BundleError(f"cannot read {file}: {error.strerror}") from error


def _recorded_digest(path: Path) -> str:
    try:
        return (path / MANIFEST_DIGEST).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path / MANIFEST_DIGEST} is missing from the model or cannot be read") from error


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("bytes"), int) and isinstance(entry.get("sha256"), str)


def _sum(file: Path) -> int:
    """The sum of a file's bytes taken as whole numbers of 64 bits, modulo 2^64: damage shows in it, in a tenth of the
    time of a digest, which is what a start can spare.
    """
    data = np.memmap(file, np.uint8, "r") if file.stat().st_size else np.zeros(0, np.uint8)
    whole = len(data) // 8 * 8
    words = int(np.add.reduce(data[:whole].view("<u8"), dtype=np.uint64))
    return (words + int.from_bytes(data[whole:].tobytes(), "little")) % (1 << 64)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _assemble(manifest: Mapping[str, Any], path: Path, sha256: str) -> Bundle:
    old = manifest["format"] == FORMAT_1
    types = _ARRAYS | ({"weights": ("<f4", 2)} if old else {})
    arrays = {name: _map(path / f"{name}.npy", *types[name]) for name in types}
    labels = LabelSet.from_dicts(manifest["labels"])
    rows = [manifest["per_label"][name] for name in labels.ids]
    if manifest["format"] != FORMAT:
        rows = [{"company": 0.0, "doubt": 0.0, "prior": 0.0, **row} for row in rows]

    def column(key: str) -> NDArray[np.float64]:
        return np.array([row[key] for row in rows], np.float64)

    def by_preset(key: str) -> NDArray[np.float64]:
        return np.array([[row[key][name] for row in rows] for name in PRESETS], np.float64)

    vocabulary = Vocabulary(
        words=Table(arrays["word_keys"], arrays["word_slots"]),
        columns=arrays["word_columns"],
        pairs=Table(arrays["pair_keys"], arrays["pair_slots"]),
        idf=arrays["idf"],
        n_stems=int(manifest["n_stems"]),
    )
    matrix, bias = arrays["weights"], column("bias").astype(np.float32)
    if matrix.shape != (len(vocabulary.idf), len(labels)):
        raise ValueError("the weights do not fit the features and labels")
    return Bundle(
        labels=labels,
        supported=np.array([row["supported"] for row in rows], bool),
        vocabulary=vocabulary,
        weights=pack(Weights(matrix, bias)) if old else Packed(matrix, column("step"), bias),
        names=Names((path / FEATURE_NAMES).read_bytes()),
        rule=Rule(int(manifest["top"]), column("share")),
        calibration=Calibration(*map(column, Calibration._fields)),
        thresholds=by_preset("thresholds"),
        precision=by_preset("precision"),
        prevalence=np.array([row.get("prevalence") for row in rows], np.float64),
        least_known=float(manifest["least_known"]),
        recipe=recipes.from_dict(manifest["recipe"], str(path / MANIFEST)),
        facts=manifest["facts"],
        sha256=sha256,
    )


def _map(file: Path, kind: str, dimensions: int) -> NDArray[Any]:
    """A read-only view of an array's file; an empty array cannot be mapped and is read."""
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except ValueError:
        array = np.load(file, allow_pickle=False)
    if array.dtype != np.dtype(kind) or array.ndim != dimensions:
        raise ValueError(f"{file.name} holds {array.dtype} in {array.ndim} dimensions")
    return np.asarray(array)


def library_versions() -> dict[str, str]:
    """The versions of what training ran on."""
    from importlib.metadata import version

    python = ".".join(map(str, sys.version_info[:3]))
    libraries = {name: version(name) for name in ("numpy", "scikit-learn", "joblib", "nltk")}
    return {"python": python, "tagger": __version__, **libraries}
