"""What a user would choose instead of a story.

A line that is kept: Python's own rotating log and loguru, beside an event of ours. Python's log without fsync and
loguru lose the last lines in a power cut, and none of them has a journal, a state or an archive to check.
A backtest: backtesting.py runs the same rule (averages that cross, all in or all out) on the same bars, and tells
nothing.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.measure import REAL_BARS, Result, fresh_process, interleaved
from livestory import StoryWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLS = 400
HERE = Path(__file__).parents[1] / "build"  # on the disk that a story would be on, not on a memory file system
LINE = "📝 Note | nothing in particular"
ROUNDS = 3
OURS = """
import sys, tempfile, time
from pathlib import Path
from threading import Event
from livestory import config
from livestory.cli.play import Play, play
from livestory.story.files.layout import Layout
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.market.bar import BAR
with tempfile.TemporaryDirectory(dir=sys.argv[2]) as folder:
    settings = Path(folder) / "livestory.toml"
    settings.write_text("[strategy]\\nkind = 'trend'\\nrebalance.step_allocation = 1.0\\n[risk]\\nbreaker = 1.0\\n")
    start = time.perf_counter()
    _, summary = play(
        Play(layout=Layout.of(Path(folder) / "live_story.txt"), settings=config.load(settings, {}),
             market=RecordedBars([Path(sys.argv[1])], BAR), mode="replay", origin="recorded bars", aloud=False),
        Event(),
    )
    print(summary.bars / (time.perf_counter() - start), summary.buys + summary.sells)
"""
THEIRS = """
import sys, time
import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest
class Trend(Strategy):
    def init(self):
        self.fast = self.I(lambda close: pd.Series(close).ewm(span=80, adjust=False).mean(), self.data.Close)
        self.slow = self.I(lambda close: pd.Series(close).ewm(span=200, adjust=False).mean(), self.data.Close)
    def next(self):
        if len(self.data) < 200:
            return
        spread = self.fast[-1] / self.slow[-1] - 1
        if spread >= 0.003 and not self.position:
            self.buy(size=0.97)
        elif spread < -0.003 and self.position:
            self.position.close()
start = time.perf_counter()
bars = pd.read_csv(sys.argv[1], index_col=0, parse_dates=True)
bars = bars[[name for name in bars.columns if name.lower() in ("open", "high", "low", "close", "volume")]]
bars.columns = [name.capitalize() for name in bars.columns]
told = FractionalBacktest(bars, Trend, cash=1.0, commission=0.001, spread=0.0005, fractional_unit=1e-4).run()
print(len(bars) / (time.perf_counter() - start), 2 * told["# Trades"])
"""


def _p50(call: Callable[[], object]) -> float:
    took = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return median(took) * 1e6


def _story() -> float:
    with tempfile.TemporaryDirectory(dir=HERE) as folder, StoryWriter(f"{folder}/live_story.txt", strict=True) as story:
        return _p50(lambda: story.note("nothing in particular"))


def _log(*, synced: bool) -> float:
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        handler = TimedRotatingFileHandler(f"{folder}/story.log", when="midnight", backupCount=7, utc=True)
        handler.setFormatter(logging.Formatter("%(asctime)s | %(message)s"))
        stream = handler.stream
        assert stream is not None  # noqa: S101 - it is opened at once
        record = logging.LogRecord("story", logging.INFO, __file__, 1, LINE, None, None)

        def call() -> None:
            handler.handle(record)
            if synced:
                os.fsync(stream.fileno())

        try:
            return _p50(call)
        finally:
            handler.close()


def _loguru() -> float:
    from loguru import logger  # noqa: PLC0415 - of the group that only benchmarks install

    logger.remove()
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        logger.add(f"{folder}/story.log", rotation="00:00", retention=7, format="{time} | {message}")
        try:
            return _p50(lambda: logger.info(LINE))
        finally:
            logger.remove()


def _backtest(code: str) -> tuple[float, float, float]:
    """Bars a second, MB, trades."""
    done = fresh_process(code, str(REAL_BARS), str(HERE))
    speed, trades = map(float, done.output.split())
    return speed, done.peak_mb, trades


def measure() -> Iterator[Result]:
    """Microseconds a line; bars a second and memory."""
    HERE.mkdir(exist_ok=True)
    ours, synced, unsynced, loguru = interleaved(
        _story, lambda: _log(synced=True), lambda: _log(synced=False), _loguru
    )  # fmt: skip
    for figures, what in (
        (synced, "TimedRotatingFileHandler and fsync"),
        (unsynced, "TimedRotatingFileHandler, lost in a power cut"),
        (loguru, "loguru, lost in a power cut"),
    ):
        yield Result(
            name="an event, durable and in the text", unit="µs", ours=ours, baseline=figures, baseline_name=what
        )  # fmt: skip
    pairs = [(_backtest(OURS), _backtest(THEIRS)) for _ in range(ROUNDS)]
    for number, (what, unit) in enumerate((("speed", "bars/s"), ("peak memory", "MB"), ("fills", "fills"))):
        yield Result(
            name=f"replay of the trend strategy over the real bars, {what}",
            unit=unit,
            ours=[mine[number] for mine, _ in pairs],
            baseline=[theirs[number] for _, theirs in pairs],
            baseline_name="backtesting.py",
            more_is_better=what == "speed",
        )
