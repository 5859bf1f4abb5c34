"""The commands, and the one place where an error becomes an exit code and a line on standard error.

Each command has a file of its own: a thin function for typer that calls a plain one.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Annotated, Any

import typer

from tagger import __version__
from tagger.cli.options import say
from tagger.errors import INTERRUPTED, ClosedPipeError, TaggerError

# In the order in which help lists them; each has the module of its name, with a function or a group `app` of commands.
COMMANDS = (
    *("predict", "check", "screen", "watch", "policy", "queue", "feedback", "retrain", "report"),
    *("train", "evaluate", "labels", "model"),
)


@lru_cache(maxsize=1)
def program(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands. One alone starts in half the time: typer looks at every option of all."""
    app = typer.Typer(
        name="tagger",
        help="Reads stories and suggests content warnings and tags, offline. It suggests; people decide.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    for name in commands:
        module = import_module(f"{__name__}.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def __getattr__(name: str) -> Any:
    """`app`, the whole command line, made when it is asked for."""
    if name == "app":
        return program()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tagger {__version__}")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every error of ours is one line, Ctrl-C and a closed pipe are silent."""
    gc.set_threshold(100_000)  # a start makes many objects and no garbage
    asked = sys.argv[1:2]
    try:
        program(tuple(asked) if asked and asked[0] in COMMANDS else COMMANDS)(prog_name="tagger")
    except TaggerError as error:
        if not isinstance(error, ClosedPipeError):
            say(error)
        _leave(error.exit_code)
    except KeyboardInterrupt:
        _leave(INTERRUPTED)
    finally:
        gc.freeze()  # the interpreter's last search for cycles would take a tenth of a short run


def _leave(code: int) -> None:
    """End at once: the interpreter's own last flush would complain of a pipe that is closed or a disk that is full."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
