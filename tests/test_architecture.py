"""The tree is the flow: a module imports only what stands before it, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tagger"

# Things, steps, jobs, doors, in the order in which they may know of each other. A folder is one entry.
ORDER = [
    *("errors", "swapping", "shipped", "arrays", "labels", "works", "recipe", "results"),
    *(
        "readers",
        "segmentation",
        "scenes",
        "labelled",
        "features",
        "structure",
        "native",
        "spellings",
        "tallies",
        "vocabulary",
        "scoring",
        "aggregation",
    ),
    *("calibration", "vectors", "policy"),
    *("ratings", "freeform", "declarations", "checking"),
    *("form", "fields", "policies", "facts", "decisions"),
    *(
        "reliability",
        "metrics",
        *("recorded", "comparing", "flips", "drift"),
        "bundles",
        "adapting",
        "reports",
        "processes",
        "cluster",
        "parallel",
        "reading",
        "tagging",
        "learning",
        "export",
        "composites",
        "judging",
        "training",
        "shards",
        "streaming",
        "evaluation",
        *("updating", "retraining"),
        "predicting",
        "partitions",
        *("scorecache", "screening", "cases", "watching"),
        *("queues", "feedback"),
        "cli",
    ),
]
# Which modules may import which library at all.
ONLY_IN = {
    "ftfy": {"readers"},
    "pyarrow": {"readers"},
    "zstandard": {"readers"},
    "tagger_kernel": {"native"},
    "typer": {"cli"},
    "rich": {"cli"},
    "joblib": {"export"},
    "multiprocessing": {"processes"},
    "concurrent": {"processes"},
    "distributed": {"cluster"},
    "dask": {"cluster"},
    "nltk": {"vocabulary"},
    "sklearn": {"learning", "training", "streaming", "export"},
    "scipy": {"learning", "training", "streaming", "export", "updating"},
    "threadpoolctl": {"learning", "streaming", "updating"},
    "sqlalchemy": {"queues"},
}
HEAVY = {"ftfy", "pyarrow", "zstandard", "rich", "joblib", "nltk", "sklearn", "scipy", "threadpoolctl"}
MODULES = sorted(SOURCE.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int]]:
    """Every imported module with the column of its import: 0 is the top level of the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(name.name, node.col_offset) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "tagger":
            found += [(f"tagger.{name.name}", node.col_offset) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, node.col_offset))
    return found


def test_every_module_has_its_place_in_the_order() -> None:
    assert {place(path) for path in MODULES} - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_what_stands_before_it(path: Path) -> None:
    if place(path) in {"__init__", "__main__"}:
        return
    own = ORDER.index(place(path))
    for name, _ in imports(path):
        parts = name.split(".")
        if parts[0] == "tagger" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) <= own, f"{path.name} imports {name}, which stands after it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_libraries_stay_where_they_belong(path: Path) -> None:
    for name, column in imports(path):
        library = name.split(".")[0]
        if library in ONLY_IN:
            assert place(path) in ONLY_IN[library], f"{path.name} imports {library}"
        assert not (library in HEAVY and column == 0), f"{path.name} imports {library} when it is loaded"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_stays_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 420
