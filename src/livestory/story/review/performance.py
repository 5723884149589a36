"""How the value of a unit went: its days, its peaks and falls, and how long something was held.

It takes each observation once and keeps a close for every day, so that figures of years cost what their days cost.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from livestory.clock import DAY, as_datetime
from livestory.story.unit_value import fall_from, return_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.story.inputs import Observation


class Close(NamedTuple):
    """What was known last of a UTC day: the value of a unit and the price of the base asset."""

    time: int
    value: float
    price: float | None
    own: float = 0.0  # the wealth without what was ever paid in, with what was paid out


class Fall(NamedTuple):
    """A fall of the unit value under its highest, and when that was reached again."""

    drawdown: float  # 0 or negative
    since: int
    price: float | None  # at its beginning
    lowest: int
    low_price: float | None
    over: int | None = None  # None: not yet


class Change(NamedTuple):
    """The return of a day or month, and what the base asset did in it; ``end`` is its last observation."""

    start: int
    end: int
    change: float
    holding: float | None
    gain: float | None = None  # in money, likewise without deposits and withdrawals

    @property
    def ahead(self) -> float | None:
        """By how much it was better than holding."""
        return None if self.holding is None else self.change - self.holding


def day_of(time: int) -> int:
    """The day's number: a day is what comes after its midnight, up to and with the next."""
    return (time - 1) // DAY


class Performance:
    """The value of a unit over time; deposits and withdrawals do not change it."""

    def __init__(self) -> None:
        self.first: Close | None = None
        self.last: Close | None = None
        self.deepest: Fall | None = None
        self.fall: Fall | None = None  # the one that goes on; one of 0 since the highest value
        self.price: float | None = None  # known last
        self._closes: list[Close] = []
        self._peak = 0.0
        self._low = 0.0
        self._held_known = self._held = 0  # microseconds of which it is known whether something was held, and was
        self._before: tuple[int, bool] | None = None

    def observe(  # noqa: PLR0913 - what an observation has
        self,
        time: int,
        value: float | None,
        price: float | None,
        *,
        held: bool | None,
        began: float | None = None,
        own: float = 0.0,
    ) -> None:
        """Take an observation; None is unknown. ``price`` is None too where no one symbol explains all.

        ``began`` is the value that counts as the first one, where the bot told it before its first observation;
        ``own`` is the wealth without all deposits and withdrawals until now.
        """
        self.price = price
        self._hold(time, held)
        if value is None:
            return
        now = Close(time, value, price, own)
        if self.first is None:
            self.first = now if began is None or began == value else Close(time, began, price, began)
            self._follow(self.first)
        if self.last is None or day_of(self.last.time) != day_of(time):
            self._closes.append(now)
        else:
            self._closes[-1] = now
        self.last = now
        self._follow(now)

    def closes(self) -> tuple[Close, ...]:
        """The first observation, and then the last one of each day."""
        if self.first is None or self._closes[0] is self.first:
            return tuple(self._closes)
        return (self.first, *self._closes)

    def days(self) -> Iterator[Change]:
        """The days with an observation, each measured from the last one before it."""
        return self._changes(self.closes(), DAY)

    def months(self) -> Iterator[Change]:
        """The calendar months, likewise."""
        closes = self.closes()
        month_of = [as_datetime(each.time - 1).strftime("%Y-%m") for each in closes]
        ends = [
            each
            for place, each in enumerate(closes)
            if place in {0, len(closes) - 1} or month_of[place] != month_of[place + 1]
        ]
        return self._changes(ends, None)

    @property
    def drawdown(self) -> float:
        """How far the value last known lies under the highest before; 0 where none is known."""
        return fall_from(self._peak, self.last.value) if self.last is not None and self._peak else 0.0

    @property
    def highest(self) -> Close | None:
        """The highest value that there was, the last time it was reached."""
        return Close(self.fall.since, self._peak, self.fall.price) if self.fall is not None else None

    @property
    def time_in_market(self) -> float | None:
        """The share of the observed time in which something was held; None where nothing says it."""
        return self._held / self._held_known if self._held_known else None

    @staticmethod
    def _changes(closes: tuple[Close, ...] | list[Close], length: int | None) -> Iterator[Change]:
        for before, after in pairwise(closes):
            start = day_of(after.time) * DAY if length else _month(after.time)
            change = return_of(before.value, after.value)
            if change is not None:
                yield Change(start, after.time, change, return_of(before.price, after.price), after.own - before.own)

    def _follow(self, now: Close) -> None:
        if now.value >= self._peak:
            if self.fall is not None and self.deepest is self.fall:
                self.deepest = self.fall._replace(over=now.time)
            self._peak = self._low = now.value
            self.fall = Fall(0.0, now.time, now.price, now.time, now.price)
        elif now.value < self._low and self.fall is not None:
            self._low = now.value
            was_deepest = self.deepest is self.fall
            drawdown = fall_from(self._peak, now.value)
            self.fall = self.fall._replace(drawdown=drawdown, lowest=now.time, low_price=now.price)
            if was_deepest or self.deepest is None or drawdown < self.deepest.drawdown:
                self.deepest = self.fall

    def _hold(self, time: int, held: bool | None) -> None:  # noqa: FBT001 - a fact
        if self._before is not None:
            since, was_held = self._before
            self._held_known += time - since
            self._held += (time - since) * was_held
        self._before = None if held is None else (time, held)


def holds(observation: Observation) -> bool | None:
    """Whether the bot held anything, as far as the observation says it."""
    if observation.positions is not None:
        return any(each.quantity for each in observation.positions.values())
    for told in (observation.position, observation.weight):
        if told is not None:
            return bool(told)
    return None


def _month(time: int) -> int:
    day = as_datetime(time - 1)
    return (time - 1) // DAY * DAY - (day.day - 1) * DAY
