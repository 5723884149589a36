"""The benchmark of a portfolio: its first positions, bought and held, where that is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from livestory import Observation, PositionReading, StorySettings, StoryWriter
from livestory.cli import livestory
from livestory.clock import DAY, HOUR, ManualClock
from livestory.outlets.web.status import status_of
from livestory.retell.summary import SummaryBuilder
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.chapters import Chapter
from livestory.story.line import tell
from livestory.story.narrator import Narrator
from livestory.story.snapshot import Snapshot
from tests.story.inputs import START, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BASKET = StorySettings(benchmark="basket", detail="all")


def seen(hours: int, **prices: str | None) -> Observation:
    """One BTC and two short ETH, each at its price; of one without a price nothing is reported."""
    held = {"BTC": "1", "ETH": "-20"}
    positions = {
        f"{base}/USDT:USDT": PositionReading(quantity=Decimal(held.get(base, "5")), price=Decimal(price))
        for base, price in prices.items()
        if price
    }
    return Observation(time=START + hours * HOUR, wealth=1000.0 + hours, halted=False, positions=positions)


def days(*observations: Observation, settings: StorySettings = BASKET) -> list[str]:
    """The lines of the days, with nothing but what is said of holding."""
    return _said(observations, settings, lambda chapter: chapter)


def weeks(*observations: Observation) -> list[str]:
    """What the days would say were they weeks: of a week it is said, too, how it is since the start."""
    return _said(observations, BASKET, lambda chapter: replace(chapter, period="week"))


def _said(
    observations: tuple[Observation, ...], settings: StorySettings, told_as: Callable[[Chapter], Chapter]
) -> list[str]:
    events = told(Narrator(None, "USDT", settings), observations)
    days = [event.facts for event in events if isinstance(event.facts, Chapter) and event.facts.period == "day"]
    lines = [tell(day.end, told_as(day)) for day in days]
    return ["; ".join(part for part in line.split(" | ")[3].split("; ") if "holding" in part) for line in lines]


def test_the_first_days_positions_are_held_each_for_what_it_was_worth() -> None:
    """A short is bought as well; one opened later that day counts from then; one of the next day is none of them."""
    lines = weeks(
        seen(0, BTC="100000"),
        seen(1, BTC="100000", ETH="5000"),
        seen(9, BTC="110000", ETH="5000"),
        seen(33, BTC="110000", ETH="5500", SOL="200"),
    )
    assert lines == [
        "holding its first positions (BTC, ETH): +5.0%",
        "holding its first positions (BTC, ETH): +4.8%; since the start +3.3%, holding them +10.0%",
    ]


def test_a_basket_is_not_known_where_a_price_is_a_day_old() -> None:
    """What is no longer held has no price, unless the bot tells one with a quantity of 0; then it is known again."""
    gone = Observation(
        time=START + 81 * HOUR,
        wealth=1081.0,
        positions={
            "BTC/USDT:USDT": PositionReading(quantity=Decimal(1), price=Decimal(120_000)),
            "ETH/USDT:USDT": PositionReading(quantity=Decimal(0), price=Decimal(4000)),
        },
    )
    lines = weeks(seen(0, BTC="100000", ETH="5000"), seen(33, BTC="110000"), seen(57, BTC="110000"), gone)
    assert lines[1] == "holding its first positions (BTC, ETH): not known, no price of ETH/USDT:USDT for a day"
    assert lines[-1].startswith("holding its first positions (BTC, ETH): not known, a price was lacking; since")
    assert lines[-1].endswith("holding them 0.0%")


def test_without_positions_a_week_says_that_there_is_no_benchmark() -> None:
    """Nothing is made up for a bot that was asked for one and reports none; a day says nothing of it."""
    narrator = Narrator(None, "USDT", BASKET)
    narrator.account.portfolio = True
    events = told(narrator, [Observation(time=START + day * DAY, wealth=1000.0) for day in range(8)])
    lines = {event.facts.period: event.line for event in events if isinstance(event.facts, Chapter)}
    assert "no benchmark: no first positions with prices in one currency are told" in lines["week"]
    assert "benchmark" not in lines["day"]


@pytest.mark.parametrize(
    ("settings", "positions"),
    [(StorySettings(detail="all"), ("100000", "5000")), (BASKET, ("100000", None))],
    ids=["not asked for", "one symbol"],
)
def test_there_is_none_else(settings: StorySettings, positions: tuple[str, str | None]) -> None:
    """A portfolio has no benchmark that nobody asked for; a story of one symbol is held against its base asset."""
    btc, eth = positions
    assert days(seen(0, BTC=btc, ETH=eth), seen(9, BTC=btc, ETH=eth), settings=settings) == [""]


def test_two_currencies_make_no_basket_of_both() -> None:
    """No rate is made up: it is of the currency of the first."""
    positions = {
        "BTC/USDT": PositionReading(quantity=Decimal(1), price=Decimal(100)),
        "ETH/BTC": PositionReading(quantity=Decimal(1), price=Decimal("0.05")),
    }
    narrator = Narrator(None, "USDT", BASKET)
    told(narrator, [Observation(time=START, wealth=1.0, positions=positions)])
    basket = narrator.account.basket
    assert basket is not None
    assert list(basket.worth) == ["BTC/USDT"]


def test_summary_status_and_page_hold_against_it(tmp_path: Path) -> None:
    """Each names what it is held against; a story that was saved goes on with the same basket."""
    path, clock = tmp_path / "live_story.txt", ManualClock(START + 60 * HOUR)
    for observation in (seen(0, BTC="100000", ETH="5000"), seen(9, BTC="110000", ETH="5000")):
        with StoryWriter(path, symbol=None, unit="USDT", settings=BASKET, strict=True, clock=clock) as story:
            story.observe(observation)
    with JournalReader.open(path) as reader:
        bot = Snapshot.read(reader)
    assert bot.benchmark == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert bot.total is not None
    assert bot.total.holding == pytest.approx(0.05)
    page = status_of(
        "x", bot, last_seq=1, first_time=None, halted_since=None, regime_since=None, committed=0, kinds={}, unshown={}
    )
    assert page.benchmark == bot.benchmark
    shown = CliRunner().invoke(livestory, ["status", "--dir", str(tmp_path)]).output
    assert "total      +0.90% since 2024-12-03 15:00 UTC, holding its first positions (BTC, ETH): +5.0%" in shown
    narrator = Narrator(None, "USDT", BASKET)
    told(narrator, [seen(0, BTC="100000", ETH="5000"), seen(9, BTC="110000", ETH="5000")])
    summary = SummaryBuilder(narrator.account).build(halts=False, exposures=False)
    assert "holding its first positions (BTC, ETH): +5.0%" in summary.why(START)
