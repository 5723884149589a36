"""Trades: what was filled, what it closed, what it earned after fees; long and short, in parts, in several pairs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.inputs import Observation
from livestory.story.kinds.trades import Trade
from livestory.story.narrator import Narrator
from tests.story.inputs import NEW_YEARS_EVE, START, fill, of_trades

if TYPE_CHECKING:
    from livestory.story.inputs import Fill

_AMOUNT = st.decimals("0.01", 100, places=2)


def trades(narrator: Narrator, *fills: Fill) -> list[Trade]:
    """The facts that the fills are told as."""
    found = []
    for one in fills:
        (event,) = of_trades(narrator.take(one))
        assert isinstance(event.facts, Trade)
        found.append(event.facts)
    return found


def story(narrator: Narrator, *fills: Fill) -> list[str]:
    """The lines, without their time."""
    events = [event for one in fills for event in of_trades(narrator.take(one))]
    return [event.line.partition(" | ")[2] for event in events]


def test_a_fill_is_the_plans_line() -> None:
    """Exact price and quantity, zeros stripped."""
    assert story(Narrator(), fill("buy", "0.250", "0.03290")) == ["🟢 BUY | +0.25 ETH @ 0.0329 BTC"]


def test_a_sale_tells_its_result_after_fees_and_what_remains() -> None:
    """Average cost, both fees; so it reads in a story of one pair whose wealth is known."""
    narrator = Narrator()
    narrator.take(Observation(time=NEW_YEARS_EVE - 1, wealth=1.0))
    found = story(
        narrator,
        fill("buy", 9, "0.0295", fee=Decimal("0.00027")),
        fill("buy", 9, "0.0291", fee=Decimal("0.00026")),
        fill("sell", 9, "0.0303", fee=Decimal("0.00027")),
        fill("sell", 9, "0.0250", fee=Decimal("0.00023")),
    )
    assert found[2:] == [
        "🔴 SELL | -9 ETH @ 0.0303 BTC | result +3.2% after fees (+0.0085 BTC); 9 ETH left",
        (
            "🔴 SELL | -9 ETH @ 0.025 BTC | result -14.8% after fees (-0.0392 BTC); in all -5.8% after fees "
            "(-0.0307 BTC); entry 0.0293, exit 0.02765; no ETH left"
        ),
    ]


def test_a_short_earns_when_the_price_falls() -> None:
    """Sold at 100 and bought back at 80, with a fee of 1 each way: 18 of 99."""
    opened, reduced, closed = trades(
        Narrator("ETH/USDT", "USDT"),
        fill("sell", 2, "100", effect="open", fee=Decimal(2)),
        fill("buy", 1, "80", effect="reduce", fee=Decimal(1)),
        fill("buy", 1, "120", effect="close", fee=Decimal(1)),
    )
    assert (opened.short, opened.effect, opened.position_after) == (True, "open", Decimal(-2))
    assert (reduced.gain, reduced.result, reduced.position_after) == (Decimal(18), 18 / 99, Decimal(-1))
    assert (closed.gain, closed.effect, closed.position_after) == (Decimal(-22), "close", Decimal(0))


def test_a_short_is_told_as_one() -> None:
    """So that a SELL that opens is not taken for an exit."""
    found = story(
        Narrator("ETH/USDT", "USDT"),
        fill("sell", 2, "100", effect="open"),
        fill("sell", 1, "110", effect="add"),
        fill("buy", 3, "90", effect="close"),
    )
    assert found == [
        "🔴 SELL | -2 ETH @ 100 USDT | opens a short",
        "🔴 SELL | -1 ETH @ 110 USDT | adds to the short: 3 ETH at 103.33 on average",
        (
            "🟢 BUY | +3 ETH @ 90 USDT | closes the short; result +12.9% before fees (+40.00 USDT); "
            "entry 103.33, exit 90; no ETH left"
        ),
    ]


def test_several_pairs_are_held_apart() -> None:
    """Each has its own position and cost."""
    narrator = Narrator("ETH/USDT", "USDT")
    found = story(
        narrator,
        fill("buy", 1, "100"),
        fill("buy", 2, "50", symbol="SOL/USDT"),
        fill("sell", 1, "110", symbol="ETH/USDT"),
        fill("sell", 1, "40", symbol="SOL/USDT"),
    )
    assert found == [
        "🟢 BUY | +1 ETH @ 100 USDT",
        "🟢 BUY | +2 SOL @ 50 USDT | opens a position",
        (
            "🔴 SELL | -1 ETH @ 110 USDT | closes the position; result +10.0% before fees (+10.00 USDT); "
            "entry 100, exit 110; no ETH left"
        ),
        "🔴 SELL | -1 SOL @ 40 USDT | reduces the position; result -20.0% before fees (-10.00 USDT); 1 SOL left",
    ]
    assert narrator.account.positions["SOL/USDT"].quantity == 1


def test_a_sale_of_unknown_cost_says_nothing_of_a_result() -> None:
    """What was held before the story began; unknown is not nothing."""
    narrator = Narrator()
    unknown, more = trades(narrator, fill("sell", 5, "0.03"), fill("buy", 1, "0.03"))
    assert (unknown.result, unknown.gain, unknown.position_after) == (None, None, None)
    assert more.effect == "open"
    (over,) = trades(narrator, fill("sell", 2, "0.04"))
    assert (over.result, over.position_after) == (None, None)


def test_closing_a_short_that_the_story_does_not_know_opens_no_long() -> None:
    """The caller's effect is believed: the bot was short before the story began."""
    narrator = Narrator()
    close, sale = trades(narrator, fill("buy", 5, "0.03", effect="close"), fill("sell", 5, "0.04"))
    assert (close.short, close.result, close.position_after) == (True, None, None)
    assert sale.result is None


def test_an_effect_against_the_known_direction_forgets_what_was_known() -> None:
    """A fill was missed in between; no result is made of the wrong cost."""
    found = trades(
        Narrator(),
        fill("buy", 1, "100"),
        fill("sell", 2, "100", effect="open"),
        fill("buy", 2, "50", effect="close"),
        fill("sell", 1, "100", effect="open"),
        fill("buy", 3, "10", effect="open"),
        fill("sell", 3, "11", effect="close"),
    )
    assert [trade.gain for trade in found] == [None, None, Decimal(100), None, None, Decimal(3)]


@given(st.lists(st.tuples(_AMOUNT, _AMOUNT), min_size=1, max_size=10), st.lists(_AMOUNT, min_size=1, max_size=10))
def test_gains_of_parts_add_up_to_what_was_earned(bought: list[tuple[Decimal, Decimal]], prices: list[Decimal]) -> None:
    """Sold in equal parts: the gains are the proceeds less the cost, to the last fee."""
    narrator = Narrator()
    fee = Decimal("0.01")
    trades(narrator, *(fill("buy", str(q), str(p), fee=fee) for q, p in bought))
    held = sum((q for q, _ in bought), Decimal(0))
    part = held / len(prices)
    found = trades(narrator, *(fill("sell", str(part), str(p), fee=fee) for p in prices[:-1]))
    left = narrator.account.positions["ETH/BTC"].quantity
    found += trades(narrator, fill("sell", str(left), str(prices[-1]), fee=fee))
    proceeds = sum((part * p for p in prices[:-1]), left * prices[-1])
    cost = sum((q * p + fee for q, p in bought), Decimal(0))
    gains = sum((trade.gain or Decimal(0) for trade in found), Decimal(0))
    assert abs(gains - (proceeds - fee * len(prices) - cost)) < Decimal("1e-12")
    assert found[-1].position_after == 0


def test_a_rebate_is_a_negative_fee() -> None:
    """It adds to the gain."""
    (_, sale) = trades(Narrator(), fill("buy", 1, "100", fee=Decimal(-1)), fill("sell", 1, "100", fee=Decimal(-1)))
    assert sale.gain == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ""),
        ({"effect": None, "symbol": "ETH/USDT"}, ""),
        ({"symbol": "ETH/USDT"}, "closes the position"),
        ({"short": True}, "closes the short"),
        ({"opened": Decimal(1)}, "closes the position"),
        ({"wealth_known": False}, "closes the position"),
        ({"wealth_known": False, "weight_after": 0.0}, ""),
    ],
)
def test_a_trade_is_told_by_its_position_where_no_wealth_explains_it(more: dict[str, Any], words: str) -> None:
    """Of several symbols, of a short or a turned position, and where neither wealth nor a weight is known."""
    sale: dict[str, Any] = {"side": "sell", "quantity": Decimal(1), "price": Decimal(100), "base": "ETH"}
    known: dict[str, Any] = {"quote": "USDT", "effect": "close", "position_after": Decimal(0), "wealth_known": True}
    assert next(iter(Trade(**sale | known | more).why(START)), "") == words
