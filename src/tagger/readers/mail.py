"""Posts to mailing lists and newsgroups, one or many in a file: headers, quotations and signatures go, stories stay.

What the author wrote above the story (`TITLE:`, `RATING:`) is left to the layout, as in any plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tagger.errors import WorkError
from tagger.readers.layout import Layout, lay_out
from tagger.readers.lines import line_start, trimmed_end, with_line_feeds
from tagger.readers.mojibake import Edit, chained, edited, place
from tagger.readers.prose import holds_text, read_prose, text_of
from tagger.works import NOTHING_DECLARED, Chapter, Source, Work

_HEAD = 8000
_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z-]{1,40}):(?=[ \t\n]|\r\n)[ \t]*(?P<value>.*(?:\n[ \t]+\S.*)*)\n?")
_ENVELOPE = re.compile(r">?From \S+.*\d{4}.*\n")
_ENCODING = "content-transfer-encoding"
# Fields that programs write. The others a letter in a story may have, too.
_BY_PROGRAMS = {
    *("message-id", "newsgroups", "path", "received", "references", "in-reply-to", "nntp-posting-host", "list-id"),
    *("lines", "organization", "mime-version", "content-type", "return-path", "reply-to", "sender", "approved", "xref"),
    *("x-mailer", "x-newsreader", "mailing-list", "delivered-to", "precedence", _ENCODING),
}
_START = re.compile(r"^(?:>?From \S+.*\d{4}.*\n)?(?=[A-Za-z][A-Za-z-]{1,40}:[ \t])", re.MULTILINE)
_FEWEST_FIELDS = 3

_QUOTED = re.compile(r"(?:^[ \t]*>.*(?:\n|\Z))+", re.MULTILINE)
_ATTRIBUTION = re.compile(r".*\b(?:wrote|writes|schrieb|écrit|escribió|пишет) ?:")
# A signature follows its dashes at once, where a scene would leave a line blank.
_SIGNATURE = re.compile(r"^--[ \t]?\r?\n(?:(?=[^\r\n]*\S)[^\r\n]*(?:\r?\n|\Z)){1,8}\s*\Z", re.MULTILINE)
_SIGNATURE_CHARS = 1000
_FOOTER = re.compile(
    r"^[-_=~]{5,}(?:.*\n){0,6}?.*\b(?:unsubscribe|mailing list|yahoo! groups|list archives?)\b",
    re.MULTILINE | re.IGNORECASE,
)
_FOOTER_CHARS = 1500
_REPLY = re.compile(r"(?:re|aw|fwd?)\s*:", re.IGNORECASE)

_PRINTABLE = re.compile(r"=[ \t]*\r?\n|(?:=[0-9A-F]{2})+")


class _Post(NamedTuple):
    """Where its header starts, where its body does and ends, and the header's fields by name in small letters."""

    start: int
    body: int
    end: int
    fields: dict[str, str]


def is_mail(data: bytes) -> bool:
    r"""Whether a file begins with the header of a post to a mailing list or newsgroup.

    >>> is_mail(b"From: h@tea.example\nSubject: NEW: Tea (1/2)\nNewsgroups: alt.tea\n\nTITLE: Tea\n")
    True
    """
    head = data[:_HEAD].decode("latin-1").lstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")
    post = _header(head, 0)
    return post is not None and not post.fields.keys().isdisjoint(_BY_PROGRAMS)


def read_mail(data: bytes, id: str) -> Work:
    """The story in one or more posts, each at least a chapter; what is no post is read as plain text.

    Replies that quote are left out. WorkError if there is no text in it, or none but replies.
    """
    mended, encoding, below, repairs = text_of(data, id)
    source = with_line_feeds(mended)
    posts = list(_posts(source))
    if not posts:
        return read_prose(data, id, format="text")
    if all("base64" in post.fields.get(_ENCODING, "").lower() for post in posts):
        raise WorkError(f"{id}: is mail in base64; save the post as plain text and try again")
    edits, dropped = _edits(source, posts)
    text, pieces = edited(source, edits)
    if not holds_text(text):
        raise WorkError(f"{id}: holds only replies to a story")
    layouts = list(_layouts(text, [place(pieces, post.body) for post in posts] + [len(text)]))
    chapters = tuple(chapter for post, layout in zip(posts, layouts, strict=True) for chapter in _titled(post, layout))
    ignored = {"mail header", *dropped, *(what for layout in layouts for what in layout.ignored)}
    return Work(
        id=id,
        text=text,
        chapters=chapters or (Chapter("", len(text), len(text)),),
        declared=next((each.declared for each in layouts if each.declared != NOTHING_DECLARED), NOTHING_DECLARED),
        source=Source("mail", encoding, tuple(sorted(ignored)), repairs),
        hard_wrapped=lay_out(text).hard_wrapped,
        pieces=chained(pieces, below),
    )


def _posts(text: str) -> Iterator[_Post]:
    """The posts of a file that begins with one."""
    at = len(text) - len(text.lstrip())
    post = _header(text, at)
    while post:
        above = post
        post = next((found for found in _headers_below(text, above.body) if found), None)
        yield above._replace(end=post.start if post else len(text))


def _headers_below(text: str, start: int) -> Iterator[_Post | None]:
    """What might be the header of the next post: fields below a blank line."""
    for match in _START.finditer(text, start):
        if match.start() == 0 or not text[text.rfind("\n", 0, match.start() - 1) + 1 : match.start()].strip():
            yield _header(text, match.start())


def _header(text: str, start: int) -> _Post | None:
    """The post whose header begins at `start`: fields, `From` and `Subject` among them, and a blank line."""
    envelope = _ENVELOPE.match(text, start)
    at = envelope.end() if envelope else start
    fields: dict[str, str] = {}
    while match := _FIELD.match(text, at):
        fields.setdefault(match["name"].lower(), match["value"].strip())
        at = match.end()
    stop = text.find("\n", at)
    blank = not text[at : stop if stop >= 0 else len(text)].strip()
    complete = len(fields) >= _FEWEST_FIELDS and fields.keys() >= {"from", "subject"}
    return _Post(start, at, len(text), fields) if complete and blank else None


def _edits(text: str, posts: list[_Post]) -> tuple[list[Edit], set[str]]:
    """What takes away all but the stories, and what that is in words."""
    edits: list[Edit] = []
    dropped: set[str] = set()
    for post in posts:
        body = text[post.body : post.end]
        quotations = list(_quotations(body))
        if quotations and _REPLY.match(post.fields["subject"]):
            edits.append(Edit(post.start, post.end))
            dropped.add("reply")
            continue
        edits.append(Edit(post.start, post.body))
        signed = _signature(body)
        dropped |= {"quotation"} if quotations else set()
        dropped |= {"signature"} if signed < len(body) else set()
        cuts = [Edit(start, min(end, signed)) for start, end in quotations if start < signed]
        if "quoted-printable" in post.fields.get(_ENCODING, "").lower():
            cuts = _merged(cuts, _PRINTABLE.finditer(body, 0, signed))
        edits += [Edit(post.body + cut.start, post.body + cut.end, cut.text) for cut in cuts]
        edits.append(Edit(post.body + signed, post.end, "\n\n"))
    return edits, dropped


def _quotations(body: str) -> Iterator[tuple[int, int]]:
    """The stretches that quote another post, with the line that says whose it is."""
    for match in _QUOTED.finditer(body):
        said = line_start(body, trimmed_end(body, 0, match.start()))
        yield (said if _ATTRIBUTION.fullmatch(body[said : match.start()].strip()) else match.start()), match.end()


def _signature(body: str) -> int:
    """Where the signature and the list's own footer begin, or the end of the body."""
    end = trimmed_end(body, 0, len(body))
    for pattern, reach in ((_FOOTER, _FOOTER_CHARS), (_SIGNATURE, _SIGNATURE_CHARS)):
        found = pattern.search(body, max(0, end - reach), end)
        end = trimmed_end(body, 0, found.start()) if found else end
    return end if end < trimmed_end(body, 0, len(body)) else len(body)


def _merged(cuts: list[Edit], codes: Iterator[re.Match[str]]) -> list[Edit]:
    """The cuts, and between them the characters that were written as `=3D`."""
    taken = iter([*cuts, Edit(1 << 62, 1 << 62)])
    cut = next(taken)
    merged = list(cuts)
    for code in codes:
        while cut.end <= code.start():
            cut = next(taken)
        if code.end() <= cut.start:
            merged.append(Edit(*code.span(), _decoded(code[0])))
    return sorted(merged)


def _decoded(code: str) -> str:
    if code[1:].isspace():
        return ""
    data = bytes.fromhex(code.replace("=", ""))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _layouts(text: str, starts: list[int]) -> Iterator[Layout]:
    """The layout of the text between each start and the next, told by offsets into the whole."""
    for start, end in pairwise(starts):
        layout = lay_out(text[start:end])
        moved = tuple(each._replace(start=start + each.start, end=start + each.end) for each in layout.chapters)
        yield layout._replace(chapters=moved)


def _titled(post: _Post, layout: Layout) -> Iterator[Chapter]:
    """The chapters of a post that are not empty; one without a title has the post's subject."""
    for chapter in layout.chapters:
        if chapter.start < chapter.end:
            yield chapter._replace(title=chapter.title or post.fields["subject"])
