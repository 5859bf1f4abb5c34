"""EPUB: a download of the Archive of Our Own or of FanFicFare, or any other book, page by page in reading order."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from tagger.errors import WorkError
from tagger.readers import ao3, fanficfare_pages
from tagger.readers.archive import Archive, open_archive
from tagger.readers.blocks import Block, Story, compose
from tagger.readers.html import MOST_MARKUP, decode_markup, plain_blocks
from tagger.readers.markup import MOST_ELEMENTS, Document, parse
from tagger.readers.pieces import MOST_PIECES
from tagger.readers.tokens import Tag, Text, attributes_of, tokenize, unescape
from tagger.works import NOTHING_DECLARED, Declared, Source, Work

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = {"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document", ""}
# What the package, or a page itself, may say it is besides story.
_NO_STORY = {
    *("toc", "cover", "title-page", "titlepage", "halftitlepage", "copyright-page", "colophon", "index", "imprint"),
    *("landmarks", "loi", "lot", "other-credits", "acknowledgements"),
}
_RATINGS = {"not rated", "general audiences", "teen and up audiences", "mature", "explicit"}
_WARNINGS = {
    *("choose not to use archive warnings", "creator chose not to use archive warnings", "no archive warnings apply"),
    *("graphic depictions of violence", "major character death", "rape/non-con", "underage", "underage sex"),
}
_NO_TAGS = {"fanworks", "fanfiction"}


class _Page(NamedTuple):
    """A file of the book that is read; `title` is what the table of contents calls it, or None."""

    document: Document
    title: str | None
    encoding: str
    repairs: tuple[str, ...]


class _Package(NamedTuple):
    """What the book says of itself. Names are those of members of the archive."""

    spine: tuple[str, ...]
    contents: tuple[str, ...]
    subjects: tuple[str, ...]


def read_epub(data: bytes, id: str) -> Work:
    """The story in the bytes of an EPUB. WorkError if there is none in it, or the book is locked."""
    if not data:
        raise WorkError(f"{id}: is empty")
    archive = open_archive(data, id)
    names = set(archive.names())
    package = _read_package(archive, names, id)
    if not set(package.spine).isdisjoint(_locked(archive, names)):
        raise WorkError(f"{id}: is locked (DRM); ask whoever sold it for an open copy")
    titles: dict[str, str] = {}
    for name in package.contents:
        titles |= _titles(_text(archive, name), posixpath.dirname(name))
    pages = list(_pages(archive, package.spine, titles, id))
    encodings = [page.encoding for page in pages] or ["utf-8"]
    repairs = tuple(repair for page in pages for repair in page.repairs)
    return compose(_story(pages, package.subjects), id, Source("epub", encodings[0], (), repairs))


def _pages(archive: Archive, names: Sequence[str], titles: Mapping[str, str], id: str) -> Iterator[_Page]:
    size, elements, pieces = 0, MOST_ELEMENTS, MOST_PIECES
    for name in names:
        data = archive.read(name)
        size += len(data)
        if size > MOST_MARKUP:
            raise WorkError(f"{id}: is larger than any story; split it into works")
        text, encoding, repairs = decode_markup(data)
        document = parse(text, name, id=id, most_elements=elements, most_pieces=pieces)
        elements -= len(document.elements)
        pieces -= len(document.pieces)
        yield _Page(document, titles.get(name), encoding, (*repairs, *document.repairs))


def _story(pages: Sequence[_Page], subjects: Sequence[str]) -> Story:
    documents = [page.document for page in pages]
    found = ao3.find_story(documents) or fanficfare_pages.find_story(documents)
    if found:
        return found._replace(declared=_declared(subjects)) if found.declared == NOTHING_DECLARED else found
    read = [page for page in pages if not _is_no_story(page.document)]
    return Story(
        blocks=[block for page in read for block in _blocks(page)],
        declared=_declared(subjects),
        ignored=("front matter",) if len(read) < len(pages) else (),
        front_matter=True,
    )


def _blocks(page: _Page) -> Iterator[Block]:
    """A page's blocks. Without a heading it goes on with the page before, unless the contents list it."""
    document = page.document
    blocks = list(plain_blocks(document, document.elements[0]))
    if page.title is not None and all(block.title is None for block in blocks):
        yield Block(document, 0, 0, page.title)
    yield from blocks


def _is_no_story(document: Document) -> bool:
    """Whether a page says that it is a cover, a table of contents or the like."""
    sections = (each for each in document.elements if each.name in {"body", "section", "nav"})
    whole = (each for each in sections if document.text_of(each) == document.text.strip())
    return any(not _NO_STORY.isdisjoint(each.attributes.get("epub:type", "").split()) for each in whole)


def _declared(subjects: Sequence[str]) -> Declared:
    """A book's subjects, of which only the Archive's own ratings and warnings tell what they are."""
    ratings = [each for each in subjects if each.lower() in _RATINGS]
    return Declared(
        rating=ratings[0] if ratings else None,
        warnings=tuple(each for each in subjects if each.lower() in _WARNINGS),
        tags=tuple(each for each in subjects if each.lower() not in _RATINGS | _WARNINGS | _NO_TAGS),
    )


def _read_package(archive: Archive, names: set[str], id: str) -> _Package:
    """The package file, which the container names; without a container, the only one of its suffix."""
    roots = _attributes(_text(archive, _CONTAINER), "rootfile") if _CONTAINER in names else []
    paths = [root.get("full-path", "") for root in roots] or sorted(name for name in names if name.endswith(".opf"))
    if not paths:
        raise WorkError(f"{id}: is no EPUB; nothing in it says in which order to read it")
    xml, folder = _text(archive, paths[0]), posixpath.dirname(paths[0])
    items = {each.get("id", ""): each for each in _attributes(xml, "item")}
    guide = {
        _member(each.get("href", ""), folder) for each in _attributes(xml, "reference") if each.get("type") in _NO_STORY
    }
    spine = _spine(items, _attributes(xml, "itemref"), folder)
    contents = (each for each in items.values() if _lists_contents(each))
    return _Package(
        spine=tuple(name for name in spine if name not in guide),
        contents=tuple(name for each in contents if (name := _member(each.get("href", ""), folder)) in names),
        subjects=tuple(_subjects(xml)),
    )


def _spine(items: Mapping[str, Mapping[str, str]], order: Sequence[Mapping[str, str]], folder: str) -> list[str]:
    """The pages in reading order, each once; those that stand outside of it (`linear="no"`) only if all do."""
    linear = [each for each in order if each.get("linear") != "no"] or order
    pages = (items[each["idref"]] for each in linear if each.get("idref") in items)
    read = (each for each in pages if each.get("media-type", "") in _PAGES and not _lists_contents(each))
    return list(dict.fromkeys(_member(each.get("href", ""), folder) for each in read))


def _lists_contents(item: Mapping[str, str]) -> bool:
    return item.get("media-type") == "application/x-dtbncx+xml" or "nav" in item.get("properties", "").split()


def _titles(xml: str, folder: str) -> dict[str, str]:
    """What a table of contents calls each page; a place within a page has no title of its own."""
    titles: dict[str, str] = {}
    label = target = ""
    for token in tokenize(xml):
        if isinstance(token, Text):
            label += xml[token.start : token.end]
            continue
        name = token.name.rpartition(":")[2]
        if token.opens and name in {"navlabel", "a"}:
            label, target = "", attributes_of(token.attributes).get("href", "")
        elif (token.opens and name == "content") or (not token.opens and name == "a"):
            target = attributes_of(token.attributes).get("src", target)
            title = " ".join(unescape(label).split())
            if target and title:
                page, _, place = target.partition("#")
                if not place:
                    titles.setdefault(_member(page, folder), title)
            target = ""
    return titles


def _subjects(xml: str) -> Iterator[str]:
    for tag, text in pairwise(tokenize(xml)):
        if isinstance(tag, Tag) and tag.opens and tag.name == "dc:subject" and isinstance(text, Text):
            subject = unescape(xml[text.start : text.end]).strip()
            if subject:
                yield subject


def _locked(archive: Archive, names: set[str]) -> set[str]:
    """The members that are encrypted, each on its own; fonts often are, which locks nothing."""
    if _ENCRYPTION not in names:
        return set()
    xml = _text(archive, _ENCRYPTION)
    return {_member(each.get("uri", ""), "") for each in _attributes(xml, "cipherreference")}


def _attributes(xml: str, name: str) -> list[dict[str, str]]:
    """The attributes of each element of that name, whatever its prefix."""
    tags = (token for token in tokenize(xml) if isinstance(token, Tag) and token.opens)
    return [attributes_of(tag.attributes) for tag in tags if tag.name.rpartition(":")[2] == name]


def _member(href: str, folder: str) -> str:
    """The name of the member that a link in this folder leads to."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _text(archive: Archive, name: str) -> str:
    return decode_markup(archive.read(name))[0]
