"""`livestory run` on an exchange's candles as they close, with the exchange and the clock played by the tests."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from livestory import parse
from livestory.cli.exchange_run import CandleReporter, LedgerWatch
from livestory.cli.play import Play, play
from livestory.clock import HOUR, MINUTE, ManualClock, instant
from livestory.config import Configuration
from livestory.story.files.layout import Layout
from livestory.story.journal.reader import JournalReader
from livestory.trading.bar_loop import Ending
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.market.candles import ExchangeCandles
from livestory.trading.market.recorded import RecordedBars
from tests.cli.program import story
from tests.market.binance_server import SICK, BinanceServer, MovingStop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livestory.trading.executor import Executor
    from livestory.trading.market.bar import Bar
    from livestory.trading.state import Summary

pytest.importorskip("ccxt")
NOON = instant("2022-02-01T12:07:30")


@pytest.fixture(scope="module")
def real_bars(real_bars_file: Path) -> list[Bar]:
    """Two months."""
    return [bar for bar in RecordedBars([real_bars_file]).read() if bar.end <= instant("2022-03-01")]


@pytest.fixture
def server(real_bars: list[Bar]) -> Iterator[BinanceServer]:
    """An exchange a little after noon."""
    with BinanceServer(real_bars, ManualClock(NOON)) as exchange:
        yield exchange


class BeatingStop(MovingStop):
    """It stands in for a pulse: there is a beat after each wait."""

    def attach(self, beat: Callable[[int], object]) -> None:
        """Call ``beat`` with the clock."""
        self.meanwhile = lambda: beat(self.clock.now())


def run_for(duration: int, server: BinanceServer, folder: Path) -> tuple[Ending, Summary]:
    """Let the bot run for ``duration`` of the exchange's time."""
    stop = BeatingStop(server.clock, server.clock.now() + duration)
    news = CandleReporter("binance")
    client = CcxtClient("binance", server.clock, base_url=server.url)
    candles = ExchangeCandles(client, stop=stop, clock=server.clock, news=news)

    def attach(executor: Executor) -> None:
        news.attach(executor)
        stop.attach(LedgerWatch(executor).on_time)

    told = Play(
        layout=Layout.of(folder / "live_story.txt"),
        settings=Configuration(),
        market=candles,
        mode="paper",
        origin="binance",
        clock=server.clock,
        keep_days=1,
        attach=attach,
    )
    with closing(client):
        return play(told, stop)


def whole_story(folder: Path) -> list[str]:
    """The lines told, archived ones too."""
    with JournalReader.open(folder / "live_story.db") as reader:
        return [line.line for line in reader.lines()]


def test_the_start_is_told_at_once_and_the_strategy_is_warm(server: BinanceServer, tmp_path: Path) -> None:
    """Not with the first bar; the history before it is shown to the strategy and not traded."""
    ending, summary = run_for(20 * MINUTE, server, tmp_path)
    assert (ending, summary.bars) == (Ending.STOPPED, 1)
    lines = story(tmp_path)
    assert lines[0].startswith(
        "2022-02-01 12:07:30 | 🚀 Bot Started | Initial Wealth: 1.0000 BTC | PAPER, binance, ETH/BTC"
    )
    assert "Regime Switch" in lines[2]
    assert parse(lines[2]).time == instant("2022-02-01T12:15")


def test_an_absence_is_told_and_what_it_missed_is_not_traded(server: BinanceServer, tmp_path: Path) -> None:
    """The return stands at the time it happened, and time never goes backwards in the story."""
    run_for(2 * HOUR, server, tmp_path)
    server.clock.set(server.clock.now() + 5 * HOUR)
    back = server.clock.now()
    ending, summary = run_for(12 * HOUR, server, tmp_path)
    assert ending is Ending.STOPPED
    assert summary.bars == 8 + 48
    told = [parse(line) for line in whole_story(tmp_path)]
    assert [line.time for line in told] == sorted(line.time for line in told)
    (resumed,) = [line for line in told if line.kind == "resumed"]
    assert resumed.time == back
    assert "20 bars missed and read" in resumed.why
    assert not [line for line in told if line.kind == "trade" and back - 5 * HOUR < line.time < back]


@pytest.mark.parametrize("runs", [[2 * HOUR], [40 * MINUTE, HOUR]], ids=["in one run", "over a stop"])
def test_an_outage_and_its_end_are_told_on_paper_too(server: BinanceServer, tmp_path: Path, runs: list[int]) -> None:
    """Once each, also where the bot is stopped in between; the bars of that time are read, and are no gap."""
    run_for(20 * MINUTE, server, tmp_path)
    healthy, sick_from, sick_until = server.answer, server.clock.now() + MINUTE, server.clock.now() + HOUR
    server.answer = lambda path, query: (  # type: ignore[method-assign]
        SICK if sick_from <= server.clock.now() < sick_until else healthy(path, query)
    )
    for duration in runs:
        run_for(duration, server, tmp_path)
        server.clock.set(max(server.clock.now(), sick_until))
    told = [parse(line) for line in whole_story(tmp_path)]
    down, back = (line for line in told if line.kind in {"exchange_down", "exchange_back"})
    assert (down.kind, back.kind) == ("exchange_down", "exchange_back")
    assert "gap" not in {line.kind for line in told}
    assert [line.time for line in told] == sorted(line.time for line in told)
    assert "binance" in down.why


def test_old_days_go_to_the_archive(server: BinanceServer, tmp_path: Path) -> None:
    """By the clock: at midnight."""
    run_for(13 * HOUR, server, tmp_path)
    assert [path.name for path in (tmp_path / "archive").iterdir()] == ["live_story-2022-02-01.txt.gz"]
    assert story(tmp_path)[0].startswith("2022-02-02 00:00:00")


def test_stopped_before_its_first_bar_it_has_what_it_began_with(server: BinanceServer, tmp_path: Path) -> None:
    """Its wealth is known from the start; and back before a bar is heard, it says how long it was away."""
    run_for(MINUTE, server, tmp_path)
    server.clock.set(server.clock.now() + 4 * MINUTE)
    run_for(MINUTE, server, tmp_path)
    told = [parse(line) for line in whole_story(tmp_path)]
    assert [line.why for line in told if line.kind == "stopped"] == ["1.0000 BTC, no ETH"] * 2
    (resumed,) = [line for line in told if line.kind == "resumed"]
    assert (resumed.facts, resumed.why) == ({"away": "4m"}, "no bar missed; 1.0000 BTC as expected")
