"""`tagger model`: describe, verify, adapt and export bundles."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tagger.cli.options import Model, model_path

app = typer.Typer(help="Describe, verify, adapt and export models.", no_args_is_help=True, rich_markup_mode=None)


class Format(StrEnum):
    """How a description is written."""

    table = "table"
    json = "json"


@app.command()
def describe(
    model: Model = None,
    format: Annotated[Format, typer.Option("-f", "--format", help="How to print.")] = Format.table,
) -> None:
    """Say what a model was made from, what it knows, and how often each label was right on works held out."""
    from tagger import bundles
    from tagger.reports.model import description, render

    told = description(bundles.load(model_path(model)))
    if format is Format.json:
        import orjson

        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        print(render(told))


@app.command()
def verify(model: Model = None) -> None:
    """Check every file of a model against its size and digest."""
    from tagger import bundles

    path = model_path(model)
    bundle = bundles.load(path, thorough=True)
    print(f"{path}: whole and unaltered, {int(bundle.supported.sum())} labels, sha256 {bundle.sha256}")


@app.command()
def prevalence(model: Model = None) -> None:
    """Print the share of works that the model's scores take to have each label, as a file for `adapt`."""
    from tagger import bundles
    from tagger.adapting import render_mix

    print(render_mix(bundles.load(model_path(model))))


@app.command()
def adapt(
    mix: Annotated[Path, typer.Argument(metavar="MIX", help="The share of your works that have each label (TOML).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write the model to.")],
    model: Model = None,
) -> None:
    """Write the same model for an archive where labels are commoner or rarer than in the works it learned from.

    Start from what `tagger model prevalence` prints, and change what you know better; labels left out stay.
    """
    from tagger import bundles
    from tagger.adapting import adapt as adapted
    from tagger.adapting import parse_mix
    from tagger.errors import RecipeError

    try:
        text = mix.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read {mix}: {getattr(error, 'strerror', error)}") from error
    shares = parse_mix(text, str(mix))
    bundles.save(adapted(bundles.load(model_path(model)), shares, str(mix)), output)
    print(f"adapted {len(shares)} labels; the model is in {output}. Try it: tagger predict STORY -m {output}")


@app.command()
def export(
    sklearn: Annotated[Path, typer.Option("--sklearn", help="Write a scikit-learn Pipeline to this .joblib file.")],
    model: Model = None,
) -> None:
    """Write the same model in another library's form.

    The scikit-learn Pipeline takes passages (texts) and gives the same margins with `decision_function`.
    """
    from tagger import bundles
    from tagger.export import to_sklearn

    to_sklearn(bundles.load(model_path(model)), sklearn)
    print(f"wrote {sklearn}; load it with joblib.load, and only if you trust who sent it: joblib files can run code")
