"""A backtest of NautilusTrader's with a story: `python backtest.py STORY FILLS [Late]`."""

# ruff: noqa: ANN001, ANN201, ANN204, ARG002, D101, D103 - NautilusTrader's own names and ways
# mypy: ignore-errors
import math
import sys
from pathlib import Path

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import ETH, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import TraderId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from livestory.follow.nautilus import StoryActor

_MINUTE = 60_000_000_000
_START = 1_704_067_200_000_000_000
_INSTRUMENT = TestInstrumentProvider.ethusdt_binance()
_BARS = BarType.from_str(f"{_INSTRUMENT.id}-1-MINUTE-LAST-EXTERNAL")


class Waves(Strategy):
    def __init__(self):
        super().__init__()
        self.count = 0

    def on_start(self):
        self.subscribe_bars(_BARS)

    def on_bar(self, bar):
        self.count += 1
        if self.count % 20 == 5:
            self.order(OrderSide.BUY, 2, "low tide")
        elif self.count % 20 == 12:
            self.order(OrderSide.SELL, 1, "half of it")
        elif self.count % 20 == 18:
            self.order(OrderSide.SELL, 1, "high tide")
        elif self.count == 30:
            self.order(OrderSide.BUY, 900_000, "too much")

    def order(self, side, quantity, why):
        self.submit_order(self.order_factory.market(_INSTRUMENT.id, side, _INSTRUMENT.make_qty(quantity), tags=[why]))


class Late(StoryActor):
    """Hears of what was filled before it began, as after a node's reconciliation."""

    def on_start(self):
        self.count = 0
        self.subscribe_bars(_BARS)

    def on_bar(self, bar):
        self.count += 1
        if self.count == 110:
            super().on_start()


def bars():
    for number in range(1, 201):
        price, time = 2000 + 50 * math.sin(number / 7), _START + number * _MINUTE
        prices = (Price(price + more, 2) for more in (0, 3, -3, 1))
        yield Bar(_BARS, *prices, Quantity(100, 5), time, time)


def main(story, fills, actor="StoryActor"):
    engine = BacktestEngine(BacktestEngineConfig(trader_id=TraderId("T-001"), logging=LoggingConfig(log_level="ERROR")))
    money = [Money(100_000, USDT), Money(1, ETH)]
    engine.add_venue(Venue("BINANCE"), OmsType.NETTING, AccountType.CASH, base_currency=None, starting_balances=money)
    engine.add_instrument(_INSTRUMENT)
    engine.add_data(list(bars()))
    engine.add_actor({"StoryActor": StoryActor, "Late": Late}[actor](story))
    engine.add_strategy(Waves())
    engine.run()
    Path(fills).write_text(engine.trader.generate_fills_report().to_json(orient="records"), encoding="utf-8")
    engine.dispose()


main(*sys.argv[1:])
