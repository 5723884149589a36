"""An exchange's public candles as they close: history first, then live."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

from livestory.clock import MINUTE, SECOND, Clock, SystemClock
from livestory.settings import Duration
from livestory.trading.market.bar import Bar
from livestory.trading.market.candle_client import CandleClient, ExchangeDownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livestory.trading.market.row import Row

_LONGEST_SLEEP = 30 * SECOND  # then the clock is read again: it may have been set, or the machine suspended


class CandleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How patiently an exchange is asked."""

    settle: Annotated[Duration, Meta(description="How long after its end a bar is asked for. Duration.")] = 2 * SECOND
    retry_first: Annotated[
        Duration,
        Meta(ge=SECOND // 10, description="Wait before the first repeated question; it then doubles. Duration."),
    ] = SECOND
    retry_most: Annotated[Duration, Meta(description="Longest wait between two questions. Duration.")] = MINUTE
    patience: Annotated[Duration, Meta(description="How long an outage lasts before it is told. Duration.")] = (
        10 * SECOND
    )


class ExchangeCandles:
    """The closed candles of one symbol at one exchange; live, so without end.

    A candle counts as closed by the exchange's own clock. A passing failure of the network or the exchange is
    retried, ever more slowly, until it is over or ``stop`` is set; then the bars that were missed come first.
    ``on_outage(since, error)`` and ``on_back(since, until)`` are called, from the thread that reads, for an outage
    that lasts longer than `CandleSettings.patience`; instants are the machine's own.

    Raises InputError, when made or at the first bar, for what no patience helps: an unknown exchange, symbol or
    interval, a refusal, a missing package.
    """

    count: Final = None
    digest: Final = None

    def __init__(  # noqa: PLR0913 - what is asked of whom, and the outside world a test stands in for
        self,
        exchange: str = "binance",
        symbol: str = "ETH/BTC",
        interval: int = 15 * MINUTE,
        *,
        warm_up: int = 0,
        stop: Event | None = None,
        clock: Clock | None = None,
        base_url: str | None = None,
        on_outage: Callable[[int, str], object] = lambda _since, _error: None,
        on_back: Callable[[int, int], object] = lambda _since, _until: None,
        settings: CandleSettings | None = None,
    ) -> None:
        """Candles of ``interval`` microseconds, ``warm_up`` of them before now; nothing is asked until `read`."""
        self.symbol = symbol
        self.interval = interval
        self._warm_up = warm_up
        self._client = CandleClient(exchange, symbol, interval, base_url)
        self._stop = stop or Event()
        self._clock = clock or SystemClock()
        self._ahead = 0  # the exchange's clock less the machine's, when it was last asked
        self._on_outage = on_outage
        self._on_back = on_back
        self._settings = settings or CandleSettings()

    def history(self, before: int, bars: int) -> Iterator[Bar]:
        """The closed bars of the ``bars`` intervals up to ``before``; fewer where the exchange has a gap."""
        end = before - before % self.interval
        for bar in self._closed(end - bars * self.interval - 1):
            if bar.end > end:
                return
            yield bar

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """The bars that end after the instant ``after``, or from the warm-up on; then each as it closes.

        Ends when ``stop`` is set.
        """
        if after is None:
            now = self._clock.now()
            last = now - now % self.interval - self._warm_up * self.interval - 1
        else:
            last = after - self.interval
        settings = self._settings
        wait = settings.retry_first
        while not self._stop.is_set():
            heard = last
            for bar in self._closed(last):
                last = bar.open_time
                yield bar
            # A bar that is late is asked for again ever more slowly; an exchange may make none without a trade.
            wait = settings.retry_first if last > heard else min(wait * 2, settings.retry_most)
            next_end = last - last % self.interval + 2 * self.interval
            self._sleep_until(max(next_end + settings.settle, self._now() + wait))

    def _closed(self, last: int) -> Iterator[Bar]:
        """All bars that open after ``last`` and are closed by now, page after page."""
        while (answer := self._ask(last + 1)) is not None:
            now, rows = answer
            before = last
            for open_time, open_, high, low, close, volume in rows:
                end = open_time + self.interval
                if end > now:
                    return
                if open_time > last:
                    last = open_time
                    yield Bar(open_time, end, open_, high, low, close, volume)
            if last == before:
                return

    def _ask(self, since: int) -> tuple[int, list[Row]] | None:
        """The exchange's clock and a page of candles, however long it takes; None once ``stop`` is set."""
        settings = self._settings
        wait = settings.retry_first
        began: int | None = None
        told = False
        while not self._stop.is_set():
            asked = self._clock.now()  # before the page: a bar that closes meanwhile is still open in it
            try:
                now, rows = self._client.page(since)
            except ExchangeDownError as error:
                began = asked if began is None else began
                if not told and asked - began >= settings.patience:
                    self._on_outage(began, str(error))
                    told = True
                self._stop.wait(max(wait, error.retry_after) / SECOND)
                wait = min(wait * 2, settings.retry_most)
            else:
                if told and began is not None:
                    self._on_back(began, asked)
                self._ahead = 0 if now is None else now - asked
                return asked + self._ahead, rows
        return None

    def _now(self) -> int:
        return self._clock.now() + self._ahead

    def _sleep_until(self, due: int) -> None:
        while (left := due - self._now()) > 0 and not self._stop.wait(min(left, _LONGEST_SLEEP) / SECOND):
            pass
