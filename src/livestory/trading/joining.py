"""Joining a market as it moves: the bars to warm up with, the begin of the story, and the time between bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from time import monotonic

from livestory.clock import SECOND, Clock
from livestory.trading.exchange.protocol import Exchange
from livestory.trading.executor import Executor
from livestory.trading.market.bar import Bar
from livestory.trading.market.candles import ExchangeCandles
from livestory.trading.strategy.choice import Strategy

EVERY = SECOND
_WARM = 4  # times the bars that a strategy needs at the least; then its averages have forgotten where they began


class Timer(Event):
    """Wraps the stop of a run: a wait on it is cut into slices, and what is attached is called after each.

    It is set when the stop is. The calls run in the waiting thread, and what they raise leaves `wait`.
    """

    def __init__(self, stop: Event, clock: Clock, every: int = EVERY) -> None:
        """A call ``every`` microseconds of waiting, once there is something `attach`-ed."""
        super().__init__()
        self._stop = stop
        self._clock = clock
        self._every = every / SECOND
        self._call: Callable[[int], object] = lambda _now: None

    def attach(self, call: Callable[[int], object]) -> None:
        """Call ``call`` with the present from now on."""
        self._call = call

    def is_set(self) -> bool:
        """Whether the run is asked to stop."""
        return self._stop.is_set()

    def set(self) -> None:
        """Ask the run to stop."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the stop, at most ``timeout`` seconds, and call meanwhile; whether it is set."""
        ends = None if timeout is None else monotonic() + timeout
        while not self._stop.is_set():
            left = self._every if ends is None else ends - monotonic()
            if left <= 0:
                break
            if not self._stop.wait(min(left, self._every)):
                self._call(self._clock.now())
        return self._stop.is_set()


def bars_to_warm(strategy: Strategy) -> int:
    """How many bars before now a strategy is shown when it joins a market."""
    return _WARM * strategy.bars_needed


def joined(  # noqa: PLR0913, PLR0917 - who hears what, from when on, and where its account is
    executor: Executor, candles: ExchangeCandles, now: int, needed: int, stop: Event, exchange: Exchange | None
) -> Iterator[Bar]:
    """Bars as they close from now on. The ones before are only shown to the strategy: nobody traded them.

    The start, or the return, is told at once and not with the first bar. A return to an account outside comes before
    the history, however long that takes: orders that were left there are settled first.
    """
    state, interval = executor.state, candles.interval
    seen = state.seen_until
    closed = 0 if seen is None else max(now - now % interval - seen, 0) // interval
    if exchange is not None and seen is not None and (price := _price(exchange) or state.summary.price):
        _begin(executor, now, interval, price, closed)
    wanted = needed if seen is None else closed
    before = [bar for bar in candles.history(now, wanted) if seen is None or bar.end > seen]
    if stop.is_set():
        return
    state.warm_up(before)
    if executor.begun:
        executor.commit()
    elif before or seen is not None:
        price = before[-1].close if before else state.summary.price
        _begin(executor, now, interval, price, None if seen is None else len(before))
    yield from candles.read(before[-1].end if before else seen)


def _begin(executor: Executor, now: int, interval: int, price: float, missed: int | None) -> None:
    executor.begin(Bar(now, now + interval, price, price, price, price, None), missed_bars=missed)
    executor.commit()


def _price(exchange: Exchange) -> float | None:
    book = exchange.book()
    return None if book is None else float(book.bid + book.ask) / 2
