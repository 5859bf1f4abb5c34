"""Cases: works whose decision is known -> what a policy decides differently, and what another would change.

A case is a decision record with most left out: `tagger screen` writes cases, and people write short ones by hand. Or it
is a work as `screen` takes it, with its "text". "expect" is the decision that it must come to (a record's own is
"decision"), and "codes", where given, are the reason codes in order; either may be an object, by the policy's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from tagger.bundles import Bundle
from tagger.decisions import Decision, Record, decide, deciding_rule
from tagger.errors import DataError, TaggerError
from tagger.facts import Facts, facts_of
from tagger.form import FORM
from tagger.policies import DECISIONS, Policy
from tagger.policy import BANDS, PROMINENCES, bands
from tagger.readers import jsonl
from tagger.results import SCHEMA, Evidence, Result, SourceFacts, Suggestion
from tagger.screening import examine
from tagger.works import Failure

# Of a case that does not say how long it is.
USUAL_WORDS = 1000
EVERY = ""
_REASONS = {"too-short": "too short: ", "language": "not English: ", "not-prose": "not prose: "}


class Case(NamedTuple):
    """One work: its facts and, by the policy's name, the decision expected and the reason codes. What goes for every
    policy stands under EVERY.
    """

    id: str
    facts: Facts
    expected: Mapping[str, str]
    codes: Mapping[str, tuple[str, ...]]


class Difference(NamedTuple):
    """A case that is decided otherwise than expected. Both kinds of codes are empty where these are as expected."""

    id: str
    expected: str
    found: str
    rule: str
    expected_codes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


class Change(NamedTuple):
    """What another policy would change for one work: the decisions, and the rules that they are due to."""

    id: str
    before: str
    after: str
    rule_before: str
    rule_after: str


def load(path: Path, bundle: Bundle) -> Iterator[Case]:
    """The cases of a JSON Lines file, one by one. DataError, with file and line, for what is no case."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.isspace():
                    yield read(line, f"{path}:{number}", bundle)
    except OSError as error:
        raise DataError(f"cannot read the cases {path}: {error.strerror or error}") from error


def read(line: bytes, place: str, bundle: Bundle) -> Case:
    """The case on a line. `bundle` is the model whose scores it has, or that is to score its text. DataError."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataError(f"{place}: not JSON: {error.msg} (column {error.colno})") from None
    if not isinstance(fields, dict):
        raise DataError(f"{place}: is no object")
    try:
        has_text = "text" in fields and "scores" not in fields
        facts = _facts_of_text(line, place, bundle) if has_text else _facts_of_record(fields, place, bundle)
    except (KeyError, TypeError, ValueError, AttributeError, TaggerError) as error:
        told = str(error) if isinstance(error, TaggerError) else f"a value of it will not do ({error!r})"
        raise DataError(told if place in told else f"{place}: {told}") from None
    expected = _by_policy(fields.get("expect", fields.get("decision")))
    codes = _by_policy(fields.get("codes"))
    for decision in expected.values():
        if decision not in DECISIONS:
            raise DataError(f"{place}: expects {decision!r}; the decisions are {', '.join(DECISIONS)}")
    if not all(isinstance(each, list) for each in codes.values()):
        raise DataError(f'{place}: "codes" is a list of reason codes, or an object of such lists')
    return Case(str(fields.get("id", place)), facts, expected, {name: tuple(each) for name, each in codes.items()})


def _by_policy(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {EVERY: value}


def differences(cases: Iterable[Case], policy: Policy, bundle: Bundle) -> Iterator[Difference | None]:
    """For each case that expects something: None, or what the policy decides instead."""
    for case in cases:
        expected = case.expected.get(policy.name, case.expected.get(EVERY))
        if expected is None:
            continue
        decision = decide(case.facts, policy, bundle.labels)
        codes = tuple(reason["code"] for reason in decision.reasons)
        expected_codes = case.codes.get(policy.name, case.codes.get(EVERY, codes))
        if (expected, expected_codes) == (decision.decision, codes):
            yield None
            continue
        told = (expected_codes, codes) if expected_codes != codes else ((), ())
        yield Difference(case.id, expected, decision.decision, deciding_rule(decision, policy), *told)


def changes(cases: Iterable[Case], policy: Policy, other: Policy, bundle: Bundle) -> Iterator[Change | None]:
    """For each case: None, or what the other policy would change."""
    for case in cases:
        before, after = (decide(case.facts, each, bundle.labels) for each in (policy, other))
        same = before.decision == after.decision
        yield None if same else _change(case.id, (before, policy), (after, other))


def _change(id: str, before: tuple[Decision, Policy], after: tuple[Decision, Policy]) -> Change:
    return Change(id, before[0].decision, after[0].decision, deciding_rule(*before), deciding_rule(*after))


def directions(changed: Iterable[Change]) -> dict[tuple[str, str], Counter[tuple[str, str]]]:
    """How many works go from one decision to another, (before, after), and of those by which rules."""
    found: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for each in changed:
        found.setdefault((each.before, each.after), Counter())[each.rule_before, each.rule_after] += 1
    return found


def _facts_of_text(line: bytes, place: str, bundle: Bundle) -> Facts:
    work = jsonl.read_record(line, place)
    if isinstance(work, Failure):
        raise DataError(work.error)
    return examine([work], bundle, {})[0].facts


_KNOWN = Record.__annotations__.keys() | {"name", "note", "expect", "codes", "abstained", "prominence", "words"}


def _facts_of_record(fields: Mapping[str, Any], place: str, bundle: Bundle) -> Facts:
    """The facts in a record, or in part of one: what is left out is calm prose of USUAL_WORDS by an unknown author, of
    which nothing was declared.
    """
    strange = sorted(fields.keys() - _KNOWN)
    if strange:
        raise DataError(f"{place}: there is no key {strange[0]!r}; the keys of a case are {', '.join(sorted(_KNOWN))}")
    status = fields.get("status", "abstained" if "abstained" in fields else "ok")
    if status == "error":
        return Facts("error")
    declared = fields.get("declared") or {}
    form = tuple(fields.get("form", ()))
    if not set(form) <= set(FORM):
        raise DataError(f"{place}: form is {list(form)}; the findings are {', '.join(FORM)}")
    result: Result = {
        "schema": SCHEMA,
        "id": "",
        "status": status,
        "model": bundle.model,
        "source": _source(fields),
        "declared": {
            "rating": declared.get("rating"),
            "warnings": tuple(declared.get("warnings", ())),
            "tags": tuple(declared.get("tags", ())),
        },
        "scores": _scores(fields, bundle) if status == "ok" else {},
        "suggested": [],
        "structure": None,
        "unsupported": [],
    }
    if status == "abstained":
        result["reason"] = fields["reason"] if "reason" in fields else _REASONS[fields["abstained"]]
    elif "suggested" in fields:
        result["suggested"] = [_suggestion(each) for each in fields["suggested"]]
    else:
        result["suggested"] = _suggest(result["scores"], fields.get("prominence", {}), bundle)
    return facts_of(result, bundle.labels, (fields.get("author") or {}).get("trust"), form)


def _source(fields: Mapping[str, Any]) -> SourceFacts:
    words = fields.get("words", (fields.get("source") or {}).get("words", USUAL_WORDS))
    return {
        "format": "jsonl",
        "encoding": "utf-8",
        "words": int(words),
        "chapters": 1,
        "ignored": (),
        "repairs": (),
    }


def _scores(fields: Mapping[str, Any], bundle: Bundle) -> dict[str, float]:
    """The scores given; those of the other labels that the model learned are 0 in a case by hand."""
    given = {bundle.labels[label].id: float(score) for label, score in fields.get("scores", {}).items()}
    if "suggested" in fields:
        return given
    learned = [label for label, known in zip(bundle.labels.ids, bundle.supported, strict=True) if known]
    implied = dict.fromkeys(learned, 0.0) | given
    for cause, effect in bundle.labels.implications:
        ids = bundle.labels.ids
        if ids[cause] in implied:
            implied[ids[effect]] = max(implied.get(ids[effect], 0.0), implied[ids[cause]])
    return implied


def _suggestion(shown: Mapping[str, Any]) -> Suggestion:
    """A suggestion from what a record has of it."""
    return {
        "label": shown["label"],
        "kind": shown["kind"],
        "score": shown["score"],
        "threshold": 0.0,
        "band": shown["band"],
        "prominence": shown["prominence"],
        "right": None,
        "evidence": [_evidence(place) for place in shown["evidence"]],
    }


def _evidence(place: Mapping[str, Any]) -> Evidence:
    return {
        "chapter": place["chapter"],
        "paragraph": place["paragraph"],
        "start": place["start"],
        "end": place["end"],
        "score": 0.0,
        "words": [],
    }


_SOMEWHERE: Evidence = {"chapter": 1, "paragraph": 1, "start": 0, "end": 0, "score": 0.0, "words": []}


def _suggest(scores: Mapping[str, float], prominence: Mapping[str, str], bundle: Bundle) -> list[Suggestion]:
    """What the balanced thresholds make of scores: all of it in the first chapter, and `present` unless said."""
    found = []
    for number, label in enumerate(bundle.labels):
        score = scores.get(label.id, 0.0)
        band = BANDS[int(bands(np.array([score]), bundle.thresholds[:, [number]])[0])]
        if label.id in scores and band != "unsure":
            shown = {"label": label.id, "kind": label.kind, "score": score, "band": band}
            level = prominence.get(label.id, "present")
            if level not in PROMINENCES:
                raise DataError(f"the prominence of {label.id} is {level!r}; it is {', '.join(PROMINENCES)}")
            found.append(_suggestion({**shown, "prominence": level, "evidence": [_SOMEWHERE]}))
    return sorted(found, key=lambda each: (each["kind"] == "tag", -each["score"]))
