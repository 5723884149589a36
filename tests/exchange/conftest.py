"""The exchange on loopback, over the real bars of two months, and an account at it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import SECOND, ManualClock, instant
from livestory.trading.market.recorded import RecordedBars
from tests.exchange.accounts import account_of
from tests.exchange.binance_spot.fills import Book
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.trading.exchange.ccxt_spot import CcxtSpot
    from livestory.trading.market.bar import Bar

NOON = instant("2022-02-01T12:00:00")


@pytest.fixture(scope="session")
def two_months(real_bars_file: Path) -> list[Bar]:
    """Real bars of January and February 2022."""
    pytest.importorskip("ccxt")
    return [bar for bar in RecordedBars([real_bars_file]).read() if bar.end <= instant("2022-03-01")]


@pytest.fixture
def clock() -> ManualClock:
    """A little after noon, 2022-02-01; moved by hand."""
    return ManualClock(NOON + 5 * SECOND)


@pytest.fixture
def server(two_months: list[Bar], clock: ManualClock) -> Iterator[BinanceSpot]:
    """An exchange that fills from a book, with 1 BTC and 2 ETH on the account."""
    with BinanceSpot(two_months, clock, fills=Book(), balances={"BTC": Decimal(1), "ETH": Decimal(2)}) as exchange:
        yield exchange


@pytest.fixture
def account(server: BinanceSpot) -> Iterator[CcxtSpot]:
    """That account through ccxt."""
    opened = account_of(server)
    yield opened
    opened.close()
