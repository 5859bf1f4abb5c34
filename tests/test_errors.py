import re

import pytest

from tagger import errors
from tagger.errors import TaggerError

CLASSES = {name: each for name, each in vars(errors).items() if isinstance(each, type)}


def drawn() -> dict[str, tuple[int, str | None]]:
    """The tree in the docstring: each class's exit code and the class that stands above it."""
    found: dict[str, tuple[int, str | None]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        row = re.match(r"    ([│├└─ ]*)(\w+Error) +(\d)  ", line)
        if row:
            depth = len(row[1]) // 4
            found[row[2]] = int(row[3]), above[depth - 1] if depth else None
            above[depth:] = [row[2]]
    return found


def test_every_error_stands_in_the_tree_and_the_tree_has_no_other() -> None:
    assert drawn().keys() == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_the_tree_tells_each_errors_parent_and_exit_code(name: str) -> None:
    parent = CLASSES[name].__base__.__name__
    assert drawn()[name] == (CLASSES[name].exit_code, parent if name != "TaggerError" else None)


def test_an_error_is_its_message() -> None:
    for each in CLASSES.values():
        assert issubclass(each, TaggerError)
        assert str(each("story.txt is empty; name another file")) == "story.txt is empty; name another file"


def test_a_run_ends_with_a_code_of_its_own_for_some_and_for_all_works_failed() -> None:
    assert (errors.SOME_WORKS_FAILED, errors.ALL_WORKS_FAILED, errors.INTERRUPTED) == (4, 5, 130)
    assert errors.WorkError.exit_code == errors.ALL_WORKS_FAILED
