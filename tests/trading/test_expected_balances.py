"""What the account should hold: counted once, from the right instant on, and compared at each edge."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest

from livestory.clock import DAY, MINUTE
from livestory.trading.exchange.records import AccountFlow, Balances, Execution
from livestory.trading.reconciliation.expected_balances import Comparison, Difference, ExpectedBalances, worth

NOON = 19_000 * DAY + DAY // 2
PRICE = 0.05
HELD = Balances(Decimal(10), Decimal("0.499"))  # with a thousandth of it more, which is not told, a wealth of 1


def opened() -> ExpectedBalances:
    """As it is at noon."""
    expected = ExpectedBalances()
    expected.open(HELD, NOON)
    return expected


def trade(number: int, time: int, side: Literal["buy", "sell"] = "buy") -> Execution:
    """One ETH at 0.05, with a fee in the quote asset."""
    return Execution(
        trade_id=str(number), client_order_id="", time=time, side=side, quantity=Decimal(1), price=Decimal("0.05"),
        fee=Decimal("0.001"), quote_fee=Decimal("0.001"),
    )  # fmt: skip


def flow(number: int, time: int, amount: str = "1", asset: Literal["base", "quote"] = "base") -> AccountFlow:
    """What the account's history says."""
    return AccountFlow(flow_id=str(number), time=time, asset=asset, amount=Decimal(amount))


def more(base: str, quote: str) -> Balances:
    """The account with so much more of each asset."""
    return Balances(HELD.base + Decimal(base), HELD.quote + Decimal(quote))


def test_before_the_account_was_read_nothing_is_expected_and_nothing_differs() -> None:
    """A trade is counted by its id, and moves nothing."""
    expected = ExpectedBalances()
    assert expected.count_execution(trade(1, NOON), NOON)
    assert (expected.balances, expected.difference(HELD), expected.rounded) == (None, more_than("0", "0"), 0)
    assert expected.compare(HELD, PRICE) == Comparison()


def more_than(base: str, quote: str) -> Difference:
    """So much of each asset."""
    return Difference(Decimal(base), Decimal(quote))


def test_a_trade_counts_once_and_moves_the_balances_from_the_opening_on() -> None:
    """One of that very instant does; an older one is in the balances already."""
    expected = opened()
    for number, (time, counts, base, quote) in enumerate(
        [(NOON - 1, True, "10", "0.499"), (NOON, True, "11", "0.448"), (NOON + 1, True, "12", "0.397")]
    ):
        assert expected.count_execution(trade(number, time), NOON + 9) is counts
        assert not expected.count_execution(trade(number, time), NOON + 9)
        assert expected.balances == Balances(Decimal(base), Decimal(quote))
    assert (expected.last_trade, expected.rounded, expected.drifted) == (NOON + 9, 2, 2)
    assert expected.count_execution(trade(3, NOON + 2, "sell"), NOON + 10)
    assert expected.balances == Balances(Decimal(11), Decimal("0.446"))


def test_what_was_read_is_not_read_again_but_for_what_was_missed() -> None:
    """From an instant on, which never goes back; its own trades still count, and are still known."""
    expected = opened()
    for number in range(3):
        expected.count_execution(trade(number, NOON + number), NOON + 9)
    expected.read_until(NOON + 1)
    expected.read_until(NOON)
    assert (expected.since, sorted(expected.trades)) == (NOON + 1, ["1", "2"])
    assert not expected.count_execution(trade(1, NOON + 1), NOON + 9)
    assert not expected.count_execution(trade(7, NOON), NOON + 9)
    assert expected.count_execution(trade(8, NOON + 1), NOON + 9)
    expected.recover_execution(trade(7, NOON), NOON + 9)
    expected.recover_execution(trade(7, NOON), NOON + 9)
    assert (expected.since, expected.rounded) == (NOON + 1, 5)
    assert expected.difference(HELD) == more_than("-5", "0.255")


def test_a_flow_counts_once_from_the_opening_on_and_a_day_back() -> None:
    """An older one is known, and moves nothing; one that left the day's history is forgotten."""
    expected = opened()
    assert expected.flows_from(NOON) == NOON - DAY
    at_first = [flow(1, NOON - 1), flow(2, NOON), flow(3, NOON + 1, "-0.2", "quote")]
    assert expected.count_flows(at_first, NOON + 5) == at_first[1:]
    assert expected.count_flows(at_first, NOON + 5) == []
    assert expected.difference(HELD) == more_than("-1", "0.2")
    later = [flow(4, NOON + 1), flow(5, NOON + 2)]
    assert expected.count_flows(later, NOON + DAY + 2) == later[1:]
    assert sorted(expected.flows) == ["4", "5"]
    assert worth([flow(1, NOON, "2"), flow(2, NOON, "-0.03", "quote")], PRICE) == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("base", "quote", "trades", "rounding"),
    [
        ("0", "0", 0, True),
        ("1E-9", "0", 0, False),
        ("1E-8", "-1E-8", 1, True),
        ("-1.1E-8", "0", 1, False),
        ("0", "1.1E-8", 1, False),
        ("2E-8", "2E-8", 2, True),
    ],
)
def test_each_trade_may_have_moved_the_last_digit_of_either_asset(
    base: str,
    quote: str,
    trades: int,
    rounding: bool,  # noqa: FBT001
) -> None:
    """No more than that is rounding."""
    assert more_than(base, quote).is_rounding(trades) is rounding


@pytest.mark.parametrize(
    ("base", "quote", "worth_of_it", "swap"),
    [
        ("0.02", "0", None, False),
        ("0.0201", "0", 0.001005, False),
        ("-0.0201", "0", -0.001005, False),
        ("0", "0.001", None, False),
        ("0", "0.0011", 0.0011, False),
        ("0.02", "0.0005", None, False),
        ("0.0201", "-0.000005", 0.001, True),
    ],
)
def test_more_than_a_thousandth_of_wealth_is_told(
    base: str,
    quote: str,
    worth_of_it: float | None,
    swap: bool,  # noqa: FBT001
) -> None:
    """And at the second look what is as good as one asset for the other; not again while nothing else is found."""
    expected, held = opened(), more(base, quote)
    found = expected.compare(held, PRICE)
    if swap:
        assert found == Comparison()
        found = expected.compare(held, PRICE)
    if worth_of_it is None:
        assert found == Comparison()
        return
    assert (found.found, found.explained, found.swap) == (more_than(base, quote), None, swap)
    assert more_than(base, quote).worth(PRICE) == pytest.approx(worth_of_it)
    assert expected.compare(held, PRICE) == Comparison()
    gone = expected.compare(more("0.02", "0"), PRICE)
    assert gone.explained == pytest.approx(worth_of_it)
    assert (gone.found, gone.swap) == (None, swap)
    assert not expected.unexplained


def test_what_is_absorbed_is_as_it_should_be() -> None:
    """It is neither found again nor explained."""
    expected, held = opened(), more("1", "0")
    assert expected.compare(held, PRICE).found == more_than("1", "0")
    expected.absorb()
    assert expected.compare(held, PRICE) == Comparison()
    assert expected.agree(held)


def test_a_balance_follows_a_trade_within_its_lag() -> None:
    """A trade that is to come is a wrong clock's."""
    expected = opened()
    expected.count_execution(trade(1, NOON), NOON)
    looks = {-1: True, 0: False, MINUTE - 1: False, MINUTE: True}
    assert {after: expected.settled(NOON + after, MINUTE) for after in looks} == looks
