"""Bundles on disk: what was saved comes back bit for bit, and anything else is refused in one line."""

import hashlib
import mmap
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from tagger import bundles, swapping
from tagger.bundles import FEATURE_NAMES, MANIFEST, MANIFEST_DIGEST, Bundle
from tagger.errors import BundleError, OutputError
from tagger.readers import read_text
from tagger.reading import read
from tagger.scoring import unpack
from tagger.tagging import tag
from tagger.works import LabelledWork

FILES = (
    *("word_keys.npy", "word_slots.npy", "word_columns.npy", "pair_keys.npy", "pair_slots.npy"),
    *("idf.npy", "weights.npy", FEATURE_NAMES),
)


@pytest.fixture
def model(bundle_path: Path, tmp_path: Path) -> Path:
    """A copy of the trained bundle, to be harmed."""
    return Path(shutil.copytree(bundle_path, tmp_path / "model"))


def refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        bundles.load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 3
    return message


def change_manifest(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = orjson.loads((path / MANIFEST).read_bytes())
    change(manifest)
    raw = orjson.dumps(manifest)
    (path / MANIFEST).write_bytes(raw)
    (path / MANIFEST_DIGEST).write_text(f"{hashlib.sha256(raw).hexdigest()}  {MANIFEST}\n")


def sign_again(path: Path) -> None:
    """Let the manifest vouch for the files as they are now."""

    def list_files(manifest: dict[str, Any]) -> None:
        for name in FILES:
            data = (path / name).read_bytes()
            manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    change_manifest(path, list_files)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_saved_bundle_scores_bit_for_bit_like_the_one_in_memory(
    bundle: Bundle, bundle_path: Path, corpus: list[LabelledWork]
) -> None:
    works = [each.work for each in corpus]
    loaded = bundles.load(bundle_path)
    np.testing.assert_array_equal(read(works, bundle).margins, read(works, loaded).margins)
    for ours, theirs in zip(tag(works, bundle), tag(works, loaded), strict=True):
        assert ours["scores"] == theirs["scores"]
        assert ours["suggested"] == theirs["suggested"]


def test_everything_that_describes_a_bundle_comes_back(bundle: Bundle, bundle_path: Path) -> None:
    loaded = bundles.load(bundle_path)
    assert (loaded.labels, loaded.recipe, loaded.names) == (bundle.labels, bundle.recipe, bundle.names)
    assert orjson.loads(orjson.dumps(bundle.facts)) == loaded.facts
    for name in ("supported", "thresholds", "precision"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(bundle, name))
    assert loaded.sha256 == hashlib.sha256((bundle_path / MANIFEST).read_bytes()).hexdigest()


def test_saving_what_was_loaded_writes_the_same_files(bundle_path: Path, tmp_path: Path) -> None:
    bundles.save(bundles.load(bundle_path), tmp_path / "again")
    assert content(tmp_path / "again") == content(bundle_path)


def test_arrays_are_mapped_and_read_only(bundle_path: Path) -> None:
    loaded = bundles.load(bundle_path)
    for array in (loaded.weights.matrix, loaded.vocabulary.words.slots, loaded.vocabulary.idf):
        assert not array.flags.writeable
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base, mmap.mmap)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_named(model: Path, name: str) -> None:
    (model / name).write_bytes((model / name).read_bytes()[:-1])
    assert f"{model / name} has " in refusal(model)
    (model / name).write_bytes(b"")
    assert f"{model / name} has 0 bytes" in refusal(model)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_one_altered_byte_anywhere_in_a_file_is_noticed(model: Path, name: str, where: float) -> None:
    data = bytearray((model / name).read_bytes())
    data[int(where * (len(data) - 1))] ^= 1
    (model / name).write_bytes(data)
    assert f"{model / name} was altered" in refusal(model)


def test_what_the_sum_cannot_tell_the_digest_does(model: Path) -> None:
    data = (model / "weights.npy").read_bytes()
    swapped = data[:128] + data[136:144] + data[128:136] + data[144:]
    assert swapped != data
    (model / "weights.npy").write_bytes(swapped)
    bundles.load(model)
    with pytest.raises(BundleError, match="was altered"):
        bundles.load(model, thorough=True)


def test_a_manifest_that_was_altered_and_still_reads_is_noticed(model: Path) -> None:
    text = (model / MANIFEST).read_text()
    (model / MANIFEST).write_text(
        text.replace('"top": 1', '"top": 2') if '"top": 1' in text else text.replace('"top": ', '"top": 1')
    )
    assert f"{model / MANIFEST} was altered" in refusal(model)


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_an_altered_digest_of_the_manifest_is_noticed(model: Path, where: float) -> None:
    data = bytearray((model / MANIFEST_DIGEST).read_bytes())
    data[int(where * (len(data) - 1))] ^= 1
    (model / MANIFEST_DIGEST).write_bytes(data)
    assert str(model / MANIFEST_DIGEST) in refusal(model)
    (model / MANIFEST_DIGEST).unlink()
    assert str(model / MANIFEST_DIGEST) in refusal(model)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    assert f"{model / name} is missing" in refusal(model)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_manifest_cut_short_is_named(model: Path, share: float) -> None:
    data = (model / MANIFEST).read_bytes()
    (model / MANIFEST).write_bytes(data[: int(share * len(data))])
    assert f"{model / MANIFEST} is cut short" in refusal(model)


@pytest.mark.parametrize("foreign", [b"[]", b'"tagger.bundle/1"', b"7", b'{"name": "an extension"}', b"\x80\x04K\x07."])
def test_a_manifest_of_something_else_is_refused(model: Path, foreign: bytes) -> None:
    (model / MANIFEST).write_bytes(foreign)
    assert f"{model / MANIFEST} is cut short or is not a manifest of tagger" in refusal(model)


def test_another_format_is_refused_by_its_name(model: Path) -> None:
    change_manifest(model, lambda manifest: manifest.update(format="tagger.bundle/9"))
    message = refusal(model)
    assert str(model) in message
    assert "'tagger.bundle/9'" in message
    assert "'tagger.bundle/3'" in message


def test_format_1_is_still_read(bundle: Bundle, model: Path) -> None:
    np.save(model / "weights.npy", unpack(bundle.weights).matrix)
    sign_again(model)

    def of_old(manifest: dict[str, Any]) -> None:
        manifest["format"] = "tagger.bundle/1"
        for label in manifest["per_label"].values():
            del label["step"], label["company"], label["doubt"], label["prior"]

    change_manifest(model, of_old)
    loaded = bundles.load(model)
    assert np.array_equal(loaded.weights.matrix, bundle.weights.matrix)
    np.testing.assert_allclose(loaded.weights.step, bundle.weights.step, rtol=1e-6)


def test_format_2_is_still_read_and_its_warnings_keep_no_company(bundle: Bundle, model: Path) -> None:
    def of_old(manifest: dict[str, Any]) -> None:
        manifest["format"] = "tagger.bundle/2"
        for label in manifest["per_label"].values():
            del label["company"], label["doubt"], label["prior"]

    change_manifest(model, of_old)
    loaded = bundles.load(model).calibration
    assert np.array_equal(loaded.slope, bundle.calibration.slope)
    assert not loaded.company.any()
    assert not loaded.doubt.any()


@pytest.mark.parametrize("key", ["files", "labels", "per_label", "recipe", "facts", "top", "n_stems", "least_known"])
def test_a_manifest_without_one_of_its_keys_is_refused(model: Path, key: str) -> None:
    change_manifest(model, lambda manifest: manifest.pop(key))
    assert str(model / MANIFEST) in refusal(model)


@pytest.mark.parametrize("listed", [None, [], {}, {"weights.npy": {}}])
def test_a_manifest_that_lists_no_files_is_refused(model: Path, listed: object) -> None:
    change_manifest(model, lambda manifest: manifest.update(files=listed))
    assert str(model / MANIFEST) in refusal(model)


def test_a_manifest_that_lists_files_in_another_form_is_refused(model: Path) -> None:
    change_manifest(model, lambda manifest: manifest.update(files=dict.fromkeys(manifest["files"], 7)))
    assert str(model / MANIFEST) in refusal(model)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("weights.npy", np.zeros((3, 2), np.float32)),
        ("weights.npy", np.zeros(3, np.float32)),
        ("idf.npy", np.zeros(3, np.float64)),
        ("word_slots.npy", np.zeros((2, 2), np.int32)),
    ],
)
def test_arrays_that_do_not_fit_are_refused_although_signed(model: Path, name: str, array: np.ndarray) -> None:
    np.save(model / name, array)
    sign_again(model)
    assert str(model) in refusal(model)


class _Evil:
    """Unpickled, it leaves a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("name", [each for each in FILES if each.endswith(".npy")])
@pytest.mark.parametrize("bare", [True, False])
def test_loading_never_runs_code(model: Path, tmp_path: Path, name: str, bare: bool) -> None:
    trace = tmp_path / "trace"
    evil = np.array([_Evil(trace)], object)
    if bare:
        (model / name).write_bytes(pickle.dumps(evil))
    else:
        np.save(model / name, evil, allow_pickle=True)
    sign_again(model)
    assert str(model) in refusal(model)
    assert not trace.exists()
    pickle.loads(pickle.dumps(evil))
    assert trace.exists()


def test_what_is_no_bundle_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"weights")
    (tmp_path / "photos").mkdir()
    for path in (tmp_path / "nowhere", tmp_path / "photos", file):
        assert str(path) in refusal(path)
    assert "does not exist; name another, or make one with `tagger train`" in refusal(tmp_path / "nowhere")
    assert "holds no manifest.json" in refusal(tmp_path / "photos")


def test_saving_over_a_bundle_replaces_it_whole_and_keeps_its_card(bundle: Bundle, model: Path) -> None:
    (model / "README.md").write_text("The card.")
    (model / "leftover.npy").write_bytes(b"old")
    other = replace(bundle, recipe=bundle.recipe._replace(name="other"))
    bundles.save(other, model)
    assert bundles.load(model).recipe.name == "other"
    assert {file.name for file in model.iterdir()} == {*FILES, MANIFEST, MANIFEST_DIGEST, "README.md"}
    assert (model / "README.md").read_text() == "The card."
    assert [file.name for file in model.parent.iterdir()] == ["model"]


def test_saving_makes_the_folders_above(bundle: Bundle, tmp_path: Path) -> None:
    bundles.save(bundle, tmp_path / "a" / "b" / "model")
    assert bundles.load(tmp_path / "a" / "b" / "model").names == bundle.names


def test_a_place_not_to_be_written_to_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    for path in (tmp_path / "model", tmp_path / "deep" / "er" / "model"):
        with pytest.raises(OutputError, match=f"{tmp_path} is not to be written to; choose another place"):
            bundles.check_place(path)


def test_saving_over_anything_else_is_refused_and_leaves_it_alone(bundle: Bundle, tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "draft.txt").write_text("years of work")
    for path in (thesis, thesis / "draft.txt"):
        with pytest.raises(OutputError, match="is not a model of tagger; choose another place with -o"):
            bundles.save(bundle, path)
    assert (thesis / "draft.txt").read_text() == "years of work"
    assert [file.name for file in tmp_path.iterdir()] == ["thesis"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("moment", ["np.save", "_digest", "_put"])
def test_a_saving_that_breaks_off_leaves_what_was_there(
    bundle: Bundle, model: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, moment: str
) -> None:
    before = content(model)
    calls = iter([None, None, None, failure] if moment != "_put" else [failure])
    target, name = (bundles.np, "save") if moment == "np.save" else (bundles, moment)
    real = getattr(target, name)

    def breaks_off(*args: Any, **kwargs: Any) -> Any:
        if problem := next(calls):
            raise problem
        return real(*args, **kwargs)

    monkeypatch.setattr(target, name, breaks_off)
    for path in (model, model.with_name("new")):
        with pytest.raises((KeyboardInterrupt, OutputError)) as caught:
            bundles.save(bundle, path)
        if isinstance(caught.value, OutputError):
            assert str(caught.value) == f"cannot write the model to {path}: No space left on device"
        assert content(model) == before
        assert [file.name for file in model.parent.iterdir()] == ["model"]
        calls = iter([failure])


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_the_old_bundle_steps_back_when_the_new_one_cannot_take_its_place(
    bundle: Bundle, model: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    monkeypatch.setattr(swapping.sys, "platform", "darwin")  # Linux swaps in one step
    before, real = content(model), Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.suffix == ".unfinished":
            raise failure
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        bundles.save(bundle, model)
    assert content(model) == before
    assert [file.name for file in model.parent.iterdir()] == ["model"]


def test_a_loaded_bundle_outlives_its_replacement(bundle: Bundle, model: Path) -> None:
    work = read_text(("They fought with knives and there was blood. " * 10).encode(), "fight")
    loaded = bundles.load(model)
    before = tag([work], loaded)[0]["scores"]
    bundles.save(replace(bundle, weights=bundle.weights._replace(matrix=-bundle.weights.matrix)), model)
    assert tag([work], loaded)[0]["scores"] == before
    assert tag([work], bundles.load(model))[0]["scores"] != before
