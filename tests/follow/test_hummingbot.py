"""Hummingbot's database of each era and its CSV: the fills as it keeps them, and what it has no digits for is said."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import ManualClock, instant
from livestory.errors import InputError
from livestory.follow.database import Database
from livestory.follow.following import Following
from livestory.follow.hummingbot.csv import HummingbotCsv
from livestory.follow.hummingbot.database import HummingbotDatabase
from livestory.follow.hummingbot.source import HummingbotSource
from livestory.follow.recognition import recognised
from livestory.story.inputs import Fill, Funding, Input, Skip, Statement
from livestory.story.journal.entry import Identity
from livestory.story.kinds.followed import Reported
from livestory.story.kinds.telling import Note
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import inside
from tests.follow.hummingbot_files import ERAS, Bot, append, fill

if TYPE_CHECKING:
    from pathlib import Path

NOW = instant("2026-11-27")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "conf.sqlite"


def told(file: Path) -> list[Input]:
    """All inputs of a database."""
    found = recognised(file, str(file), NOW)
    assert found is not None
    return [given for chunk in found.inputs(in_order=True) for given in chunk]


def fills(file: Path) -> list[Fill]:
    """Its fills."""
    return [given for given in told(file) if isinstance(given, Fill)]


def notes(inputs: list[Input]) -> list[str]:
    """The words that are told of a file."""
    facts = [fact for given in inputs if isinstance(given, Statement) for fact in given.facts]
    return [fact.text for fact in facts if isinstance(fact, Note)]


@pytest.mark.parametrize("era", list(ERAS))
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_of_each_era_tells_its_fills(file: Path, era: str, mode: str) -> None:
    """Floats, or whole numbers of millionths in whichever column; with the fee, and with ids of their own."""
    bot = Bot(file, era, mode)
    bot.fill(1, "BUY", "0.25", "1904.866", "2026-11-26 10:00:00.25")
    bot.fill(2, "SELL", "0.25", "1950.5", "2026-11-26 12:00:00")
    entry, close = fills(file)
    assert (entry.side, entry.quantity, entry.price) == ("buy", Decimal("0.25"), Decimal("1904.866"))
    assert (close.side, close.quantity, close.price) == ("sell", Decimal("0.25"), Decimal("1950.5"))
    assert (entry.symbol, entry.time) == ("ETH/USDT", instant("2026-11-26 10:00:00.25"))
    assert (entry.fee, entry.fee_asset, entry.order_id) == (Decimal("0.4762165"), None, "order-1")
    assert entry.trade_id == ("binance order-1 1_1" if era == "2019" else "binance order-1 1")


def test_the_digits_that_the_database_has_no_place_for_are_said(file: Path) -> None:
    """Once a symbol; what is kept as 0 is left out, and that is said too."""
    bot = Bot(file)
    for number in (1, 2):
        bot.fill(number, "BUY", "1000", "0.00000912", "2026-11-26 10:00", pair="SHIB-USDT")
    bot.fill(3, "BUY", "1000", "0.00000012", "2026-11-26 11:00", pair="PEPE-USDT")
    inputs = told(file)
    assert [each.price for each in inputs if isinstance(each, Fill)] == [Decimal("0.000009")] * 2
    rough, left_out = sorted(notes(inputs), key=len, reverse=True)
    assert "six decimals, too few for SHIB/USDT: 0.000009 may be off by" in rough
    assert "row 3 of TradeFill: price is 0 (it keeps six decimals, and this had less)" in left_out


@pytest.mark.parametrize(
    ("fee", "in_quote", "expected"),
    [
        ({"percent": "0", "flat_fees": [{"token": "BNB", "amount": "0.0012"}]}, 400_000, ("0.0012", "BNB")),
        ({"percent": "0", "flat_fees": [{"token": "USDT", "amount": "0.5"}]}, 500_000, ("0.5", None)),
        ({"percent": 0.001, "flat_fees": [{"asset": "ETH", "amount": 0.1}]}, 700_000, ("0.7", None)),
        ({"percent": 0, "flat_fees": [{"symbol": "ETH", "amount": 0.001}]}, None, ("0.001", "ETH")),
        ({"percent": "0", "percent_token": None, "flat_fees": []}, 0, ("0", None)),
        ({"percent": "NaN", "flat_fees": []}, None, ("0", None)),
        ({"percent": 0.001, "flat_fees": [{"token": "BNB", "amount": "x"}]}, None, (None, None)),
        ([], None, (None, None)),
        ("{", None, (None, None)),
    ],
)
def test_a_fee_is_what_hummingbot_counts(
    file: Path, fee: object, in_quote: int | None, expected: tuple[str | None, str | None]
) -> None:
    """In its own asset; of several assets as it was valued; else it is unknown, and never 0."""
    bot = Bot(file)
    bot.fill(1, "BUY", "1", "100", "2026-11-26 10:00")
    bot.db.execute(
        "UPDATE TradeFill SET trade_fee = ?, trade_fee_in_quote = ?",
        (fee if isinstance(fee, str) else json.dumps(fee), in_quote),
    )
    (only,) = fills(file)
    assert (only.fee, only.fee_asset) == (None if expected[0] is None else Decimal(expected[0]), expected[1])


def test_a_contract_is_one_and_funding_is_counted(file: Path) -> None:
    """With the effect that the order had, and payments in whichever unit of time a connector gave."""
    bot, more = Bot(file), {"market": "binance_perpetual", "pair": "BTC-USDT"}
    bot.fill(1, "SELL", "0.5", "100000", "2026-11-26 10:00", position="OPEN", **more)
    bot.fill(2, "BUY", "0.5", "99000", "2026-11-26 12:00", position="CLOSE", **more)
    for time in (1795305600, 1795305600123):
        bot.put("FundingPayment", timestamp=time, market="binance_perpetual", rate=0.1, symbol="BTC-USDT", amount=-0.2)
    entry, close = fills(file)
    assert (entry.symbol, entry.effect, close.effect) == ("BTC/USDT:USDT", "open", "close")
    payments = [each for each in told(file) if isinstance(each, Funding)]
    assert [(each.time, each.symbol, each.amount) for each in payments] == [
        (1795305600_000000, "BTC/USDT:USDT", Decimal("-0.2")),
        (1795305600_123000, "BTC/USDT:USDT", Decimal("-0.2")),
    ]


def test_executors_say_why_a_position_was_closed_and_what_they_earned(file: Path) -> None:
    """On the orders that closed it; their own results are told at the end, and never as a trade's."""
    bot = Bot(file)
    bot.fill(1, "BUY", "1", "100", "2026-11-26 10:00")
    bot.fill(2, "SELL", "1", "95", "2026-11-26 12:00")
    bot.executor(1, side=1, close_type=2, result=-5.195, orders=[1, 2])
    bot.executor(2, side=2, close_type=5, result=1.5, orders=[8, 9])
    inputs = told(file)
    reasons = [each.reason and each.reason.name for each in inputs if isinstance(each, Fill)]
    assert reasons == [None, "stop loss"]
    reported = next(f for each in inputs if isinstance(each, Statement) for f in each.facts if isinstance(f, Reported))
    assert (reported.trades, reported.won, reported.lost, reported.result) == (2, 1, 1, Decimal("-3.695"))


def test_refused_orders_are_told_and_cancelled_ones_are_not(file: Path) -> None:
    """A market maker cancels thousands a day."""
    bot = Bot(file)
    bot.fill(1, "BUY", "1", "100", "2026-11-26 10:00")
    bot.fail(2, "2026-11-26 10:01")
    bot.fail(3, "2026-11-26 10:02", status="OrderCancelled")
    (skip,) = (each for each in told(file) if isinstance(each, Skip))
    assert (skip.symbol, skip.reason.name) == ("ETH/USDT", "refused by the exchange")


def test_the_total_is_that_of_an_independent_sum(file: Path) -> None:
    """Money in less money out over 2,000 fills of three pairs, written out of order, as SQL adds it up."""
    bot, draw = Bot(file), random.Random(16)  # noqa: S311 - no secret
    rows = []
    for number in range(1_000):
        pair, amount = draw.choice(("ETH-USDT", "BTC-USDT", "SOL-USDT")), f"{draw.randint(1, 10**7) / 10**6:.6f}"
        for later, side in enumerate(("BUY", "SELL")):
            at = f"2026-11-{1 + number // 50:02} {number % 50 % 24:02}:{draw.randint(0, 29) + 30 * later:02}:00"
            rows.append((2 * number + later, side, amount, f"{draw.randint(10**6, 10**9) / 10**6:.6f}", at, pair))
    bot.db.execute("BEGIN")
    for number, side, amount, price, at, pair in sorted(rows, key=lambda row: (row[4][:10], draw.random())):
        bot.fill(number, side, amount, price, at, pair=pair)
    bot.db.execute("COMMIT")
    with closing(sqlite3.connect(file)) as db:
        money = sum(
            Decimal(price) * Decimal(amount) * (Decimal(sign) - Decimal("0.001")) / 10**12
            for price, amount, sign in db.execute(
                "SELECT price, amount, CASE trade_type WHEN 'SELL' THEN 1 ELSE -1 END FROM TradeFill"
            )
        )
    facts = [
        event["facts"] for event in json.loads(inside("explain", file, "--format", "json", cwd=file.parent).stdout)
    ]
    trips = [trip for fact in facts if fact["kind"] == "trade" and (trip := fact.get("trip"))]
    assert sum(Decimal(trip["result"]) for trip in trips) == money


def test_a_row_that_is_none_is_left_out_with_a_word(file: Path) -> None:
    """Whatever a column holds, the others are told."""
    bot = Bot(file)
    bot.fill(1, "BUY", "1", "100", "2026-11-26 10:00")
    strange: list[dict[str, Any]] = [
        {"price": "abc"}, {"price": None}, {"amount": -5}, {"amount": b"\x00"}, {"trade_type": "RANGE"},
        {"timestamp": "soon"}, {"timestamp": -1}, {"timestamp": 0.5}, {"price": 9e999},
    ]  # fmt: skip
    bot.db.execute("CREATE TABLE loose AS SELECT * FROM TradeFill")
    bot.db.execute("DROP TABLE TradeFill")
    bot.db.execute(f"CREATE TABLE TradeFill({ERAS['2026']['TradeFill'].replace(' NOT NULL', '')})")
    bot.db.execute("INSERT INTO TradeFill SELECT * FROM loose")
    for number, change in enumerate(strange, 2):
        bot.fill(number, "BUY", "1", "100", "2026-11-26 10:00")
        ((name, value),) = change.items()
        bot.db.execute(f"UPDATE TradeFill SET {name} = ? WHERE order_id = ?", (value, f"order-{number}"))  # noqa: S608 - ours
    bot.fill(99, "SELL", "1", "110", "2026-11-26 11:00")
    inputs = told(file)
    told_fills = [each for each in inputs if isinstance(each, Fill)]
    assert [told_fills[0].order_id, told_fills[-1].order_id] == ["order-1", "order-99"]
    assert len(told_fills) <= 3
    assert any("row 2 of TradeFill: price 'abc' is no number and" in note for note in notes(inputs))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM TradeFill", "Hummingbot's database, and no trade in it yet"),
        ("ALTER TABLE TradeFill RENAME COLUMN price TO rate", "its table TradeFill lacks price"),
        ("DROP TABLE TradeFill", "It is no bot's that is known here"),
    ],
)
def test_a_database_without_trades_is_named_for_what_it_is(file: Path, statement: str, problem: str) -> None:
    """One message, exit status 2."""
    bot = Bot(file)
    bot.fill(1, "BUY", "1", "100", "2026-11-26 10:00")
    bot.db.execute(statement)
    with pytest.raises(InputError, match=problem):
        told(file)
    done = inside("explain", file, cwd=file.parent)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_the_csv_is_read_row_by_row_as_it_grows(tmp_path: Path) -> None:
    """With every digit of a price; a row that is being written waits for its end, one that is none is named."""
    file = tmp_path / "trades_conf_pmm.csv"
    append(file, fill(1, "BUY", "1000", "0.00000912", "2026-11-26 10:00", pair="SHIB-USDT"))
    source = HummingbotSource(HummingbotCsv(file))
    first = source.read(None, NOW)
    (only,) = first.inputs
    assert isinstance(only, Fill)
    assert (only.price, only.fee, only.trade_id) == (Decimal("0.00000912"), Decimal("0.00000912"), "binance order-1 1")
    whole = tmp_path / "whole.csv"
    append(whole, fill(2, "SELL", "1000", "0.00001", "2026-11-26 11:00", pair="SHIB-USDT"))
    row = whole.read_bytes().splitlines(keepends=True)[1]
    with file.open("ab") as opened:
        opened.write(b"a,b\n" + row[:40])
        opened.flush()
        second = source.read(first.cursor, NOW)
        assert notes(list(second.inputs))[0].endswith("2 cells under 18 columns")
        opened.write(row[40:])
    third = source.read(second.cursor, NOW)
    assert [each.side for each in third.inputs if isinstance(each, Fill)] == ["sell"]
    assert source.read(third.cursor, NOW).inputs == ()


def test_a_database_that_hummingbot_itself_brought_up_to_date_is_told_once(tmp_path: Path) -> None:
    """Its migration of 2022 gives each trade's id the number of its row."""
    old, new = Bot(tmp_path / "old.sqlite", "2019"), Bot(tmp_path / "new.sqlite", "2022")
    old.fill(7, "BUY", "1", "100", "2021-11-26 10:00")
    new.fill(7, "BUY", "1", "100", "2021-11-26 10:00", exchange_trade_id="7_1")
    before, after = (
        HummingbotSource(HummingbotDatabase(Database(bot.file))).read(None, NOW).inputs for bot in (old, new)
    )
    assert [each.trade_id for each in before if isinstance(each, Fill)] == [
        each.trade_id for each in after if isinstance(each, Fill)
    ]


def test_a_fill_of_the_next_century_does_not_take_the_others_there(tmp_path: Path) -> None:
    """It is told at the clock's time, with the time that is not believed; what comes then, at its own."""
    bot = Bot(tmp_path / "conf.sqlite")
    bot.fill(1, "BUY", "1", "100", "2026-11-26 10:00")
    bot.fill(2, "BUY", "1", "100", "2126-11-26 10:00")
    clock = ManualClock("2026-11-27")
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(), StorySettings(), clock=clock) as story:
        following = Following(HummingbotSource(HummingbotDatabase(Database(bot.file))), story, clock)
        while following.step():
            pass
        bot.fill(3, "SELL", "1", "110", "2026-11-27 00:01")
        clock.set("2026-11-27 00:02")
        following.step()
    lines = (tmp_path / "live_story.txt").read_text(encoding="utf-8").splitlines()
    _, bought, sold = (line for line in lines if " BUY " in line or " SELL " in line)
    assert "given the time 2126-11-26 10:00:00, which is not believed" in bought
    assert sold.startswith("2026-11-27 00:01:00 | ")


@pytest.mark.parametrize("era", sorted(ERAS))
def test_each_table_is_read_for_what_is_in_it_and_no_other(file: Path, era: str) -> None:
    """One that an era lacks has nothing."""
    bot = Bot(file, era)
    bot.fill(1, "BUY", "1", "50", "2026-11-26 10:00:00")
    bot.fail(2, "2026-11-26 11:00:00")
    database = HummingbotDatabase(Database(file))
    read = {table: [type(given) for given in database.page(table, 0).inputs] for table in database.tables}
    assert read == {"TradeFill": [Fill], "FundingPayment": [], "OrderStatus": [Skip]}
    assert database.kinds() == {("conf_pmm.yml", "binance", "ETH-USDT")}
