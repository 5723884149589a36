"""Orders at an exchange: how soon after a bar closes, how much memory, how much work between bars.

The exchange is the tests' own, on loopback, asked through ccxt. An order takes the balance, the book and the order
itself to the exchange and its intent to the disk; the baseline is three signed questions in a row in the same run, the
network's own time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import REAL_BARS, Result
from livestory.clock import ManualClock, SystemClock
from livestory.credentials import Secret
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.exchange.access import Keys
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.exchange.ccxt_spot import CcxtSpot
from livestory.trading.executor import Executor, TimePassed
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.risk import RiskSettings
from livestory.trading.session import RunInfo
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from tests.exchange.binance_spot.__main__ import shifted
from tests.exchange.binance_spot.fills import NextOpen
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.exchange.records import Answer, OrderRequest
    from livestory.trading.market.bar import Bar
    from livestory.trading.risk import Approved

_BARS = 1500
_QUARTER = 900_000_000
_WATCHED = 20.0  # seconds between bars


def measure() -> Iterator[Result]:
    """Latency, memory, idle work."""
    bars = list(islice(RecordedBars([REAL_BARS]).read(), _BARS + 1))
    orders, bare = _latencies(bars)
    yield Result(
        name="bar closed → order at the exchange",
        unit="ms",
        ours=orders,
        baseline=bare,
        baseline_name="three signed questions",
        target="< 50 ms more than the network",
    )
    memory, idle = _idle(bars)
    yield Result(name="livestory run --mode testnet, memory", unit="MB", ours=[memory], target="< 180 MB")
    yield Result(name="between bars, of one core", unit="%", ours=[idle], target="< 0.5 %")


def _latencies(bars: list[Bar]) -> tuple[list[float], list[float]]:
    """Milliseconds: of each order, and of three signed questions after it."""
    clock = ManualClock(bars[0].open_time)
    orders, bare = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        BinanceSpot(bars, clock, fills=NextOpen(), balances={"BTC": Decimal(1)}) as server,
    ):
        server.access.limits.weight = server.access.limits.orders = None
        account = _account(server, clock)
        came = _arrivals(account)
        account.refresh(clock.now())
        identity = Identity(bot="bot", mode="testnet", symbol="ETH/BTC", unit="BTC", bars=None)
        with SynchronousWriter(
            Path(folder) / "live_story.txt", identity, StorySettings(), keep_days=None, clock=clock
        ) as story:
            fresh = ExecutorState.fresh("bot", StrategySettings(), RiskSettings(), None)
            executor = Executor(fresh, story, lambda: (), RunInfo(mode="testnet", clock=clock), account)
            for bar in bars[:-1]:
                clock.set(bar.end)
                sent, began = len(came), time.perf_counter()
                executor.process(bar)
                if len(came) > sent:
                    orders.append((came[-1] - began) * 1000)
                    began = time.perf_counter()
                    for _ in range(3):
                        account.client.ask("fetch_balance", signed=True)
                    bare.append((time.perf_counter() - began) * 1000)
                executor.process(TimePassed(clock.now()))
                executor.commit()
        account.close()
    return orders, bare


def _arrivals(account: CcxtSpot) -> list[float]:
    """When each order was answered, a little after it came there."""
    came: list[float] = []
    submit = account.submit

    def stamped(approved: Approved, request: OrderRequest) -> Answer:
        answer = submit(approved, request)
        came.append(time.perf_counter())
        return answer

    account.submit = stamped  # type: ignore[method-assign]
    return came


def _account(server: BinanceSpot, clock: ManualClock) -> CcxtSpot:
    keys = Keys(Secret(server.key), Secret(server.secret))
    return CcxtSpot(CcxtClient("binance", clock, keys=keys, sandbox=True, base_url=server.url), "ETH/BTC")


def _idle(bars: list[Bar]) -> tuple[float, float]:
    """The memory of the real program in MB, and the share of a core that it takes between bars, in percent."""
    moved = shifted(bars, _QUARTER, 1200, SystemClock().now())
    with (
        tempfile.TemporaryDirectory() as folder,
        BinanceSpot(moved, SystemClock(), balances={"BTC": Decimal(1)}) as server,
    ):
        (Path(folder) / "bot.toml").write_text(
            f'[exchange]\nbase_url = "{server.url}"\nkey_env = "BENCH_KEY"\nsecret_env = "BENCH_SECRET"\n'
        )
        environment = {**os.environ, "BENCH_KEY": server.key, "BENCH_SECRET": server.secret}
        command = [sys.executable, "-m", "livestory", "run", "--mode", "testnet", "--config", "bot.toml"]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        try:
            while not server.times("GET /api/v3/openOrders"):
                time.sleep(0.1)
            time.sleep(3)
            before = _work(process.pid)
            time.sleep(_WATCHED)
            return _memory(process.pid), (_work(process.pid) - before) / _WATCHED * 100
        finally:
            process.terminate()
            process.wait()


def _work(process: int) -> float:
    """Seconds of a core that it has taken so far."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1000 for line in status if line.startswith("VmRSS"))
