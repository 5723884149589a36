"""An exchange's public candles through ccxt: a page at a time, and as they close."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from livestory.clock import MINUTE, SECOND, Clock, SystemClock, as_datetime
from livestory.durations import Duration
from livestory.errors import InputError
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.exchange.ccxt_errors import Failed, Meaning
from livestory.trading.exchange.ccxt_market import load_market
from livestory.trading.exchange.request_limits import Need
from livestory.trading.market.bar import Bar, Row, is_possible

_PAGE = 1000  # candles asked for at once; an exchange may give fewer
_MILLIS = 1000


class ExchangeDownError(Exception):
    """The exchange can't be reached, or gives no sense, now; told to nobody, asked again."""

    def __init__(self, problem: str, retry_after: int = 0, *, malformed: bool = False) -> None:
        """``retry_after`` is how long the exchange asks to be left alone; ``malformed`` says that candles came."""
        super().__init__(problem)
        self.retry_after = retry_after
        self.malformed = malformed


class CandleClient:
    """One symbol's candles at the exchange that a client asks; needs no account."""

    def __init__(self, client: CcxtClient, symbol: str, interval: int) -> None:
        """Candles of ``interval`` microseconds. Raises InputError where the exchange has no such interval."""
        self._client = client
        self._symbol = symbol
        self._timeframe = self._timeframe_of(interval)
        self._heard = False  # any page

    def _timeframe_of(self, interval: int) -> str:
        client = self._client.ccxt
        names: dict[str, Any] = client.timeframes or {}
        for name in names:
            if client.parse_timeframe(name) * SECOND == interval:
                return name
        message = f"{self._client.id} has no candles of {interval // SECOND} s; it has {', '.join(names) or 'none'}"
        raise InputError(message)

    def page(self, since: int) -> tuple[int | None, list[Row]]:
        """The exchange's clock (None where it shows none), and then candles that open at ``since`` or later.

        They ascend, begin with the earliest that the exchange gives, and the last may still be open.

        Raises ExchangeDownError for a failure that may pass; InputError for one that can't, before the first page.
        """
        client = self._client
        try:
            load_market(client, self._symbol)  # asks once
            with client.reading(signed=False):
                now = client.time(Need.CAN_WAIT) if client.has("fetchTime") else None
                start = -(-since // _MILLIS)
                candles = client.ask("fetch_ohlcv", self._symbol, self._timeframe, start, _PAGE, need=Need.CAN_WAIT)
                rows: list[Row] = [(candle[0] * _MILLIS, *map(float, candle[1:6])) for candle in candles]
        except Failed as failed:
            if failed.meaning in {Meaning.REFUSED, Meaning.DENIED} and not self._heard:
                message = f"{client.id} refuses to give candles of {self._symbol}: {failed.problem}"
                raise InputError(message) from None
            retry_after = 0 if failed.retry_at is None else failed.retry_at - client.now()
            raise ExchangeDownError(failed.problem, retry_after) from None
        if not all(map(is_possible, rows)):
            problem = "candles with impossible prices"
            raise ExchangeDownError(problem, malformed=True)
        self._heard = True
        return now, sorted(rows)


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
    stale: Annotated[Duration, Meta(ge=MINUTE, description="How late a bar may be before that is told. Duration.")] = (
        5 * MINUTE
    )


class CandleNews:
    """Who hears of trouble with the candles, from the thread that reads them; instants are the machine's own."""

    def outage(self, since: int, problem: str) -> None:
        """No answer since then, for longer than `CandleSettings.patience`."""

    def back(self, since: int, until: int) -> None:
        """The outage is over."""

    def refused(self, since: int, problem: str) -> None:
        """There are answers, but candles that are stale, malformed or revised; they are not taken."""

    def taken(self, since: int, until: int, refused: int) -> None:
        """The candles are good again; ``refused`` answers were not."""


class _Refusal(Struct):
    """Candles that are not taken: why, since when, how often."""

    kind: str
    since: int
    times: int = 1


class ExchangeCandles:
    """The closed candles of one symbol at one exchange; live, so without end.

    A candle counts as closed by the exchange's own clock. A passing failure of the network or the exchange is
    retried, ever more slowly, until it is over or ``stop`` is set; then the bars that were missed come first. A candle
    that was given stays as it was given: that the exchange revised it is told to ``news``, as every outage is.

    Raises InputError, when made or at the first bar, for what no patience helps: an unknown symbol or interval, a
    refusal.
    """

    count: Final = None
    digest: Final = None

    def __init__(  # noqa: PLR0913 - what is asked of whom, and the outside world a test stands in for
        self,
        client: CcxtClient,
        symbol: str = "ETH/BTC",
        interval: int = 15 * MINUTE,
        *,
        warm_up: int = 0,
        stop: Event | None = None,
        clock: Clock | None = None,
        news: CandleNews | None = None,
        settings: CandleSettings | None = None,
    ) -> None:
        """Candles of ``interval`` microseconds, ``warm_up`` of them before now; nothing is asked until `read`."""
        self.symbol = symbol
        self.interval = interval
        self._warm_up = warm_up
        self._client = CandleClient(client, symbol, interval)
        self._stop = stop or Event()
        self._clock = clock or SystemClock()
        self._ahead = 0  # the exchange's clock less the machine's, when it was last asked
        self._news = news or CandleNews()
        self._settings = settings or CandleSettings()
        self._given: Bar | None = None  # the last one
        self._refusal: _Refusal | None = None

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
            if last > heard:
                self._take("stale")
            elif self._now() > next_end + settings.stale and not self._stop.is_set():
                self._refuse("stale", f"stale: none since {as_datetime(next_end - self.interval):%H:%M}")
            self._sleep_until(max(next_end + settings.settle, self._now() + wait))

    def _closed(self, last: int) -> Iterator[Bar]:
        """All bars that open after ``last`` and are closed by now, page after page."""
        # The last one that was given is asked for again: it must still be the same.
        while (answer := self._ask(last)) is not None:
            now, rows = answer
            before = last
            self._compare(rows)
            for open_time, open_, high, low, close, volume in rows:
                end = open_time + self.interval
                if end > now:
                    return
                if open_time > last:
                    last = open_time
                    self._given = Bar(open_time, end, open_, high, low, close, volume)
                    yield self._given
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
                if error.malformed:
                    self._refuse("malformed", "malformed")
                elif not told and asked - began >= settings.patience:
                    self._news.outage(began, str(error))
                    told = True
                self._stop.wait(max(wait, error.retry_after) / SECOND)
                wait = min(wait * 2, settings.retry_most)
            else:
                if told and began is not None:
                    self._news.back(began, asked)
                self._take("malformed")
                self._ahead = 0 if now is None else now - asked
                return asked + self._ahead, rows
        return None

    def _compare(self, rows: list[Row]) -> None:
        given = self._given
        same = [row for row in rows if given is not None and row[0] == given.open_time]
        if given is None or not same:
            return
        if same[0][1:] == (given.open, given.high, given.low, given.close, given.volume):
            self._take("revised")
        else:
            self._refuse("revised", "revised")

    def _refuse(self, kind: str, problem: str) -> None:
        refusal, now = self._refusal, self._clock.now()
        if refusal is not None and refusal.kind == kind:
            refusal.times += 1
            return
        if refusal is not None:
            self._take(refusal.kind)
        self._refusal = _Refusal(kind, now)
        self._news.refused(now, problem)

    def _take(self, kind: str) -> None:
        refusal = self._refusal
        if refusal is not None and refusal.kind == kind:
            self._refusal = None
            self._news.taken(refusal.since, self._clock.now(), refusal.times)

    def _now(self) -> int:
        return self._clock.now() + self._ahead

    def _sleep_until(self, due: int) -> None:
        while (left := due - self._now()) > 0 and not self._stop.wait(min(left, _LONGEST_SLEEP) / SECOND):
            pass
