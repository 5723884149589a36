"""Fees are told each in the asset that they were paid in, wherever they are added up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.clock import DAY, HOUR
from livestory.retell.summary import SummaryBuilder
from livestory.story.digest.period import Period, Span, gather
from livestory.story.digest.prose import digest
from livestory.story.inputs import Fill, Observation
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from tests.story.inputs import START

if TYPE_CHECKING:
    from livestory.story.event import Event
    from livestory.story.inputs import Input

NIGHT = START // DAY * DAY + DAY


def sold_and_bought(*fee_assets: str | None, price: str = "0.03") -> list[Input]:
    """A day with a fill for each of the assets, which pays a fee of 0.0001 in it."""
    return [
        Observation(time=START, wealth=1.0, price=0.03),
        *(
            Fill(time=START + (1 + place) * HOUR, side="sell" if place % 2 else "buy", quantity=Decimal(1),
                 price=Decimal(price), fee=Decimal("0.0001"), fee_asset=asset)
            for place, asset in enumerate(fee_assets)
        ),
        Observation(time=NIGHT, wealth=1.0, price=0.03),
    ]  # fmt: skip


def lines(inputs: list[Input]) -> tuple[str, str, str]:
    """Of the day: its chapter, the summary of all, and the digest."""
    narrator = Narrator("ETH/BTC", settings=StorySettings(quiet=0))
    builder = SummaryBuilder(narrator.account)
    events: list[Event] = []
    for given in inputs:
        for event in narrator.take(given):
            builder.on_event(event)
            events.append(event)
        if isinstance(given, Observation):
            builder.on_observation(given.time)
    (day,) = (event.line for event in events if event.kind == "chapter")
    period = Period(Span("day", NIGHT - DAY, NIGHT), "ETH/BTC", "BTC")
    told = digest(gather(period, [(event.time, event.facts) for event in events], None)).text()
    return day, "; ".join(builder.build(halts=False, exposures=False).why(NIGHT)), told


def test_fees_in_two_assets_are_never_added_up() -> None:
    """Nor is one of them left out."""
    for told in lines(sold_and_bought(None, "BNB", "BNB")):
        assert "fees 0.0002 BNB and 0.0001 BTC" in told


def test_fees_in_another_asset_alone_are_told() -> None:
    """A bot that pays all its fees in BNB pays them nevertheless."""
    for told in lines(sold_and_bought("BNB", "BNB")):
        assert "fees 0.0002 BNB" in told


def test_fees_in_the_quote_asset_have_the_decimals_of_wealth() -> None:
    """As they always had, the asset named or not."""
    day, summary, told = lines(sold_and_bought(None, "BTC"))
    assert "1 buy, 1 sell, fees 0.0002 BTC" in day
    assert "1 buy, 1 sell, fees 0.0002;" in summary
    assert "1 buy and 1 sell, fees 0.0002 BTC" in told


def test_a_trade_that_came_to_nothing_is_told_as_even() -> None:
    """By the digest as by the week's own line."""
    fills = [
        Fill(time=START + place * HOUR, side=side, quantity=Decimal(1), price=Decimal(price), fee=Decimal(0))
        for place, (side, price) in enumerate(
            [("buy", "0.03"), ("sell", "0.03"), ("buy", "0.03"), ("sell", "0.04"), ("buy", "0.03"), ("sell", "0.02")], 1
        )
    ]  # fmt: skip
    *_, told = lines([*sold_and_bought()[:1], *fills, *sold_and_bought()[1:]])
    assert "of 3 closed trades 1 won, 1 lost and 1 even, together 0.0000 BTC: best +0.0100 BTC" in told
