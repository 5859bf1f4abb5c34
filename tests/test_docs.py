"""The docs say what the program does, and what they show works."""

from __future__ import annotations

import re
import runpy
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagger import recipe
from tagger.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "data" / "README.md", ROOT / "models/default/README.md"]


def test_generated_pages_are_up_to_date() -> None:
    for path, text in runpy.run_path(str(ROOT / "scripts" / "docs"))["pages"]().items():
        assert path.read_text("utf-8") == text, f"{path.name} is stale; run scripts/docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_recipe_in_the_docs_is_the_default_one() -> None:
    shown = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "how-it-works.md").read_text("utf-8"), re.DOTALL)
    assert shown
    assert tomllib.loads(shown[1]) == recipe.to_dict(recipe.Recipe())


def test_the_output_in_the_readme_is_what_the_program_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    readme = Path("README.md").read_text("utf-8")
    shown = re.findall(r"```console\n\$ tagger (.*?)\n(.*?)```", readme, re.DOTALL)
    assert shown
    for arguments, output in shown:
        done = CliRunner().invoke(app, shlex.split(arguments))
        assert done.exit_code == 0, done.output
        assert done.stdout.rstrip() == output.rstrip()


@pytest.mark.parametrize(
    "path", sorted(filter(Path.is_file, (ROOT / "examples").iterdir())), ids=lambda path: path.name
)
def test_every_example_is_read_and_tagged(path: Path) -> None:
    done = CliRunner().invoke(app, ["predict", str(path), "-f", "csv"])
    assert done.exit_code == 0
    assert ",ok," in done.stdout
    assert ",error," not in done.stdout


def test_the_drabble_is_a_drabble() -> None:
    done = CliRunner().invoke(app, ["predict", str(ROOT / "examples" / "drabble.txt")])
    assert "100 words · drabble · second person" in done.stdout
