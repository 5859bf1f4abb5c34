"""Every error a person can meet, and the exit code it ends a command with.

    TaggerError                    1  never raised itself
    ├── UsageError                 2  the command line asks for something impossible
    │   ├── UnknownLabelError      2  a label that the label set does not have
    │   └── RefusedError           2  what a queue does not let this person do to this item
    ├── UnusableError              3  something the tool itself runs on cannot be used
    │   ├── BundleError            3  a model that is missing, cut short, altered or foreign
    │   ├── RecipeError            3  a recipe with an unknown key or a value out of range
    │   ├── PolicyError            3  a policy that is not strict TOML, or asks what the model cannot say
    │   ├── LabelSetError          3  a label file that cannot be read
    │   ├── QueueError             3  a review queue that is missing, foreign or cannot be reached
    │   └── EngineError            3  processes or a cluster that cannot be reached, or that died at their work
    ├── DataError                  3  labelled data that training or evaluation must not guess about
    ├── WorkError                  5  a work that cannot be read (4 when other works could be)
    └── OutputError                5  results that could not be written
        └── ClosedPipeError        0  nobody reads the results any more: no reason to say anything

Each message says what is wrong and in which file, and ends with what to type next where there is such a thing.
"""

from __future__ import annotations


class TaggerError(Exception):
    """The root of everything tagger raises on purpose; `exit_code` ends the command."""

    exit_code = 1


class UsageError(TaggerError):
    """The command line asks for something impossible."""

    exit_code = 2


class UnknownLabelError(UsageError):
    """A label that the label set does not have."""


class RefusedError(UsageError):
    """What a queue does not let this person do: decide what is another's, or what is decided."""


class UnusableError(TaggerError):
    """Something the tool itself runs on (a model, a recipe, a label set, a cluster) cannot be used."""

    exit_code = 3


class BundleError(UnusableError):
    """A bundle that is missing, cut short, altered, or was not written by tagger."""


class RecipeError(UnusableError):
    """A recipe with an unknown key or a value out of range."""


class PolicyError(UnusableError):
    """A policy with an unknown key, a value that will not do, or a rule that the model cannot serve."""


class LabelSetError(UnusableError):
    """A label file that cannot be read or contradicts itself."""


class QueueError(UnusableError):
    """A review queue that is not there, is no queue of tagger, or cannot be reached."""


class EngineError(UnusableError):
    """Processes or a cluster that cannot be reached, or that died at their work."""


class DataError(TaggerError):
    """Labelled data with an unknown label, a duplicate id or an empty text, told by file and line."""

    exit_code = 3


class WorkError(TaggerError):
    """A work that cannot be read. A run goes on past it: exit code 4, or 5 when no work could be read."""

    exit_code = 5


class OutputError(TaggerError):
    """Results that could not be written (a full disk, a folder that is not there)."""

    exit_code = 5


class ClosedPipeError(OutputError):
    """Whoever read the results has gone, as `head` does: the run ends, and nobody need be told."""

    exit_code = 0


def printable(text: str) -> str:
    """The text without control characters and line breaks: neither a story nor a file's name steers the terminal."""
    return "".join(each if each.isprintable() else " " for each in text)


SOME_WORKS_FAILED = 4
ALL_WORKS_FAILED = 5
INTERRUPTED = 130
