"""The model that ships: whole, small, of the committed data, and sensible on stories it never saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagger import bundles, labelled, recipe
from tagger.bundles import Bundle
from tagger.shipped import default_bundle
from tagger.tagging import tag
from tagger.training import digest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def model() -> Bundle:
    return bundles.load(default_bundle())


def test_it_knows_all_labels(model: Bundle) -> None:
    assert len(model.labels.warnings) == 28
    assert len(model.labels.tags) == 9
    assert model.supported.all()


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in default_bundle().iterdir()) < 25_000_000


def test_it_was_made_from_the_data_and_recipe_that_are_here(model: Bundle) -> None:
    data = ROOT / "data" / "stories"
    works = labelled.select(labelled.load(data), data, "train,validation")
    assert model.facts["data_sha256"] == digest(works)
    assert model.recipe == recipe.load(ROOT / "models" / "default.toml")


def test_no_two_words_share_a_hash(model: Bundle) -> None:
    assert model.facts["collisions"]["hashes"] == 0


def test_a_dark_scene_in_a_warm_story_is_found_where_it_is(model: Bundle) -> None:
    from tagger.readers import read_file

    (result,) = tag([read_file(ROOT / "examples" / "the-lighthouse-watch.txt")], model)
    suggested = {each["label"]: each for each in result["suggested"]}
    assert {"violence", "captivity"} <= suggested.keys()
    assert suggested["captivity"]["evidence"][0]["chapter"] == 2
    assert "sexual-content" not in suggested


def test_a_warm_story_full_of_warning_words_gets_no_warning(model: Bundle) -> None:
    from tagger.readers import read_file

    (result,) = tag([read_file(ROOT / "examples" / "two-sugars.md")], model)
    assert [each["label"] for each in result["suggested"] if each["kind"] == "warning"] == []
