"""The real freqtrade trades while its story is told, and both are killed: the story is what its database says."""

from __future__ import annotations

import json
import random
import signal
import socket
import sqlite3
import subprocess
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Self

import httpx2
import pytest
from msgspec.structs import replace

from livestory.clock import MINUTE, SystemClock, instant
from livestory.errors import JournalError
from livestory.story.journal.reader import JournalReader
from livestory.trading.market.recorded import RecordedBars
from tests.cli.program import environment, inside, started
from tests.exchange.binance_spot.__main__ import shifted
from tests.exchange.binance_spot.markets import Markets
from tests.exchange.binance_spot.records import Rules
from tests.patience import until
from tests.peers.conftest import configuration, program
from tests.reliability.amount import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.market.bar import Bar

_KILLS = amount(5, 50)  # of each process
_HISTORY, _AHEAD = 1500, 600  # bars of a minute
_MARKETS = (("ETH", 50_000, 0), ("LTC", 2_000, 7_000), ("SOL", 3_000, 14_000))  # the real bars, dearer and later
_LOGIN = ("ours", "a-password-for-tests")
LOGIN = dict(zip(("FREQTRADE__API_SERVER__USERNAME", "FREQTRADE__API_SERVER__PASSWORD"), _LOGIN, strict=True))
"""The environment of whoever may ask."""
_EIGHT = Decimal("0.00000001")
_LATENCY = 10.0  # seconds; on a quiet machine it is below one


@pytest.fixture
def markets(real_bars_file: Path) -> Iterator[Markets]:
    """Three markets in USDT, whose bars pass fifteen times as fast as they did."""
    clock, bars = SystemClock(), list(islice(RecordedBars([real_bars_file]).read(), 20_000))

    def market(base: str, factor: int, first: int) -> tuple[Rules, list[Bar]]:
        part = [
            replace(bar, **{name: factor * getattr(bar, name) for name in ("open", "high", "low", "close")})
            for bar in bars[first : first + _HISTORY + _AHEAD]
        ]
        rules = Rules(base=base, quote="USDT", tick=Decimal("0.01"), min_notional=Decimal(5))
        return rules, shifted(part, MINUTE, _HISTORY, clock.now())

    with Markets(dict(market(*each) for each in _MARKETS), clock) as server:
        yield server


class Freqtrade:
    """A freqtrade that trades with invented money, as its owner runs it."""

    def __init__(self, folder: Path, exchange: str, *, strategy: str = "Busy", slots: int = 3) -> None:
        self.folder = folder
        self._strategy = strategy
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.database = folder / "tradesv3.sqlite"
        self.config = folder / "config.json"
        (folder / "strategies").symlink_to(Path(__file__).parent / "freqtrade")
        api = {"enabled": True, "listen_ip_address": "127.0.0.1", "listen_port": self.port, "verbosity": "error",
               "jwt_secret_key": "a-key-for-tests-0123456789abcdef01", "CORS_origins": []}  # fmt: skip
        settings = configuration(exchange) | {
            "max_open_trades": slots, "stake_currency": "USDT", "stake_amount": 100, "dry_run_wallet": 1000,
            "timeframe": "1m", "force_entry_enable": True, "db_url": f"sqlite:///{self.database}", "api_server": api,
        }  # fmt: skip
        settings["exchange"]["pair_whitelist"] = [f"{base}/USDT" for base, *_ in _MARKETS]
        self.config.write_text(json.dumps(settings), encoding="utf-8")
        self._log = (folder.parent / "freqtrade.log").open("a")
        self._client = httpx2.Client(auth=_LOGIN, timeout=10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._client.close()
        self._log.close()

    def start(self) -> None:
        """Start it, and wait until it trades."""
        words = ("trade", "--config", self.config, "--userdir", self.folder, "--strategy", self._strategy)
        self.process = subprocess.Popen(
            [program("freqtrade", "freqtrade"), *map(str, words)],
            cwd=self.folder,
            env=environment(PYTHONWARNINGS="default", **LOGIN),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        until(lambda: self.ask("health").get("last_process_ts"), self.said)

    def kill(self) -> None:
        """Kill it in the middle of whatever it does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def said(self) -> str:
        """The end of its log."""
        return (self.folder.parent / "freqtrade.log").read_text(encoding="utf-8")[-4000:]

    def ask(self, what: str, body: dict[str, Any] | list[dict[str, Any]] | None = None) -> Any:
        """What its API answers; nothing while it does not."""
        try:
            url = f"http://127.0.0.1:{self.port}/api/v1/{what}"
            answer = self._client.get(url) if body is None else self._client.post(url, json=body)
            return answer.json() if answer.is_success else {}
        except (httpx2.HTTPError, json.JSONDecodeError):
            return {}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What its database holds now."""
        db = sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


def facts(folder: Path) -> list[dict[str, Any]]:
    """The facts of all lines that are kept by now, each with its time."""
    try:
        with JournalReader.open(folder / "live_story.db") as reader:
            return [{**json.loads(event.record)["facts"], "time": event.time} for event in reader.events()]
    except JournalError:  # it is being made
        return []


def kinds_told(folder: Path) -> Counter[str]:
    """How many lines of each kind are kept by now."""
    return Counter(fact["kind"] for fact in facts(folder))


def fills_told(folder: Path) -> dict[str, tuple[str, str, Decimal]]:
    """Of each order what was told of it in all: pair, side and quantity."""
    told: dict[str, tuple[str, str, Decimal]] = {}
    for fact in facts(folder):
        if fact["kind"] == "trade":
            before = told.get(fact["order_id"], ("", "", Decimal(0)))[2]
            told[fact["order_id"]] = (fact["symbol"], fact["side"], before + Decimal(fact["quantity"]))
    return told


def fills_made(bot: Freqtrade) -> dict[str, tuple[str, str, Decimal]]:
    """The same by freqtrade's database."""
    sql = "SELECT order_id, ft_pair, side, filled FROM orders WHERE filled > 0"
    return {order: (pair, side, Decimal(str(filled))) for order, pair, side, filled in bot.rows(sql)}


def has_more(bot: Freqtrade, before: int) -> bool:
    """Whether more orders are filled by now than there were."""
    return len(fills_made(bot)) > before


def results_told(folder: Path) -> dict[str, list[Decimal]]:
    """Of each pair the results of its round trips, one after the other."""
    found: dict[str, list[Decimal]] = defaultdict(list)
    for fact in facts(folder):
        if fact["kind"] == "trade" and fact.get("trip"):
            found[fact["symbol"]].append(Decimal(fact["trip"]["result"]).quantize(_EIGHT))
    return found


def results_made(bot: Freqtrade) -> dict[str, list[Decimal]]:
    """The same by freqtrade's database."""
    found: dict[str, list[Decimal]] = defaultdict(list)
    for pair, profit in bot.rows("SELECT pair, close_profit_abs FROM trades WHERE is_open = 0 ORDER BY close_date"):
        found[pair].append(Decimal(str(profit)).quantize(_EIGHT))
    return found


def arcs_made(bot: Freqtrade) -> dict[str, int]:
    """How often each pair was locked, by its database: locks that overlap are one, the one after each exit none."""
    sql = "SELECT pair, reason, lock_time, lock_end_time FROM pairlocks WHERE reason != 'Auto lock' ORDER BY id"
    ends: dict[str, int] = {}
    found: dict[str, int] = defaultdict(int)
    for pair, reason, begin, end in bot.rows(sql):
        name = f"{pair} after an exit" if reason.startswith("Cooldown") else pair
        found[name] += instant(begin) > ends.get(name, 0)
        ends[name] = max(ends.get(name, 0), instant(end))
    return dict(found)


def arcs_told(folder: Path, kind: str) -> dict[str, int]:
    """How often each was told, or its end."""
    found: dict[str, int] = defaultdict(int)
    for fact in facts(folder):
        if fact["kind"] == kind:
            found[fact.get("pair", "*") + (" after an exit" if fact.get("routine") else "")] += 1
    return dict(found)


def assert_it_was_told_at_once(folder: Path) -> None:
    """What came while it was followed; what a start finds is kept as told at its own time."""
    db = sqlite3.connect(f"{(folder / 'live_story.db').as_uri()}?mode=ro", uri=True)
    found = db.execute("SELECT told - time FROM events WHERE kind = 'trade' AND told > time").fetchall()
    db.close()
    seconds = median(microseconds / 1_000_000 for (microseconds,) in found)
    print(f"from a fill to its line: {seconds:.2f} s in the median of {len(found)}")  # noqa: T201 - what was measured
    assert seconds < _LATENCY


def assert_all_that_it_did_is_told_at_once(folder: Path) -> None:
    """By hand and by itself: entries, additions, partial exits, forced exits; and what its strategy denies."""
    told = facts(folder)
    assert told[0]["wealth"] == 1000.0
    trades = [fact for fact in told if fact["kind"] == "trade"]
    entered = {fact["reason"]["text"] for fact in trades if fact["effect"] in {"open", "add"}}
    left = {fact["reason"]["text"] for fact in trades if fact["effect"] in {"reduce", "close"}}
    assert {"by hand", "always"} <= entered
    assert "force_exit" in left
    assert any(fact["effect"] == "reduce" for fact in trades)
    denied = {
        fact["symbol"] for fact in told if fact["kind"] == "put_off" and "strategy denied" in fact["reason"]["text"]
    }
    assert denied <= {"SOL/USDT"}
    assert_it_was_told_at_once(folder)


def test_both_are_killed_and_the_story_is_what_the_database_says(tmp_path: Path, markets: Markets) -> None:
    """Each fill once, freqtrade's own results, locks and their ends; its folder has no file that is not its own."""
    (tmp_path / "user_data").mkdir()
    out, pairs = tmp_path / "out", [f"{base}/USDT" for base, *_ in _MARKETS]
    dice = random.Random(7)  # noqa: S311 - moments of a test
    with ExitStack() as closing, Freqtrade(tmp_path / "user_data", markets.url) as bot:

        def follow() -> subprocess.Popen[str]:
            words = ("follow", "freqtrade", "--config", bot.config, "--dir", out)
            process = closing.enter_context(started(*words, cwd=tmp_path, env=environment(**LOGIN)))
            closing.callback(process.kill)
            return process

        story = follow()
        until(lambda: facts(out), bot.said)  # while its API answers
        for number in range(_KILLS):
            pair = pairs[number % len(pairs)]
            before = len(fills_made(bot))
            bot.ask("forceenter", {"pair": pair, "side": "long", "stakeamount": 60, "entry_tag": "by hand"})
            until(partial(has_more, bot, before), bot.said)
            time.sleep(dice.random())  # whatever it is just doing
            story.kill()
            story.communicate()
            for trade in bot.ask("status"):
                body = {"tradeid": str(trade["trade_id"]), "ordertype": "market"}
                if number % 2 and trade["amount"]:
                    body["amount"] = round(trade["amount"] / 2, 4)
                bot.ask("forceexit", body)
            bot.kill()
            story = follow()
            bot.start()
        until(lambda: len(results_made(bot)) > 0, bot.said)
        bot.ask("pause", {})
        until(lambda: "halted" in kinds_told(out), bot.said)
        bot.ask("stop", {})
        until(lambda: "stopped" in kinds_told(out), bot.said)
        bot.ask("locks/delete", {"pair": "*"})
        now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"  # of one that is over, the end would be changed
        for (number,) in bot.rows(f"SELECT id FROM pairlocks WHERE active = 1 AND lock_end_time > {now}"):  # noqa: S608 - its own function
            bot.ask("locks/delete", {"lockid": number})
        until(lambda: fills_told(out) == fills_made(bot), bot.said)
        until(lambda: arcs_told(out, "lock_over") == arcs_made(bot), bot.said)
        profit, rows = bot.ask("profit"), bot.rows("SELECT sum(close_profit_abs) FROM trades WHERE is_open = 0")
        told = results_told(out)
        assert told == results_made(bot)
        assert arcs_told(out, "entries_locked") == arcs_made(bot)
        whole = sum((result for results in told.values() for result in results), Decimal(0))
        assert whole == Decimal(str(profit["profit_closed_coin"])).quantize(_EIGHT)
        assert whole == Decimal(str(rows[0][0])).quantize(_EIGHT)
        kinds = kinds_told(out)
        assert (kinds["started"], kinds["resumed"], kinds["rules"]) == (1, _KILLS, 1)
        names = {path.name.removeprefix("tradesv3.sqlite") for path in bot.folder.glob("tradesv3*")}
        assert names == {"", "-wal", "-shm"}
        story.send_signal(signal.SIGTERM)
        story.communicate()
    assert_all_that_it_did_is_told_at_once(out)
    assert inside("verify", "--dir", out, cwd=tmp_path).returncode == 0
