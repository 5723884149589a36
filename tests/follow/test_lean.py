"""A backtest of Lean's, in the names of both its ages, is told with the totals that Lean itself reports."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import instant
from livestory.errors import InputError
from livestory.follow.recognition import recognised
from livestory.story.inputs import Fill, Input, Observation, Statement
from livestory.story.kinds.followed import Reported
from tests.cli.program import inside

if TYPE_CHECKING:
    from pathlib import Path

NOW = instant("2026-11-27")


def trade(opened: str, closed: str, profit: float, direction: int = 0, **more: Any) -> dict[str, Any]:
    """A closed trade of 2 bought or sold at 100."""
    price = 100 + profit / 2 * (-1 if direction else 1)
    return {
        "symbols": [{"value": "BTCUSD", "id": "BTCUSD XJ", "permtick": "BTCUSD"}], "entryTime": f"2024-01-{opened}Z",
        "entryPrice": 100.0, "direction": direction, "quantity": 2.0, "exitTime": f"2024-01-{closed}Z",
        "exitPrice": price, "profitLoss": profit, "totalFees": 0.5, "orderIds": [1, 2], **more,
    }  # fmt: skip


def result() -> dict[str, Any]:
    """A result as Lean writes it: of four trades, one of which is a flip, and one of no length."""
    trades = [
        trade("02T10:00:00", "03T10:00:00", 20.0),
        trade("03T10:00:00", "04T10:00:00", 10.5, direction=1),
        trade("05T10:00:00", "06T10:00:00", -7.25),
        trade("07T10:00:00", "07T10:00:00", 0.0),
    ]
    return {
        "charts": {
            "Strategy Equity": {
                "name": "Strategy Equity",
                "series": {
                    "Equity": {
                        "name": "Equity",
                        "values": [
                            [1704067200, 1000, 1000, 1000, 1000],
                            [1704288600, 1000, 1020, 1000, 1019.5],
                            [1704700800, 1019.5, 1019.5, 1019.5, None],
                            [1704701400, 1019.5, 1021.25, 1019.5, 1021.25],
                        ],
                    }
                },
            }
        },
        "orders": {"1": {"id": 1, "tag": "RSI under 30"}, "2": {"id": 2, "tag": ""}},
        "statistics": {"Total Orders": "8"},
        "algorithmConfiguration": {"name": "Waves", "accountCurrency": "USD"},
        "totalPerformance": {
            "tradeStatistics": {
                "totalNumberOfTrades": 4, "numberOfWinningTrades": 2, "numberOfLosingTrades": 2,
                "totalProfitLoss": "23.25", "totalFees": 2.0, "profitFactor": 4.2069,
            },
            "portfolioStatistics": {"startEquity": 1000, "endEquity": 1021.25, "drawdown": 0.012},
            "closedTrades": trades,
        },
    }  # fmt: skip


def capitalised(given: Any) -> Any:
    """The same with the names that versions before 2023 wrote, and the points of a chart as objects."""
    if isinstance(given, dict):
        return {name[:1].upper() + name[1:]: capitalised(value) for name, value in given.items()}
    if isinstance(given, list) and len(given) == 5 and isinstance(given[0], int):
        return {"x": given[0], "y": given[-1]}
    return [capitalised(each) for each in given] if isinstance(given, list) else given


def told(file: Path, document: object) -> list[Input]:
    """All inputs of a result."""
    file.write_text(json.dumps(document), encoding="utf-8")
    found = recognised(file, str(file), NOW)
    assert found is not None
    return [given for chunk in found.inputs(in_order=True) for given in chunk]


def reported(inputs: list[Input]) -> Reported:
    """What Lean itself reports."""
    return next(
        fact for given in inputs if isinstance(given, Statement) for fact in given.facts if isinstance(fact, Reported)
    )


@pytest.mark.parametrize("written", [lambda document: document, capitalised], ids=["new", "old"])
def test_trades_equity_and_totals_are_told(tmp_path: Path, written: Any) -> None:
    """Each trade with its result after fees; a point without a value is none."""
    inputs = told(tmp_path / "result.json", written(result()))
    fills = [each for each in inputs if isinstance(each, Fill)]
    assert [(each.side, each.result) for each in fills] == [
        ("buy", None), ("sell", Decimal("19.5")), ("sell", None), ("buy", Decimal("10.0")),
        ("buy", None), ("sell", Decimal("-7.75")), ("buy", None), ("sell", Decimal("-0.5")),
    ]  # fmt: skip
    assert {each.symbol for each in fills} == {"BTC/USD"}
    assert fills[0].reason is not None
    assert fills[0].reason.name == "RSI under 30"
    assert [each.wealth for each in inputs if isinstance(each, Observation)] == [1000, 1019.5, 1021.25]
    total = reported(inputs)
    assert (total.strategy, total.unit, total.trades, total.won, total.lost) == ("Waves", "USD", 4, 2, 2)
    assert (total.result, total.fees, total.start, total.final) == tuple(
        map(Decimal, ("23.25", "2.0", "1000", "1021.25"))
    )
    assert (total.told_trades, total.told_result) == (None, None)


def test_a_story_of_it_has_the_same_totals(tmp_path: Path) -> None:
    """The results of its lines add up to what Lean reports, less the fees that it reports beside that."""
    (tmp_path / "result.json").write_text(json.dumps(result()), encoding="utf-8")
    done = inside("explain", "result.json", "--format", "json", cwd=tmp_path)
    facts = [event["facts"] for event in json.loads(done.stdout)]
    trips = [Decimal(trip["result"]) for fact in facts if fact["kind"] == "trade" and (trip := fact.get("trip"))]
    assert sum(trips) == Decimal("23.25") - 2
    assert sum(Decimal(f["trip"]["worked_out"]) for f in facts if f["kind"] == "trade" and f.get("trip")) == sum(trips)
    lines = inside("explain", "result.json", cwd=tmp_path).stdout
    assert (
        "🧾 Reported by QuantConnect Lean | 23.25 USD | Waves; 4 trades, 2 won, 2 lost; before fees of 2 USD" in lines
    )
    assert "differs" not in lines


def test_totals_that_differ_are_said_once(tmp_path: Path) -> None:
    """Where a trade is missing in the list."""
    document = result()
    del document["totalPerformance"]["closedTrades"][0]
    total = reported(told(tmp_path / "result.json", document))
    assert (total.told_trades, total.told_result) == (3, Decimal("3.25"))
    lines = inside("explain", "result.json", cwd=tmp_path).stdout
    assert lines.count("differs: its own list has 3 trades, 3.25 USD") == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"entryTime": "soon"}, "can't be read"),
        ({"quantity": None}, "can't be read"),
        ({"direction": None, "exitPrice": "x"}, "can't be read"),
    ],
)
def test_a_trade_that_is_none_is_refused(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    """As one message, with exit status 2."""
    document = result()
    document["totalPerformance"]["closedTrades"][0] |= change
    with pytest.raises(InputError, match=problem):
        told(tmp_path / "result.json", document)


def test_a_result_with_nothing_in_it_is_named(tmp_path: Path) -> None:
    """As of an algorithm that never traded, in a summary."""
    document: dict[str, Any] = {
        "totalPerformance": {"tradeStatistics": {}, "portfolioStatistics": {}, "closedTrades": []}
    }
    with pytest.raises(InputError, match="neither closed trades nor an equity"):
        told(tmp_path / "result-summary.json", document)
