"""The Archive of Our Own: its HTML and EPUB downloads, and its pages as a browser saves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tagger.readers.blocks import Block, Story, heading
from tagger.readers.frontpage import declare
from tagger.readers.markup import HEADINGS, Document, Element, has_class
from tagger.works import NOTHING_DECLARED, Declared

# What a reader who has them hidden sees in the place of warnings and tags.
_HIDDEN = {"show warnings": "warnings", "show additional tags": "additional tags"}
_SECTIONS = ("preface", "workskin", "chapters", "afterword")
_FEWEST_SECTIONS = 2
_NOTICES = ("This work could have adult content.", "This work may contain adult content.")
_TOP = 2000
_APART = ("meta", "preface")  # notes, summaries and headings around a chapter


def find_story(documents: Sequence[Document]) -> Story | None:
    """The story on these pages; None if they are not the Archive's. A preface that got lost declares nothing.

    A page that is neither preface nor afterword and has no `#chapters` goes on with the chapter before, since
    converters cut long chapters in two.
    """
    tags = next((each for each in map(_tags, documents) if each), None)
    known = sum(any(document.by_id(section) for document in documents) for section in _SECTIONS)
    if not tags and known < _FEWEST_SECTIONS:
        return None
    declared = declare(_fields(*tags), category=True) if tags else NOTHING_DECLARED
    hidden = [item for item in (*declared.warnings, *declared.tags) if item.lower() in _HIDDEN]
    noted = any(
        each.name == "blockquote" and has_class(each, "userstuff")
        for document in documents
        for each in document.elements
    )
    return Story(
        blocks=[block for document in documents for block in _pages_blocks(document)],
        declared=Declared(declared.rating, _without(declared.warnings, hidden), _without(declared.tags, hidden)),
        ignored=(*(["header"] if tags else []), *(["author's note"] if noted else [])),
        repairs=tuple(f"{_HIDDEN[item.lower()]} hidden on this page, so none are read" for item in hidden),
    )


def is_adult_notice(document: Document) -> bool:
    """Whether this is the page that asks before it shows a work, and not the work."""
    return not document.by_id("chapters") and any(notice in document.text[:_TOP] for notice in _NOTICES)


def _tags(document: Document) -> tuple[Document, Element] | None:
    """The list of a work's tags, in the preface of a download or at the top of a page."""
    lists = (each for each in document.elements if each.name == "dl")
    found = next((each for each in lists if has_class(each, "tags") or _has_all(each, {"work", "meta"})), None)
    return (document, found) if found and any(map(document.by_id, _SECTIONS)) else None


def _has_all(element: Element, names: set[str]) -> bool:
    return names <= set(element.attributes.get("class", "").split())


def _fields(document: Document, tags: Element) -> Iterator[tuple[str, str]]:
    label = ""
    for each in document.within(tags):
        if each.name == "dt":
            label = document.text_of(each)
        elif each.name == "dd":
            yield label, document.text_of(each)


def _without(items: tuple[str, ...], left_out: list[str]) -> tuple[str, ...]:
    return tuple(item for item in items if item not in left_out)


def _pages_blocks(document: Document) -> Iterator[Block]:
    chapters = document.by_id("chapters")
    if chapters:
        yield from _blocks(document, chapters)
    elif not document.by_id("preface") and not document.by_id("afterword"):
        body = next((each for each in document.elements if each.name == "body"), document.elements[0])
        yield from _blocks(document, body)


def _blocks(document: Document, around: Element) -> Iterator[Block]:
    """The chapters directly inside an element: what is not set apart is story."""
    at = around.start
    for child in document.children(around):
        apart, chapter = has_class(child, *_APART), has_class(child, "chapter")
        if not apart and not chapter:
            continue
        yield Block(document, at, child.start)
        at = child.end
        if not apart:
            yield from _blocks(document, child)
        elif titles := [each for each in document.within(child) if _is_title(each)]:
            yield heading(document, titles[0])
    yield Block(document, at, around.end)


def _is_title(element: Element) -> bool:
    """`h2.heading` in downloads, `h3.title` on pages; `Summary:` and `Notes:` are `h3.heading` there."""
    return element.name in HEADINGS and (
        has_class(element, "title") or (element.name == "h2" and has_class(element, "heading"))
    )
