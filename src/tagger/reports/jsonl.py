"""A result as one JSON object: the schema "tagger.result/1"."""

from __future__ import annotations

from typing import Any

import orjson

from tagger.results import SCHEMA, Evidence, Result, Suggestion


def render(result: Result) -> bytes:
    """One line of JSON."""
    return orjson.dumps(record(result), option=orjson.OPT_APPEND_NEWLINE)


def render_indented(result: Result) -> bytes:
    """The same over several lines, as one element of a JSON array."""
    return orjson.dumps(record(result), option=orjson.OPT_INDENT_2)


def record(result: Result) -> dict[str, Any]:
    """The result in plain JSON types; scores rounded to four decimals."""
    head: dict[str, Any] = {"schema": SCHEMA, "id": result.id, "status": result.status}
    if result.error is not None:
        return {**head, "error": result.error, "model": result.model._asdict()}
    if result.reason is not None:
        head["reason"] = result.reason
    source, declared = result.source, result.declared
    return {
        **head,
        "source": {
            "format": source.format,
            "encoding": source.encoding,
            "words": result.words,
            "chapters": result.chapters,
            "ignored": source.ignored,
            "repairs": source.repairs,
        },
        "model": {
            "name": result.model.name,
            "version": result.model.version,
            "sha256": result.model.sha256,
        },
        "declared": {"rating": declared.rating, "warnings": declared.warnings, "tags": declared.tags},
        "suggested": [_suggestion(each) for each in result.suggested],
        "scores": {label: round(score, 4) for label, score in (result.scores or {}).items()},
        "structure": result.structure._asdict() if result.structure else None,
        "unsupported": result.unsupported,
        "timing_ms": round(result.timing_ms, 2),
    }


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "label": suggestion.label,
        "kind": suggestion.kind,
        "score": round(suggestion.score, 4),
        "threshold": round(suggestion.threshold, 4),
        "band": suggestion.band,
        "right": None if suggestion.right is None else round(suggestion.right, 2),
        "evidence": [_evidence(each) for each in suggestion.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "chapter": evidence.chapter,
        "paragraph": evidence.paragraph,
        "start": evidence.start,
        "end": evidence.end,
        "score": round(evidence.score, 4),
        "words": evidence.words,
    }
    if evidence.quote is not None:
        shown["quote"] = evidence.quote
    if evidence.margin is not None:
        shown["margin"] = evidence.margin
        shown["bias"] = evidence.bias
        shown["contributions"] = evidence.contributions
    return shown
