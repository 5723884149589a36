"""Orders by the thousand at an exchange that loses replies, shows things late, and is down: none doubled, none lost.

LIVESTORY_SIMULATED_ORDERS=100000 sends more of them.
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from msgspec import msgpack

from livestory.errors import LivestoryError
from livestory.trading.exchange.records import OrderReport, OrderStatus
from livestory.trading.execution.order_manager import OrderManager
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.execution.working_order import FINAL, ChildOrder, OrderEvent, OrderState, WorkingOrder
from livestory.trading.reconciliation.expected_balances import ROUNDED_BY, ExpectedBalances
from tests.simulation.run import Plan, Run
from tests.simulation.world import Faults

if TYPE_CHECKING:
    from livestory.trading.exchange.records import Balances

ORDERS = int(os.environ.get("LIVESTORY_SIMULATED_ORDERS", "4000"))
MARKET, LIMIT = OrderSettings(), OrderSettings(kind="limit", then="take")


@pytest.mark.parametrize("orders", [MARKET, LIMIT], ids=["market", "limit"])
def test_with_three_faults_in_ten_every_trade_of_the_exchange_is_told_exactly_once(orders: OrderSettings) -> None:
    """No order is doubled or orphaned, none is called rejected or absent that trades, and the books are exact."""
    run = Run(Plan(orders_sent=ORDERS, orders=orders)).play()
    run.check()
    assert len(run.world.orders) >= ORDERS
    assert sum(fill.found == "asked" for fill in run.story.fills) > ORDERS / 50
    assert run.accepted == 0  # nothing was beyond proof


@pytest.mark.parametrize("orders", [MARKET, LIMIT], ids=["market", "limit"])
@pytest.mark.parametrize("seed", range(4))
def test_so_it_is_for_a_bot_that_dies_again_and_again_and_whose_disk_is_full_at_times(
    seed: int, orders: OrderSettings
) -> None:
    """What was filled meanwhile is told at the return, sales that no ledger knew of too; no buy goes without one."""
    run = Run(Plan(seed=seed, bars=1_200, orders=orders, deaths=0.02, full_disk=0.02)).play()
    run.check()
    assert min(run.deaths[step] for step in ("before the commit", "before the send", "before the reply")) > 0
    assert any(fill.found == "away" for fill in run.story.fills)
    assert run.uncommitted


def test_money_that_comes_and_goes_unexplained_may_need_the_owner_but_no_trade_is_lost() -> None:
    """An order that can't be proven absent stays unknown until the owner takes the balance as it is."""
    runs = [Run(Plan(seed=seed, bars=600, faults=Faults(unexplained=0.05))).play() for seed in range(6)]
    for run in runs:
        run.check()
    assert sum(run.accepted for run in runs) > 0


@pytest.mark.parametrize("orders", [MARKET, LIMIT], ids=["market", "limit"])
@pytest.mark.parametrize("seed", range(3))
def test_a_machine_whose_clock_is_set_to_and_fro_and_others_orders_lose_no_trade(
    seed: int, orders: OrderSettings
) -> None:
    """Up to five minutes ahead or behind, found out at the next request; others' orders keep what they like."""
    run = Run(Plan(seed=seed, bars=800, orders=orders, deaths=0.005, faults=Faults(steps=0.1, locks=0.02))).play()
    run.check()


def test_one_seed_is_one_run() -> None:
    """The same bytes at the end, and the same words on the way."""
    first, second = (Run(Plan(seed=7, bars=300, deaths=0.01)).play() for _ in range(2))
    assert msgpack.encode(first.executor.state) == msgpack.encode(second.executor.state)
    assert (first.story.fills, first.story.facts) == (second.story.fills, second.story.facts)
    assert first.story.fills != Run(Plan(seed=8, bars=300, deaths=0.01)).play().story.fills


def absent_when_not_found(_manager: OrderManager, working: WorkingOrder, child: ChildOrder, _now: int) -> None:
    """What an exchange does not find, it does not have."""
    if child.state is OrderState.UNKNOWN:
        child.apply(OrderEvent.CANCEL)
        working.outcome = "absent"


def absent_after_a_while(_manager: OrderManager, _entry: ChildOrder, _now: int) -> bool:
    """What it does not find for a while, it does not have."""
    return True


def done_when_it_says_so(child: ChildOrder, report: OrderReport) -> None:
    """What it says is done is done."""
    if child.state in FINAL or report.status is OrderStatus.NOT_FOUND:
        return
    if report.status is not OrderStatus.OPEN:
        child.apply(OrderEvent.CANCEL)
    elif child.state is OrderState.UNKNOWN:
        child.apply(OrderEvent.ACCEPT)


def nothing_lost(_manager: OrderManager, _now: int) -> None:
    """What was under way when the process died did not happen."""


def all_agreed(_expected: ExpectedBalances, _balances: Balances) -> bool:
    """Balances are somebody else's affair."""
    return True


@pytest.mark.parametrize(
    ("part", "name", "shortcut"),
    [
        (OrderManager, "_not_found", absent_when_not_found),
        (OrderManager, "_is_absent", absent_after_a_while),
        (ChildOrder, "apply_report", done_when_it_says_so),
        (OrderManager, "after_a_restart", nothing_lost),
        (ExpectedBalances, "agree", all_agreed),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_bot_that_takes_a_shortcut_is_found_out(
    part: type, name: str, shortcut: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulation can fail: each of these has cost somebody money."""
    monkeypatch.setattr(part, name, shortcut)
    assert any(is_found_out(seed) for seed in range(40))


def is_found_out(seed: int) -> bool:
    """Whether a run of that seed ends as it must not."""
    try:
        Run(Plan(seed=seed, bars=600, deaths=0.01)).play().check()
    except (AssertionError, LivestoryError):
        return True
    return False


def test_the_simulation_conserves_money() -> None:
    """Itself: what there is comes from the opening balance, the trades and the flows."""
    world = Run(Plan(bars=300)).play().world
    trades = [executed.trade for executed in world.trades_done]
    flows = sum((flow.amount for _, flow in world.flows_done), Decimal(0))
    assert world.base == sum((trade.base_change for trade in trades), Decimal(0))
    quote = 10 + flows + sum((trade.quote_change for trade in trades), Decimal(0))
    assert abs(world.quote - quote) <= ROUNDED_BY * len(trades)
