"""A comparison of two models, for people."""

from __future__ import annotations

from tagger.comparing import ALPHA, Contest, LabelContest


def render(contest: Contest, held_out: str) -> str:
    """A row for each label whose loss changes, the greatest change first, and what is compared how."""
    moved = [each for each in contest.labels if abs(each.difference) >= 5e-5 or each.gained or each.lost]
    head = (
        f"{'label':<27} {'works':>6} {'present':>7}   {'log loss':<15} {'difference (95 %)':<28} {'AP':<12} {'F1':<12}"
        " suggested"
    )
    same = len(contest.labels) - len(moved)
    lines = [head, *map(_row, sorted(moved, key=lambda each: each.difference))] if moved else []
    lines += [
        f"{same} more are as they were." if moved and same else "" if moved else "No label's scores changed.",
        f"Compared on {held_out}; {contest.changed:,} of them get other suggestions. Losses in nats, lower is better;"
        f" intervals by the paired bootstrap. better and worse: told from chance at {ALPHA:g} over all labels (Holm).",
    ]
    return "\n".join(filter(None, lines))


def _row(each: LabelContest) -> str:
    loss = f"{each.loss[0]:.4f} {each.loss[1]:.4f}"
    difference = f"{each.difference:+.4f} ({each.low:+.4f} {each.high:+.4f})"
    changed = f"+{each.gained} -{each.lost}" if each.gained or each.lost else ""
    told = {"same": "", "unknown": "too few works"}.get(each.outcome, each.outcome.upper())
    row = (
        f"{each.label:<27} {each.works:>6,} {each.present:>7,}   {loss:<15} {difference:<28} {_pair(each.ap):<12}"
        f" {_pair(each.f1):<12} {changed:<9} {told}"
    )
    return row.rstrip()


def _pair(figures: tuple[float | None, float | None]) -> str:
    return " ".join("-" if figure is None else f"{figure:.2f}" for figure in figures)
