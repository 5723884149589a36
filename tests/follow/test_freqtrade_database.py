"""freqtrade's database, of whichever year, is told with freqtrade's own results."""

from __future__ import annotations

import re
import shutil
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import instant
from livestory.errors import InputError
from livestory.follow.recognition import recognised
from livestory.story.inputs import Fill, Funding, Input, Skip, Statement
from livestory.story.kinds.followed import EntriesLocked, LockOver
from tests.cli.program import inside
from tests.follow.freqtrade_files import Bot

if TYPE_CHECKING:
    from pathlib import Path

TWO = Decimal(2)
NOW = instant("2026-11-27")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "tradesv3.sqlite"


def told(file: Path) -> list[Input]:
    """All inputs of a database."""
    found = recognised(file, str(file), NOW)
    assert found is not None
    return [given for chunk in found.inputs(in_order=True) for given in chunk]


def fills(file: Path) -> list[Fill]:
    """Its fills."""
    return [given for given in told(file) if isinstance(given, Fill)]


@pytest.mark.parametrize(("era", "result"), [("2019", None), ("2021", Decimal("0.0178")), ("2026", Decimal("0.0178"))])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_of_each_era_tells_its_trades(file: Path, era: str, result: Decimal | None, mode: str) -> None:
    """With tags and reasons under whichever name, and the result where that version kept it."""
    bot = Bot(file, era, mode)
    bot.enter(1)
    bot.exit(1, profit=0.0178)
    bot.close()
    entry, close = fills(file)
    assert (entry.side, entry.effect, entry.quantity, entry.price) == ("buy", "open", TWO, Decimal("0.05"))
    assert (close.side, close.effect, close.quantity, close.price) == ("sell", "close", TWO, Decimal("0.06"))
    assert (entry.time, close.time) == (instant("2026-11-26 10:00:00.25"), instant("2026-11-26 12:00:00.5"))
    assert (entry.fee, close.fee) == (Decimal("0.0001"), Decimal("0.00012"))
    assert (close.result, close.reason and close.reason.name) == (result, "roi")
    assert (entry.reason and entry.reason.name) == (None if era == "2019" else "dip")
    assert {entry.symbol, close.symbol} == {"ETH/BTC"}


def test_the_parts_of_a_result_add_up_to_what_freqtrade_reports(file: Path) -> None:
    """Each exit has the part that freqtrade's own arithmetic gives it, the last one the rest."""
    bot = Bot(file)
    bot.enter(1, amount=4.0)
    bot.order(11, 1, "buy", 2.0, 0.047, "2026-11-26 10:30:00", tag="again")
    bot.order(12, 1, "sell", 3.0, 0.055, "2026-11-26 11:00:00", tag="half")
    bot.exit(1, profit=0.04105201, amount=3.0)
    first, again, half, last = fills(file)
    assert [each.effect for each in (first, again, half, last)] == ["open", "add", "reduce", "close"]
    assert half.result == Decimal("0.01768800")  # 3 × 0.055 × 0.999 - 3 × 0.049 × 1.001
    assert last.result == Decimal("0.04105201") - half.result
    assert [each.reason.name for each in (first, again, half, last) if each.reason] == ["dip", "again", "half", "roi"]


def test_a_short_is_sold_first_and_its_funding_told(file: Path) -> None:
    """In a contract's own currency."""
    bot = Bot(file)
    bot.enter(1, "BTC/USDT:USDT", is_short=True, leverage=3.0, funding_fees=-0.25)
    bot.exit(1, side="buy", profit=-0.31, pair="BTC/USDT:USDT")
    entry, funding, close = told(file)
    assert isinstance(entry, Fill)
    assert isinstance(close, Fill)
    assert (entry.side, entry.effect, close.side, close.effect) == ("sell", "open", "buy", "close")
    assert (entry.symbol, close.result) == ("BTC/USDT:USDT", Decimal("-0.31"))
    assert isinstance(funding, Funding)
    assert (funding.amount, funding.symbol) == (Decimal("-0.25"), "BTC/USDT:USDT")


def test_a_fee_stands_in_the_asset_that_it_was_taken_from(file: Path) -> None:
    """BNB is no BTC; what was taken out of the coins that were bought reduces them; else the rate is reckoned with."""
    bot = Bot(file)
    bot.enter(1, fee_open_cost=0.00002, fee_open_currency="BNB")
    bot.enter(2)
    bot.order(20, 2, "buy", 2.0, 0.05, "2026-11-26 10:00:01", ft_fee_base=0.002)
    bot.enter(3, fee_open_cost=0.00009, fee_open_currency="BTC")
    assert [(each.fee, each.fee_asset) for each in fills(file)] == [
        (Decimal("0.00002"), "BNB"),
        (Decimal("0.00009"), None),
        (Decimal("0.002"), "ETH"),
    ]


def test_a_position_is_closed_when_what_the_fee_left_of_it_is_sold(file: Path) -> None:
    """Though that is less than was bought, and freqtrade has not written yet that the trade is over."""
    bot = Bot(file)
    bot.enter(2)
    bot.order(20, 2, "buy", 2.0, 0.05, "2026-11-26 10:00:01", ft_fee_base=0.1)
    bot.order(21, 2, "sell", 1.9, 0.06, "2026-11-26 11:00:00")
    assert [each.effect for each in fills(file)] == ["open", "close"]


def test_an_order_that_was_not_filled_is_no_trade(file: Path) -> None:
    """An open one is nothing yet, a cancelled one is told with its reason, of one filled in part that part."""
    bot = Bot(file)
    bot.enter(1)
    bot.order(11, 1, "buy", 2.0, 0.04, "2026-11-26 10:30:00", filled=0.0, status="open", is_open=True)
    bot.order(
        12, 1, "sell", 2.0, 0.07, "2026-11-26 10:40:00", filled=0.0, status="canceled", ft_cancel_reason="timeout"
    )
    bot.order(13, 1, "sell", 2.0, 0.07, "2026-11-26 10:50:00", filled=0.5, status="canceled")
    bot.order(14, 1, "stoploss", 2.0, 0.04, "2026-11-26 10:55:00", filled=0.0, status="canceled")
    entry, cancelled, part = told(file)
    assert isinstance(entry, Fill)
    assert isinstance(cancelled, Skip)
    assert (cancelled.side, cancelled.quantity, cancelled.reason.name) == ("sell", TWO, "exit order cancelled: timeout")
    assert isinstance(part, Fill)
    assert (part.quantity, part.wanted, part.effect) == (Decimal("0.5"), TWO, "reduce")


def test_a_purchase_that_an_old_database_still_waits_for_is_no_trade(file: Path) -> None:
    """Before 2021 orders were not kept: an open one that is no sale is the entry."""
    bot = Bot(file, "2019")
    bot.enter(1, open_order_id="abc")
    bot.enter(2, "LTC/BTC", open_order_id="def", close_rate_requested=0.06)
    assert [each.symbol for each in fills(file)] == ["LTC/BTC"]


def test_locks_are_arcs(file: Path) -> None:
    """One that follows within another makes it longer; one that has not ended is not told to have."""
    bot = Bot(file)
    bot.enter(1)
    bot.lock(1, "2026-11-26 13:00:00", "2026-11-26 13:05:00", reason="Auto lock", pair="ETH/BTC")
    bot.lock(2, "2026-11-26 13:00:00", "2026-11-26 14:00:00")
    bot.lock(3, "2026-11-26 13:30:00", "2026-11-26 15:00:00")
    bot.lock(4, "2026-11-26 18:00:00", "2026-11-27 18:00:00", pair="ETH/BTC")
    said = [given for given in told(file) if isinstance(given, Statement)]
    assert [(given.time, type(given.facts[0]), given.facts[0].pair) for given in said] == [  # type: ignore[attr-defined] # both have one
        (instant("2026-11-26 13:00"), EntriesLocked, None),
        (instant("2026-11-26 15:00"), LockOver, None),
        (instant("2026-11-26 18:00"), EntriesLocked, "ETH/BTC"),
    ]


def test_all_is_told_in_the_order_of_time(file: Path) -> None:
    """Whichever trade was opened first."""
    bot = Bot(file)
    bot.enter(1, at="2026-11-26 10:00:00")
    bot.enter(2, "LTC/BTC", at="2026-11-25 10:00:00")
    bot.exit(2, "2026-11-26 11:00:00", profit=0.01, pair="LTC/BTC")
    times = [given.time for given in told(file)]
    assert times == sorted(times)


def test_the_pair_and_the_currency_are_named_only_where_there_is_one(file: Path) -> None:
    """One database can hold trades in several stake currencies."""
    bot = Bot(file)
    bot.enter(1)
    one = recognised(file, str(file), NOW)
    bot.enter(2, "LTC/BTC")
    two = recognised(file, str(file), NOW)
    bot.enter(3, "LTC/USDT")
    several = recognised(file, str(file), NOW)
    assert [(each.symbol, each.unit) for each in (one, two, several) if each] == [
        ("ETH/BTC", "BTC"),
        (None, "BTC"),
        (None, None),
    ]


def test_a_copy_without_its_log_has_fewer_trades_and_one_with_it_all(file: Path, tmp_path: Path) -> None:
    """A living freqtrade's newest trades are in the log beside its database."""
    bot = Bot(file)
    bot.enter(1)
    bot.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bot.enter(2, "LTC/BTC")
    alone, both = tmp_path / "alone.sqlite", tmp_path / "both.sqlite"
    shutil.copy(file, alone)
    shutil.copy(file, both)
    shutil.copy(f"{file}-wal", f"{both}-wal")
    assert [len(fills(each)) for each in (file, alone, both)] == [2, 1, 2]


def test_a_database_without_a_trade_is_told_as_that(file: Path) -> None:
    """It is freqtrade's, and there is nothing to tell."""
    Bot(file).close()
    with pytest.raises(InputError, match=r"tradesv3\.sqlite: freqtrade's database, and no trade in it yet"):
        recognised(file, str(file), NOW)


def test_another_database_is_named_for_what_it_is(file: Path) -> None:
    """By its tables, with a way to tell one of them."""
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE trades(id INTEGER PRIMARY KEY, what TEXT)")
        db.execute("CREATE TABLE bars(id INTEGER PRIMARY KEY)")
    with pytest.raises(InputError, match=r"a SQLite database, and no journal .*\n.*its tables: bars, trades\. .*-csv"):
        recognised(file, str(file), NOW)


def test_a_freqtrade_that_is_not_known_is_refused_by_what_it_lacks(file: Path) -> None:
    """A version to come may name its columns differently."""
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE trades(id INTEGER PRIMARY KEY, pair, stake_amount, open_rate, opened_at)")
    with pytest.raises(InputError, match="its table trades lacks amount, is_open, open_date"):
        recognised(file, str(file), NOW)


def test_a_cell_that_is_no_value_is_named(file: Path) -> None:
    """With its trade."""
    bot = Bot(file)
    bot.enter(7, at="yesterday")
    with pytest.raises(InputError, match=r"trade 7 can't be read: .*yesterday"):
        told(file)


def test_several_pairs_are_told_without_one_that_the_file_does_not_name(file: Path, tmp_path: Path) -> None:
    """Neither the configuration's pair nor its coins; a single pair is the story's own."""
    bot = Bot(file)
    for number, pair in enumerate(("SOL/USDT", "LTC/USDT"), 1):
        bot.enter(number, pair)
        bot.exit(number, profit=0.0196, pair=pair)
    bot.close()
    told = inside("explain", file, cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert not re.search(r"\b(ETH|BTC)\b", told.stdout)
    assert "2 trades closed, 2 won, 0 lost, result +0.04 USDT" in told.stdout


def test_a_booked_fee_is_that_of_the_one_order_of_its_side(file: Path) -> None:
    """In the asset that it was taken in; where several orders share it, each is told by freqtrade's own rate."""
    bot = Bot(file)
    for number, hour in ((1, 10), (2, 12)):
        bot.enter(number, at=f"2026-11-26 {hour}:00:00", fee_open_cost=0.07, fee_open_currency="BNB")
    bot.put("trades", id=1, fee_close_cost=0.05, fee_close_currency="BTC")
    bot.put("trades", id=2, fee_close_cost=0.05, fee_close_currency="BNB")
    bot.order(25, 2, "sell", 1.0, 0.06, "2026-11-26 13:00:00")
    bot.exit(1, at="2026-11-26 14:00:00")
    bot.exit(2, at="2026-11-26 15:00:00", amount=1.0)
    bot.close()
    shared = (Decimal("0.00006"), None)
    assert [(each.fee, each.fee_asset) for each in fills(file)] == [
        (Decimal("0.07"), "BNB"), (Decimal("0.07"), "BNB"), shared, (Decimal("0.05"), None), shared,
    ]  # fmt: skip
