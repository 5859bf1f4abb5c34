"""Label, LabelSet, Presence; implications; outside vocabularies.

A label set is data: `data/labels.toml` is the one that ships, and an archive may bring its own. A set keeps
its labels in order, and that order is the order of the columns in every array of scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from tagger.errors import LabelSetError, UnknownLabelError, UsageError

Kind = Literal["warning", "tag"]

KINDS: tuple[Kind, ...] = get_args(Kind)
VOCABULARIES = ("ao3", "ao3_tags", "pan23", "wtwc")

_REQUIRED = ("id", "name", "kind", "definition")
_ID_IN_A_FILE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ANY_ID = re.compile(r"[^\s,]+")
_RULES = {_ID_IN_A_FILE: "lower case with hyphens", _ANY_ID: "without white space and commas, and not empty"}

# Archive warnings of AO3 that speak of all the others, folded as names are compared.
_CHOSE_NOT_TO_WARN = {"choose not to use archive warnings", "creator chose not to use archive warnings"}
_NONE_APPLY = "no archive warnings apply"


class Presence(StrEnum):
    """Whether a label holds for a work. Unknown is not absent: nobody has said."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Label:
    """One warning or tag. `implies` has the ids stated for it alone; `LabelSet.implied_by` follows them on.

    `vocabularies` maps a key of VOCABULARIES to the names by which that vocabulary means this label.
    """

    id: str
    name: str
    kind: Kind
    definition: str = ""
    implies: tuple[str, ...] = ()
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the label in plain JSON types, in the shape of a file's `[[label]]`."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "definition": self.definition,
            "implies": list(self.implies),
            **{vocabulary: list(names) for vocabulary, names in self.vocabularies.items()},
        }


@dataclass(frozen=True)
class LabelSet:
    """Labels in a fixed order. `load`, `parse`, `from_names` and `LabelSet.from_dicts` make and check one.

    `in` and `[]` go by id; `for label in labels` gives each Label. `unmapped` says, for a vocabulary and a
    name in it, why no label answers to that name; it is for people, is not stored with a model, and so does
    not count in a comparison.

    >>> few = from_names(["calm", "storm"])
    >>> few.index("storm"), "rain" in few, [label.id for label in few]
    (1, False, ['calm', 'storm'])
    """

    labels: tuple[Label, ...]
    unmapped: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __contains__(self, label_id: object) -> bool:
        return label_id in self._index

    def __getitem__(self, label_id: str) -> Label:
        return self.labels[self.index(label_id)]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every id, in order."""
        return tuple(label.id for label in self.labels)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """The ids of the warnings, in order."""
        return tuple(label.id for label in self.labels if label.kind == "warning")

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The ids of the tags, in order."""
        return tuple(label.id for label in self.labels if label.kind == "tag")

    @cached_property
    def implications(self) -> tuple[tuple[int, int], ...]:
        """Pairs (index of a label, index of one that it implies), with those that follow through others."""
        return tuple(
            (index, implied)
            for index, label_id in enumerate(self.ids)
            for implied in sorted(self.index(implied_id) for implied_id in self._implied[label_id])
        )

    def index(self, label_id: str) -> int:
        """Return a label's place in the order, counted from 0. UnknownLabelError names the closest ids."""
        try:
            return self._index[label_id]
        except KeyError:
            raise UnknownLabelError(_unknown(label_id, self.ids)) from None

    def implied_by(self, ids: Iterable[str]) -> frozenset[str]:
        """Return these ids and all that they imply."""
        return frozenset(implied for label_id in ids for implied in (self[label_id].id, *self._implied[label_id]))

    def map_names(self, vocabulary: str, names: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return the ids that answer to names of an outside vocabulary, without what those imply, and the
        names to which none does, as given. Case and surplus white space make no difference.
        """
        if vocabulary not in VOCABULARIES:
            choices = ", ".join(VOCABULARIES)
            raise UsageError(f"There is no vocabulary {vocabulary!r}; choose one of {choices}.")
        known = self._names[vocabulary]
        ids: set[str] = set()
        strangers = []
        for name in names:
            answering = known.get(_fold(name))
            if answering is None:
                strangers.append(name)
            else:
                ids |= answering
        return frozenset(ids), tuple(strangers)

    def why_unmapped(self, vocabulary: str, name: str) -> str | None:
        """Return the stated reason why no label answers to a name of the vocabulary, or None."""
        reasons = self.unmapped.get(vocabulary, {})
        return next((reason for known, reason in reasons.items() if _fold(known) == _fold(name)), None)

    def presence_from_ao3(self, warnings: Sequence[str], tags: Sequence[str] = ()) -> dict[str, Presence]:
        """Tell what a header of the Archive of Our Own says of every label of this set.

        A name that maps makes its label present, and all that the label implies. "No Archive Warnings Apply"
        makes the other labels with an archive warning absent, unless the creator also chose not to warn. All
        else is unknown. Warnings and tags are read alike, because e-book downloads mix them in one list.
        """
        names = (*warnings, *tags)
        declared = self.map_names("ao3", names)[0] | self.map_names("ao3_tags", names)[0]
        said = {_fold(name) for name in names}
        presence = dict.fromkeys(self.ids, Presence.UNKNOWN)
        if _NONE_APPLY in said and not said & _CHOSE_NOT_TO_WARN:
            presence.update((label.id, Presence.ABSENT) for label in self if label.vocabularies.get("ao3"))
        presence.update(dict.fromkeys(self.implied_by(declared), Presence.PRESENT))
        return presence

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the labels in plain JSON types, for a model's manifest; `from_dicts` reads them back."""
        return [label.to_dict() for label in self.labels]

    @staticmethod
    def from_dicts(entries: Sequence[Mapping[str, Any]], name: str = "label set") -> LabelSet:
        """Read what `to_dicts` wrote. `name` is what an error calls the place where it stood.

        LabelSetError as for `parse`, save that ids may be anything without white space and commas.
        """
        return _checked(entries, {}, name, _ANY_ID)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {label.id: index for index, label in enumerate(self.labels)}

    @cached_property
    def _implied(self) -> dict[str, frozenset[str]]:
        stated = {label.id: label.implies for label in self.labels}
        return {label_id: _reachable(label_id, stated) for label_id in stated}

    @cached_property
    def _names(self) -> dict[str, dict[str, set[str]]]:
        """Vocabulary -> folded name -> the ids that answer to it."""
        names: dict[str, dict[str, set[str]]] = {vocabulary: {} for vocabulary in VOCABULARIES}
        for label in self.labels:
            for vocabulary, outside in label.vocabularies.items():
                for name in outside:
                    names[vocabulary].setdefault(_fold(name), set()).add(label.id)
        return names


def load(path: Path) -> LabelSet:
    """Read a label file. LabelSetError when it is missing, is not UTF-8, or does not parse."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LabelSetError(
            f"{path}: the label set cannot be read: {error.strerror}. Give another with --labels FILE."
        ) from error
    except UnicodeDecodeError as error:
        raise LabelSetError(f"{path}: not UTF-8 (byte {error.start}); save the file as UTF-8.") from error
    return parse(text, str(path))


def parse(text: str, name: str) -> LabelSet:
    """Read the text of a label file. `name` is what an error calls the file.

    LabelSetError says what is wrong and at which label: no TOML, an unknown key, a missing field, an id twice
    or not lower case with hyphens, an implication that leads nowhere or in a circle, a name both mapped and
    unmapped.
    """
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LabelSetError(f"{name}: not TOML: {error}.") from error
    _refuse_unknown_keys(document, ("label", "unmapped"), name)
    return _checked(document.get("label"), document.get("unmapped", {}), name, _ID_IN_A_FILE)


def from_names(ids: Sequence[str], kind: Kind = "warning") -> LabelSet:
    """Make a label set of bare names, for data with labels of its own. LabelSetError for an id that is empty,
    stands twice, or has white space or a comma in it.

    >>> from_names(["Fear/Terror", "Joy"], kind="tag").tags
    ('Fear/Terror', 'Joy')
    """
    return LabelSet.from_dicts([{"id": name, "name": name, "kind": kind, "definition": ""} for name in ids])


def _checked(entries: object, unmapped: object, name: str, id_rule: re.Pattern[str]) -> LabelSet:
    if not isinstance(entries, list | tuple) or not entries:
        raise LabelSetError(f"{name}: there is no label in it; write each as a [[label]] table.")
    labels = LabelSet(
        tuple(_label(entry, f"{name}: label {number}", id_rule) for number, entry in enumerate(entries, 1)),
        _reasons(unmapped, name),
    )
    _check_ids(labels, name)
    _check_implications(labels, name)
    _check_unmapped(labels, name)
    return labels


def _label(entry: object, where: str, id_rule: re.Pattern[str]) -> Label:
    if not isinstance(entry, Mapping):
        raise LabelSetError(f"{where}: not a table of fields.")
    missing = [key for key in _REQUIRED if key not in entry]
    if missing:
        raise LabelSetError(f"{where}: {', '.join(missing)} missing.")
    label_id, name, kind, definition = (_string(entry[key], key, where) for key in _REQUIRED)
    where = f"{where} ({label_id!r})"
    _refuse_unknown_keys(entry, (*_REQUIRED, "implies", *VOCABULARIES), where)
    if not id_rule.fullmatch(label_id):
        raise LabelSetError(f"{where}: an id must be {_RULES[id_rule]}.")
    if kind not in KINDS:
        raise LabelSetError(f"{where}: kind is {kind!r}; it must be {' or '.join(KINDS)}.")
    implies = _strings(entry.get("implies", []), "implies", where)
    vocabularies = {key: _strings(entry[key], key, where) for key in VOCABULARIES if key in entry}
    return Label(label_id, name, kind, definition, implies, vocabularies)


def _reasons(unmapped: object, name: str) -> dict[str, dict[str, str]]:
    """Vocabulary -> outside name -> the reason why it has no label."""
    if not isinstance(unmapped, Mapping):
        raise LabelSetError(f"{name}: unmapped must be a table with one table a vocabulary.")
    _refuse_unknown_keys(unmapped, VOCABULARIES, f"{name}: unmapped")
    for vocabulary, reasons in unmapped.items():
        if not isinstance(reasons, Mapping):
            raise LabelSetError(f"{name}: unmapped.{vocabulary} must be a table of names and reasons.")
        for outside, reason in reasons.items():
            _string(reason, repr(outside), f"{name}: unmapped.{vocabulary}")
    return {vocabulary: dict(reasons) for vocabulary, reasons in unmapped.items()}


def _check_ids(labels: LabelSet, name: str) -> None:
    seen: set[str] = set()
    for label_id in labels.ids:
        if label_id in seen:
            raise LabelSetError(f"{name}: the id {label_id!r} stands twice.")
        seen.add(label_id)


def _check_implications(labels: LabelSet, name: str) -> None:
    for label in labels:
        for implied in label.implies:
            if implied not in labels:
                raise LabelSetError(f"{name}: {label.id!r} implies {implied!r}, which is no label here.")
    for label in labels:
        if label.id in labels._implied[label.id]:
            stated = ", ".join(label.implies)
            raise LabelSetError(f"{name}: {label.id!r} implies {stated}, which leads back to {label.id!r}.")


def _check_unmapped(labels: LabelSet, name: str) -> None:
    for vocabulary, reasons in labels.unmapped.items():
        for outside in reasons:
            ids, _ = labels.map_names(vocabulary, [outside])
            if ids:
                raise LabelSetError(
                    f"{name}: unmapped.{vocabulary} has {outside!r}, also a name of {', '.join(sorted(ids))}."
                )


def _refuse_unknown_keys(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        raise LabelSetError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(known)}.")


def _string(value: object, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise LabelSetError(f"{where}: {key} must be a string.")
    return value


def _strings(value: object, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise LabelSetError(f"{where}: {key} must be a list of strings, none of them empty.")
    return tuple(value)


def _reachable(start: str, stated: Mapping[str, Sequence[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(stated[start])
    while waiting:
        label_id = waiting.pop()
        if label_id not in found:
            found.add(label_id)
            waiting.extend(stated[label_id])
    return frozenset(found)


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()


def _unknown(label_id: str, ids: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(_fold(label_id).replace(" ", "-"), ids)
    suggestion = f"did you mean {' or '.join(close)}? See" if close else "see"
    return f"There is no label {label_id!r}; {suggestion} `tagger labels`."
