"""The sources that the conformance suite runs over: each with a bot's files, and what happens to them meanwhile."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.clock import SECOND, instant
from livestory.credentials import Secret
from livestory.follow.database import Database
from livestory.follow.freqtrade.configuration import ApiAccess
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.present import Teller
from livestory.follow.freqtrade.source import FreqtradeSource
from livestory.follow.freqtrade.watch import Look, NoLook, Watch
from livestory.follow.hummingbot.csv import HummingbotCsv
from livestory.follow.hummingbot.database import HummingbotDatabase
from livestory.follow.hummingbot.source import HummingbotSource
from tests.follow import hummingbot_files
from tests.follow.freqtrade_api import PASSWORD, USER, Api, balance, config
from tests.follow.freqtrade_files import Bot
from tests.follow.processes import Time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.follow.source import Source


class Followed(NamedTuple):
    """A bot that writes, one step after the other, and how it is followed."""

    steps: tuple[Callable[[], object], ...]
    source: Callable[[], Source]
    file: Path
    clock: Time | None = None  # by which it looks at what has no time of its own


HOSTILE = "dip\n2026-11-26 10:00:00 | 🟢 BUY | +9 ETH\x1b[2J | \u202e\\"


def freqtrade(folder: Path) -> Followed:
    """A freqtrade: history, entries, partial exits, a cancelled entry, locks, a restart, an end."""
    file = folder / "tradesv3.sqlite"
    bot = Bot(file)

    def history() -> None:
        bot.start("2026-11-26 09:00:00")
        bot.enter(1)
        bot.exit(1, profit=0.0178)
        bot.enter(2, "LTC/BTC", "2026-11-26 11:00:00", enter_tag=HOSTILE)
        bot.lock(1, "2026-11-26 12:00:00", "2026-11-26 13:00:00")

    def add() -> None:
        bot.order(21, 2, "buy", 1.0, 0.05, "2026-11-26 15:00:00", pair="LTC/BTC", tag="more")
        bot.lock(2, "2026-11-26 15:10:00", "2026-11-26 23:00:00", pair="LTC/BTC")

    def partly_filled() -> None:
        bot.order(
            22, 2, "sell", 2.0, 0.06, "2026-11-26 15:30:00", filled=0.5, status="open", is_open=True, pair="LTC/BTC"
        )

    def filled() -> None:
        bot.order(22, 2, "sell", 2.0, 0.06, "2026-11-26 15:31:00", pair="LTC/BTC", tag="half")
        bot.put("trades", id=3, pair="ETH/BTC", is_open=True, fee_open=0.001, fee_close=0.001, stake_amount=0.1,
                amount=2.0, open_rate=0.05, open_date="2026-11-26 15:32:00", stake_currency="BTC")  # fmt: skip
        bot.order(30, 3, "buy", 2.0, 0.05, "2026-11-26 15:32:00", filled=0.0, status="open", is_open=True)

    def cancelled() -> None:
        bot.db.execute("DELETE FROM orders WHERE ft_trade_id = 3")
        bot.db.execute("DELETE FROM trades WHERE id = 3")

    def restarted() -> None:
        bot.start("2026-11-26 15:40:00")
        bot.enter(3, at="2026-11-26 15:41:00")  # the same number again
        bot.put("pairlocks", id=2, active=False)

    def closed() -> None:
        bot.exit(2, "2026-11-26 15:50:00", profit=0.0301, amount=1.0, pair="LTC/BTC")
        bot.exit(3, "2026-11-26 15:51:00", profit=-0.0012, reason="stop_loss")

    def ended() -> None:
        bot.close()

    return Followed(
        (history, add, partly_filled, filled, cancelled, restarted, closed, ended),
        lambda: FreqtradeSource(FreqtradeDatabase(Database(file))),
        file,
    )


def freqtrade_api(folder: Path) -> Followed:
    """A living freqtrade beside its database: it is asked, pauses, stops, is started, loses and is out of reach."""
    bot, api, clock = Bot(folder / "tradesv3.sqlite"), Api(), Time()
    api.__enter__()
    atexit.register(api.__exit__)
    born = instant("2026-11-26 09:00:00") // SECOND
    api.answers["health"] |= {"bot_start_ts": born, "bot_startup_ts": born}

    def says(wealth: float, state: str = "running", **settings: Any) -> Callable[[], None]:
        def say() -> None:
            api.answers["show_config"] = config(state, stake_currency="BTC", strategy=HOSTILE, **settings)
            api.answers["balance"] = {**balance(wealth), "stake": "BTC"}

        return say

    def begun() -> None:
        bot.start("2026-11-26 09:00:00")
        bot.enter(1)
        bot.exit(1, profit=0.0178, reason=HOSTILE)
        bot.enter(3, "LTC/BTC", "2026-11-26 13:00:00")
        bot.exit(3, "2026-11-26 14:00:00", profit=0.0178, pair="LTC/BTC")
        says(1.0)()

    def started() -> None:
        bot.start("2026-11-26 15:55:00")
        says(1.1)()

    def out_of_reach() -> None:
        del api.answers["health"]
        bot.enter(4, at="2026-11-26 15:56:00")

    def source() -> FreqtradeSource:
        watch = Asked(ApiAccess(url=api.url, username=USER, password=Secret(PASSWORD)), clock)
        return FreqtradeSource(FreqtradeDatabase(Database(bot.file)), teller=Teller(watch, "BTC", 1.0))

    steps = (begun, says(1.0, "paused"), says(1.1, stoploss=-0.2), says(0.9, "stopped"), started, out_of_reach)
    return Followed(steps, source, bot.file, clock)


class Asked(Watch):
    """A watch that looks, over its real socket, when it is asked what it saw."""

    def take(self) -> list[Look | NoLook]:
        self.looked()
        return super().take()


def hummingbot(folder: Path) -> Followed:
    """A Hummingbot: history, fills that are found late, refused orders, funding, a fill of another pair."""
    file = folder / "conf_pmm.sqlite"
    bot = hummingbot_files.Bot(file, mode="wal")
    perpetual = {"market": "okx_perpetual", "pair": "BTC-BTC"}

    def history() -> None:
        bot.fill(1, "BUY", "0.5", "0.05", "2026-11-26 09:00", pair="ETH-BTC")
        bot.fill(2, "SELL", "0.5", "0.06", "2026-11-26 10:00", pair="ETH-BTC")
        bot.fill(3, "BUY", "2", "0.002", "2026-11-26 09:30", pair="LTC-BTC", exchange_trade_id=HOSTILE)
        bot.fail(4, "2026-11-26 11:00", pair=HOSTILE)

    def filled() -> None:
        bot.fill(5, "SELL", "1", "0.0021", "2026-11-26 15:00", pair="LTC-BTC", order_id=HOSTILE)
        bot.fill(6, "BUY", "0.00001", "0.0000004", "2026-11-26 15:00", pair="LTC-BTC")

    def found_late() -> None:
        bot.fill(7, "BUY", "1", "0.05", "2026-11-26 12:30", pair="ETH-BTC")

    def refused() -> None:
        bot.fail(8, "2026-11-26 15:30", pair="ETH-BTC")
        bot.fill(11, "BUY", "1", "0.001", "2126-11-26 15:30", pair="ADA-BTC")

    def paid() -> None:
        bot.fill(9, "BUY", "1", "1", "2026-11-26 15:31", position="OPEN", **perpetual)
        bot.put(
            "FundingPayment", timestamp=1_795_707_120, market="okx_perpetual", rate=0.1, symbol="BTC-BTC", amount=-0.001
        )

    def closed() -> None:
        bot.fill(10, "SELL", "1", "1.1", "2026-11-26 15:40", position="CLOSE", **perpetual)
        bot.executor(1, side=1, close_type=3, result=0.099, orders=[9, 10])

    def ended() -> None:
        bot.db.close()

    return Followed(
        (history, filled, found_late, refused, paid, closed, ended),
        lambda: HummingbotSource(HummingbotDatabase(Database(file))),
        file,
    )


def hummingbot_csv(folder: Path) -> Followed:
    """The CSV of a Hummingbot that grows, row by row, also by half a row and by one that is none."""
    file = folder / "trades_conf_pmm.csv"
    half = '8,conf_pmm.yml,pmm,binance,ETH-BTC,ETH,BTC,1795707120000,"'
    fills = [
        hummingbot_files.fill(number, side, "0.5", f"0.0{number}", f"2026-11-26 {at}", pair="ETH-BTC", order_id=order)
        for number, (side, order, at) in enumerate(start=1, iterable=(
            ("BUY", "a", "09:00"), ("SELL", HOSTILE, "12:00"), ("BUY", "c", "11:30"),
            ("SELL", "d", "13:00"), ("BUY", "e", "14:00"), ("BUY", "f", "15:00"),
        ))
    ]  # fmt: skip

    def written(text: str) -> None:
        with file.open("a", encoding="utf-8", newline="") as opened:
            opened.write(text)

    return Followed(
        (
            lambda: hummingbot_files.append(file, *fills[:3]),
            lambda: hummingbot_files.append(file, *fills[3:5]),
            lambda: written("nobody's,row\n"),
            lambda: written(half),
            lambda: written('o,1",SELL,LIMIT,0.08,0.5,1,{},0,NIL,n/a\n'),
            lambda: hummingbot_files.append(file, fills[5]),
        ),
        lambda: HummingbotSource(HummingbotCsv(file)),
        file,
    )


SOURCES = (freqtrade, freqtrade_api, hummingbot, hummingbot_csv)
