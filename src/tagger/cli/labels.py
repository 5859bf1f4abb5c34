"""tagger labels: the label set, and how other vocabularies map onto it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from tagger import shipped
from tagger.errors import UsageError
from tagger.labels import Kind, Label, LabelSet, load

Vocabulary = Literal["ao3", "pan23", "wtwc"]

# What a person calls one vocabulary may be several in a label file.
_PARTS: dict[Vocabulary, tuple[str, ...]] = {
    "ao3": ("ao3", "ao3_tags"),
    "pan23": ("pan23",),
    "wtwc": ("wtwc",),
}
_HEADINGS = {"ao3": "AO3 warning", "ao3_tags": "AO3 tags", "pan23": "PAN'23", "wtwc": "WTWC-22"}
_WIDTH = 100


class Mapped(NamedTuple):
    """What an outside name means here. `labels` is empty where no label answers to it; `reason` then says why
    if that is known. `vocabulary` is None when no vocabulary has the name.
    """

    name: str
    vocabulary: str | None
    labels: tuple[str, ...]
    reason: str | None


def labels(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Labels to show in full.")] = None,
    *,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME", help="Tell which labels a name of another vocabulary means."),
    ] = None,
    vocabulary: Annotated[Vocabulary | None, typer.Option(help="Where --map looks; everywhere unless given.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="List only warnings or only tags.")] = None,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print it.")] = "table",
    labels_file: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", help="Another label set than the one shipped.")
    ] = None,
) -> None:
    """List the labels, show some in full, or map other vocabularies onto them."""
    _refuse_contradictions(ids, map_, vocabulary, kind)
    label_set = load(labels_file or shipped.labels_file())
    as_json = format_ == "json"
    if map_:
        mappings = map_names(label_set, map_, vocabulary)
        print(_json([mapped._asdict() for mapped in mappings]) if as_json else mapping_table(mappings))
        return
    chosen = [label_set[id_] for id_ in ids] if ids else [one for one in label_set if kind in (None, one.kind)]
    if as_json:
        print(_json([label.to_dict() for label in chosen]))
    else:
        print("\n\n".join(map(card, chosen)) if ids else label_table(chosen))


def label_table(chosen: Sequence[Label]) -> str:
    """Render one line a label: id, kind, definition."""
    return _columns([(label.id, label.kind, label.definition) for label in chosen])


def card(label: Label) -> str:
    """Render everything about one label, over several lines."""
    fields = [("implies", label.implies)]
    fields += [(_HEADINGS[vocabulary], names) for vocabulary, names in label.vocabularies.items()]
    lines = [f"{label.id}: {label.name} ({label.kind})", *textwrap.wrap(label.definition, _WIDTH)]
    for heading, names in fields:
        if names:
            lines += textwrap.wrap(
                f"{heading + ':':<13}{'; '.join(names)}",
                _WIDTH,
                initial_indent="  ",
                subsequent_indent=" " * 15,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def map_names(label_set: LabelSet, names: Sequence[str], vocabulary: Vocabulary | None) -> list[Mapped]:
    """Look each name up in one vocabulary or, with None, in all; a name comes once for each that has it."""
    searched = _PARTS[vocabulary] if vocabulary else [part for parts in _PARTS.values() for part in parts]
    mappings = []
    for name in names:
        found = [mapped for part in searched if (mapped := _map_name(label_set, part, name))]
        mappings += found or [Mapped(name, None, (), None)]
    return mappings


def mapping_table(mappings: Sequence[Mapped]) -> str:
    """Render one line a mapped: the name, its vocabulary, and the labels or why there are none."""
    return _columns([(mapped.name, mapped.vocabulary or "-", _meaning(mapped)) for mapped in mappings])


def _map_name(label_set: LabelSet, vocabulary: str, name: str) -> Mapped | None:
    ids, _ = label_set.map_names(vocabulary, [name])
    reason = label_set.why_unmapped(vocabulary, name)
    if not ids and reason is None:
        return None
    return Mapped(name, vocabulary, tuple(sorted(ids, key=label_set.index)), reason)


def _meaning(mapped: Mapped) -> str:
    if mapped.labels:
        return ", ".join(mapped.labels)
    return f"no label: {mapped.reason or 'the name is not known'}"


def _refuse_contradictions(
    ids: list[str] | None, names: list[str] | None, vocabulary: str | None, kind: str | None
) -> None:
    if ids and names:
        raise UsageError("Labels to show and --map do not go together; run `tagger labels` once for each.")
    if vocabulary and not names:
        raise UsageError("--vocabulary goes with --map NAME.")
    if kind and (ids or names):
        raise UsageError("--kind is for the list; leave out the labels to show and --map.")


def _columns(rows: Sequence[tuple[str, str, str]]) -> str:
    first, second = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    return "\n".join(f"{a:<{first}}  {b:<{second}}  {c}".rstrip() for a, b, c in rows)


def _json(value: list[dict[str, Any]]) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=2)
