"""Policy: an archive's rules for what it approves, reviews and holds, read from TOML.

A policy is strict: a key that does not exist, a value of another type, a label that the model never learned or a
decision that a policy may not take is an error that names its place, never ignored.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tagger import fields
from tagger.checking import FINDINGS, REASONS
from tagger.declarations import ARCHIVE_WARNINGS
from tagger.errors import PolicyError, UnknownLabelError
from tagger.form import FORM
from tagger.labels import LabelSet
from tagger.policy import PROMINENCES
from tagger.ratings import Rating

DECISIONS = ("approve", "review", "hold", "reject")  # rising in strictness
STANCES = ("yes", "denied", "undisclosed", "no")
ABSTENTIONS = ("too-short", "language", "not-prose")
NONE_APPLY, UNDISCLOSED = "No Archive Warnings Apply", "Choose Not To Use Archive Warnings"
ANY_WARNING = "any"
UNKNOWN = "unknown"  # the trust of an author of whom the record says nothing
NO_RATING = "none"

# What a message may speak of.
PLACEHOLDERS = ("label", "score", "rating", "words")


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of a rule, all of which must hold; of a tuple one must, and an empty one asks nothing.

    `label` names labels, or "any" for every warning; `at_least`, `below`, `band`, `prominence` and `declared` are asked
    of each, and the rule holds for those that fulfil all. docs/screening.md has the table of what each means.
    """

    label: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None
    band: tuple[str, ...] = ()
    prominence: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    rating: tuple[str, ...] = ()
    rating_suggested: tuple[str, ...] = ()
    archive_warning: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    words_at_least: int | None = None
    words_below: int | None = None
    form: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    abstained: tuple[str, ...] = ()

    @property
    def asked(self) -> dict[str, Any]:
        """The conditions that are given, by name."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) not in (None, ())}

    @property
    def asks_of_scores(self) -> bool:
        """Whether it asks something that only a model which learned the label can answer."""
        return self.at_least is not None or self.below is not None or bool(self.band or self.prominence)


@dataclass(frozen=True, slots=True)
class Rule:
    """If `when` holds, `decision`, with a reason `code` for machines and a `message` for the author."""

    name: str
    when: When
    decision: str
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Bands:
    """From which score on, 0..1, a label is reviewed and held; below both nothing is done about it.

    `declared` are the stances of the author at which the bands count: STANCES, all of them unless said.
    """

    review: float | None = None
    hold: float | None = None
    declared: tuple[str, ...] = STANCES
    message: str = "The text seems to show {label}."


@dataclass(frozen=True)
class Policy:
    """All rules of an archive. `warnings` and `tags` are the bands of labels without any in `labels`.

    `gather` says whether the first rule that holds decides, or all are gathered; `otherwise` decides where none holds,
    `on_error` and `on_abstain` where the model could not speak; `audit`, 0..1, is the share of approvals that a person
    looks at; with `store_text` the story stands in its record. A `language` is checked against the model's.
    """

    name: str
    version: str = "1"
    language: str = ""
    gather: str = "first"
    otherwise: str = "approve"
    on_error: str = "review"
    on_abstain: str = "review"
    audit: float = 0.02
    store_text: bool = False
    allow_auto_reject: bool = False
    warnings: Bands = Bands()
    tags: Bands = Bands()
    labels: Mapping[str, Bands] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """The digest of what the policy means: comments, order of keys and spelled-out defaults change nothing."""
        from hashlib import sha256

        import orjson

        meaning = asdict(self)
        return sha256(orjson.dumps(meaning, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def bands_of(self, label: str, kind: str) -> Bands:
        """The bands of a label."""
        return self.labels.get(label) or (self.warnings if kind == "warning" else self.tags)


def load(path: Path) -> Policy:
    """Read a policy file. Raises PolicyError."""
    try:
        return parse(path.read_text("utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot read the policy {path}: {getattr(error, 'strerror', error)}") from error


def parse(text: str, name: str) -> Policy:
    r"""Read a policy from TOML; `name` is the file's, for messages.

    >>> parse('name = "calm"\n[labels.violence]\nreview = 0.6', "p.toml").labels["violence"].review
    0.6

    Raises PolicyError for broken TOML, an unknown key, a value that will not do, and `reject` without leave.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError(f"{name} is not valid TOML: {error}") from error
    policy = Policy(**fields.read_table(table, _POLICY, f"{name}: ", needed=("name",)))
    _refuse_rejections(policy, name)
    twice = _first_twice([rule.name for rule in policy.rules])
    if twice:
        raise PolicyError(f"{name}: two rules are named {twice!r}; give every rule a name of its own")
    return policy


def check_against(policy: Policy, labels: LabelSet, learned: Sequence[bool], language: str) -> None:
    """Raise PolicyError where a policy asks for what the model cannot say.

    `learned` says of each label whether the model knows it; `language` is the model's.
    """
    if policy.language and policy.language.casefold() != language.casefold():
        raise PolicyError(
            f"the policy {policy.name} is for works in {policy.language}, and the model reads {language};"
            " name another model with -m"
        )
    asked = {label: f"[labels.{label}]" for label in policy.labels}
    for rule in policy.rules:
        named = [label for label in rule.when.label if label != ANY_WARNING]
        _refuse_unknown_labels(policy, named, labels, f"rule {rule.name!r}")
        asked |= {label: f"rule {rule.name!r}" for label in named if rule.when.asks_of_scores}
    _refuse_unknown_labels(policy, policy.labels, labels, "[labels]")
    for label, where in asked.items():
        if not learned[labels.index(label)]:
            raise PolicyError(
                f"the policy {policy.name}: {where} asks for the score of {label}, which the model never learned"
            )


def floors(policy: Policy, labels: LabelSet) -> dict[str, float]:
    """The least score of each label, 0..1, at which the policy does something, where there is one: from there on a
    decision needs evidence.
    """
    least: dict[str, float] = {}
    for label in labels:
        bands = policy.bands_of(label.id, label.kind)
        asked = [bands.review, bands.hold]
        asked += [rule.when.at_least for rule in policy.rules if names(rule.when, label.id, label.kind)]
        found = [score for score in asked if score is not None]
        if found:
            least[label.id] = min(found)
    return least


def names(when: When, label: str, kind: str) -> bool:
    """Whether conditions are about a label."""
    return label in when.label or (kind == "warning" and ANY_WARNING in when.label)


def _refuse_rejections(policy: Policy, name: str) -> None:
    decided = {"otherwise": policy.otherwise, "on_error": policy.on_error, "on_abstain": policy.on_abstain}
    decided |= {f"rule {rule.name!r}": rule.decision for rule in policy.rules}
    rejecting = [where for where, decision in decided.items() if decision == "reject"]
    if rejecting and not policy.allow_auto_reject:
        raise PolicyError(
            f"{name}: {rejecting[0]}: a machine would reject works unseen; use hold, or write allow_auto_reject = true"
        )


def _refuse_unknown_labels(policy: Policy, named: Iterable[str], labels: LabelSet, at: str) -> None:
    for label in named:
        try:
            labels.index(label)
        except UnknownLabelError as error:
            raise PolicyError(f"the policy {policy.name}: {at}: {error}") from None


def _first_twice(names: Sequence[str]) -> str | None:
    return next((name for number, name in enumerate(names) if name in names[:number]), None)


def _message(value: Any, where: str) -> str:
    text = fields.text(value, where)
    try:
        parts = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise PolicyError(f"{where}: {error}; a brace is written {{{{ or }}}}") from None
    for name, form, conversion in parts:
        if name not in PLACEHOLDERS or form or conversion:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise PolicyError(f"{where} has more in braces than it may ({name!r}); a message may have {known}")
    return text


_LABEL_CONDITIONS = ("at_least", "below", "band", "prominence", "declared")


def _when(value: Any, where: str) -> When:
    when = When(**fields.read_table(value, _WHEN, f"{where}.", needed=()))
    asked = when.asked
    of_label = [key for key in _LABEL_CONDITIONS if key in asked]
    if not asked:
        raise PolicyError(f"{where} is empty; what holds when no rule does is said by `otherwise`")
    if of_label and not when.label:
        raise PolicyError(
            f"{where}.{of_label[0]} is asked of a label; name it with `label`, or label = {ANY_WARNING!r}"
        )
    if when.label and not when.finding and not of_label:
        raise PolicyError(f"{where}.label: say what of it, with {fields.either(_LABEL_CONDITIONS)}, or a `finding`")
    return when


def _rules(value: Any, where: str) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        raise PolicyError(f"{where} must be written [[rule]], one for each")
    return tuple(_rule(each, f"{where} {number}") for number, each in enumerate(value, 1))


def _rule(value: Any, where: str) -> Rule:
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        where += f" ({value['name']!r})"
    given = fields.read_table(value, _RULE, f"{where}: ", needed=("name", "when", "decision"))
    if given["decision"] != "approve" and "message" not in given:
        raise PolicyError(f"{where}: 'message' is missing: what is the author to be told?")
    return Rule(**{"code": given["name"], **given})


def _bands(value: Any, where: str) -> Bands:
    bands = Bands(**fields.read_table(value, _BANDS, f"{where}.", needed=()))
    if bands.review is not None and bands.hold is not None and bands.review > bands.hold:
        raise PolicyError(f"{where}: review = {bands.review:g} is above hold = {bands.hold:g}")
    return bands


def _labels(value: Any, where: str) -> dict[str, Bands]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{where} must be written [labels.ID], one for each label")
    return {label: _bands(each, f"{where}.{label}") for label, each in value.items()}


def _named(**readers: fields.Reader) -> dict[str, tuple[str, fields.Reader]]:
    return {name: (name, reader) for name, reader in readers.items()}


_RATINGS = (*(rating.label for rating in Rating), NO_RATING)
_WHEN = _named(
    label=fields.some_of(),
    at_least=fields.share,
    below=fields.share,
    band=fields.some_of(("possible", "likely")),
    prominence=fields.some_of(PROMINENCES),
    declared=fields.some_of(STANCES),
    finding=fields.some_of((*FINDINGS, *REASONS)),
    rating=fields.some_of(_RATINGS),
    rating_suggested=fields.some_of(_RATINGS[1:-1]),
    archive_warning=fields.some_of((*ARCHIVE_WARNINGS, NONE_APPLY, UNDISCLOSED)),
    trust=fields.some_of(),
    words_at_least=fields.count,
    words_below=fields.count,
    form=fields.some_of(FORM),
    status=fields.some_of(("ok", "abstained", "error")),
    abstained=fields.some_of(ABSTENTIONS),
)
_RULE = _named(name=fields.text, when=_when, decision=fields.one_of(DECISIONS), code=fields.text, message=_message)
_BANDS = _named(review=fields.share, hold=fields.share, declared=fields.some_of(STANCES), message=_message)
_POLICY = {
    **_named(
        name=fields.text,
        version=fields.text,
        language=fields.text,
        gather=fields.one_of(("first", "all")),
        otherwise=fields.one_of(DECISIONS),
        on_error=fields.one_of(DECISIONS),
        on_abstain=fields.one_of(DECISIONS),
        audit=fields.share,
        store_text=fields.flag,
        allow_auto_reject=fields.flag,
        warnings=_bands,
        tags=_bands,
        labels=_labels,
    ),
    "rule": ("rules", _rules),
}
