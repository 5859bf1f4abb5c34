"""A result as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tagger.errors import printable
from tagger.results import DeclaredFacts, Evidence, Result, Suggestion

_BARS = "▁▂▃▄▅▆▇█"
_SHOWN_TERMS = 12
BOLD, DIM, RED, PLAIN = "\033[1m", "\033[2m", "\033[31m", "\033[0m"


def render(result: Result, width: int = 80, color: bool = False) -> str:
    """Some lines, the last with its line end; no line is longer than `width` except where a name is.

    The strip beside a suggestion shows where in the work it speaks, from the first passage to the last.
    """
    lines = [paint(printable(result["id"]), BOLD, color)]
    if "error" in result:
        return "\n".join([*lines, f"  {paint('error', RED, color)}  {printable(result['error'])}"]) + "\n"
    lines[0] += f"  {_description(result)}"
    lines += _declared(result["declared"])
    lines += [f"  note  {each}" for each in result["source"]["repairs"]]
    if "reason" in result:
        return "\n".join([*lines, f"  no suggestion  {result['reason']}"]) + "\n"
    for kind in ("warning", "tag"):
        chosen = [each for each in result["suggested"] if each["kind"] == kind]
        lines.append("  " + paint(f"{kind}s", DIM, color))
        lines += [line for each in chosen for line in _suggestion(each, width, color)]
        if not chosen:
            lines.append("    none suggested, which is no promise that there is none")
    return "\n".join(lines) + "\n"


def _description(result: Result) -> str:
    source, structure = result["source"], result["structure"]
    chapters = f", {source['chapters']} chapters" if source["chapters"] > 1 else ""
    facts = [f"{source['words']:,} words{chapters}"]
    if structure:
        pov, tense = structure["pov"], structure["tense"]
        facts += [structure["length"], *([f"{pov} person"] if pov else []), *([f"{tense} tense"] if tense else [])]
    return " · ".join(facts)


def _declared(declared: DeclaredFacts) -> list[str]:
    parts = [f"rating {declared['rating']}"] if declared["rating"] else []
    if declared["warnings"]:
        parts.append("warnings " + ", ".join(declared["warnings"]))
    return [f"  declared  {printable('; '.join(parts))}"] if parts else []


def _suggestion(each: Suggestion, width: int, color: bool) -> Iterable[str]:
    level = paint(f"{each['band']:<8}", BOLD if each["band"] == "likely" else "", color)
    # On other works it is less often right than on those held out: "10 in 10" would be a promise.
    right = "" if each["right"] is None else f"right {min(10 * each['right'], 9):.0f} in 10"
    yield f"    {level}  {each['label']:<26} {each['score']:.2f}  {strip(each.get('course', [])):<16}  {right}".rstrip()
    for number, piece in enumerate(each["evidence"]):
        prominence = "" if number else each["prominence"]  # beside the first passage there is room for it
        yield paint(cut(f"    {prominence:<8}  {place(piece)}", width), DIM, color)
        if "contributions" in piece:
            yield from _arithmetic(piece, width)
        if "quote" in piece:
            lines = _wrapped(piece["quote"], max(width - 16, 20))
            yield from (f"              | {printable(line)}" for line in lines)


def place(piece: Evidence) -> str:
    """Where a passage stands, and the words that speak loudest in it."""
    words = f": {', '.join(piece['words'])}" if piece["words"] else ""
    return f"chapter {piece['chapter']}, paragraph {piece['paragraph']} ({piece['score']:.2f}){words}"


def _arithmetic(piece: Evidence, width: int) -> Iterable[str]:
    """The sum that is the passage's margin: the greatest contributions, the rest in one number, and the bias."""
    shown, others = piece["contributions"][:_SHOWN_TERMS], piece["contributions"][_SHOWN_TERMS:]
    terms = [f"{each['words']} {each['amount']:+.2f}" for each in shown]
    if others:
        terms.append(f"{len(others)} others {sum(each['amount'] for each in others):+.2f}")
    terms.append(f"bias {piece['bias']:+.2f} = {piece['margin']:+.2f}")
    for line in _wrapped("   ".join(terms), max(width - 16, 20)):
        yield f"                {line}"


def strip(course: Sequence[float]) -> str:
    """Scores 0..1 as a row of bars.

    >>> strip([0.0, 0.5, 1.0])
    '▁▅█'
    """
    return "".join(_BARS[min(int(score * len(_BARS)), len(_BARS) - 1)] for score in course)


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return [line for part in text.splitlines() for line in wrap(part, width)]


def cut(line: str, width: int) -> str:
    """The line, or as much of it as fits."""
    return line if len(line) <= width else line[: width - 1] + "…"


def paint(text: str, code: str, color: bool) -> str:
    """The text in a color, if there is to be any."""
    return f"{code}{text}{PLAIN}" if color and code else text
