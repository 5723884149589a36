"""The exchange by hand: something to try `livestory run --mode testnet` against without anybody's money.

It listens on loopback alone and keeps everything in memory. Its clock is the machine's: of the bars it is given, the
first ``--history`` lie before now and the others are the market to come. A shorter ``--interval`` than the bars' own
makes the same market run faster, and no clock has to lie.
"""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from livestory.clock import HOUR, MINUTE, SECOND, SystemClock, as_datetime
from livestory.trading.market.bar import Bar
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.market.simulated import SimulatedBars
from tests.exchange.binance_spot.records import Fees, Rules
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMULATED = 100_000  # bars, where no file is given
_INTERVALS = {"1s": SECOND, "1m": MINUTE, "3m": 3 * MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR}


def shifted(bars: Iterable[Bar], interval: int, history: int, now: int) -> list[Bar]:
    """``bars`` one after the other, each of ``interval``, so that the one after the first ``history`` opens now."""
    start = now - now % interval - history * interval
    return [
        Bar(
            start + place * interval,
            start + (place + 1) * interval,
            *(bar.open, bar.high, bar.low, bar.close, bar.volume),
        )
        for place, bar in enumerate(bars)
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.binance_spot", description=__doc__)
    parser.add_argument("--port", type=int, default=8899, help="where to listen on 127.0.0.1; 0 for any (8899)")
    parser.add_argument("--bars", type=Path, help="recorded bars to serve; without it, the market of `livestory demo`")
    parser.add_argument("--interval", choices=_INTERVALS, default="15m", help="how long each bar lasts (15m)")
    parser.add_argument("--history", type=int, default=5_000, help="bars that are over when it starts (5000)")
    parser.add_argument("--base", type=Decimal, default=Decimal(0), help="ETH in the account (0)")
    parser.add_argument("--quote", type=Decimal, default=Decimal(1), help="BTC in the account (1)")
    parser.add_argument("--fee-asset", choices=("received", "quote", "BNB"), default="received", help="what fees take")
    return parser.parse_args()


def main() -> None:
    """Serve until interrupted."""
    given = _arguments()
    clock = SystemClock()
    source = RecordedBars([given.bars]) if given.bars else SimulatedBars(0, _SIMULATED, 0)
    bars = shifted(islice(source.read(), _SIMULATED), _INTERVALS[given.interval], given.history, clock.now())
    rules = Rules()
    balances = {rules.base: given.base, rules.quote: given.quote, "BNB": Decimal(1)}
    told = f"{rules.symbol}, bars of {given.interval} until {as_datetime(bars[-1].end):%Y-%m-%d %H:%M} UTC"
    try:
        with suppress(KeyboardInterrupt):
            fees = Fees(asset=given.fee_asset)
            with BinanceSpot(bars, clock, given.port, balances=balances, fees=fees) as server:
                lines = {"url": server.url, "key": server.key, "secret": server.secret, "market": told}
                print(*(f"{name:7} {value}" for name, value in lines.items()), sep="\n", flush=True)  # noqa: T201 - for a person
                while True:
                    time.sleep(3600)
    except OSError as error:
        message = f"can't listen at port {given.port}: {error.strerror}"
        raise SystemExit(message) from None


if __name__ == "__main__":
    main()
