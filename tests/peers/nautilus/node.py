"""A live node of NautilusTrader's, in its sandbox, with a story: `python node.py STORY FILLS TRADES`.

It trades TRADES times and then waits to be ended; each fill is in the file FILLS before the engine goes on.
"""

# ruff: noqa: ANN001, ANN201, ANN204, D101, D103 - NautilusTrader's own names and ways
# mypy: ignore-errors
import os
import sys
from datetime import timedelta

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.factory import SandboxLiveExecClientFactory
from nautilus_trader.config import LiveExecEngineConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from livestory.follow.nautilus import StoryActor

_INSTRUMENT = TestInstrumentProvider.ethusdt_binance()


class Tides(Strategy):
    def __init__(self, fills, trades):
        super().__init__()
        self.fills = os.open(fills, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self.left = trades

    def on_start(self):
        self.clock.set_timer("tide", timedelta(milliseconds=30), callback=self.on_tide)

    def on_tide(self, _event):
        now = self.clock.timestamp_ns()
        bid, ask, size = Price(2000, 2), Price(2001, 2), Quantity(100, 5)
        tick = QuoteTick(_INSTRUMENT.id, bid, ask, size, size, now, now)
        self.msgbus.publish(f"data.quotes.{_INSTRUMENT.id.venue}.{_INSTRUMENT.id.symbol}", tick)
        if not self.left:
            return
        self.left -= 1
        side = OrderSide.SELL if self.left % 2 else OrderSide.BUY
        self.submit_order(self.order_factory.market(_INSTRUMENT.id, side, _INSTRUMENT.make_qty(1), tags=["tide"]))

    def on_order_filled(self, event):
        os.write(self.fills, f"{event.client_order_id} {event.last_px}\n".encode())


def main(story, fills, trades):
    node = TradingNode(
        TradingNodeConfig(
            trader_id=TraderId("T-001"),
            logging=LoggingConfig(log_level="ERROR"),
            exec_engine=LiveExecEngineConfig(reconciliation=False),
            exec_clients={
                "BINANCE": SandboxExecutionClientConfig(
                    venue="BINANCE", account_type="CASH", starting_balances=["1000000 USDT", "1000 ETH"]
                )
            },
            timeout_connection=60.0,
        )
    )
    node.add_exec_client_factory("BINANCE", SandboxLiveExecClientFactory)
    node.trader.add_actor(StoryActor(story))
    node.trader.add_strategy(Tides(fills, int(trades)))
    node.build()
    node.kernel.cache.add_instrument(_INSTRUMENT)
    try:
        node.run()
    finally:
        node.dispose()


main(*sys.argv[1:])
