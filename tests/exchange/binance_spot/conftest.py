"""An exchange for each test of it, and ccxt's clients of its account."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from livestory.clock import MINUTE, ManualClock, instant
from livestory.trading.market.bar import Bar
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = instant("2024-02-01T12:00:00")
BAR = 15 * MINUTE


def flat_bars(count: int = 400, price: float = 0.05) -> list[Bar]:
    """Bars around a price that goes nowhere; half of them are over at noon."""
    start = NOON - count // 2 * BAR
    opens = (start + place * BAR for place in range(count))
    return [Bar(open_time, open_time + BAR, price, price + 0.0002, price - 0.0002, price, 100.0) for open_time in opens]


@pytest.fixture
def clock() -> ManualClock:
    """It stands at noon."""
    return ManualClock(NOON)


@pytest.fixture
def server(clock: ManualClock) -> Iterator[BinanceSpot]:
    """An exchange with 10 BTC and 20 ETH in the account."""
    with BinanceSpot(flat_bars(), clock, balances={"BTC": Decimal(10), "ETH": Decimal(20)}) as exchange:
        yield exchange


class Customer(Protocol):
    """A client, as a test calls it."""

    def __call__(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """Call a method of ccxt's client."""
        ...


@pytest.fixture(params=["sync", "async"])
def customer(server: BinanceSpot, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """ccxt's own clients, of either kind."""  # noqa: D403 - it is written so
    if request.param == "sync":
        client = server.client(timeout=400)
        yield lambda method, *arguments, **keywords: getattr(client, method)(*arguments, **keywords)
        client.session.close()
        return
    with asyncio.Runner() as runner:
        waiting = runner.run(_made(server))
        yield lambda method, *arguments, **keywords: runner.run(getattr(waiting, method)(*arguments, **keywords))
        runner.run(waiting.close())


async def _made(server: BinanceSpot) -> Any:
    return server.client(asynchronous=True, timeout=400)
