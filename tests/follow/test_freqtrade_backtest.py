"""A backtest of freqtrade's, in any of its files, is told with the totals that freqtrade itself reports."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import instant
from livestory.errors import InputError
from livestory.follow.recognition import recognised
from livestory.story.inputs import Fill, Input, Observation, Statement
from livestory.story.kinds.followed import EntriesLocked, LockOver, Reported
from tests.cli.program import inside
from tests.follow.freqtrade_files import result, trade

if TYPE_CHECKING:
    from pathlib import Path

NEW = {
    "strategy": {
        "Dip": result(
            trade("2026-11-26 10:00:00", "2026-11-26 12:00:00", 0.0178),
            trade("2026-11-26 12:00:00", "2026-11-26 13:00:00", -0.01),
        )
    },
    "strategy_comparison": [],
}


def told(file: Path, strategy: str | None = None) -> list[Input]:
    """All inputs of a backtest's file."""
    found = recognised(file, str(file), 0, strategy)
    assert found is not None
    return [given for chunk in found.inputs(in_order=True) for given in chunk]


def written(file: Path, document: object) -> Path:
    """A JSON file."""
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def zipped(file: Path, **members: Any) -> Path:
    """A zip of JSON files."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, document in members.items():
            archive.writestr(f"{name}.json", json.dumps(document))
    return file


def test_every_file_of_one_backtest_tells_the_same(tmp_path: Path) -> None:
    """The zip of today, the JSON of before, and the file that names the newest."""
    name = "backtest-result-2026-11-26"
    bare = written(tmp_path / f"{name}.json", NEW)
    packed = zipped(tmp_path / f"{name}.zip", **{name: NEW, f"{name}_config": {"strategy": "Dip"}})
    last = written(tmp_path / ".last_result.json", {"latest_backtest": packed.name})
    assert told(bare) == told(packed) == told(last)
    assert len([given for given in told(bare) if isinstance(given, Fill)]) == 4


def test_a_zip_of_lists_without_an_end_is_no_backtest(tmp_path: Path) -> None:
    """However deep they are nested."""
    name = "backtest-result-2026-11-26"
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
        archive.writestr(f"{name}.json", "[" * 10_000)
    with pytest.raises(InputError, match="is not a backtest's result as freqtrade writes one"):
        told(tmp_path / f"{name}.zip")


def test_wealth_is_the_start_and_what_each_close_brought(tmp_path: Path) -> None:
    """One reading a moment, after the fills of that moment."""
    given = told(written(tmp_path / "b.json", NEW))
    assert [(each.time, each.wealth) for each in given if isinstance(each, Observation)] == [
        (instant("2026-11-26"), 1.0),
        (instant("2026-11-26 12:00"), 1.0178),
        (instant("2026-11-26 13:00"), 1.0078),
    ]
    at_noon = [each for each in given if each.time == instant("2026-11-26 12:00")]
    assert [getattr(each, "effect", "wealth") for each in at_noon] == ["close", "open", "wealth"]


def test_what_freqtrade_reports_is_told_at_the_end(tmp_path: Path) -> None:
    """To its digits; a list of trades that makes another sum is told beside it."""
    *_, last = told(written(tmp_path / "b.json", NEW))
    assert isinstance(last, Statement)
    assert last.time == instant("2026-11-27")
    assert last.facts == (
        Reported(tool="freqtrade", strategy="Dip", unit="BTC", trades=2, won=1, lost=1, result=Decimal("0.00780000"),
                 start=Decimal(1), final=Decimal("1.0078"), drawdown=Decimal("0.01")),
    )  # fmt: skip
    changed = json.loads(json.dumps(NEW))
    changed["strategy"]["Dip"] |= {"total_trades": 3, "profit_total_abs": 0.008}
    *_, last = told(written(tmp_path / "c.json", changed))
    assert isinstance(last, Statement)
    (facts,) = last.facts
    assert isinstance(facts, Reported)
    assert (facts.told_trades, facts.told_result) == (2, Decimal("0.0078"))


def test_a_result_of_2020_has_other_names(tmp_path: Path) -> None:
    """sell_reason and no orders, no balance: no wealth is told then."""
    old = trade("2020-08-26 10:00:00", "2020-08-26 12:00:00", 0.0178, sell_reason="roi", open_timestamp=1598436000000.0)
    for name in ("exit_reason", "enter_tag", "is_short", "leverage", "fee_open", "fee_close"):
        del old[name]
    old |= {"open_fee": 0.001, "close_fee": 0.001}
    document = {"strategy": {"Dip": {"trades": [old], "total_trades": 1, "stake_currency": "BTC"}}}
    entry, close, end = told(written(tmp_path / "b.json", document))
    assert isinstance(entry, Fill)
    assert isinstance(close, Fill)
    assert (entry.time, close.time) == (instant("2020-08-26 10:00"), instant("2020-08-26 12:00"))
    assert (close.reason and close.reason.name, close.result, close.fee) == (
        "roi",
        Decimal("0.0178"),
        Decimal("0.00012"),
    )
    assert end.time == close.time


def test_the_orders_of_a_trade_are_its_fills(tmp_path: Path) -> None:
    """Entries and exits in several steps; those of a short begin with a sale."""
    begin = instant("2026-11-26 10:00") // 1000
    orders = [
        {"amount": amount, "safe_price": price, "ft_is_entry": is_entry, "ft_order_tag": tag,
         "order_filled_timestamp": begin + minutes * 60_000}
        for amount, price, is_entry, tag, minutes in ((1.0, 0.06, True, "up", 0), (1.0, 0.07, True, "more", 5),
                                                      (1.5, 0.05, False, "some", 9), (0.5, 0.04, False, "rest", 120))
    ]  # fmt: skip
    one = trade("2026-11-26 10:00:00", "2026-11-26 12:00:00", 0.03, is_short=True, orders=orders)
    given = told(written(tmp_path / "b.json", {"strategy": {"Dip": result(one)}}))
    fills = [each for each in given if isinstance(each, Fill)]
    assert [(each.side, each.effect) for each in fills] == [
        *(("sell", "open"), ("sell", "add")),
        *(("buy", "reduce"), ("buy", "close")),
    ]
    assert sum(each.result for each in fills if each.result is not None) == Decimal("0.03")


def test_locks_of_a_backtest_are_arcs(tmp_path: Path) -> None:
    """With their ends."""
    begin, end = (instant(f"2026-11-26 {clock}") // 1000 for clock in ("13:00", "14:00"))
    lock = {"pair": "*", "side": "*", "reason": "MaxDrawdown", "lock_timestamp": begin, "lock_end_timestamp": end}
    document = {"strategy": {"Dip": result(trade("2026-11-26 10:00:00", "2026-11-26 12:00:00", 0.01), locks=[lock])}}
    said = [each for each in told(written(tmp_path / "b.json", document)) if isinstance(each, Statement)]
    assert [type(each.facts[0]) for each in said] == [EntriesLocked, LockOver, Reported]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"strategy": {"A": result(), "B": result()}}, "several strategies in it\nName one with --strategy: A, B."),
        ({"latest_backtest": "gone.zip"}, "names gone.zip as the newest backtest, and that does not lie beside it"),
        ({"Dip": {"run_id": "1", "backtest_start_time": 1}}, "what freqtrade keeps beside a backtest's result"),
        ({"strategy": {"A": {"trades": [{"pair": "ETH/BTC"}]}}}, "trade 1 of A can't be read"),
    ],
)
def test_what_cannot_be_told_says_why(tmp_path: Path, document: object, problem: str) -> None:
    """By the file's name, with exit status 2."""
    file = written(tmp_path / "b.json", document)
    with pytest.raises(InputError, match=problem):
        recognised(file, "b.json", 0)
    done = inside("explain", file, cwd=tmp_path)
    assert done.returncode == 2
    assert "b.json: " in done.stderr


def test_one_of_several_strategies_is_told(tmp_path: Path) -> None:
    """The one that is named."""
    document = {"strategy": {"A": result(), "B": result(trade("2026-11-26 10:00:00", "2026-11-26 12:00:00", 0.01))}}
    file = written(tmp_path / "b.json", document)
    assert len(told(file, "B")) == len(told(file, "A")) + 3


@pytest.mark.parametrize("document", [{"rows": 1}, [1, 2], {"strategy": "Dip"}, {"strategy": {"A": 1}}, {}])
def test_any_other_document_is_left_to_who_reads_tables(tmp_path: Path, document: object) -> None:
    """It is none of freqtrade's."""
    assert recognised(written(tmp_path / "b.json", document), "b.json", 0) is None


def test_explain_tells_a_backtest(tmp_path: Path) -> None:
    """From the command line, with its unit and its totals."""
    file = written(tmp_path / "backtest-result-1.json", NEW)
    done = inside("explain", file, cwd=tmp_path)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "from backtest-result-1.json" in lines[0]
    assert "🧾 Reported by freqtrade | 0.0078 BTC | Dip; 2 trades, 1 won, 1 lost; 1 → 1.0078" in lines[-2]
    assert "🏁 In All | +0.78% to 1.0078 BTC" in lines[-1]


def test_a_bare_list_of_2018_is_told_with_freqtrades_shares(tmp_path: Path) -> None:
    """Without quantities: each trade as of 1, which is said; a row that is none is refused."""
    file = tmp_path / "backtest-result.json"
    rows: list[list[Any]] = [
        ["ETH/BTC", 0.02, 1515568500.0, 1515573600.0, 1, 85, 0.05, 0.052, False, "roi"],
        ["LTC/BTC", -0.1, 1515575000.0, 1515579000.0, 2, 60, 0.018, 0.0164, False, "stop_loss"],
    ]
    file.write_text(json.dumps(rows), encoding="utf-8")
    found = recognised(file, "result", 0)
    assert found is not None
    inputs = [given for chunk in found.inputs(in_order=True) for given in chunk]
    fills = [given for given in inputs if isinstance(given, Fill)]
    assert [(fill.quantity, fill.result) for fill in fills] == [
        (Decimal(1), result) for result in (None, Decimal("0.001"), None, Decimal("-0.0018"))
    ]  # fmt: skip
    assert isinstance(inputs[0], Statement)
    assert "each trade is told as of 1" in inputs[0].facts[0].text  # type: ignore[attr-defined]  # it is a note
    rows[1][2] = "soon"
    file.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(InputError, match="a trade in it can't be read"):
        recognised(file, "result", 0)


def test_trades_of_the_same_moments_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Several pairs are opened, and closed, by the same candle."""
    pairs = ("SOL/BTC", "ADA/BTC", "ETH/BTC")
    trades = [trade("2026-11-26 10:00:00", "2026-11-26 12:00:00", 0.01, pair=pair) for pair in pairs]
    found = told(written(tmp_path / "result.json", {"strategy": {"Dip": result(*trades)}}))
    assert [given.symbol for given in found if isinstance(given, Fill)] == [*pairs, *pairs]
