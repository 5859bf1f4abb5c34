"""HTML: a download of the Archive of Our Own or of FanFicFare, or any page with a story on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagger.errors import WorkError
from tagger.readers import ao3, fanficfare_pages
from tagger.readers.blocks import Block, Story, compose, heading
from tagger.readers.encoding import decode
from tagger.readers.markup import Document, Element, parse
from tagger.works import Source, Work

MOST_MARKUP = 50_000_000  # bytes: ten million words in HTML; the longest works have four
_HEAD = 2048
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
# The encodings a page may name; what it calls latin-1 is cp1252, and `decode` reads that.
_CODECS = re.compile(
    r"(?:windows-|cp)(?:874|125[0-8])|iso-?8859-(?:[2-9]|1[0-6])|koi8-[ru]|shift[_-]jis|euc-(?:jp|kr)|iso-2022-jp"
    r"|gb(?:2312|k|18030)|big5|macintosh",
    re.IGNORECASE,
)
_CHAPTER_HEADINGS = {"h1", "h2", "h3"}
_CHROME = {"nav", "footer", "aside"}
_CONTAINERS = ("article", "main")


def read_html(data: bytes, id: str) -> Work:
    """The story in the bytes of an HTML file. WorkError if there is none in it."""
    if not data:
        raise WorkError(f"{id}: is empty")
    if len(data) > MOST_MARKUP:
        raise WorkError(f"{id}: is larger than any story ({len(data):,} bytes); split it into works")
    text, encoding, repairs = decode_markup(data)
    document = parse(text, id=id)
    if ao3.is_adult_notice(document):
        raise WorkError(f"{id}: is the notice about adult content, not the work; go on to the work and save that page")
    story = ao3.find_story([document]) or fanficfare_pages.find_story([document]) or _any_page(document)
    return compose(story, id, Source("html", encoding, (), (*repairs, *document.repairs)))


def decode_markup(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    """The text, its encoding and what was mended: as for any text, but a page that is not UTF-8 may name its encoding.

    >>> decode_markup('<meta charset="windows-1251">Утро'.encode("cp1251"))[:2]
    ('<meta charset="windows-1251">Утро', 'windows-1251')
    """
    named = _CHARSET.search(data, 0, _HEAD)
    name = named[1].decode("ascii", "replace").lower() if named else ""
    if _CODECS.fullmatch(name):
        try:
            data.decode()
        except UnicodeDecodeError:
            try:
                return data.decode(name), name, ()
            except (UnicodeDecodeError, LookupError):
                pass  # it is mistaken about itself
    return decode(data)


def plain_blocks(document: Document, around: Element) -> Iterator[Block]:
    """The blocks of an element whose headings part chapters; what frames a page is left out."""
    at = around.start
    for each in document.within(around):
        titles, framed = each.name in _CHAPTER_HEADINGS, each.name in _CHROME
        if each.start < at or not (titles or framed):
            continue
        yield Block(document, at, each.start)
        at = each.end
        if titles and document.text_of(each):
            yield heading(document, each)
    yield Block(document, at, around.end)


def _any_page(document: Document) -> Story:
    """The story is the longest article of the page, else its main part, else all of it."""
    for name in _CONTAINERS:
        found = [each for each in document.elements if each.name == name and document.text_of(each)]
        if found:
            around = max(found, key=lambda each: each.end - each.start)
            break
    else:
        around = document.elements[0]
    return Story(list(plain_blocks(document, around)), front_matter=True)
