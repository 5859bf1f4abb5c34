"""Row: one line of the table, with what was measured as it was measured; everything shown is derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench_lib.texts import Size

OURS = "ours"
WALL = ("cold", "story", "cores")  # measured in wall time; everything else in CPU time, which a busy machine skews less


@dataclass
class Row:
    """`what` one system did with one corpus, once for each round. Times are in seconds, memory in MB (10^6 bytes).

    `size` is that of the text worked on; `jobs` the processes asked for; `model_mb` the size of the model on disk;
    `macro_f1` and `mean_ap`, 0..1, are those of the system's scores of held-out works. `missing` says why there is
    nothing measured.
    """

    corpus: str
    what: str
    system: str
    size: Size = field(default_factory=Size)
    jobs: int = 1
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    model_mb: float | None = None
    macro_f1: float | None = None
    mean_ap: float | None = None
    missing: str = ""

    @property
    def seconds(self) -> list[float]:
        """The times that count for this kind of row, a round each."""
        return self.wall if self.what in WALL else self.cpu

    def rates(self) -> list[float]:
        """MB of text a second, a round each."""
        return [self.size.bytes / 1e6 / each for each in self.seconds]


def from_dict(table: dict[str, Any]) -> Row:
    """A row from the plain form that `dataclasses.asdict` gives."""
    return Row(**{**table, "size": Size(*table["size"])})


def speed_ratios(ours: Row, other: Row) -> list[float]:
    """How many times as fast ours is, round by round, by text where both have text and by run where not."""
    if not (ours.size.bytes and other.size.bytes):
        return [b / a for a, b in zip(ours.seconds, other.seconds, strict=False)]
    return [a / b for a, b in zip(ours.rates(), other.rates(), strict=False)]


def find(rows: Sequence[Row], corpus: str, what: str, system: str = OURS, **others: Any) -> Row | None:
    """The row of these that has something measured, or None."""
    for row in rows:
        same = (row.corpus, row.what, row.system) == (corpus, what, system)
        if (
            same
            and row.seconds
            and not row.missing
            and all(getattr(row, name) == value for name, value in others.items())
        ):
            return row
    return None


def cost(row: Row) -> float:
    """Seconds a work, the median over the rounds."""
    return median(row.seconds) / max(row.size.works, 1)
