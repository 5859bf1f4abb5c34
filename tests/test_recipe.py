from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import RecipeError
from tagger.recipe import (
    Aggregation,
    Calibrating,
    Features,
    Learner,
    Recipe,
    Thresholding,
    from_dict,
    load,
    parse,
    to_dict,
)

SHARES = st.floats(0, 1)


def some(kind: Any, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Sections with such values; others keep their defaults."""
    return st.fixed_dictionaries(values).map(lambda found: kind(**found))


RECIPES = some(
    Recipe,
    name=st.text(),
    version=st.text(),
    language=st.text(),
    seed=st.integers(0, 2**31 - 1),
    features=some(Features, min_word=st.integers(1, 9), idf_power=st.floats(0, 10), max_pairs=st.integers(0, 10)),
    learner=some(Learner, c=st.floats(1e-6, 1e6), witnesses=st.floats(0.01, 1), min_positives=st.integers(2, 9)),
    aggregation=some(Aggregation, top=st.integers(0, 100), tag_share=SHARES),
    calibration=some(Calibrating, folds=st.integers(2, 20), max_passages=st.integers(2, 99)),
    thresholds=some(Thresholding, precision=SHARES, floor=SHARES, recall=SHARES),
)


def leaves(section: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a recipe with the keys that lead to it."""
    for name, value in section._asdict().items():
        if isinstance(value, tuple):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


NUMBERS = [path for path, value in leaves(Recipe()) if type(value) in (int, float)]


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A recipe's plain form that sets one key."""
    for key in reversed(path):
        value = {key: value}
    return value


def test_what_a_recipe_leaves_out_keeps_its_default() -> None:
    assert parse("", "r.toml") == Recipe()
    assert parse('name = "ours"\n[learner]\nc = 2.5', "r.toml") == Recipe(name="ours", learner=Learner(c=2.5))


@given(RECIPES)
def test_a_recipe_comes_back_from_its_plain_form_and_from_json(recipe: Recipe) -> None:
    assert from_dict(to_dict(recipe), "manifest.json") == recipe
    assert from_dict(orjson.loads(orjson.dumps(to_dict(recipe))), "manifest.json") == recipe


@pytest.mark.parametrize("path", NUMBERS, ids=".".join)
def test_every_number_has_a_range_and_its_default_lies_in_it(path: tuple[str, ...]) -> None:
    assert from_dict(to_dict(Recipe()), "r") == Recipe()
    default = dict(leaves(Recipe()))[path]
    for value in (-(10**10), 10**10):
        with pytest.raises(RecipeError) as error:
            from_dict(nested(path, type(default)(value)), "r.toml")
        assert str(error.value).startswith(f"r.toml: {'.'.join(path)} is {value:g}, but must lie between ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds = 1", "there is no key 'seeds'; the keys are aggregation, "),
        ("[learner]\nC = 1", "there is no key 'learner.C'; the keys are c, epochs, min_positives, witnesses"),
        ("[screening]", "there is no key 'screening'"),
        ('seed = "1"', "seed must be a whole number, not '1'"),
        ("seed = 1.0", "seed must be a whole number, not 1.0"),
        ("seed = true", "seed must be a whole number, not True"),
        ("[seed]", "seed must be a whole number, not {}"),
        ("name = 3", "name must be a text, not 3"),
        ('[learner]\nc = "3"', "learner.c must be a number, not '3'"),
        ("[learner]\nc = true", "learner.c must be a number, not True"),
        ("[learner]\nc = nan", "learner.c is nan, but must lie between"),
        ("[learner]\nc = inf", "learner.c is inf, but must lie between"),
        ("learner = 3", "learner is a section; write [learner] and its keys below it"),
        ("[thresholds]\nrecall = 1.01", "thresholds.recall is 1.01, but must lie between 0 and 1"),
        ("[calibration]\nfolds = 1", "calibration.folds is 1, but must lie between 2 and 20"),
    ],
)
def test_a_wrong_value_is_one_error_that_names_file_and_key(text: str, said: str) -> None:
    with pytest.raises(RecipeError) as error:
        parse(text, "r.toml")
    assert str(error.value).startswith(f"r.toml: {said}")
    assert "\n" not in str(error.value)


def test_a_whole_number_will_do_where_a_number_is_wanted() -> None:
    c = parse("[learner]\nc = 3", "r.toml").learner.c
    assert (c, type(c)) == (3.0, float)


def test_broken_toml_is_told_with_its_file_and_line() -> None:
    with pytest.raises(RecipeError, match=r"^r\.toml is not valid TOML: .*line 2"):
        parse("seed = 1\nlearner]", "r.toml")


def test_a_file_is_read_as_its_text_is(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text('name = "Île"', "utf-8")
    assert load(file) == Recipe(name="Île")


@pytest.mark.parametrize("data", [None, b"name = '\xff'"], ids=["missing", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, data: bytes | None) -> None:
    file = tmp_path / "ours.toml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(RecipeError) as error:
        load(file)
    assert str(error.value).startswith(f"cannot read the recipe {file}: ")
