"""A result as JSON: it is a plain JSON object already (see tagger.results)."""

from __future__ import annotations

import orjson

from tagger.results import Result


def render(result: Result) -> bytes:
    """One line."""
    return orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE)


def render_indented(result: Result) -> bytes:
    """The same over several lines, as one element of a JSON array."""
    return orjson.dumps(result, option=orjson.OPT_INDENT_2)
