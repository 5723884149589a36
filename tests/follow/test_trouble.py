"""What goes wrong with a bot's files: one message each, nothing lost, and the story goes on with what can be read."""

from __future__ import annotations

import itertools
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import pytest

from livestory.errors import InputError, JournalError, JournalForeign
from livestory.follow.database import Database, DatabaseNotNow
from livestory.follow.following import Following
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.source import FreqtradeSource
from livestory.follow.hummingbot.csv import HummingbotCsv
from livestory.follow.hummingbot.database import HummingbotDatabase
from livestory.follow.hummingbot.source import HummingbotSource
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import inside, started
from tests.follow import hummingbot_files
from tests.follow.freqtrade_files import Bot
from tests.follow.processes import Time, follow, lines
from tests.follow.sources import SOURCES, Followed, hummingbot
from tests.patience import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

BOTS = pytest.mark.parametrize("bot", SOURCES, ids=lambda bot: bot.__name__)


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    """A freqtrade with one trade behind it."""
    (tmp_path / "bot").mkdir()
    bot = Bot(tmp_path / "bot" / "tradesv3.sqlite")
    bot.enter(1)
    bot.exit(1, profit=0.0178)
    return bot


def followed(bot: Bot) -> Followed:
    """As the command follows it."""
    return Followed((), lambda: FreqtradeSource(FreqtradeDatabase(Database(bot.file), strict=False)), bot.file)


@BOTS
def test_whichever_look_fails_nothing_is_lost_or_doubled(
    tmp_path: Path, bot: Callable[[Path], Followed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that goes on after it begins again where the story stands."""
    (tmp_path / "bot").mkdir()
    source, clock = bot(tmp_path / "bot"), Time()
    counts, looks = itertools.count(), set[int]()

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def look(*arguments: Any, **more: Any) -> Any:
            if next(counts) in looks:
                message = "it is kept"
                raise DatabaseNotNow(message)
            return real(*arguments, **more)

        return look

    monkeypatch.setattr(Database, "read", failing(Database.read))
    monkeypatch.setattr(HummingbotCsv, "header", failing(HummingbotCsv.header))
    monkeypatch.setattr(HummingbotCsv, "mark", failing(HummingbotCsv.mark))
    identity = Identity(bot="followed", unit="BTC")

    def writer(name: str) -> SynchronousWriter:
        return SynchronousWriter(tmp_path / name / "live_story.txt", identity, StorySettings(), clock=clock)

    with writer("troubled") as story, writer("whole") as other:
        tried, untroubled = Following(source.source(), story, clock), Following(source.source(), other, clock)
        for step in source.steps:
            step()
            for count in range(12):
                looks.add(next(counts) + 1 + count)
                tried.step()
                looks.clear()
            for following in (tried, untroubled):
                while following.step():
                    pass
    assert lines(tmp_path / "troubled") == lines(tmp_path / "whole")
    assert len(lines(tmp_path / "whole")) > len(source.steps)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("amount = 'much'", "amount 'much' is no number"),
        ("amount = 9e999", "amount 'inf' is no number"),
        ("open_rate = -1", "open_rate -1.0 is negative"),
        ("pair = NULL", "its pair is empty"),
        ("open_date = 'yesterday'", "yesterday"),
        ("open_rate = CAST(x'39ff' AS TEXT)", "xff' is no number"),
        ("funding_fees = 1e300", "funding_fees '1e+300' is larger than any amount"),
    ],
)
def test_a_trade_that_is_none_is_left_out_with_a_word(tmp_path: Path, bot: Bot, change: str, problem: str) -> None:
    """Once, however often it is looked at; all others are told."""
    bot.enter(2, "LTC/BTC", "2026-11-26 13:00:00")
    bot.db.execute(f"UPDATE trades SET {change} WHERE id = 2")  # noqa: S608 - written above
    follow(followed(bot), tmp_path, Time())
    bot.enter(3, "SOL/BTC", "2026-11-26 14:00:00")
    follow(followed(bot), tmp_path, Time())
    told = lines(tmp_path)
    assert [line for line in told if "LTC" in line or "can't be read" in line] == [
        line for line in told if "📝 Note | left out, since it can't be read: trade 2: " in line and problem in line
    ]
    assert sum("Note" in line for line in told) == 1
    assert sum("+2 SOL" in line for line in told) == 1


def test_a_lock_that_is_none_is_left_out_with_a_word(tmp_path: Path, bot: Bot) -> None:
    """And the ones after it are told."""
    bot.lock(1, "soon", "2026-11-26 13:00:00", pair="LTC/BTC")
    bot.lock(2, "2026-11-26 12:00:00", "2026-11-26 13:00:00")
    follow(followed(bot), tmp_path, Time())
    assert [line.split(" | ")[1] for line in lines(tmp_path) if any(word in line for word in ("Lock", "Note"))] == [
        "🔒 Entries Locked",
        "🔓 Lock Over",
        "📝 Note",
    ]


BROKEN = b"dip\xff"
"""No text in UTF-8; and no row of a database that holds it as one can be read as it is."""


def test_a_text_with_a_broken_byte_is_told_with_it_and_keeps_nothing_from_being_told(tmp_path: Path, bot: Bot) -> None:
    """Of freqtrade's tags, of Hummingbot's orders: byte by byte, and all others as they are."""
    bot.enter(2, "LTC/BTC", "2026-11-26 13:00:00")
    bot.db.execute("UPDATE orders SET ft_order_tag = CAST(? AS TEXT) WHERE ft_trade_id = 2", (BROKEN,))
    bot.enter(3, "SOL/BTC", "2026-11-26 14:00:00")
    follow(followed(bot), tmp_path, Time())
    follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[1:] for line in lines(tmp_path)]
    assert [words[1:] for words in told if "LTC" in words[1]] == [["+2 LTC @ 0.05 BTC", r"opens a position; dip\\xff"]]
    assert [words[1] for words in told if "SOL" in words[1]] == ["+2 SOL @ 0.05 BTC"]
    other = hummingbot_files.Bot(tmp_path / "bot" / "conf.sqlite")
    other.fill(1, "BUY", "2", "0.05", "2026-11-26 09:00", pair="LTC-BTC")
    other.db.execute("UPDATE TradeFill SET order_id = CAST(? AS TEXT)", (BROKEN,))
    other.fill(2, "BUY", "2", "0.05", "2026-11-26 10:00", pair="SOL-BTC")
    source = Followed((), lambda: HummingbotSource(HummingbotDatabase(Database(other.file))), other.file)
    follow(source, tmp_path / "other", Time())
    assert [line.split(" | ")[2] for line in lines(tmp_path / "other")] == ["+2 LTC @ 0.05 BTC", "+2 SOL @ 0.05 BTC"]


@pytest.mark.parametrize("table", ["trades", "pairlocks"])
@pytest.mark.parametrize("number", ["one", 1.5, b"1"], ids=["text", "fraction", "bytes"])
def test_a_row_whose_number_is_none_is_an_error_of_the_file(
    tmp_path: Path, bot: Bot, number: object, table: str
) -> None:
    """As in a copy that another tool has made: the story waits for a better one, with a word."""
    bot.lock(1, "2026-11-26 14:00:00", "2026-11-26 15:00:00")
    bot.db.execute(f"CREATE TABLE copy AS SELECT * FROM {table}")  # noqa: S608 - one of the two
    bot.db.execute(f"DROP TABLE {table}")
    bot.db.execute(f"ALTER TABLE copy RENAME TO {table}")
    bot.db.execute(f"UPDATE {table} SET id = ?", (number,))  # noqa: S608 - one of the two
    with pytest.raises(InputError, match=f"{table}: an id that is no whole number"):
        follow(followed(bot), tmp_path, Time())


def test_a_start_at_no_time_is_left_out_with_a_word(tmp_path: Path, bot: Bot) -> None:
    """Once; what the bot did is told."""
    bot.start("soon")
    follow(followed(bot), tmp_path, Time())
    bot.enter(3, "SOL/BTC", "2026-11-26 14:00:00")
    follow(followed(bot), tmp_path, Time())
    said = [line.split(" | ")[2] for line in lines(tmp_path) if "Note" in line]
    assert said == ["left out, since it can't be read: startup_time: Invalid isoformat string: 'soon'"]
    assert sum("+2 SOL" in line for line in lines(tmp_path)) == 1


def test_a_trade_that_can_no_longer_be_read_is_said_once_and_told_once_it_can(tmp_path: Path, bot: Bot) -> None:
    """It is open, and was told so far."""
    bot.enter(2, "LTC/BTC", "2026-11-26 13:00:00")
    follow(followed(bot), tmp_path, Time())
    bot.put("trades", id=2, amount="much")
    for _ in range(2):
        follow(followed(bot), tmp_path, Time())
    bot.put("trades", id=2, amount=2.0)
    bot.exit(2, "2026-11-26 14:00:00", profit=0.0178, pair="LTC/BTC")
    follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[1] for line in lines(tmp_path) if "LTC" in line or "Note" in line]
    assert told[:3] == ["🟢 BUY", "📝 Note", "🔴 SELL"]


def test_numbers_that_cant_be_reckoned_with_are_left_out_with_a_word(tmp_path: Path, bot: Bot) -> None:
    """Each may be an amount; together they have more digits than any."""
    bot.put("trades", id=1, fee_open=1e25)
    bot.enter(2, "LTC/BTC", "2026-11-26 13:00:00")
    follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[2] for line in lines(tmp_path)]
    assert told == [
        "+2 LTC @ 0.05 BTC",
        "left out, since it can't be read: trade 1: its numbers can't be reckoned with",
    ]


def test_an_exit_that_is_filled_before_its_entry_is_told_as_it_is(tmp_path: Path, bot: Bot) -> None:
    """As where the times of a database were mixed up; whatever comes after it is told."""
    bot.enter(2, "LTC/BTC", "2026-11-26 14:00:00")
    bot.exit(2, "2026-11-26 13:00:00", profit=0.0178, pair="LTC/BTC")
    bot.enter(3, "SOL/BTC", "2026-11-26 15:00:00")
    follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[2] for line in lines(tmp_path) if "LTC" in line or "SOL" in line]
    assert told == ["-2 LTC @ 0.06 BTC", "+2 LTC @ 0.05 BTC", "+2 SOL @ 0.05 BTC"]


def test_texts_without_an_end_are_cut(tmp_path: Path, bot: Bot) -> None:
    """As where a StoryWriter is given them: a line stays one that can be read."""
    endless = "dip\n\x1b[2J<script>" * 100_000
    bot.enter(2, "LTC/BTC", "2026-11-26 13:00:00")
    bot.db.execute("UPDATE orders SET ft_order_tag = ?, order_id = ? WHERE ft_trade_id = 2", (endless, endless))
    bot.enter(3, endless, "2026-11-26 14:00:00")
    bot.lock(1, "2026-11-26 14:00:00", "2026-11-26 15:00:00", pair=endless, reason=endless)
    follow(followed(bot), tmp_path, Time())
    told = lines(tmp_path)
    assert max(map(len, told)) < 40_000
    assert sum("more characters)" in line for line in told) == 3
    assert all(line.isprintable() for line in told)


def test_a_new_version_of_the_bot_may_change_its_tables_meanwhile(tmp_path: Path) -> None:
    """Its next look at them is one at the new ones."""
    bot, clock = Bot(tmp_path / "tradesv3.sqlite", "2021"), Time()
    bot.enter(1)
    identity = Identity(unit="BTC")
    with SynchronousWriter(tmp_path / "live_story.txt", identity, StorySettings(), clock=clock) as story:
        following = Following(followed(bot).source(), story, clock)
        following.catch_up(threading.Event())
        bot.db.execute("ALTER TABLE trades RENAME COLUMN sell_reason TO exit_reason")
        bot.db.execute("ALTER TABLE trades RENAME COLUMN buy_tag TO enter_tag")
        bot.db.execute("ALTER TABLE trades ADD COLUMN is_short BOOLEAN")
        columns = bot.tables["trades"].replace("sell_reason", "exit_reason").replace("buy_tag", "enter_tag")
        bot.tables = {**bot.tables, "trades": f"{columns}, is_short "}
        bot.exit(1, profit=0.0178, reason="trailing_stop_loss")
        bot.enter(2, "LTC/BTC", "2026-11-26 15:00:00", is_short=True)
        following.step()
    assert any("-2 ETH @ 0.06 BTC" in line and "trailing_stop_loss" in line for line in lines(tmp_path))
    assert any("SELL | -2 LTC" in line and "opens a short" in line for line in lines(tmp_path))


def test_while_the_disk_takes_nothing_what_was_told_waits(
    tmp_path: Path, bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing more is read; that is said once, with its end."""
    clock, stop, commit = Time(), threading.Event(), SynchronousWriter.commit
    fails = [True, True]

    def full(self: SynchronousWriter, *arguments: Any, **more: Any) -> Any:
        if fails and fails.pop():
            message = "the disk is full"
            raise JournalError(message)
        return commit(self, *arguments, **more)

    monkeypatch.setattr("livestory.follow.following._RETRY", 0.0)
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(unit="BTC"), StorySettings(), clock=clock) as story:
        following = Following(followed(bot).source(), story, clock)
        monkeypatch.setattr(SynchronousWriter, "commit", full)
        following.catch_up(stop)
    assert sum(" BUY " in line for line in lines(tmp_path)) == 1
    assert [record.message for record in caplog.records] == [
        "the story waits: the disk is full",
        "the story goes on",
    ]


def test_a_story_that_another_bot_has_begun_is_left_alone(tmp_path: Path, bot: Bot) -> None:
    """Whoever wrote it: a bot of livestory's own, or one that tells line by line."""
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(), StorySettings()) as story:
        Following(followed(bot).source(), story, Time()).step()
    other = hummingbot(tmp_path).source()
    with (
        SynchronousWriter(tmp_path / "live_story.txt", Identity(), StorySettings()) as story,
        pytest.raises(JournalForeign, match="the story of another bot"),
    ):
        Following(other, story, Time())


def test_an_order_that_is_given_up_after_a_part_of_it_was_filled_says_so(tmp_path: Path, bot: Bot) -> None:
    """The part was told when it was filled; the rest is told as put off, and the trade ends as any other."""
    bot.put("trades", id=2, is_open=True, amount=0.5, open_rate=0.05, open_date="2026-11-26 13:00:00", fee_open=0.001,
            fee_close=0.001, pair="LTC/BTC", stake_currency="BTC")  # fmt: skip
    bot.order(20, 2, "buy", 2.0, 0.05, "2026-11-26 13:00:00", filled=0.5, status="open", is_open=True, pair="LTC/BTC")
    follow(followed(bot), tmp_path, Time())
    bot.order(
        20,
        2,
        "buy",
        2.0,
        0.05,
        "2026-11-26 13:00:00",
        filled=0.5,
        status="canceled",
        pair="LTC/BTC",
        ft_cancel_reason="timeout",
    )
    for _ in range(2):
        follow(followed(bot), tmp_path, Time())
    bot.exit(2, "2026-11-26 14:00:00", profit=0.0049, amount=0.5, pair="LTC/BTC")
    follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[1:] for line in lines(tmp_path) if "LTC" in line]
    assert [headline for headline, *_ in told] == ["🟢 BUY", "⏸️ Buy Put Off", "🔴 SELL"]
    assert told[0][1] == "+0.5 LTC @ 0.05 BTC"
    assert "1.5 LTC" in " ".join(told[1])
    assert "entry order cancelled: timeout" in " ".join(told[1])
    assert "no LTC" in " ".join(told[2])


def test_what_a_page_holds_twice_is_told_once(tmp_path: Path, bot: Bot) -> None:
    """An order id that two rows have, and a funding that is found again."""
    bot.enter(2, "LTC/BTC", "2026-11-26 13:00:00")
    bot.order(21, 2, "buy", 2.0, 0.05, "2026-11-26 13:00:00", pair="LTC/BTC")
    bot.db.execute("UPDATE orders SET order_id = 'o20' WHERE id = 21")
    bot.exit(2, "2026-11-26 14:00:00", profit=0.0178, pair="LTC/BTC")
    bot.put("trades", id=2, funding_fees=-0.001)
    for _ in range(2):
        follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[1:3] for line in lines(tmp_path) if " LTC @ " in line]
    assert told == [["🟢 BUY", "+2 LTC @ 0.05 BTC"], ["🔴 SELL", "-2 LTC @ 0.06 BTC"]]


def test_an_order_that_is_seen_after_its_trade_is_told_once(tmp_path: Path, bot: Bot) -> None:
    """The trade itself has said what was bought."""
    row = {"exchange": "binance", "pair": "ETH/BTC", "fee_open": 0.001, "fee_close": 0.001, "stake_currency": "BTC"}
    bot.put("trades", id=2, is_open=True, amount=2.0, open_rate=0.05, open_date="2026-11-26 13:00:00", **row)
    follow(followed(bot), tmp_path, Time())
    bot.order(20, 2, "buy", 2.0, 0.05, "2026-11-26 13:00:00")
    follow(followed(bot), tmp_path, Time())
    bot.exit(2, "2026-11-26 15:00:00", profit=0.0178)
    follow(followed(bot), tmp_path, Time())
    told = [line.split(" | ")[1:3] for line in lines(tmp_path) if " ETH @ " in line]
    assert told == [["🟢 BUY", "+2 ETH @ 0.05 BTC"], ["🔴 SELL", "-2 ETH @ 0.06 BTC"]] * 2


def test_the_unit_of_a_story_is_the_one_that_it_was_begun_with(tmp_path: Path, bot: Bot) -> None:
    """Though the bot trades in two currencies since: it is no other story for that."""
    out = tmp_path / "out"
    (tmp_path / "config.json").write_text('{"stake_currency": "USDT", "db_url": "sqlite:///bot/tradesv3.sqlite"}')
    for number in (2, 3):
        process = started("follow", "freqtrade", "--config", "config.json", "--dir", out, cwd=tmp_path)
        until(partial(has, out, "BUY | +2 ETH @ 0.05 BTC", 1))  # with one currency alone, at first
        bot.enter(number, "ETH/USDT", f"2026-11-26 1{number + 1}:00:00")
        until(partial(has, out, "ETH @ 0.05 USDT", number - 1))
        process.send_signal(signal.SIGTERM)
        process.communicate()
        assert process.returncode == 0


def has(folder: Path, words: str, times: int) -> bool:
    """Whether so many lines with these words are kept by now."""
    try:
        return sum(words in line for line in lines(folder)) == times
    except JournalError:  # it is just being made
        return False


def test_at_boot_the_bot_is_waited_for(tmp_path: Path) -> None:
    """Its configuration, whole, its database, and its tables in it; each is said once. Asked to stop, it stops."""
    words = ("follow", "freqtrade", "--config", "config.json", "--dir", "out", "--wait")
    process = started(*words, cwd=tmp_path)
    assert process.stderr is not None
    assert process.stderr.readline() == "config.json: there is no such file; it is waited for\n"
    (tmp_path / "new.json").write_text('{"db_url": "sqlite:///t.sq', encoding="utf-8")
    (tmp_path / "new.json").rename(tmp_path / "config.json")
    assert process.stderr.readline().startswith("config.json: not a configuration of freqtrade's: ")
    (tmp_path / "new.json").write_text('{"db_url": "sqlite:///t.sqlite"}', encoding="utf-8")
    (tmp_path / "new.json").rename(tmp_path / "config.json")  # whole at once
    assert process.stderr.readline() == "t.sqlite: there is no such file; it is waited for\n"
    (tmp_path / "t.sqlite").touch()
    assert "its program has written nothing yet; it is waited for\n" in process.stderr.readline()
    Bot(tmp_path / "t.sqlite").enter(1)
    assert process.stdout is not None
    assert "+2 ETH @ 0.05 BTC" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 0
    assert "waited for" not in said


def test_what_may_not_be_read_is_said_with_what_to_do(
    tmp_path: Path, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of its files it is."""

    def refused(*_arguments: object, **_more: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("livestory.follow.database.os.open", refused)
    done = inside("follow", "freqtrade", "--db", bot.file, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"{bot.file}: can't be read: Permission denied\n"
        "Run livestory as the bot's own user, or let this user read the file and its folder.\n"
    )
