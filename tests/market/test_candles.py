"""An exchange's candles, read by the real ccxt from a server on loopback: closed bars only, each once, none lost."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from livestory.clock import HOUR, MINUTE, SECOND, ManualClock, instant
from livestory.errors import InputError
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.market.candles import CandleNews, ExchangeCandles
from livestory.trading.market.recorded import RecordedBars
from tests.market.binance_server import (
    BANNED,
    GARBLED,
    IMPOSSIBLE,
    REFUSED,
    SICK,
    Answer,
    BinanceServer,
    MovingStop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.trading.market.bar import Bar

BAR = 15 * MINUTE
NOON = instant("2022-02-01T12:00:00")


@pytest.fixture(scope="module")
def real_bars(real_bars_file: Path) -> list[Bar]:
    """The real bars of the first two months."""
    return [bar for bar in RecordedBars([real_bars_file]).read() if bar.end <= instant("2022-03-01")]


@pytest.fixture
def server(real_bars: list[Bar]) -> Iterator[BinanceServer]:
    """An exchange at noon."""
    with BinanceServer(real_bars, ManualClock(NOON)) as exchange:
        yield exchange


class Owner(CandleNews):
    """Who reads the exchange's candles, for three hours, and what is told of outages meanwhile."""

    def __init__(self, server: BinanceServer) -> None:
        """Nothing is asked yet."""
        self.server = server
        self.client = CcxtClient("binance", server.clock, base_url=server.url)
        self.stop = MovingStop(server.clock, server.clock.now() + 3 * HOUR)
        self.told: list[tuple[str, int]] = []
        self.refusals: list[tuple[str, int]] = []

    def candles(self, symbol: str = "ETH/BTC", warm_up: int = 0, interval: int = BAR) -> ExchangeCandles:
        """Candles of the exchange."""
        return ExchangeCandles(
            self.client, symbol, interval, warm_up=warm_up, stop=self.stop, clock=self.server.clock, news=self
        )

    def outage(self, since: int, problem: str) -> None:
        self.told.append((problem, since))

    def back(self, since: int, until: int) -> None:
        self.told.extend((("since", since), ("until", until)))

    def refused(self, since: int, problem: str) -> None:
        self.refusals.append((problem, since))

    def taken(self, since: int, until: int, refused: int) -> None:
        del since
        self.refusals.append((f"taken after {refused}", until))


@pytest.fixture
def owner(server: BinanceServer) -> Iterator[Owner]:
    """Who reads this exchange."""
    reader = Owner(server)
    yield reader
    reader.client.close()


def ending(bars: list[Bar], after: int, until: int) -> list[Bar]:
    """The bars that end in (after, until]."""
    return [bar for bar in bars if after < bar.end <= until]


def test_history_comes_in_pages(server: BinanceServer, owner: Owner, real_bars: list[Bar]) -> None:
    """Each page begins where the one before ended."""
    server.most = 100
    assert list(owner.candles().history(NOON, 730)) == ending(real_bars, NOON - 730 * BAR, NOON)
    assert len(server.asked) == 8
    assert len({query["startTime"] for query in server.asked}) == 8


def test_history_ends_where_it_is_asked_to(owner: Owner, real_bars: list[Bar]) -> None:
    """Bars that close later are not in it, whatever instant within a bar it is asked for."""
    before = NOON - HOUR + MINUTE
    assert list(owner.candles().history(before, 20)) == ending(real_bars, NOON - HOUR - 20 * BAR, NOON - HOUR)


def test_live_bars_follow_the_warm_up_as_each_closes(server: BinanceServer, owner: Owner, real_bars: list[Bar]) -> None:
    """The bar that is still open is never given, and each is given within seconds of its end."""
    server.clock.set(NOON + 7 * MINUTE)
    given = []
    for bar in owner.candles(warm_up=40).read():
        assert bar.end <= server.now
        if bar.end > NOON:
            assert server.now - bar.end < 5 * SECOND
        given.append(bar)
    assert given == ending(real_bars, NOON - 40 * BAR, NOON + 3 * HOUR - 1)


@pytest.mark.parametrize("ahead", [-40 * SECOND, 40 * SECOND, -20 * MINUTE, 20 * MINUTE])
def test_a_bar_closes_by_the_exchanges_clock(
    server: BinanceServer, owner: Owner, real_bars: list[Bar], ahead: int
) -> None:
    """A machine whose clock is wrong neither takes an open bar for closed nor misses one."""
    server.ahead = ahead
    given = list(owner.candles().read(NOON - HOUR))
    assert given == ending(real_bars, NOON - HOUR, given[-1].end)
    assert server.now - 2 * BAR < given[-1].end <= server.now


def test_bars_missed_while_away_come_first(server: BinanceServer, owner: Owner, real_bars: list[Bar]) -> None:
    """However many pages they are."""
    server.most = 50
    away = NOON - 300 * BAR
    assert list(owner.candles().read(away)) == ending(real_bars, away, NOON + 3 * HOUR - 1)


def test_bars_that_are_given_twice_are_heard_once(server: BinanceServer, owner: Owner, real_bars: list[Bar]) -> None:
    """Whatever the exchange repeats."""
    server.most = 50
    server.copies = 2
    away = NOON - 100 * BAR
    assert list(owner.candles().read(away)) == ending(real_bars, away, NOON + 3 * HOUR - 1)


def test_a_bar_that_the_exchange_never_made_holds_up_nothing(server: BinanceServer, owner: Owner) -> None:
    """It is asked for again, at most once a minute, until a later one is there."""
    hole = [bar for bar in server.bars if not NOON < bar.end <= NOON + HOUR]
    server.bars = hole
    assert list(owner.candles().read(NOON - HOUR)) == ending(hole, NOON - HOUR, NOON + 3 * HOUR - 1)
    assert len(server.asked) < 90


@pytest.mark.parametrize("answer", [SICK, GARBLED, IMPOSSIBLE, BANNED])
@pytest.mark.parametrize("question", range(3))
def test_a_passing_failure_is_retried_and_not_told(
    owner: Owner, real_bars: list[Bar], question: int, answer: Answer
) -> None:
    """A server error, a hotel's page, a price of 0, a ban: at the first, second or third question."""
    server = owner.server
    healthy = [server.answer(path, {}) for path in ("/api/v3/exchangeInfo", "/api/v3/time")]
    server.answers = [*healthy[:question], answer]
    assert list(owner.candles().read(NOON - HOUR)) == ending(real_bars, NOON - HOUR, NOON + 3 * HOUR - 1)
    assert server.answers == []
    assert owner.told == []
    assert owner.stop.waits[0] == 90 if answer == BANNED else owner.stop.waits[0] <= 2


def test_an_outage_is_told_once_with_its_end_and_loses_no_bar(owner: Owner, real_bars: list[Bar]) -> None:
    """Half an hour of errors: the waits grow to a minute, and the missed bars come when it is over."""
    bars = owner.candles().read(NOON - HOUR)
    given = [next(bars) for _ in range(4)]
    owner.server.answers = [SICK] * 35
    given += bars
    assert given == ending(real_bars, NOON - HOUR, NOON + 3 * HOUR - 1)
    (error, since), (_, same), (_, until) = owner.told
    assert "503" in error
    assert NOON + BAR <= since == same < NOON + BAR + 5 * SECOND
    assert until - since == (1 + 2 + 4 + 8 + 16 + 32 + 29 * 60) * SECOND
    first = owner.stop.waits.index(1)
    assert owner.stop.waits[first : first + 8] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_an_exchange_that_can_not_be_reached_at_the_start_is_waited_for(owner: Owner, real_bars: list[Bar]) -> None:
    """No connection at all; reading begins once there is one."""
    server = owner.server
    server.close()
    market = owner.candles()
    with ExitStack() as later:

        def open_again() -> None:
            if server.clock.now() > NOON + 10 * MINUTE:
                later.enter_context(BinanceServer(real_bars, server.clock, server.port))
                owner.stop.meanwhile = lambda: None

        owner.stop.meanwhile = open_again
        assert list(market.read(NOON)) == ending(real_bars, NOON, NOON + 3 * HOUR - 1)
    (error, since), (_, same), (_, until) = owner.told
    assert error == "no answer"
    assert (since, same) == (NOON, NOON)
    assert NOON + 10 * MINUTE < until <= NOON + 12 * MINUTE


def test_stopping_ends_an_outage(owner: Owner) -> None:
    """Nobody waits for an exchange that never comes back."""
    owner.server.close()
    owner.stop.end = NOON + 5 * MINUTE
    assert list(owner.candles().read(NOON)) == []
    assert [since for _, since in owner.told] == [NOON]


def test_what_no_patience_helps_is_an_error(owner: Owner) -> None:
    """An unknown symbol, exchange or interval, and a refusal: one line, with what there is instead."""
    with pytest.raises(InputError, match=r"^binance has no market 'ETH/BTX'; did you mean ETH/BTC\?$"):
        list(owner.candles("ETH/BTX").read())
    with pytest.raises(InputError, match=r"^no exchange 'binanse' is known to ccxt; did you mean .*binance"):
        CcxtClient("binanse")
    with pytest.raises(InputError, match=r"^binance has no candles of 420 s; it has .*1m, 3m, 5m, 15m"):
        owner.candles(interval=7 * MINUTE)
    owner.server.answers = [owner.server.answer("/api/v3/time", {}), REFUSED]
    with pytest.raises(InputError, match=r"^binance refuses to give candles of ETH/BTC: .*Invalid symbol"):
        list(owner.candles().read())


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    monkeypatch.setitem(sys.modules, "ccxt", None)
    monkeypatch.setitem(sys.modules, "ccxt.async_support", None)
    with pytest.raises(InputError, match=r"needs ccxt, .*; install it with: .*pip install \S*\[exchange\]'?$"):
        CcxtClient("binance")


def test_nothing_is_logged(owner: Owner, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where everything is logged: the client logs each request with its address."""
    with caplog.at_level(logging.DEBUG):
        list(owner.candles().history(NOON, 10))
    assert caplog.records == []


def test_a_revised_candle_is_told_once_and_not_taken(server: BinanceServer, owner: Owner, real_bars: list[Bar]) -> None:
    """What was heard stays as it was heard; the next bar ends it."""
    bars = owner.candles().read(NOON - HOUR)
    given = [next(bars) for _ in range(5)]
    place = next(number for number, bar in enumerate(server.bars) if bar.open_time == given[-1].open_time)
    server.bars[place] = structs.replace(server.bars[place], close=server.bars[place].high)
    given += bars
    assert given == ending(real_bars, NOON - HOUR, NOON + 3 * HOUR - 1)
    assert [problem for problem, _ in owner.refusals] == ["revised", "taken after 1"]


def test_a_market_that_falls_silent_is_told_once_with_its_end(server: BinanceServer, owner: Owner) -> None:
    """Answers come, but no new candle: told after five minutes."""
    server.bars = [bar for bar in server.bars if not NOON < bar.end <= NOON + HOUR]
    list(owner.candles().read(NOON - HOUR))
    (problem, since), (back, until) = owner.refusals
    assert problem == "stale: none since 12:00"
    assert NOON + BAR + 5 * MINUTE < since < NOON + BAR + 8 * MINUTE
    assert back.startswith("taken after")
    assert NOON + HOUR + BAR < until < NOON + HOUR + BAR + 2 * MINUTE


def test_malformed_candles_are_told_once_with_their_end(owner: Owner, real_bars: list[Bar]) -> None:
    """Prices of 0 are no outage: the exchange answers."""
    bars = owner.candles().read(NOON - HOUR)
    given = [next(bars) for _ in range(4)]
    impossible = IMPOSSIBLE[1].replace("1643713200000", str(NOON // 1000))
    owner.server.answers = [owner.server.answer("/api/v3/time", {}), (200, impossible, {})] * 5
    given += bars
    assert given == ending(real_bars, NOON - HOUR, NOON + 3 * HOUR - 1)
    assert [problem for problem, _ in owner.refusals] == ["malformed", "taken after 5"]
    assert owner.told == []
