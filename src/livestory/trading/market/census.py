"""One pass over all bars of a run, before anything is told: are they one series, how long is a bar, what is missing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.errors import TableError
from livestory.trading.market.bar_files import BarFile, ascending, moment
from livestory.trading.market.digest import BarsDigest

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_SPACINGS = 1000  # distinct ones; bars have a handful, and times with more are no series of bars


class _Spacing(Struct):
    """How many neighbours are this far apart, and the later one of the first two."""

    file: BarFile
    line: int
    time: int
    count: int = 1


class Census:
    """What the bars are, all together."""

    def __init__(self, files: Sequence[BarFile]) -> None:
        """Read all bars once.

        Raises TableError for whatever `bar_files.ascending` refuses, and for times with no common distance.
        """
        self.count = self.duplicates = 0
        self.first = self.last = 0  # open times; the files have a bar each
        self.digest = BarsDigest()
        self._spacings: dict[int, _Spacing] = {}
        self._start = files[0]
        for file, line, row in ascending(files):
            time = row[0]
            if self.count == 0:
                self.first = time
            elif time == self.last:
                self.duplicates += 1
                continue
            else:
                self._space(time - self.last, file, line, time)
            self.last = time
            self.count += 1
            self.digest.add(row)

    def _space(self, apart: int, file: BarFile, line: int, time: int) -> None:
        spacing = self._spacings.get(apart)
        if spacing is not None:
            spacing.count += 1
        elif len(self._spacings) < _MOST_SPACINGS:
            self._spacings[apart] = _Spacing(file, line, time)
        else:
            problem = "the times up to here have no common distance; only bars of one interval are read, not trades"
            raise file.error(line, 0, problem)

    def interval(self, wanted: int | None = None) -> int:
        """The most common distance between neighbours, in microseconds; of a lone bar, the one ``wanted``.

        Raises TableError where it is not the one wanted, where a lone bar has none, and at the first bar off its grid.
        """
        if not self._spacings:
            if wanted is None:
                message = f"{self._start.table}: one bar alone does not say how long it is; give two or more"
                raise TableError(message)
            return wanted
        common = max(self._spacings, key=lambda apart: (self._spacings[apart].count, -apart))
        if wanted not in (None, common):
            problem = f"bars of {timedelta(microseconds=common)}, where {timedelta(microseconds=wanted)} is configured"
            message = f"{self._start.table}: {problem}; change the configuration or the files"
            raise TableError(message)
        for apart, spacing in self._spacings.items():
            if apart % common:
                raise _off_grid(spacing, apart, common)
        return common


def _off_grid(spacing: _Spacing, apart: int, interval: int) -> TableError:
    problem = f"{moment(spacing.time)} comes {timedelta(microseconds=apart)} after the bar before it"
    remedy = f"bars are {timedelta(microseconds=interval)} long here: remove or correct this one"
    return spacing.file.error(spacing.line, 0, f"{problem}, which is off their grid; {remedy}")
