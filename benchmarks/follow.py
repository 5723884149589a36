"""The story of a freqtrade, from its database alone.

The first start tells a history of 10,000 trades, of which 100,000 are reckoned. Idle is the real command with nothing
to tell. A bot with the real command beside it, which reads at each change, and one without commit in turn, a hundred
times each, again and again: the quantile is of all of them. How long a line takes is from the bot's commit, or its
message after that, to the story's own.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks.measure import Result, fresh_process
from livestory.clock import SECOND
from livestory.story.journal.reader import JournalReader
from tests.follow.freqtrade_api import PASSWORD, TOKEN, USER, Api
from tests.follow.freqtrade_files import Bot

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parents[1] / "build"  # on the disk that a story would be on, not on a memory file system
ROUNDS, TRADES, MANY = 3, 10_000, 100_000
COMMITS, TURNS = 100, 60
LINES = 20
IDLE = 20.0  # seconds
PAIRS = [f"{base}/USDT" for base in ("ETH", "SOL", "LTC", "ADA", "XRP", "DOT", "AVAX", "LINK")]
FIRST_START = """
import sys, threading, time
from pathlib import Path
from livestory.clock import SystemClock
from livestory.follow.database import Database
from livestory.follow.following import Following
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.source import FreqtradeSource
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
source = FreqtradeSource(FreqtradeDatabase(Database(Path(sys.argv[1])), strict=False))
start = time.perf_counter()
path = Path(sys.argv[2]) / "live_story.txt"
with SynchronousWriter(path, Identity(unit="USDT"), StorySettings(), keep_days=7) as told:
    Following(source, told, SystemClock()).catch_up(threading.Event())
print(time.perf_counter() - start)
"""
ALONE = """
import sqlite3, sys, time
start = time.perf_counter()
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
with open(sys.argv[2] + "/lines.txt", "w") as file:
    for row in db.execute("SELECT * FROM trades JOIN orders ON ft_trade_id = trades.id ORDER BY order_filled_date"):
        file.write(" | ".join(map(str, row)) + "\\n")
print(time.perf_counter() - start)
"""


def _history(file: Path) -> None:
    """A freqtrade's database of that many closed trades."""
    dice, at = random.Random(1), datetime(2023, 1, 1)  # noqa: S311, DTZ001 - figures of a test; freqtrade's own are naive
    bot = Bot(file)
    bot.db.execute("PRAGMA synchronous=OFF")
    for number in range(1, TRADES + 1):
        pair, price = dice.choice(PAIRS), round(dice.uniform(10, 100), 2)
        at += timedelta(minutes=dice.randint(5, 20))
        amount, closing = round(100 / price, 4), round(price * (1 + dice.gauss(0, 0.01)), 2)
        bot.enter(number, pair, str(at), amount=amount, open_rate=price, stake_amount=100)
        profit = round(amount * closing * 0.999 - amount * price * 1.001, 8)
        end = str(at + timedelta(minutes=dice.randint(5, 300)))
        bot.exit(number, end, rate=closing, profit=profit, amount=amount, pair=pair)
    bot.db.execute("CREATE INDEX ix_orders_ft_trade_id ON orders(ft_trade_id)")  # as freqtrade has it
    bot.close()


def _told(code: str, file: Path) -> tuple[float, float]:
    """Seconds and MB of a process that reads all of it."""
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        done = fresh_process(code, str(file), folder)
    return float(done.output), done.peak_mb


def _idle() -> tuple[float, float]:
    """The percentage of a core, and MB, of the command while its bot writes nothing."""
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        bot = Bot(Path(folder) / "tradesv3.sqlite")
        bot.enter(1)
        words = ("follow", "freqtrade", "--db", str(bot.file), "--dir", f"{folder}/story")
        with subprocess.Popen([sys.executable, "-m", "livestory", *words], stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None  # noqa: S101 - it is a pipe
                process.stdout.readline()
                time.sleep(1.0)  # it is about to have told all
                before, start = _cpu(process.pid), time.perf_counter()
                time.sleep(IDLE)
                share = 100 * (_cpu(process.pid) - before) / (time.perf_counter() - start)
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.terminate()
    return share, int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _delays(*, with_api: bool) -> list[float]:
    """Milliseconds from each of the bot's commits to the line's; with its API a message follows each commit."""
    with tempfile.TemporaryDirectory(dir=HERE) as folder, ExitStack() as closing:
        bot, story = Bot(Path(folder) / "tradesv3.sqlite"), Path(folder) / "story"
        words = ["follow", "freqtrade", "--db", str(bot.file), "--dir", str(story)]
        api = closing.enter_context(Api()) if with_api else None
        login = dict(zip((f"FREQTRADE__API_SERVER__{name}" for name in ("USERNAME", "PASSWORD", "WS_TOKEN")),
                         (USER, PASSWORD, TOKEN), strict=True))  # fmt: skip
        bot.enter(1)
        process = closing.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "livestory", *words, *(["--api", api.url] if api is not None else [])],
                stdout=subprocess.PIPE, env={**os.environ, **login},
            )
        )  # fmt: skip
        closing.callback(process.terminate)
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.readline()
        if api is not None:
            api.connected.wait()
        committed = {}
        for number in range(2, LINES + 2):
            time.sleep(random.uniform(0.3, 0.7))  # noqa: S311 - moments of a benchmark
            pair = f"C{number}/BTC"
            bot.enter(number, pair, str(datetime.now(UTC).replace(tzinfo=None)))
            committed[pair] = time.time()
            if api is not None:
                api.say(type="entry_fill", pair=pair)
        while True:
            with JournalReader.open(story / "live_story.db") as reader:
                told = {json.loads(event.record)["facts"].get("symbol"): event.told for event in reader.events()}
            if committed.keys() <= told.keys():
                return [1000 * (told[pair] / SECOND - at) for pair, at in committed.items()]
            time.sleep(0.1)


def _cpu(pid: int) -> float:
    """Seconds that all threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _p99s(mode: str) -> list[float]:
    """Microseconds of a commit of two bots in that mode, of which the first is followed: in turn, a second each."""
    with tempfile.TemporaryDirectory(dir=HERE) as folder, ExitStack() as closing:
        bots = [_at_work(Path(folder) / name, mode) for name in ("followed", "alone")]
        words = ("follow", "freqtrade", "--db", str(bots[0].file), "--dir", f"{folder}/story")
        process = closing.enter_context(
            subprocess.Popen([sys.executable, "-m", "livestory", *words], stdout=subprocess.PIPE)
        )
        closing.callback(process.terminate)
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.readline()
        took: list[list[float]] = [[], []]
        for number in range(TURNS):
            for bot, into in list(zip(bots, took, strict=True))[:: -1 if number % 2 else 1]:
                into.extend(_commits(bot, number))
                time.sleep(0.5)  # the last of them is read, and nothing more
        for bot in bots:
            bot.close()
    return [quantiles(each, n=100)[-1] * 1e6 for each in took]


def _at_work(folder: Path, mode: str) -> Bot:
    folder.mkdir()
    bot = Bot(folder / "tradesv3.sqlite", mode=mode)
    bot.enter(1)
    return bot


def _commits(bot: Bot, turn: int) -> Iterator[float]:
    """Seconds of each."""
    for number in range(COMMITS):
        start = time.perf_counter()
        bot.db.execute("BEGIN IMMEDIATE")
        bot.put("trades", id=1, amount=2.0 + turn + number / COMMITS, is_open=True, pair="ETH/BTC")
        bot.db.execute("COMMIT")
        yield time.perf_counter() - start
        time.sleep(0.005)  # a bot does something besides


def measure() -> Iterator[Result]:
    """Seconds, MB, percent of a core, microseconds."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        file = Path(folder) / "tradesv3.sqlite"
        _history(file)
        told = [(_told(FIRST_START, file), _told(ALONE, file)) for _ in range(ROUNDS)]
    yield Result(
        name=f"first start of {MANY:,} trades (of {TRADES:,}, reckoned)",
        unit="s",
        ours=[mine[0] * MANY / TRADES for mine, _ in told],
        baseline=[theirs[0] * MANY / TRADES for _, theirs in told],
        baseline_name="sqlite3, each row a line of a file",
        target="≤ 60 s",
    )
    yield Result(name=f"peak memory of {TRADES:,} trades", unit="MB", ours=[mine[1] for mine, _ in told])
    idle = [_idle() for _ in range(ROUNDS)]
    yield Result(name="idle, of a core", unit="%", ours=[share for share, _ in idle], target="< 0.5 %")
    yield Result(name="idle, memory", unit="MB", ours=[memory for _, memory in idle], target="< 70 MB")
    for with_api, what, limit in ((False, "its commit", 2000), (True, "its message", 500)):
        delays = [max(_delays(with_api=with_api)) for _ in range(ROUNDS)]
        yield Result(
            name=f"from {what} to the line, slowest of {LINES}", unit="ms", ours=delays, target=f"≤ {limit} ms"
        )
    for mode in ("wal", "delete"):
        ours, alone = _p99s(mode)
        yield Result(
            name=f"p99 of {TURNS * COMMITS:,} of the bot's own commits, journal_mode={mode}",
            unit="µs",
            ours=[ours],
            baseline=[alone],
            baseline_name="not followed",
            target="≤ 1.1 ×",
        )
