"""How the values of a policy are read: each is checked, and what is wrong is told with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tagger.errors import PolicyError

# How a value is read: given the value and its place, which ends in the key, it is checked and returned.
Reader = Callable[[Any, str], Any]
Readers = Mapping[str, tuple[str, Reader]]


def read_table(table: object, readers: Readers, place: str, needed: Sequence[str]) -> dict[str, Any]:
    """The values of a table by the names of the fields that they go to. `place` is the table's.

    Raises PolicyError for a key that is not among the readers', for one that is needed and is not there, and for what
    the readers refuse.
    """
    if not isinstance(table, Mapping):
        raise PolicyError(f"{place.rstrip(': .')} is a table; write its keys below it")
    for key in table:
        if key not in readers:
            raise PolicyError(f"{place}there is no key {key!r}; the keys are {', '.join(readers)}")
    for key in needed:
        if key not in table:
            raise PolicyError(f"{place}{key!r} is missing")
    return {readers[key][0]: readers[key][1](value, f"{place}{key}") for key, value in table.items()}


def text(value: Any, where: str) -> str:
    """A text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise PolicyError(f"{where} must be a text, not {value!r}")
    return value


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise PolicyError(f"{where} must be true or false, not {value!r}")
    return value


def share(value: Any, where: str) -> float:
    """A number from 0 to 1."""
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise PolicyError(f"{where} must be a number from 0 to 1, not {value!r}")
    return float(value)


def count(value: Any, where: str) -> int:
    """A whole number, 0 or more."""
    if type(value) is not int or value < 0:
        raise PolicyError(f"{where} must be a whole number, not {value!r}")
    return value


def one_of(choices: Sequence[str]) -> Reader:
    """One of the choices."""

    def read(value: Any, where: str) -> str:
        if value not in choices:
            raise PolicyError(f"{where} is {value!r}; choose {either(choices)}")
        return str(value)

    return read


def some_of(choices: Sequence[str] | None = None) -> Reader:
    """One text or a list of them, each among the choices whatever its case; the choices' own spelling is kept."""
    spelled = {choice.casefold(): choice for choice in choices or ()}

    def read(value: Any, where: str) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        if not items:
            raise PolicyError(f"{where} is empty; leave it out or name something")
        texts = [text(item, where) for item in items]
        for item in texts:
            if choices is not None and item.casefold() not in spelled:
                raise PolicyError(f"{where} has {item!r}; choose {either(choices)}")
        return tuple(spelled.get(item.casefold(), item) for item in texts)

    return read


def either(choices: Sequence[str]) -> str:
    """The choices, as an error tells them."""
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
