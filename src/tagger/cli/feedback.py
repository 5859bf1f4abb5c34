"""`tagger feedback`: what people decided, as data to learn from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tagger.cli.options import Quiet, say
from tagger.errors import UsageError

app = typer.Typer(help="What people decided, as data to learn from.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    pass


@app.command()
def export(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="The queue: a file, or postgresql://HOST/NAME.")],
    texts: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="The works that were screened: files, folders, tables; repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the labelled works to this file.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write what people decided as labelled works (JSON Lines), for `tagger retrain`, `train` and `evaluate`.

    A label accepted or added is present, a rejected one absent; of others nothing is said, unless the review was
    complete. Texts come from --texts, by their digest, or from the queue where the policy has them stored.
    """
    from tagger.cli import output as outputs
    from tagger.feedback import decided, labelled_decisions, text_of, texts_of
    from tagger.queues import opened

    for path in texts or ():
        if str(path) != "-" and not path.exists():
            raise UsageError(f"--texts {path}: no such file or folder; name the works that were screened")
    outputs.refuse_inputs(output, texts or ())
    with opened(queue) as found:
        decisions = decided(found)
    wanted = [each.item.record["text_sha256"] for each in decisions if each.item.record["text_sha256"]]
    known = texts_of(texts or (), wanted, sys.stdin.buffer)
    lines = list(labelled_decisions(decisions, known))
    with outputs.opened(output) as stream:
        stream.writelines(lines)
    missing = sum(text_of(each, known) is None for each in decisions)
    lost = f"; the texts of {missing:,} were not found, name them with --texts" if missing else ""
    say(f"{len(lines):,} of {len(decisions):,} decisions say something of a label{lost}", quiet=quiet)
