import runpy
import shutil
from pathlib import Path

import pytest

from tagger import labels, shipped

REPOSITORY = Path(__file__).parents[1]


def test_an_editable_install_takes_its_files_from_the_repository() -> None:
    assert shipped.labels_file() == REPOSITORY / "data" / "labels.toml"
    assert shipped.synonyms_file() == REPOSITORY / "data" / "synonyms.toml"
    assert shipped.default_bundle() == REPOSITORY / "models" / "default"


def test_the_shipped_label_set_is_28_warnings_and_9_tags() -> None:
    ours = labels.load(shipped.labels_file())
    assert (len(ours.warnings), len(ours.tags)) == (28, 9)


@pytest.mark.parametrize(
    ("function", "inside"),
    [
        ("labels_file", "labels.toml"),
        ("synonyms_file", "synonyms.toml"),
        ("default_bundle", "models/default/manifest.json"),
    ],
)
def test_an_installed_package_takes_the_files_it_carries(tmp_path: Path, function: str, inside: str) -> None:
    module = shutil.copy(shipped.__file__, tmp_path)
    carried = tmp_path / "shipped_files" / inside
    carried.parent.mkdir(parents=True)
    carried.touch()
    found = runpy.run_path(str(module))[function]()
    assert found in (carried, carried.parent)
