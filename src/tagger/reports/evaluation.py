"""A Report of `tagger.metrics`, for people (a table and sentences) and for machines (JSON)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import orjson

from tagger.metrics import CleanWorks, Estimate, LabelFigures, MacroFigures, MicroFigures, Report

_HEADS = ("present", "P", "R", "F1", "AP", "95 %", "AUC", "threshold", "ECE")
_WIDTHS = (7, 4, 4, 4, 4, 9, 4, 9, 4)
_NUMBERS = sum(_WIDTHS) + 2 * len(_WIDTHS)  # two blanks stand before each column
_NARROWEST_LABEL = 8


def render_json(report: Report) -> str:
    """Write the report as indented JSON; a figure that the data cannot tell is null."""
    return orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2).decode()


def render_table(report: Report, width: int = 100) -> str:
    """Write the report as plain text: a row for each label (the interval is that of AP), then sentences.

    Lines have at most `width` characters, but never fewer than 75; longer label names are cut to fit.
    """
    width = max(width, _NUMBERS + _NARROWEST_LABEL)
    longest = max((len(label.id) for label in report.labels), default=0)
    room = min(width - _NUMBERS, max(longest, _NARROWEST_LABEL))
    rows = [_line("label", _HEADS, room), *(_line(label.id, _cells(label), room) for label in report.labels)]
    sentences = [textwrap.fill(sentence, width, subsequent_indent="  ") for sentence in _sentences(report)]
    return "\n".join([*rows, "", *sentences])


def _line(name: str, cells: Sequence[str], room: int) -> str:
    name = name if len(name) <= room else name[: room - 1] + "…"
    return name.ljust(room) + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def _cells(label: LabelFigures) -> tuple[str, ...]:
    return (
        str(label.present),
        _number(label.precision.value),
        _number(label.recall.value),
        _number(label.f1.value),
        _number(label.ap.value),
        _interval(label.ap),
        _number(label.auc.value),
        _number(label.threshold),
        _number(label.ece),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _interval(estimate: Estimate) -> str:
    return "-" if estimate.low is None else f"{_number(estimate.low)}–{_number(estimate.high)}"


def _sentences(report: Report) -> Iterator[str]:
    yield _macro(report.macro)
    yield _micro(report.micro)
    yield _clean(report.clean)
    yield _works(report)
    untrained = [label.id for label in report.labels if not label.trained]
    if untrained:
        yield f"Not trained, and in no mean: {', '.join(untrained)}."
    yield "- stands for a figure that these works cannot tell."


def _macro(macro: MacroFigures) -> str:
    if not macro.labels:
        return f"Macro: no label is present in {macro.min_support} works or more."
    return (
        f"Macro (mean over {_count(macro.labels, 'label')} present in at least {macro.min_support} works): "
        f"AP {_phrase(macro.ap)}, AUC {_phrase(macro.auc)}, F1 {_phrase(macro.f1)}, "
        f"precision {_phrase(macro.precision)}, recall {_phrase(macro.recall)}, ECE {_number(macro.ece)}."
    )


def _micro(micro: MicroFigures) -> str:
    return (
        f"Micro (all known cells together): F1 {_phrase(micro.f1)}, precision {_phrase(micro.precision)}, "
        f"recall {_phrase(micro.recall)}."
    )


def _clean(clean: CleanWorks) -> str:
    if not clean.works:
        return "Clean works: in no work is every warning known to be absent."
    return (
        f"Clean works (every warning known to be absent): {clean.warned:,} of {clean.works:,} get a warning "
        f"suggested, a share of {_phrase(clean.share)}."
    )


def _works(report: Report) -> str:
    source = f"{report.resamples:,} resamples of {_count(report.groups, 'group')}"
    intervals = f"In parentheses: 95 % intervals from {source}." if report.resamples else "Without intervals."
    return (
        f"{_count(report.works, 'work')}, {report.unlabelled:,} of them without any label; "
        f"the model abstained on {report.abstained:,}. {intervals}"
    )


def _phrase(estimate: Estimate) -> str:
    number = _number(estimate.value)
    return number if estimate.low is None else f"{number} ({_interval(estimate)})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
