"""Dying at each step of the order cycle, one after the other: the next process finds out what the last one did."""

from __future__ import annotations

import pytest

from livestory.trading.execution.tactics import OrderSettings
from tests.simulation.run import Plan, Run
from tests.simulation.world import NONE, Faults

CALM = Plan(seed=3, bars=16, faults=NONE, crashes=0.2, words=0.1)
ROUGH = Plan(seed=3, bars=16, faults=Faults(), crashes=0.2, words=0.1)


@pytest.mark.parametrize("plan", [CALM, ROUGH], ids=["calm", "rough"])
@pytest.mark.parametrize("kind", ["market", "limit"])
def test_dead_at_any_step_of_any_order_the_bot_comes_back_and_tells_the_truth(plan: Plan, kind: str) -> None:
    """Before and after each commit, before each send, before each reply, before each cancel; buys, sales, breaker."""
    settings = OrderSettings(kind="limit", then="take") if kind == "limit" else OrderSettings()
    plan = Plan(**{**{name: getattr(plan, name) for name in plan.__struct_fields__}, "orders": settings})
    whole = Run(plan).play()
    whole.check()
    died = set()
    for step in range(1, whole.steps + 1):
        run = Run(plan, dies_at=step).play()
        run.check()
        died |= set(run.deaths)
    assert died >= {"before the commit", "after the commit", "before the send", "before the reply"}
    assert kind == "market" or "before the cancel" in died
