"""`log_event`: what is read as facts, and what only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import instant
from livestory.story.details import facts_of
from livestory.story.line import tell

NOON = instant("2024-12-03 12:00:00")


def _told(event_type: object, details: object) -> str:
    return tell(NOON, facts_of(event_type, details, "ETH/BTC", "BTC")).partition(" | ")[2]


@pytest.mark.parametrize(
    ("event_type", "details", "line"),
    [
        ("TRADE", "BUY 0.25 @ 0.0329", "🟢 BUY | +0.25 ETH @ 0.0329 BTC"),
        ("TRADE", "buy +0.25 eth at 0.0329 btc", "🟢 BUY | +0.25 ETH @ 0.0329 BTC"),
        ("trade", "SELL | -0.25 ETH @ 0.0329 BTC", "🔴 SELL | -0.25 ETH @ 0.0329 BTC"),
        ("START", "Initial Wealth: 1.0234 BTC", "🚀 Bot Started | Initial Wealth: 1.0234 BTC"),
        ("ATH", "1.0567", "🚀 NEW ATH | 1.0567 BTC"),
        ("REGIME", "TREND, Score: 32.5", "🔄 Regime Switch: TREND | Score: 32.5"),
        ("REGIME", "Regime Switch: MEAN_REV", "🔄 Regime Switch: MEAN_REV | first reading"),
        ("BREAKER", "DD: -21.2%", "🚨 SAFETY BREAKER TRIPPED | DD: -21.2%"),
        ("BREAKER", "21.2 %", "🚨 SAFETY BREAKER TRIPPED | DD: -21.2%"),
        ("BREAKER", "-0.212", "🚨 SAFETY BREAKER TRIPPED | DD: -21.2%"),
        ("BREAKER", "", "🚨 SAFETY BREAKER TRIPPED | DD: not known"),
        ("PHOENIX", "", "🔥 PHOENIX ACTIVATED | Resuming Trading"),
    ],
)
def test_the_plans_texts_are_read(event_type: str, details: object, line: str) -> None:
    """The third column of its line, or just the numbers, in any case."""
    assert _told(event_type, details) == line


@pytest.mark.parametrize(
    ("event_type", "details"),
    [
        *(("TRADE", text) for text in (
            "BUY 1 000 @ 0.05", "BUY -1 @ 0.05", "SELL +1 @ 0.05", "BUY 1,5 @ 0.05", "BUY 1 @ -0.05", "BUY 0 @ 0",
            "BUY 1 @ 0", "BUY 1 @ 0.05 fee 0.1", "BUY 1 @ 0.05 now",
            "BUY 1 SOL @ 0.002",
            "BUY 1 @ 150 USDT", "BUY 1 ETH @ 0.05 LIMIT", "BUY 1 @ 0.05; SELL 1 @ 0.06", "BUY 1 @ 0.05 SELL 1 @ 0.06",
            "BUY 1 @ 0.05 0.06", "BUY 1 @ 0.05\nSELL 1 @ 0.06", "BUY 1e99 @ 1", "BUY nan @ 1", "BUY 1_000 @ 1",
            f"BUY 1{' ' * 300}@ 1",
            "BUY ١ @ 1", "BUY", "", "maybe BUY 1 @ 0.05", "HODL 1 @ 1", "BUY 1 @ 1e", "BUY 1 @ 5%",
        )),
        *(("ATH", text) for text in ("-5", "0", "1e300", "1.05 dollars", "1.05 BTC maybe", "lost: 5", "+5%", "1,000")),
        *(("START", text) for text in ("-1", "0", "1000 coins", "Initial Wealth: -1 BTC", "loss: 5")),
        *(("BREAKER", text) for text in ("+21.2%", "500", "1", "1.0", "0.21", "21", "-1.5", "500%", "0%", "DD")),
        *(("REGIME", text) for text in ("TREND 999", "TREND -5", "TREND 1e2e", "32.5", "TREND 3 4", "not so yet", "")),
        *(("PHOENIX", text) for text in ("score 3", "not yet")),
    ],
)  # fmt: skip
def test_a_text_that_only_looks_like_facts_is_told_as_the_text_that_it_is(event_type: str, details: str) -> None:
    """A note under its type's name: nothing is made up."""
    facts = facts_of(event_type, details, "ETH/BTC", "BTC")
    assert (facts.__struct_config__.tag, getattr(facts, "topic", None)) == ("note", event_type)
    assert getattr(facts, "text", None) == details


def test_a_dict_is_told_as_its_text() -> None:
    """What its keys mean is not guessed."""
    assert _told("TRADE", {"side": "BUY", "qty": 1}) == "📝 TRADE | {'side': 'BUY', 'qty': 1}"
    assert _told("TRADE", None) == "📝 TRADE | None"


def test_a_trade_of_another_pair_is_told_as_that_pairs() -> None:
    """Where the text names both assets; half a pair is no pair."""
    facts = facts_of("TRADE", "BUY 1 SOL @ 150 USDT", "ETH/BTC", "BTC")
    assert tell(NOON, facts).endswith("+1 SOL @ 150 USDT")
    assert getattr(facts, "symbol", None) == "SOL/USDT"


@given(st.sampled_from(["TRADE", "ATH", "START", "BREAKER", "REGIME", "PHOENIX"]), st.text(max_size=30))
def test_no_text_breaks_the_reader(event_type: str, details: str) -> None:
    """Whatever it is, something is told."""
    assert _told(event_type, details)


@given(st.decimals("0.00000001", 10**6, places=8), st.decimals("0.00000001", 10**6, places=8), st.sampled_from("bs"))
def test_a_trades_numbers_are_the_ones_in_the_text(quantity: object, price: object, side: str) -> None:
    """Exactly."""
    word = {"b": "BUY", "s": "SELL"}[side]
    facts = facts_of("TRADE", f"{word} {quantity:f} @ {price:f}", "ETH/BTC", "BTC")
    assert (getattr(facts, "quantity", None), getattr(facts, "price", None)) == (quantity, price)
