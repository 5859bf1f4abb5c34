"""Prose of the open corpora that scripts/fetch-corpora copies: stories people told, film plots, amateur tales.

The labels are those the corpora came with: the subreddit, the words of a film's genre, the tags of a tale. They are not
content warnings; they are the same for every program that is compared.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

CORPORA = Path(__file__).resolve().parents[2] / "corpora"
SEED = 0
MIN_WORKS = 40  # a label with fewer is left out

_NOT_SAID = {"genre: unknown"}


class Labelled(NamedTuple):
    """A text and its labels."""

    text: str
    labels: list[str]


def _subreddit(row: dict[str, Any]) -> list[str]:
    return [f"subreddit: {row['subreddit'].lower()}"]


def _genres(row: dict[str, Any]) -> list[str]:
    return [f"genre: {word}" for word in re.findall(r"[a-z]+(?:-[a-z]+)*", row["genre"].lower())]


def _tags(row: dict[str, Any]) -> list[str]:
    return [f"tag: {tag}" for tag in row["tags"]]


_FILES = {"reddit_stories": _subreddit, "wikipedia_plots": _genres, "scp_works": _tags}


def missing() -> str:
    """Why there is no prose, or an empty string."""
    absent = [name for name in _FILES if not _path(name).exists()]
    return f"{', '.join(absent)} not in corpora/: scripts/fetch-corpora FOLDER" if absent else ""


def load() -> list[Labelled]:
    """All works in an order that is random and always the same; each has the labels that enough works have."""
    works = [Labelled(row["text"], labels(row)) for name, labels in _FILES.items() for row in _rows(name)]
    often = Counter(label for work in works for label in set(work.labels))
    chosen = {label for label, count in often.items() if count >= MIN_WORKS} - _NOT_SAID
    random.Random(SEED).shuffle(works)
    return [Labelled(work.text, sorted({_id(each) for each in work.labels if each in chosen})) for work in works]


def _path(name: str) -> Path:
    return CORPORA / f"{name}.jsonl.gz"


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(_path(name), "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _id(label: str) -> str:
    """A label's id: ids hold no white space."""
    return label.replace(": ", "-").replace(" ", "-")
