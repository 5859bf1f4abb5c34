"""Where the files that come with tagger lie: inside an installed package, or in the repository of an editable one."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).parent / "shipped_files"
_REPOSITORY = Path(__file__).parents[2]


def labels_file() -> Path:
    """The path of the default label set."""
    return _first(_INSTALLED / "labels.toml", _REPOSITORY / "data" / "labels.toml")


def synonyms_file() -> Path:
    """The path of what authors call the labels."""
    return _first(_INSTALLED / "synonyms.toml", _REPOSITORY / "data" / "synonyms.toml")


def default_bundle() -> Path:
    """The path of the model that ships with tagger."""
    return _first(_INSTALLED / "models" / "default", _REPOSITORY / "models" / "default")


def _first(installed: Path, repository: Path) -> Path:
    return installed if installed.exists() else repository
