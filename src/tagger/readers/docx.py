"""DOCX, the files of Word, LibreOffice and Google Docs.

The story is read as it would be printed: without tracked deletions, hidden text, footnotes, text boxes and the table of
contents. A paragraph in a heading's style is a chapter's title.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from tagger.errors import WorkError
from tagger.readers.archive import open_archive
from tagger.readers.manuscript import Manuscript, role_of
from tagger.works import Source, Work

_DOCUMENT = re.compile(r"word/document\d*\.xml", re.IGNORECASE)
_STYLES = "word/styles.xml"
_CHUNK = 1 << 16

# The namespaces of WordprocessingML: that of nearly all files, and that of "Strict Open XML".
_WORD = re.compile(
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main |http://purl.oclc.org/ooxml/wordprocessingml/main "
)
_RULE = "urn:schemas-microsoft-com:office:office hr"
_ENTITY = re.compile(rb"&[#\w]{1,10};")

# Elements that are left out with all that stands in them, and what `Source.ignored` calls them.
_LEFT_OUT = {
    **dict.fromkeys(("del", "moveFrom"), "tracked deletion"),
    "txbxContent": "text box",
    **dict.fromkeys(("rt", "pPrChange", "rPrChange", "sectPr", "Fallback"), ""),
}
_REFERENCES = {"footnoteReference": "footnote", "endnoteReference": "footnote", "commentReference": "comment"}
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_OFF = {"0", "false", "off", "none"}


class _Event(NamedTuple):
    """A start tag, an end tag or a stretch of text, `name` being ''. Names and attributes of Word's own are local;
    `source` and `width` say where text stands.
    """

    opens: bool
    name: str
    attributes: dict[str, str]
    text: str = ""
    source: int = 0
    width: int = 0


def read_docx(data: bytes, id: str) -> Work:
    """The story in the bytes of a DOCX file. WorkError if it is none, if it is cut short, or holds no text."""
    archive = open_archive(data, id)
    names = archive.names()
    part = next((name for name in names if _DOCUMENT.fullmatch(name)), None)
    if part is None:
        raise WorkError(f"{id}: holds no word/document.xml, so it is no Word document; save the story as DOCX again")
    roles = _roles(archive.read(_STYLES), f"{id}: {_STYLES}") if _STYLES in names else {}
    document, encoding = _as_utf8(archive.read(part))
    manuscript = Manuscript(id, part)
    writer = _Writer(manuscript, roles)
    left_out: set[str] = set()
    for event in _printed(_events(document, f"{id}: {part}"), left_out):
        writer.take(event)
    return manuscript.work(Source("docx", encoding, ignored=tuple(sorted(left_out - {""}))))


def _as_utf8(data: bytes) -> tuple[bytes, str]:
    """The XML in UTF-8, without a byte order mark, and what its encoding was."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode(), "utf-16"
    return data.removeprefix(codecs.BOM_UTF8), "utf-8"


def _events(data: bytes, place: str) -> Iterator[_Event]:
    """The elements and the text of an XML file. It may define no entities, for which Word has no use either."""
    from xml.parsers import expat

    parser = expat.ParserCreate("utf-8", " ")
    waiting: list[_Event] = []
    seen_bytes = seen_characters = 0

    def refuse(*_: object) -> None:
        raise WorkError(f"{place}: has a DOCTYPE, which no Word document has; save the story as DOCX again")

    def text(found: str) -> None:
        nonlocal seen_bytes, seen_characters
        at = parser.CurrentByteIndex
        seen_characters += len(data[seen_bytes:at].decode("utf-8", "replace"))
        seen_bytes = at
        entity = _ENTITY.match(data, at) if len(found) == 1 else None
        waiting.append(_Event(False, "", {}, found, seen_characters, len(entity[0]) if entity else len(found)))

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: waiting.append(
        _Event(True, _local(name), {_local(key): value for key, value in attributes.items()})
    )
    parser.EndElementHandler = lambda name: waiting.append(_Event(False, _local(name), {}))
    parser.CharacterDataHandler = text
    for start in range(0, len(data) + 1, _CHUNK):
        try:
            parser.Parse(data[start : start + _CHUNK], start + _CHUNK > len(data))
        except expat.ExpatError as error:
            raise WorkError(f"{place}: is damaged: {error}; save the story as DOCX again") from None
        yield from waiting
        waiting.clear()


def _local(name: str) -> str:
    """The name without Word's namespace; others keep theirs, except for the one that is looked for by its name."""
    return "Fallback" if name.endswith("markup-compatibility/2006 Fallback") else _WORD.sub("", name, count=1)


def _roles(styles: bytes, place: str) -> dict[str, str]:
    """The styles, by id, that make a paragraph a "heading", the "title" or one of the "contents"."""
    roles: dict[str, str] = {}
    bases: dict[str, str] = {}
    style = ""
    try:
        for event in _events(_as_utf8(styles)[0], place):
            value = event.attributes.get("val", "")
            if event.opens and event.name == "style":
                style = event.attributes.get("styleId", "")
            elif event.opens and event.name == "name" and (role := role_of(value)):
                roles[style] = role
            elif event.opens and event.name == "outlineLvl" and value != "9":
                roles.setdefault(style, "heading")
            elif event.opens and event.name == "basedOn":
                bases[style] = value
    except WorkError:
        return roles  # the story stands in another file, and can be read without
    for derived, base in bases.items():
        if base in roles:
            roles.setdefault(derived, roles[base])
    return roles


def _printed(events: Iterator[_Event], left_out: set[str]) -> Iterator[_Event]:
    """The events without those of elements that are not printed; `left_out` is told what these were."""
    path: list[str] = []
    skipped_from = 0  # the depth of the element that is left out, or 0
    for event in events:
        if event.name and not event.opens:
            path.pop()
            if len(path) < skipped_from:
                skipped_from = 0
                continue
        if not skipped_from and event.opens:
            left_out.add(_REFERENCES.get(event.name, ""))
            if event.name in _LEFT_OUT and path[-1:] != ["rPr"]:
                left_out.add(_LEFT_OUT[event.name])
                skipped_from = len(path) + 1
            elif event.name == "docPartGallery" and event.attributes.get("val") == "Table of Contents":
                skipped_from = _depth_of("sdt", path)
        if not skipped_from:
            yield event
        if event.opens:
            path.append(event.name)


def _depth_of(name: str, path: list[str]) -> int:
    """The depth of the innermost element of that name, or 0."""
    return len(path) - path[::-1].index(name) if name in path else 0


class _Writer:
    """Writes paragraphs to a manuscript, event by event."""

    def __init__(self, manuscript: Manuscript, roles: dict[str, str]) -> None:
        self._manuscript = manuscript
        self._roles = roles
        self._in_text = self._in_paragraph_properties = self._hidden = False
        self._role = ""  # of the paragraph
        self._joined = False  # to the next one, since the mark between is deleted
        self._borders: set[str] = set()

    def take(self, event: _Event) -> None:
        """Write what the event stands for."""
        if not event.name:
            if self._in_text and not self._hidden:
                self._manuscript.write(event.text, event.source, event.width)
        elif event.name == "t":
            self._in_text = event.opens
        elif event.name == "pPr":
            self._in_paragraph_properties = event.opens
        elif not event.opens:
            if event.name == "p":
                self._end_paragraph()
        elif self._in_paragraph_properties:
            self._paragraph_property(event.name, event.attributes.get("val", ""))
        else:
            self._element(event.name, event.attributes)

    def _paragraph_property(self, name: str, value: str) -> None:
        if name == "pStyle":
            self._role = self._roles.get(value, "") or role_of(value)
        elif name == "outlineLvl" and value != "9":
            self._role = self._role or "heading"
        elif name == "del":
            self._joined = True
        elif name in {"top", "bottom"} and value not in _OFF:
            self._borders.add(name)

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        if name == "r":
            self._hidden = False
        elif name == "vanish":
            self._hidden = attributes.get("val", "") not in _OFF
        elif name == "br" and attributes.get("type") in {"page", "column"}:
            self._end_paragraph()
        elif name in _CHARACTERS:
            if not self._hidden:
                self._manuscript.insert(_CHARACTERS[name])
        elif attributes.get(_RULE) in {"t", "true", "1"}:
            self._manuscript.scene_break()

    def _end_paragraph(self) -> None:
        if not self._joined:
            self._manuscript.end_paragraph(self._role)
            if self._borders == {"bottom"} and not self._role:
                self._manuscript.scene_break()
            self._role = ""
        self._joined = False
        self._borders = set()
