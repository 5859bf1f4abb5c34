"""HTML and XML to tags and text, each with its place in the source.

It reads as browsers do, in time that grows with the length alone whatever stands there (the standard library's
html.parser needs a minute for 80 kB of `<a <a <a`). Entities that a document defines for itself are never expanded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html import entities
from typing import NamedTuple

# An unclosed comment, tag or quotation goes on to the end, as in a browser. `<3` and `</3` are text.
_VALUE = r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+"""
_TOKEN = re.compile(
    rf"""<(?: !--(?:-?>|.*?(?:--!?>|\Z))
           | !\[CDATA\[(?P<raw>.*?)(?:\]\]>|\Z)
           | !doctype[^>\[]*+(?:\[[^\]]*+\]?[^>]*+)?(?:>|\Z)
           | [!?][^>]*+(?:>|\Z)
           | (?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+{_VALUE})*+)(?:>|\Z) )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(rf"""(?P<name>[^\s=/>]++)(?:\s*+=\s*+(?P<value>{_VALUE}))?+""")
# What stands in these is no markup: it goes on to the element's own end tag.
_RAW = {name: re.compile(rf"</{name}(?=[\s/>]|\Z)", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}


class Text(NamedTuple):
    """`source[start:end]` is text; `literal` says that an `&` in it is only that."""

    start: int
    end: int
    literal: bool = False


class Tag(NamedTuple):
    """A start tag, an end tag (`closes`), or both in one (`opens` and `closes`), its name in lower case."""

    name: str
    opens: bool
    closes: bool
    attributes: str
    start: int


def tokenize(source: str) -> Iterator[Text | Tag]:
    """The tags and texts of a source, in order; comments, declarations and what scripts hold are left out.

    >>> [token.name if isinstance(token, Tag) else (token.start, token.end) for token in tokenize("<i>Oh</i> <3")]
    ['i', (3, 5), 'i', (9, 12)]
    """
    at = search_from = 0
    while (found := _TOKEN.search(source, search_from)) is not None:
        if at < found.start():
            yield Text(at, found.start())
        at = search_from = found.end()
        if found["raw"]:
            yield Text(*found.span("raw"), literal=True)
        if not found["name"]:
            continue
        name = found["name"].lower()
        attributes = found["attributes"]
        closed = attributes.endswith("/")
        yield Tag(name, not found["end"], bool(found["end"]) or closed, attributes, found.start())
        if name in _RAW and not found["end"] and not closed:
            stop = _RAW[name].search(source, at)
            inner = stop.start() if stop else len(source)
            if inner > at:
                yield Text(at, inner)
            at = search_from = inner
    if at < len(source):
        yield Text(at, len(source))


def attributes_of(written: str) -> dict[str, str]:
    """A tag's attributes by their names in lower case; the first of a name counts.

    >>> attributes_of(' class="userstuff module" ID=a hidden')
    {'class': 'userstuff module', 'id': 'a', 'hidden': ''}
    """
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(written):
        value = match["value"] or ""
        if value[:1] in {'"', "'"}:
            value = value[1:].removesuffix(value[0])
        found.setdefault(match["name"].lower(), unescape(value) if "&" in value else value)
    return found


_NAME = r"#[0-9]{1,7}(?![0-9])|#x[0-9a-f]{1,6}(?![0-9a-f])|[a-z][a-z0-9]{1,31}"
_REFERENCE = re.compile(rf"&(?:amp;)*(?P<name>(?:{_NAME});)|&(?:{_NAME})", re.IGNORECASE)


class Reference(NamedTuple):
    """A character reference at `source[start:end]`, and what it stands for. `twice`: it was escaped more than once."""

    start: int
    end: int
    text: str
    twice: bool


def references(source: str, start: int, end: int) -> Iterator[Reference]:
    """The character references in `source[start:end]` that stand for something, those escaped twice included.

    >>> [found.text for found in references("R&amp;R &amp;quot;AT&T&eacute&#8217; &unheardof;", 0, 48)]
    ['&', '"', 'é', '’']
    """
    for match in _REFERENCE.finditer(source, start, end):
        name = match["name"]
        twice = name is not None and match.start("name") > match.start() + 1
        if twice and not (name.startswith("#") or name in entities.html5):
            # Only the `&amp;` before it is a reference.
            yield Reference(match.start(), match.start("name"), "&", match.start("name") > match.start() + 5)
            continue
        written = f"&{name}" if name else match[0]
        text = html.unescape(written)
        if text != written:
            yield Reference(match.start(), match.end(), text, twice)


def unescape(source: str) -> str:
    """The source with its character references decoded."""
    parts, at = [], 0
    for found in references(source, 0, len(source)):
        parts += [source[at : found.start], found.text]
        at = found.end
    return "".join([*parts, source[at:]])
