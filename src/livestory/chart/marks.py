"""What is marked along a curve: of very many marks, those of a kind that lie near are gathered, and counted."""

from __future__ import annotations

from typing import NamedTuple

MOST_MARKS = 4000  # more than any screen can tell apart; the page gathers further those that would lie upon one another
_COARSER = 4  # times as wide, where there are too many


class Marked(NamedTuple):
    """An event on the chart."""

    seq: int
    time: int
    what: str  # the mark's name; of a trade its side


class Gathered(NamedTuple):
    """Several of one kind: the first of them, how many they are, and the time of the last."""

    seq: int
    time: int
    what: str
    number: int
    until: int


class Marks:
    """What happened when, for a chart: at most so many, each with the number that it stands for."""

    def __init__(self, most: int = MOST_MARKS) -> None:
        self._most = most
        self._width = 0  # microseconds within which marks of a kind are one; 0: each stands alone
        self._cells: dict[tuple[str, int], list[int]] = {}  # seq, first and last time, count

    def add(self, seq: int, time: int, what: str) -> None:
        """Take the next mark, in order of seq."""
        self._count(what, seq, time, time, 1)
        while len(self._cells) > self._most:
            self._width = self._width * _COARSER or 1
            cells, self._cells = self._cells, {}
            for (kind, _), (first, since, until, count) in cells.items():
                self._count(kind, first, since, until, count)

    def gathered(self) -> list[Marked | Gathered]:
        """All of them, in order of their first event."""
        return sorted(
            Marked(seq, since, what) if count == 1 else Gathered(seq, since, what, count, until)
            for (what, _), (seq, since, until, count) in self._cells.items()
        )

    def _count(self, what: str, seq: int, since: int, until: int, count: int) -> None:
        place = since // self._width if self._width else seq
        cell = self._cells.setdefault((what, place), [seq, since, until, 0])
        cell[1], cell[2] = min(cell[1], since), max(cell[2], until)
        cell[3] += count
