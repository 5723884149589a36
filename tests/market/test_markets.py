"""What every market keeps, wherever its bars come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, HOUR, MINUTE, ManualClock, instant
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.market.bar import Market
from livestory.trading.market.candles import ExchangeCandles
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.market.simulated import SimulatedBars
from tests.market.binance_server import BinanceServer, MovingStop

if TYPE_CHECKING:
    from pathlib import Path

BAR = 15 * MINUTE
GAP_DAY = instant("2023-03-24")  # five bars are missing

Make = Callable[[], Market]


@pytest.fixture(params=["recorded", "simulated", "exchange"])
def make(request: pytest.FixtureRequest, real_bars_file: Path, tmp_path: Path) -> Iterator[Make]:
    """How a market of about a day is made; each time it is made it is a new one over the same source."""
    if request.param == "simulated":
        yield lambda: SimulatedBars(seed=11, bars=96, start=GAP_DAY)
        return
    day = [bar for bar in RecordedBars([real_bars_file]).read() if GAP_DAY < bar.end <= GAP_DAY + DAY]
    if request.param == "recorded":
        lines = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}\n" for bar in day]
        (tmp_path / "day.csv").write_text("time,open,high,low,close,volume\n" + "".join(lines))
        yield lambda: RecordedBars([tmp_path / "day.csv"])
        return
    with BinanceServer(day, ManualClock()) as server:

        def live() -> Market:
            server.clock.set(GAP_DAY + DAY - HOUR)
            stop = MovingStop(server.clock, GAP_DAY + DAY + MINUTE)
            return ExchangeCandles(client, warm_up=92, stop=stop, clock=server.clock)

        client = CcxtClient("binance", server.clock, base_url=server.url)
        yield live
        client.close()


def test_bars_ascend_on_the_grid_and_end_an_interval_after_they_open(make: Make) -> None:
    """None is invented where the source has a gap."""
    market = make()
    bars = list(market.read())
    assert market.symbol == "ETH/BTC"
    assert market.interval == BAR
    assert len(bars) in {91, 96}
    assert market.count in {len(bars), None}
    for before, after in pairwise(bars):
        assert after.open_time > before.open_time
        assert (after.open_time - before.open_time) % market.interval == 0
    assert all(bar.end == bar.open_time + market.interval for bar in bars)


def test_reading_after_an_instant_gives_what_ends_later(make: Make) -> None:
    """A run resumes before the first bar, at any bar, between two, in the gap, and at the last."""
    whole = list(make().read())
    last = whole[-1].end
    gap = GAP_DAY + 13 * HOUR
    for after in (GAP_DAY, whole[0].end, whole[30].end + 1, whole[40].end - 1, gap, gap + MINUTE, last - 1, last):
        assert list(make().read(after)) == [bar for bar in whole if bar.end > after]


def test_two_readings_agree(make: Make) -> None:
    """Of one market, and of the same market made again."""
    market, again = make(), make()
    if market.count is not None:
        assert list(market.read()) == list(market.read())
    assert market.digest == again.digest
    assert list(make().read()) == list(make().read())


def test_a_market_that_ends_names_its_bars(make: Make) -> None:
    """By a digest of 64 hex digits; one without end has neither count nor digest."""
    market = make()
    if market.count is None:
        assert market.digest is None
    else:
        assert len(bytes.fromhex(str(market.digest))) == 32


def test_the_digest_tells_the_bars_and_not_where_they_come_from(tmp_path: Path) -> None:
    """A simulated market written to a file and read back is the same market."""
    market = SimulatedBars(seed=5, bars=200, start=GAP_DAY)
    file = tmp_path / "simulated.csv"
    lines = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}\n" for bar in market.read()]
    file.write_text("time,open,high,low,close,volume\n" + "".join(lines))
    assert RecordedBars([file]).digest == market.digest
