"""How a run joins its market: what the strategy is shown, what is settled first, and whose story it is."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from msgspec import structs

from livestory.cli import livestory
from livestory.cli.exchange_run import LedgerWatch
from livestory.cli.play import Play, play
from livestory.clock import MINUTE, ManualClock, instant
from livestory.config import Configuration
from livestory.errors import JournalError, JournalForeign
from livestory.story.files.layout import Layout
from livestory.story.inputs import Begin
from livestory.story.journal.reader import JournalReader
from livestory.trading.bar_loop import Ending, run
from livestory.trading.joining import joined
from livestory.trading.market.bar import Bar
from livestory.trading.market.candles import ExchangeCandles
from tests.exchange.accounts import account_of
from tests.exchange.binance_spot.server import BinanceSpot
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import MIDNIGHT, QUARTER, bar_at, wish
from tests.trading.test_intent_before_send import Full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WARM = 50


class Candles:
    """An exchange's candles up to the present; each reading of the past is noted."""

    interval = QUARTER

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self.begun: list[bool] = []  # at each reading: whether the bot had told its return by then
        self.live: list[int | None] = []

    def history(self, before: int, bars: int) -> Iterator[Bar]:
        """The last ``bars`` before that instant."""
        self.begun.append(self._rehearsal.executor.begun)
        last = (before - MIDNIGHT) // QUARTER
        yield from (bar_at(number, 0.05, 0.05) for number in range(last - bars, last))

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """None yet."""
        self.live.append(after)
        return iter(())


def join(rehearsal: Rehearsal, at: int) -> Candles:
    """What `livestory run` does at the instant ``at``, from what was committed."""
    rehearsal.clock.set(at)
    rehearsal.executor = rehearsal._executor()  # noqa: SLF001 - a new process
    candles: Any = Candles(rehearsal)
    assert list(joined(rehearsal.executor, candles, at, WARM, Event(), rehearsal.stage)) == []
    found: Candles = candles
    return found


def test_the_strategy_is_shown_each_bar_once_however_often_the_bot_is_started() -> None:
    """Stopped before its first bar, it goes on with the bars that closed since."""
    rehearsal = Rehearsal([wish(0.0)])
    at = MIDNIGHT + 100 * QUARTER
    for start, seen in ((at, WARM), (at + 2 * MINUTE, WARM), (at + QUARTER + MINUTE, WARM + 1)):
        candles = join(rehearsal, start)
        assert rehearsal.state.strategy.seen == seen  # type: ignore[union-attr]  # the script counts
        assert candles.live == [start - start % QUARTER]


def test_an_order_that_was_left_unknown_is_settled_before_the_candles_are_read() -> None:
    """However long their history takes; nobody knows what is there until then."""
    rehearsal = Rehearsal([wish(0.0), wish(0.5)])
    rehearsal.bar()
    rehearsal.stage.fates = ["lost"]
    rehearsal.stage.silent = {"query"}
    rehearsal.bar()
    assert rehearsal.state.orders
    rehearsal.stage.silent = set()
    candles = join(rehearsal, rehearsal.clock.now() + 5 * QUARTER)
    assert candles.begun == [True]
    assert [fill.found for fill in rehearsal.story.fills] == ["away"]
    assert [told.missed_bars for told in rehearsal.story.told if isinstance(told, Begin)] == [None, 5]
    assert not rehearsal.state.orders


def test_a_stop_that_can_not_be_kept_is_an_error() -> None:
    """A run that says it ended well has kept everything."""
    story, stop = Full(), Event()
    rehearsal = Rehearsal([wish(0.5)], story=story)
    rehearsal.bar()
    story.full = True
    stop.set()
    with pytest.raises(JournalError, match="the disk is full"):
        run(rehearsal.executor, iter(()), stop, commit_every=1)


def test_a_journal_that_can_not_be_written_is_said_while_it_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    """Once, and its end; the story can't tell it."""
    story = Full()
    rehearsal = Rehearsal([wish(0.5)], story=story)
    rehearsal.bar()
    watch = LedgerWatch(rehearsal.executor)
    watch.on_time(rehearsal.clock.now())
    assert capsys.readouterr().err == ""
    story.full = True
    rehearsal.bar()
    for _ in range(3):
        watch.on_time(rehearsal.clock.now())
    assert capsys.readouterr().err == "nothing is bought until the journal can be written: the disk is full\n"
    story.full = False
    for _ in range(3):
        watch.on_time(rehearsal.clock.now())
    assert capsys.readouterr().err == "the journal can be written again\n"


def test_a_story_of_one_exchange_is_not_gone_on_with_at_another(tmp_path: Path) -> None:
    """Its orders and its balance are elsewhere."""
    pytest.importorskip("ccxt")
    clock, layout = ManualClock(instant("2022-02-01T12:00:00")), Layout.of(tmp_path / "live_story.txt")
    bars = [Bar(clock.now() - QUARTER, clock.now(), 0.05, 0.05, 0.05, 0.05, 1.0)]
    stop = Event()
    stop.set()
    with BinanceSpot(bars, clock, balances={"BTC": Decimal(1)}) as server, closing(account_of(server)) as account:

        def start(exchange: str) -> Ending:
            settings = Configuration()
            settings = structs.replace(settings, bot=structs.replace(settings.bot, exchange=exchange))
            market = ExchangeCandles(account.client, stop=stop, clock=clock)
            told = Play(layout, settings, market, "live", exchange, clock, exchange=account, aloud=False)
            return play(told, stop)[0]

        assert start("binance") is Ending.STOPPED
        with pytest.raises(JournalForeign, match="exchange binance, not kraken"):
            start("kraken")
        assert start("binance") is Ending.STOPPED
        for exchange, wanted in (("binanceus", "✗ story"), ("binance", "✓ story")):
            configured = tmp_path / f"{exchange}.toml"
            keys = 'key_env = "A_KEY"\nsecret_env = "A_KEY"'
            configured.write_text(f'[bot]\nexchange = "{exchange}"\n[exchange]\n{keys}\nbase_url = "{server.url}"\n')
            asked = ["--mode", "live", "--config", str(configured), "--dir", str(tmp_path)]
            assert wanted in CliRunner().invoke(livestory, ["check", *asked], env={"A_KEY": "k"}).output
    with JournalReader.open(layout.db) as reader:
        assert reader.identity.exchange == "binance"
