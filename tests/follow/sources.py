"""The sources that the conformance suite runs over: each with a bot's files, and what happens to them meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from livestory.follow.database import Database
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.source import FreqtradeSource
from tests.follow.freqtrade_files import Bot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.follow.source import Source


class Followed(NamedTuple):
    """A bot that writes, one step after the other, and how it is followed."""

    steps: tuple[Callable[[], object], ...]
    source: Callable[[], Source]
    file: Path


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


SOURCES = (freqtrade,)
