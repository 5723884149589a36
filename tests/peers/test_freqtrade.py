"""The real freqtrade: what is told of it equals what it reports itself."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.cli.program import inside
from tests.peers.conftest import program, spoke

if TYPE_CHECKING:
    from pathlib import Path

_ROUNDED = Decimal("0.00000001")  # freqtrade rounds the result of each exit


def test_a_backtest_is_told_with_freqtrades_own_totals(user_data: Path) -> None:
    """Trades, won, lost and result, as its own file has them, and as the story counts them over its own lines."""
    freqtrade = program("freqtrade", "freqtrade")
    options = ("--config", user_data / "config.json", "--userdir", user_data, "--strategy", "Crossing")
    spoke(freqtrade, "backtesting", *options, "--enable-protections", "--cache", "none", cwd=user_data)
    newest = user_data / "backtest_results" / ".last_result.json"
    own = report(newest)
    facts = told(newest)
    reported = next(fact for fact in facts if fact["kind"] == "reported")
    totals = own["total_trades"], own["wins"], own["losses"]
    assert totals[0] > 100
    assert (reported["trades"], reported["won"], reported["lost"]) == totals
    assert Decimal(reported["result"]) == eight(own["profit_total_abs"])
    trips = [trip for fact in facts if fact["kind"] == "trade" and (trip := fact.get("trip"))]
    results = [Decimal(trip["result"]) for trip in trips]
    assert (len(trips), sum(each > 0 for each in results), sum(each < 0 for each in results)) == totals
    assert eight(sum(results)) == eight(own["profit_total_abs"])
    doubts = [trip for trip in trips if abs(Decimal(trip["worked_out"]) - Decimal(trip["result"])) > _ROUNDED]
    assert not doubts


def eight(amount: object) -> Decimal:
    """To eight decimals, as freqtrade writes amounts of its stake."""
    return Decimal(str(amount)).quantize(Decimal("0.00000001"))


def report(newest: Path) -> dict[str, Any]:
    """What freqtrade itself has of the newest backtest."""
    name = json.loads(newest.read_text(encoding="utf-8"))["latest_backtest"]
    with zipfile.ZipFile(newest.parent / name) as archive:
        result: dict[str, Any] = json.loads(archive.read(name.replace(".zip", ".json")))
    return dict(result["strategy"]["Crossing"])


def told(file: Path) -> list[dict[str, Any]]:
    """The facts of all lines that `livestory explain` tells of a file."""
    done = inside("explain", file, "--format", "json", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return [event["facts"] for event in json.loads(done.stdout)]
