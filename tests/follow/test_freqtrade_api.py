"""A living freqtrade is asked and heard: wealth, pauses and stops, money that came, why it did not enter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from livestory.clock import MINUTE, SECOND, SystemClock, instant
from livestory.credentials import Secret
from livestory.follow.database import Database
from livestory.follow.following import Following
from livestory.follow.freqtrade.configuration import ApiAccess, FreqtradeConfiguration, api_access
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.messages import read
from livestory.follow.freqtrade.present import Teller
from livestory.follow.freqtrade.rest import Balance, Config, Health, LogLine, OpenLock, OpenTrade
from livestory.follow.freqtrade.signals import (
    BOTH_SIGNALS,
    LOCKED,
    NO_ENTRY,
    NO_SIGNAL,
    NO_SLOT,
    Explained,
    Refused,
    Signals,
)
from livestory.follow.freqtrade.source import FreqtradeSource
from livestory.follow.freqtrade.watch import Look, NoLook, Watch
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.reason import Reason, in_own_words
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.follow.freqtrade_api import PASSWORD, TOKEN, USER, Api, analyzed, balance, config
from tests.follow.freqtrade_files import Bot
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START = instant("2026-11-26 16:00:00")
STARTED = "2026-11-26 15:00:00"


class Time:
    """A clock that is set by hand."""

    at = START

    def now(self) -> int:
        return self.at


class Looks:
    """A watch whose looks the test gives."""

    def __init__(self, first: Look | None = None) -> None:
        self.first = first
        self.waiting: list[Look | NoLook] = []
        self.count = 0
        self.how: str | None = None

    def take(self) -> list[Look | NoLook]:
        taken, self.waiting = self.waiting, []
        return taken

    def now(self) -> Look | None:
        return self.first

    def wake(self) -> None:
        """It looks when the test says so."""

    def how_started(self) -> str | None:
        return self.how

    def why_stopped(self) -> str:
        return "you"


def seen(at: int, *, explained: Explained | None = None, trades: object = (), health: dict[str, Any] | None = None,
         has: dict[str, Any] | None = None, **settings: Any) -> Look:  # fmt: skip
    """How the bot is at that moment."""
    now = {"last_process_ts": at // SECOND, "bot_start_ts": instant(STARTED) // SECOND, "bot_startup_ts": 1}
    return Look(
        at,
        msgspec.convert(config(**settings), Config),
        msgspec.convert({**now, **(health or {})}, Health),
        msgspec.convert(trades, list[OpenTrade]),
        msgspec.convert(has or balance(1000.0), Balance),
        explained or Explained(),
    )


class Story:
    """A freqtrade whose database lies there, the looks at it, and what is told."""

    def __init__(self, folder: Path, first: Look | None = None, ratio: float | None = 0.99, at: int = START) -> None:
        self.bot = Bot(folder / "tradesv3.sqlite")
        self.bot.start(STARTED)
        self.clock, self.looks, self.folder = Time(), Looks(first), folder
        self.clock.at = at
        identity = Identity(bot="ours", unit="USDT")
        self.writer = SynchronousWriter(folder / "live_story.txt", identity, StorySettings(), clock=self.clock)
        teller = Teller(self.looks, "USDT", ratio)  # type: ignore[arg-type]  # a watch as far as it is asked
        source = FreqtradeSource(FreqtradeDatabase(Database(self.bot.file)), teller=teller)
        self.following = Following(source, self.writer, self.clock)
        self.follow()

    def look(self, later: int = MINUTE, *, explained: Explained | None = None, trades: object = (),
             health: dict[str, Any] | None = None, has: dict[str, Any] | None = None,
             **settings: Any) -> list[str]:  # fmt: skip
        """Look after a while; the lines that are told of it."""
        self.clock.at += later
        return self.hear(seen(self.clock.at, explained=explained, trades=trades, health=health, has=has, **settings))

    def hear(self, look: Look | NoLook) -> list[str]:
        """The lines that a look brings."""
        before = len(self.lines())
        self.looks.waiting.append(look)
        self.looks.count += 1
        self.follow()
        return [line.split(" | ", 1)[1] for line in self.lines()[before:]]

    def follow(self) -> None:
        """Tell what there is."""
        while self.following.step():
            pass

    def lines(self) -> list[str]:
        """All that is told."""
        with JournalReader.open(self.folder / "live_story.db") as reader:
            return [event.line for event in reader.events()]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Of a bot that was just started."""
    made = Story(tmp_path)
    yield made
    made.writer.close()
    made.bot.close()


HELD: dict[str, Any] = {"pair": "ETH/USDT", "amount": 1.0, "realized_profit": 4.0}


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (seen(START), "1000.00 USDT"),
        (seen(START, trades=[HELD], has=balance(1000.0, capital=993.96)), "1000.00 USDT"),
        (seen(START, trades=[HELD], dry_run=False), "not known"),
        (seen(START, trades=[{**HELD, "realized_profit": None}]), "not known"),
        (seen(START, available_capital=500.0), "not known"),
        (seen(START, health={"bot_start_ts": 5}), "not known"),
        (None, "not known"),
    ],
    ids=["nothing open", "partly sold", "fees unknown", "old version", "set by hand", "another bot", "no answer"],
)
def test_what_it_began_with_is_told_where_freqtrade_can_say_it(tmp_path: Path, first: Look | None, told: str) -> None:
    """Its capital as it reckons it, where that lacks nothing."""
    story = Story(tmp_path, first)
    assert story.lines()[0].split(" | ")[1:3] == ["🚀 Bot Started", f"Initial Wealth: {told}"]
    assert story.writer.narrator.account.first == (1000.0 if first and told != "not known" else None)
    story.writer.close()
    story.bot.close()


def test_what_it_began_with_is_not_told_where_the_share_that_it_uses_is_unknown(tmp_path: Path) -> None:
    """As its API alone does not say it."""
    story = Story(tmp_path, seen(START), ratio=None)
    assert "Initial Wealth: not known" in story.lines()[0]
    story.writer.close()
    story.bot.close()


@pytest.mark.parametrize(("answer", "told"), [(seen(START), "1000.00 USDT"), (None, "not known")])
def test_a_bot_that_was_just_born_is_given_a_minute_to_answer(tmp_path: Path, answer: Look | None, told: str) -> None:
    """It opens its API after its database, when both are started at boot."""
    story = Story(tmp_path, at=instant(STARTED) + 2 * SECOND)
    assert story.lines() == []
    story.clock.at += 30 * SECOND if answer else MINUTE
    story.looks.first = answer
    story.follow()
    assert f"Initial Wealth: {told}" in story.lines()[0]
    story.writer.close()
    story.bot.close()


def test_wealth_is_the_bots_own_with_what_its_orders_hold(story: Story) -> None:
    """The owner's other coins are not in it; records and drawdowns are told of it."""
    story.look()
    assert story.looks.count
    assert story.writer.narrator.account.wealth == 1000.0
    told = story.look(5 * MINUTE, has=balance(1100.0, coin=200.0, others=50.0))
    assert [line.split(" | ")[:2] for line in told] == [["🚀 NEW ATH", "1100.00 USDT"]]


def test_a_pause_is_a_halt_that_says_what_goes_on(story: Story) -> None:
    """With its end; between two candles, at once."""
    story.look()
    assert story.look(SECOND, state="paused") == ["✋ Halted | paused: no new entries, exits go on"]
    assert story.look(SECOND, state="paused") == []
    assert story.look(MINUTE) == ["▶️ Halt Over | halted 1m"]


def test_a_stop_is_the_owners_and_the_start_after_it_a_return(story: Story) -> None:
    """The process itself runs on meanwhile: its database stays open."""
    story.look()
    assert story.look(state="stopped") == ["💤 Bot Stopped | by you"]
    assert story.look(state="stopped") == []
    story.bot.start("2026-11-26 16:05:00")
    story.clock.at = instant("2026-11-26 16:05:01")
    assert story.look(0) == ["🔁 Bot Resumed | away 3m"]
    assert story.look() == []


def test_a_reload_is_no_return_and_tells_what_it_changed(story: Story) -> None:
    """Nobody was away."""
    story.look()
    story.looks.how = "reload"
    story.bot.start("2026-11-26 16:02:00")
    story.clock.at = instant("2026-11-26 16:02:01")
    assert story.look(0, stoploss=-0.2) == [
        "📝 Note | its configuration was reloaded",
        "📜 Rules Changed | stoploss -0.1 → -0.2",
    ]


def test_money_that_came_is_told_once_it_was_seen_twice(story: Story) -> None:
    """By the capital as freqtrade reckons it: neither a result nor a fee is one."""
    story.look()
    assert story.look(has=balance(1003.0, capital=991.0)) == []
    assert story.look(has=balance(1503.0, capital=1486.0)) == []
    assert story.look(has=balance(1503.0, capital=1486.0))[0].startswith("💰 Deposit | +500.00 USDT")
    assert story.look(has=balance(1503.0, capital=1486.0)) == []


def test_an_api_that_does_not_answer_is_told_once_with_its_end(story: Story) -> None:
    """After ten seconds, with what is wrong; the database is followed meanwhile."""
    story.look()
    for second in (1, 5, 12, 30):
        told = story.hear(NoLook(story.clock.at + second * SECOND, "it refuses the login (401)"))
        assert [line.split(";")[0] for line in told] == (
            ["🙉 Not Heard | freqtrade's API | it refuses the login (401)"] if second == 12 else []
        )
    story.clock.at += MINUTE
    story.bot.enter(1, at="2026-11-26 16:01:30")
    story.follow()
    assert " BUY " in story.lines()[-1]
    assert story.look() == ["👂 Heard Again | freqtrade's API | after 1m"]


def test_another_bots_api_is_not_believed(story: Story) -> None:
    """They were first started at different times."""
    other = {"bot_start_ts": instant(STARTED) // SECOND - 1000}
    story.look(health=other)
    told = story.look(health=other)
    assert [line.split(":")[0] for line in told] == [
        "🙉 Not Heard | freqtrade's API | it is another bot's than the database"
    ]
    assert story.writer.narrator.account.wealth is None


def test_a_loop_that_does_not_come_round_is_told_with_its_end(story: Story) -> None:
    """Though the API answers."""
    story.look()
    stuck = {"last_process_ts": START // SECOND}
    assert story.look(11 * MINUTE, health=stuck)[0].startswith("🙉 Not Heard | freqtrade's loop")
    assert story.look()[0].startswith("👂 Heard Again | freqtrade's loop")


def test_why_it_did_not_enter_is_counted(story: Story) -> None:
    """By the number of candles; a refused entry has a line of its own, once."""
    refused = Explained(NO_ENTRY, (Refused("ETH/USDT", short=False, reason=in_own_words("the strategy denied it")),))
    assert story.look(explained=refused)[-1].startswith("⏸️ Trade Put Off | ETH not traded | the strategy denied it")
    assert story.look(5 * MINUTE, explained=refused) == []
    for reason in (NO_SLOT, NO_SLOT, BOTH_SIGNALS, NO_SIGNAL, NO_SIGNAL, NO_SIGNAL):
        story.look(5 * MINUTE, explained=Explained(reason))
    day = story.look(13 * 60 * MINUTE)[-1]
    assert (
        "no trade in 8 bars: no entry signal (3 bars), signal but no entry (2 bars), signal but no open slot (2 bars), "
        "entry and exit signal on one candle (1 bar)"
    ) in day


def test_what_is_held_is_told_at_its_price(story: Story) -> None:
    """With what it would bring."""
    story.bot.enter(1, "ETH/USDT", at="2026-11-26 16:00:30")
    held = {"pair": "ETH/USDT", "amount": 2.0, "open_rate": 0.05, "current_rate": 0.06, "profit_abs": 0.02}
    story.look(trades=[held])
    reading = story.writer.narrator.account.last
    assert reading is not None
    assert reading.positions is not None
    assert (str(reading.positions["ETH/USDT"].quantity), str(reading.positions["ETH/USDT"].price)) == ("2.0", "0.06")


@pytest.mark.parametrize(
    ("order", "wealth"),
    [
        ({"is_open": True, "filled": 0.5}, None),
        ({"is_open": True, "filled": 0.0}, 1000.0),
        ({"is_open": False, "filled": 2.0}, 1000.0),
    ],
)
def test_wealth_is_unknown_only_while_an_order_is_filled_in_part(
    story: Story, order: dict[str, Any], wealth: float | None
) -> None:
    """A trade of freqtrade's counts what was filled once the order is done: until then the sum lacks it."""
    story.bot.enter(1, "ETH/USDT", at="2026-11-26 16:00:30")
    held = {"pair": "ETH/USDT", "amount": 2.0, "open_rate": 0.05, "current_rate": 0.06, "orders": [order]}
    story.look(trades=[held])
    reading = story.writer.narrator.account.last
    assert reading is not None
    assert reading.wealth == wealth


def test_another_bots_database_in_its_place_is_not_told(story: Story) -> None:
    """One message, and the story waits."""
    story.bot.db.execute("UPDATE KeyValueStore SET datetime_value = '2026-11-01 10:00:00'")
    for _ in range(3):
        story.clock.at += 20 * SECOND
        story.follow()
    last = story.lines()[-1]
    assert "🙉 Not Heard | tradesv3.sqlite | another bot's database" in last


CANDLE = 1_795_719_840_000
HEARD = START


def explained(row: dict[str, Any], *, trades: object = (), locks: tuple[str, ...] = (), log: str = "",
              **settings: Any) -> Explained:  # fmt: skip
    """What is made of one candle once its loop is over."""
    signals = Signals()
    message = read(msgspec.json.encode(analyzed("ETH/USDT", CANDLE, **row)))
    assert message is not None
    signals.hear(HEARD, message)
    line = LogLine(HEARD + SECOND, "freqtrade.freqtradebot", log)
    after = Health(last_process_ts=HEARD // SECOND + 1)
    return signals.explain(
        msgspec.convert(config(**settings), Config),
        after,
        msgspec.convert(trades, list[OpenTrade]),
        lambda: [OpenLock(pair) for pair in locks],
        lambda: [line],
    )


ENTER: dict[str, Any] = {"enter_long": 1.0, "enter_tag": "dip"}


@pytest.mark.parametrize(
    ("row", "more", "reason"),
    [
        ({}, {}, NO_SIGNAL),
        ({"enter_long": None, "exit_long": 1}, {}, NO_SIGNAL),
        ({**ENTER, "exit_long": 1}, {}, BOTH_SIGNALS),
        ({"enter_short": 1}, {}, NO_SIGNAL),
        ({"enter_short": 1, "enter_long": 1}, {"short_allowed": True}, BOTH_SIGNALS),
        (ENTER, {"trades": [{"pair": "LTC/USDT"}, {"pair": "SOL/USDT"}]}, NO_SLOT),
        (ENTER, {"trades": [{"pair": "LTC/USDT"}] * 3, "max_open_trades": -1}, NO_ENTRY),
        (ENTER, {"trades": [{"pair": "ETH/USDT"}]}, None),
        (ENTER, {"locks": ("*",)}, LOCKED),
        (ENTER, {"locks": ("ETH/USDT",)}, LOCKED),
        (ENTER, {"locks": ("LTC/USDT",)}, NO_ENTRY),
        (ENTER, {"state": "paused"}, None),
    ],
)
def test_each_candle_without_an_entry_has_its_reason(row: dict[str, Any], more: dict[str, Any], reason: Reason) -> None:
    """As freqtrade itself decides; a pair that is held needs none."""
    assert explained(row, **more).reason == reason


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("User denied entry for ETH/USDT.", "the strategy denied the entry (dip)"),
        ("Unable to create trade for ETH/USDT: Amount too small", "Amount too small (dip)"),
        ("Bids to asks delta for ETH/USDT does not satisfy condition.", "too little depth in the market (dip)"),
    ],
)
def test_a_refused_entry_has_freqtrades_own_words(log: str, why: str) -> None:
    """Of its log, which alone has them."""
    assert explained(ENTER, log=log).refused == (Refused("ETH/USDT", short=False, reason=in_own_words(why)),)
    assert explained(ENTER, log=log.replace("ETH", "LTC")).refused == ()


def test_a_candle_waits_until_its_loop_is_over_and_is_explained_once() -> None:
    """It analyses first and enters then."""
    signals = Signals()
    message = read(msgspec.json.encode(analyzed("ETH/USDT", CANDLE)))
    assert message is not None
    bot, ask = msgspec.convert(config(), Config), (list[OpenLock], list[LogLine])
    signals.hear(HEARD, message)
    assert signals.explain(bot, Health(last_process_ts=HEARD // SECOND - 1), [], *ask).reason is None
    assert signals.explain(bot, Health(last_process_ts=HEARD // SECOND + 1), [], *ask).reason == NO_SIGNAL
    signals.hear(HEARD + SECOND, message)
    assert signals.explain(bot, Health(last_process_ts=HEARD // SECOND + 9), [], *ask).reason is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type": "analyzed_df"}', '{"type": "analyzed_df", "data": {"key": 1}}']
)
def test_a_message_that_is_none_says_nothing(text: str) -> None:
    """Whatever comes."""
    assert read(text) is None


@pytest.mark.parametrize(
    ("written", "ratio"),
    [
        ("{}", 0.99),
        ('{"tradable_balance_ratio": 0.5}', 0.5),
        ('{"tradable_balance_ratio": 1}', 1.0),
        ('{"tradable_balance_ratio": 0}', 0.99),
    ],
)
def test_the_share_that_it_may_use_is_as_configured_or_freqtrades_own(
    tmp_path: Path, written: str, ratio: float
) -> None:
    """Nothing would be nothing that it may use."""
    file = tmp_path / "config.json"
    file.write_text(written)
    assert FreqtradeConfiguration.read([file], {}).ratio == ratio


def test_where_the_api_is_and_who_may_ask_comes_of_configuration_and_environment(tmp_path: Path) -> None:
    """The environment goes before it, a later file before an earlier one, deep down; what listens anywhere is here."""
    first, second = tmp_path / "config.json", tmp_path / "private.json"
    first.write_text(
        '{"dry_run": true, "api_server": {"enabled": true, "listen_ip_address": "0.0.0.0", "username": "a"}}'
    )
    second.write_text('{"api_server": {"listen_port": 8090, "password": "b", "ws_token": ["c", "d"]}}')
    found = FreqtradeConfiguration.read([first, second], {"FREQTRADE__API_SERVER__USERNAME": "e"}).api
    assert found == ApiAccess(url="http://127.0.0.1:8090", username="e", password=Secret("b"), ws_token=Secret("c"))
    assert FreqtradeConfiguration.read([second], {}).api is None
    elsewhere = FreqtradeConfiguration.read([first, second], {}, "http://freqtrade:8080/").api
    assert elsewhere is not None
    assert (elsewhere.url, elsewhere.username) == ("http://freqtrade:8080", "a")
    assert api_access(None, None, {}) is None


def until(found: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + LONG
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def access(api: Api, password: str = PASSWORD) -> ApiAccess:
    """What opens it."""
    return ApiAccess(url=api.url, username=USER, password=Secret(password), ws_token=Secret(TOKEN))


def look_at(watch: Watch, wanted: Callable[[Look], bool]) -> Look:
    """The first look that is the one that is wanted."""
    found: list[Look] = []

    def has_come() -> bool:
        found.extend(look for look in watch.take() if isinstance(look, Look) and wanted(look))
        return bool(found)

    until(has_come)
    return found[0]


def test_a_watch_asks_and_hears_over_real_sockets() -> None:
    """A message wakes it, a candle is explained, and who is refused says so without the password."""
    with Api() as api:
        api.answers["health"] = {"last_process_ts": 2**32}
        with Watch(access(api), SystemClock()) as watch:
            until(api.connected.is_set)
            first = look_at(watch, lambda _look: True)
            api.say(**analyzed("ETH/USDT", CANDLE))
            api.say(type="status", status="running")
            woken = look_at(watch, lambda look: look.explained.reason is not None)
        with Watch(access(api, "wrong-word"), SystemClock()) as watch:
            until(lambda: watch.count > 0)
            refused = watch.take()[0]
    assert first.config.strategy == "Waves"
    assert woken.explained.reason == NO_SIGNAL
    assert isinstance(refused, NoLook)
    assert refused.problem.startswith("it refuses the login (401)")
    assert "wrong-word" not in refused.problem
    with Watch(access(api), SystemClock()) as watch:
        until(lambda: watch.count > 0)
        gone = watch.take()[0]
    assert isinstance(gone, NoLook)
    assert gone.problem == "no answer: Connection refused"
