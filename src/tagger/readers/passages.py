"""The project's own format of labelled passages: a head line, a blank line, paragraphs, and so on.

The head line reads `=== rel-001 | present: abuse, angst | unsure: grief`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagger.errors import DataError
from tagger.readers.layout import lay_out
from tagger.readers.prose import holds_text
from tagger.works import LabelledWork, Source, Work

_FORM = "`=== id | present: label, label | unsure: label`"
# A row of nothing but `=` is a scene break.
_HEAD_LINE = re.compile(r"^===(?!=*\s*$).*$", re.MULTILINE)
_HEAD = re.compile(r"=== (?P<id>[^\s|]+) \| present:(?P<present>[^|]*)(?:\| unsure:(?P<unsure>[^|]*))?")


def read_passages(text: str, file: str) -> Iterator[LabelledWork]:
    """The labelled passages of `text`, the content of `file`; each is a group of its own.

    DataError, which names the file and the line, for text before the first head line, a head line that is not
    `=== id | present: .. | unsure: ..`, a label said to be both, and a passage without text. That the label set
    has these labels, and that no id is used twice over all files, is for the caller to check.
    """
    heads = list(_HEAD_LINE.finditer(text))
    starts = [head.start() for head in heads] + [len(text)]
    if holds_text(text[: starts[0]]):
        raise DataError(f"{file}:1: text before the first line of the form {_FORM}")
    line, counted = 1, 0
    for head, end in zip(heads, starts[1:], strict=True):
        line, counted = line + text.count("\n", counted, head.start()), head.start()
        yield _read_passage(head[0].strip(), text[head.end() : end].strip("\r\n"), f"{file}:{line}")


def _read_passage(head: str, text: str, place: str) -> LabelledWork:
    match = _HEAD.fullmatch(head)
    if not match:
        raise DataError(f"{place}: this line is not of the form {_FORM}")
    present, unsure = (_labels(match[name] or "", place) for name in ("present", "unsure"))
    if present & unsure:
        raise DataError(f"{place}: both present and unsure: {', '.join(sorted(present & unsure))}")
    if not holds_text(text):
        raise DataError(f"{place}: passage {match['id']} has no text")
    layout = lay_out(text)
    work = Work(
        id=match["id"],
        text=text,
        chapters=layout.chapters,
        declared=layout.declared,
        source=Source(format="passages", ignored=layout.ignored),
        hard_wrapped=layout.hard_wrapped,
    )
    return LabelledWork(work=work, present=present, unknown=unsure, group=work.id, place=place)


def _labels(listed: str, place: str) -> frozenset[str]:
    if not listed.strip():
        return frozenset()
    labels = [label.strip() for label in listed.split(",")]
    if "" in labels or any(" " in label for label in labels):
        raise DataError(f"{place}: labels are ids with a comma between them, not `{listed.strip()}`")
    return frozenset(labels)
