"""The digest of a retold table: every figure, date, symbol and direction in it is one of its facts'."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import json

from livestory.clock import DAY, instant
from livestory.retell.explain_story import RetellingSettings, explain
from livestory.retell.report import Report
from livestory.retell.table_source import TableSource
from livestory.story.digest.period import Span
from livestory.story.wording import numbers
from livestory.tables import tables
from tests.cli.digest_facts import FactsOfAPeriod
from tests.retell.listening import Heard

if TYPE_CHECKING:
    from collections.abc import Iterable

BEGUN = instant("2024-01-01")


def equity() -> Iterable[str]:
    """Wealth and price at the end of each day."""
    yield "time,equity,price"
    chance = random.Random(3)  # noqa: S311 - a market to tell, no secret
    wealth, price = 1.0, 0.05
    for day in range(120):
        yield f"{numbers.stamp(BEGUN + day * DAY)},{wealth:.6f},{price:.6f}"
        wealth, price = wealth * (1 + chance.gauss(0, 0.02)), price * (1 + chance.gauss(0, 0.02))


def trades(*symbols: str) -> Iterable[str]:
    """A purchase and a sale in turn, of each symbol."""
    yield "time,symbol,side,amount,price,fee,fee currency"
    chance = random.Random(3)  # noqa: S311 - as above
    for number in range(60):
        symbol, side = symbols[number % len(symbols)], ("buy", "sell")[number // len(symbols) % 2]
        price = 100 * (1 + chance.gauss(0, 0.05))
        yield f"{numbers.stamp(BEGUN + number * DAY // 3)},{symbol},{side},1.5,{price:.2f},{price / 1000:.4f},USDT"


TABLES = {
    "equity": list(equity()),
    "one symbol": list(trades("SOL/USDT")),
    "several symbols": list(trades("ETH/USDT", "SOL/USDT", "DOGE/USDT")),
}


@pytest.fixture(scope="module", params=TABLES)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Heard]:
    """The digest at the head of a table's report, and what was told of that table."""
    file = tmp_path_factory.mktemp("table") / "table.csv"
    file.write_text("\n".join(TABLES[request.param]), encoding="utf-8")
    heard, report = Heard(), Report("ETH/BTC" if request.param == "equity" else None)
    explain(TableSource(file.name, tables(file), {}, 25.0), RetellingSettings(), [report, heard])
    page = "".join(report.blocks())
    found = re.search(r'"digest":(\{[^{}]*\})', page)
    assert found is not None
    digest: dict[str, Any] = json.decode(found[1])
    return " ".join((f"{digest['title']}: {digest['verdict']}", *digest["told"])), heard


def test_each_figure_date_and_symbol_of_a_tables_digest_is_in_its_facts(told: tuple[str, Heard]) -> None:
    """Those of its lines, and counts and sums of its trades."""
    digest, heard = told
    assert heard.head is not None
    assert heard.summary is not None
    facts: Any = heard.summary.facts
    events = [heard.head, *heard.events, heard.summary]
    assert FactsOfAPeriod(Span("", facts.start, facts.end), events, None, None, None).unknown(digest) == set()
    assert digest.count(".") > 3


def test_a_tables_digest_goes_where_its_summary_goes(told: tuple[str, Heard]) -> None:
    """Up or down, gained or lost, by the sign of what the summary's line tells."""
    digest, heard = told
    assert heard.summary is not None
    facts: Any = heard.summary.facts
    ways = dict(zip(("up", "down"), ("gained", "lost"), strict=True))
    expected = [f"{'up' if facts.change > 0 else 'down'} "] if facts.change is not None else []
    expected += [f"would have {ways['up' if facts.holding > 0 else 'down']} "] if facts.holding is not None else []
    assert re.findall(r"\b(?:up|down) |would have \w+ ", digest) == expected


def test_a_table_that_says_nothing_of_troubles_is_not_said_to_have_had_none(told: tuple[str, Heard]) -> None:
    """Nobody wrote down in it what failed, and nobody waits for an owner's answer."""
    assert not re.search("(?i)failed|asked|were read", told[0])
