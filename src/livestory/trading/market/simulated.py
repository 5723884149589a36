"""The market of `livestory demo`: a seeded random process in the manner of ETH/BTC, and no forecast of anything."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from math import sqrt
from random import Random
from typing import Annotated

from msgspec import Meta, Struct

from livestory.clock import DAY, HOUR, MINUTE
from livestory.trading.market.bar import Bar, BarsDigest

_TICKS = 100_000  # per unit of price: the exchange's price step is 0.00001
_LOTS = 10_000  # per unit of quantity
_STEPS = 6  # of the walk inside one bar, which gives it its high and low
_STEPS_ROOT = sqrt(_STEPS)
_UNIFORM = sqrt(3.0)  # a uniform number of variance 1 lies between minus and plus this

Range = tuple[float, float]
Durations = tuple[int, int]


class SimulatedSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the process draws from: a pair is the bounds of a uniform draw."""

    start_price: Annotated[Range, Meta(description="First price. BTC per ETH.")] = (0.047, 0.056)
    volume: Annotated[Range, Meta(description="Volume of a bar that does not move. ETH.")] = (80.0, 400.0)
    calm: Annotated[Durations, Meta(description="Length of the range at the start. Duration.")] = (2 * DAY, 4 * DAY)
    rise: Annotated[Durations, Meta(description="Length of the rise before the crash. Duration.")] = (4 * DAY, 7 * DAY)
    rise_drift: Annotated[Range, Meta(description="Drift of that rise. Fraction a day.")] = (0.04, 0.055)
    rise_noise: Annotated[Range, Meta(description="Volatility of that rise. Fraction a day.")] = (0.013, 0.02)
    crash_length: Annotated[Durations, Meta(description="Length of a crash. Duration.")] = (75 * MINUTE, 150 * MINUTE)
    crash_fall: Annotated[Range, Meta(description="What a crash takes from the price. Fraction.")] = (0.27, 0.36)
    crash_fade: Annotated[float, Meta(gt=0, le=1, description="A bar's fall against the one before. Ratio.")] = 0.8
    crash_noise: Annotated[Range, Meta(description="Volatility in a crash. Fraction a day.")] = (0.04, 0.08)
    crash_chance: Annotated[float, Meta(ge=0, le=1, description="That a later trend over the centre ends in one.")] = (
        0.1
    )
    range_length: Annotated[Durations, Meta(description="Length of a range. Duration.")] = (DAY, 5 * DAY)
    range_noise: Annotated[Range, Meta(description="Volatility in a range. Fraction a day.")] = (0.014, 0.024)
    reversion: Annotated[float, Meta(ge=0, description="Pull of a range's level. Share of the distance a day.")] = 4.0
    trend_length: Annotated[Durations, Meta(description="Length of a trend. Duration.")] = (36 * HOUR, 5 * DAY)
    trend_noise: Annotated[Range, Meta(description="Volatility in a trend. Fraction a day.")] = (0.016, 0.026)
    trend_drift: Annotated[Range, Meta(description="Drift of a trend, up or down. Fraction a day.")] = (0.012, 0.05)
    centre: Annotated[float, Meta(gt=0, description="Price that trends tend back to. BTC per ETH.")] = 0.05
    homing: Annotated[float, Meta(ge=0, description="How much they tend to. Probability per fraction away.")] = 2.0
    jumps: Annotated[float, Meta(ge=0, description="Jumps in ranges and trends. Rate a day.")] = 0.3
    jump_size: Annotated[Range, Meta(description="Size of a jump, up or down. Fraction.")] = (0.004, 0.012)


class _Phase(Struct, frozen=True):
    """A stretch of the market under one law, in ticks: each bar drifts, is pulled to a level, and is noisy."""

    bars: int
    noise: float  # standard deviation of a bar's move
    drift: float = 0.0  # of the first bar
    fade: float = 1.0  # each bar's drift against that of the bar before
    level: float = 0.0  # that the price is pulled to
    pull: float = 0.0  # of the level on a bar, as a fraction of the distance
    jumps: float = 0.0  # chance of a jump in a bar


class SimulatedBars:
    """A market that switches between ranges, trends, jumps and crashes, drawn from ``seed`` (0 or more).

    The process, whose every length and size is drawn between the bounds in the settings:

    1. a range: the price is pulled to a level (an Ornstein-Uhlenbeck process), so that the first days are gentle;
    2. a rise: a drift of several percent a day, several times its noise over a day, to new highs;
    3. a crash: a quarter to a third of the price within a few hours, spread over bars that fall ever less;
    4. then, without end, a range and a trend in turn; a trend's direction is drawn, and is the less likely to lead
       away from the centre the further away the price is; one that ends above it may end in another crash.

    Ranges and trends also jump, a few times a week. Inside a bar the price walks in small uniform steps, which gives
    its open, high, low and close; a bar opens where the last one closed, on a grid of 0.00001.

    The order of 1 to 3 is fixed, because the market is there to show a bot through good days, a crash that no trend
    rule escapes, and the weeks after; nothing looks at what the bot does.

    It draws from `random.Random.random` alone, which Python keeps the same for a seed for ever, and computes with
    + - * / and square root alone, which IEEE 754 rounds the same everywhere.
    """

    symbol = "ETH/BTC"

    def __init__(
        self,
        seed: int,
        bars: int,
        start: int,
        interval: int = 15 * MINUTE,
        *,
        settings: SimulatedSettings | None = None,
    ) -> None:
        """Draw ``bars`` bars from ``seed``; the first opens at the instant ``start``."""
        self.interval = interval
        self.count = bars
        self._seed = seed
        self._start = start
        self._settings = settings or SimulatedSettings()

    @cached_property
    def digest(self) -> str:
        """The digest of all bars."""
        digest = BarsDigest()
        for bar in self.read():
            digest.add((bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume))
        return digest.of(self.interval)

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """The bars that end after the instant ``after``, or all of them; drawn again from the seed each time."""
        drawn = islice(self._drawn(), self.count)
        return (bar for bar in drawn if after is None or bar.end > after)

    def _drawn(self) -> Iterator[Bar]:
        process = _Process(Random(self._seed), self._settings, self.interval)  # noqa: S311 - a market, no secret
        open_time = self._start
        for open_, high, low, close, volume in process.bars():
            end = open_time + self.interval
            yield Bar(open_time, end, open_ / _TICKS, high / _TICKS, low / _TICKS, close / _TICKS, volume / _LOTS)
            open_time = end


class _Process:
    """The process itself. Prices are whole ticks, and the last one is all that it carries from bar to bar."""

    def __init__(self, random: Random, settings: SimulatedSettings, interval: int) -> None:
        self._random = random.random
        self._settings = settings
        self._interval = interval
        self._day = interval / DAY
        self._price = int(self._between(settings.start_price) * _TICKS)

    def bars(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Open, high, low and close in ticks and the volume in lots, of one bar after the other, without end."""
        for phase in self._phases():
            drift = phase.drift
            for _ in range(phase.bars):
                yield self._bar(phase, drift)
                drift *= phase.fade

    def _phases(self) -> Iterator[_Phase]:
        settings = self._settings
        yield self._range(settings.calm)
        yield self._trend(settings.rise, self._between(settings.rise_drift), settings.rise_noise)
        yield self._crash()
        while True:
            yield self._range(settings.range_length)
            drift = self._between(settings.trend_drift)
            rises = self._random() < 0.5 - settings.homing * self._away()
            yield self._trend(settings.trend_length, drift if rises else -drift, settings.trend_noise)
            if self._random() < settings.crash_chance and self._away() > 0.0:
                yield self._crash()

    def _away(self) -> float:
        """How far the price is from the centre, as a fraction of it."""
        return self._price / (self._settings.centre * _TICKS) - 1.0

    def _range(self, length: Durations) -> _Phase:
        settings = self._settings
        return _Phase(
            bars=self._bars_of(length),
            noise=self._noise_of(settings.range_noise),
            level=self._price,
            pull=min(settings.reversion * self._day, 1.0),
            jumps=settings.jumps * self._day,
        )

    def _trend(self, length: Durations, drift: float, noise: Range) -> _Phase:
        return _Phase(
            bars=self._bars_of(length),
            noise=self._noise_of(noise),
            drift=drift * self._day * self._price,
            jumps=self._settings.jumps * self._day,
        )

    def _crash(self) -> _Phase:
        settings = self._settings
        bars = self._bars_of(settings.crash_length)
        share, shares = 1.0, 0.0
        for _ in range(bars):
            shares += share
            share *= settings.crash_fade
        fall = self._between(settings.crash_fall) * self._price / shares
        noise = self._noise_of(settings.crash_noise)
        return _Phase(bars=bars, noise=noise, drift=-fall, fade=settings.crash_fade)

    def _bar(self, phase: _Phase, drift: float) -> tuple[int, int, int, int, int]:
        random = self._random
        open_ = price = high = low = self._price
        step = (drift + phase.pull * (phase.level - open_)) / _STEPS
        width = 2.0 * _UNIFORM * phase.noise / _STEPS_ROOT
        walk = float(open_)
        for _ in range(_STEPS):
            walk += step + width * (random() - 0.5)
            price = max(int(walk + 0.5), 1)
            high, low = max(high, price), min(low, price)
        if random() < phase.jumps:
            size = self._between(self._settings.jump_size)
            price = max(int(price * (1.0 + (size if random() < 0.5 else -size))), 1)  # noqa: PLR2004 - a coin
            high, low = max(high, price), min(low, price)
        self._price = price
        lots = self._between(self._settings.volume) * (1.0 + (high - low) / (phase.noise + 1.0)) * _LOTS
        return open_, high, low, price, int(lots)

    def _between(self, bounds: Range) -> float:
        least, most = bounds
        return least + (most - least) * self._random()

    def _bars_of(self, length: Durations) -> int:
        return max(int(self._between(length) / self._interval), 1)

    def _noise_of(self, daily: Range) -> float:
        return self._between(daily) * sqrt(self._day) * self._price
