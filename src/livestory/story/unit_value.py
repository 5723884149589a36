"""The value of a unit of wealth, its peak and its fall: the arithmetic of performance, written once.

Performance is measured on a *unit value*, wealth divided by units, so that deposits and withdrawals are neither profit
nor loss: a flow F that brings wealth to W multiplies the units by W / (W - F) (time-weighted return, as in the Global
Investment Performance Standards). Before the first flow the unit value is the wealth itself.
"""

from __future__ import annotations

from itertools import accumulate, islice
from math import inf
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence


class UnitValue(Struct, kw_only=True):
    """Wealth in units, and the highest value of a unit. The story keeps one, and a bot's risk another of its own."""

    units: float = 1.0
    wealth: float | None = None  # the last known
    peak: float = 0.0  # the unit value that the drawdown counts from

    def value_at(self, wealth: float) -> float:
        """What a unit is worth when everything together is worth ``wealth``."""
        return wealth / self.units

    def drawdown_at(self, value: float) -> float:
        """How far the unit value ``value`` lies under the peak: a share, 0 or negative."""
        return (value - self.peak) / self.peak  # at each bar, where a call of `change` takes longer

    def keep_value(self, before: float, after: float) -> bool:
        """Change the number of units as a flow does that brings wealth from ``before`` to ``after``.

        False, and nothing is changed, where there was nothing before, where nothing is left, or beyond all measure.
        """
        units = self.units * (after / before) if before > 0.0 and 0.0 < after < inf else 0.0
        if not 0.0 < units < inf:
            return False
        self.units = units
        return True


def change(value: float, reference: float) -> float:
    """By which share ``value`` differs from ``reference``."""
    # The difference first: 80 of 100 is then exactly -0.2, which 80 / 100 - 1 is not.
    return (value - reference) / reference


def return_of(before: float | None, after: float | None) -> float | None:
    """The return from a value to a later one, as it is told; None where one is unknown, or there was nothing before."""
    return fall_from(before, after) if before and after is not None else None


def compounded(first: float | None, then: float | None) -> float | None:
    """The return of two periods, one after the other; None where one is unknown."""
    return None if first is None or then is None else (1.0 + first) * (1.0 + then) - 1.0


def fall_from(peak: float, value: float) -> float:
    """How far ``value`` lies under ``peak``, as it is told: a share, 0 or negative."""
    # Not by `change`: records hold what the first stage worked out, to the last digit.
    return value / peak - 1.0


def falls(peak: float, values: Sequence[float]) -> tuple[list[float], list[float]]:
    """The peak at each of some values, where it was ``peak`` before, and how far the value lies under it."""
    peaks = list(islice(accumulate(values, max, initial=peak), 1, None))
    return peaks, list(map(fall_from, peaks, values))
