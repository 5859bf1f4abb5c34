"""The commands, and the one place where an error becomes an exit code and a line on standard error.

Each command has a file of its own: a thin function for typer that calls a plain one.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from tagger import __version__
from tagger.cli.check import check
from tagger.cli.evaluate import evaluate
from tagger.cli.feedback import app as feedback
from tagger.cli.labels import labels
from tagger.cli.model import app as model
from tagger.cli.options import say
from tagger.cli.policy import app as policy
from tagger.cli.predict import predict
from tagger.cli.queue import app as queue
from tagger.cli.report import report
from tagger.cli.retrain import retrain
from tagger.cli.screen import screen
from tagger.cli.train import train
from tagger.cli.watch import watch
from tagger.errors import INTERRUPTED, ClosedPipeError, TaggerError

app = typer.Typer(
    name="tagger",
    help="Reads stories and suggests content warnings and tags, offline. It suggests; people decide.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tagger {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


app.command()(predict)
app.command()(check)
app.command()(screen)
app.command()(watch)
app.add_typer(policy, name="policy")
app.add_typer(queue, name="queue")
app.add_typer(feedback, name="feedback")
app.command()(retrain)
app.command()(report)
app.command()(train)
app.command()(evaluate)
app.command()(labels)
app.add_typer(model, name="model")


def main() -> None:
    """Run the command line; every error of ours is one line, Ctrl-C and a closed pipe are silent."""
    try:
        app(prog_name="tagger")
    except TaggerError as error:
        if not isinstance(error, ClosedPipeError):
            say(error)
        _leave(error.exit_code)
    except KeyboardInterrupt:
        _leave(INTERRUPTED)


def _leave(code: int) -> None:
    """End at once: the interpreter's own last flush would complain of a pipe that is closed or a disk that is full."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
