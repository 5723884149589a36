"""An executor whose orders go to an exchange outside: the simulated one, where only what a test says fails."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import structs

from livestory.clock import HOUR, MINUTE, SECOND, ManualClock
from livestory.trading.exchange.records import (
    OrderReport,
    OrderStatus,
    Unanswered,
)
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.executor import Executor, TimePassed
from livestory.trading.risk import RiskSettings
from livestory.trading.session import RunInfo
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from tests.simulation.world import NONE, Machine, World
from tests.trading.rehearsal import MIDNIGHT, NO_BARS, QUARTER, RecordingStory, Script, bar_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.trading.exchange.records import (
        AccountFlow,
        Answer,
        Balances,
        Book,
        Execution,
        OpenOrder,
        OrderRequest,
    )
    from livestory.trading.market.bar import Bar
    from livestory.trading.risk import Approved
    from livestory.trading.strategy.rebalance import Signal

LOST = Unanswered("timed out")


class ScriptedState(ExecutorState, kw_only=True):
    """An executor's state with a script for a strategy."""

    strategy: Script  # type: ignore[assignment]  # a test's own


class Stage(World):
    """The simulated exchange with faults by hand: names of methods that do not answer, and submits by their fate."""

    def __init__(self, clock: ManualClock) -> None:
        """Nothing fails."""
        super().__init__(1, clock, NONE)
        self.silent: set[str] = set()
        self.not_found = False  # no order is found by its id
        self.fates: list[Answer | str] = []  # of the next submits: an answer instead of taking it, or "lost" after that
        self.sent: list[OrderRequest] = []
        self.has_flows = True

    def submit(self, approved: Approved, request: OrderRequest) -> Answer:
        self.sent.append(request)
        fate = self.fates.pop(0) if self.fates else ""
        if fate and fate != "lost":
            return fate  # type: ignore[return-value]  # an answer
        answer = super().submit(approved, request)
        return LOST if fate else answer

    def balances(self) -> Balances | None:
        return None if "balances" in self.silent else super().balances()

    def query(self, client_order_id: str) -> OrderReport | None:
        if self.not_found:
            return OrderReport(OrderStatus.NOT_FOUND)
        return None if "query" in self.silent else super().query(client_order_id)

    def executions(self, since: int, bar: Bar | None = None) -> list[Execution] | None:
        return None if "trades" in self.silent else super().executions(since, bar)

    def open_orders(self) -> list[OpenOrder] | None:
        return None if "open_orders" in self.silent else super().open_orders()

    def flows(self, since: int) -> list[AccountFlow] | None:
        return None if "flows" in self.silent else super().flows(since)

    def book(self) -> Book | None:
        return None if "book" in self.silent else super().book()


class Rehearsal:
    """One bot at one stage; `restart` is what a new process does."""

    def __init__(
        self,
        wishes: Sequence[Signal],
        orders: OrderSettings = OrderSettings(),  # noqa: B008  it is frozen
        risk: RiskSettings | None = None,
        story: RecordingStory | None = None,
    ) -> None:
        """Before the first bar, at midnight."""
        self.clock = ManualClock(MIDNIGHT)
        self.stage = Stage(self.clock)
        self.machine = Machine(self.stage)
        self.story = story or RecordingStory()
        self.wishes = list(wishes)
        self.orders = orders
        self.risk = risk or RiskSettings(cooldown=HOUR)
        self.number = 0
        self.executor = self._executor()

    def bar(self, close: float = 0.05, late: int = 2 * SECOND) -> None:
        """The next bar closes at that price, and is heard a moment later."""
        price = float(self.stage.price)
        self.stage.price = Decimal(str(close))
        bar = bar_at(self.number, price, close)
        self.number += 1
        self.clock.set(bar.end + late)
        self.executor.process(bar)
        self.executor.commit()

    def pulses(self, seconds: int, every: int = 1) -> None:
        """Time passes, pulse by pulse."""
        for _ in range(seconds // every):
            self.clock.set(self.clock.now() + every * SECOND)
            self.stage.look()
            self.executor.process(TimePassed(self.machine.now()))

    def wants(self, *wishes: Signal) -> None:
        """From here on the strategy has another script."""
        self.executor.state.strategy = Script(list(wishes))  # type: ignore[assignment]  # a test's own

    def trip(self) -> None:
        """The breaker has tripped, whatever the wealth is."""
        self.executor.state.risk.resume_at = self.clock.now() + 2 * HOUR

    def restart(self, after: int = MINUTE) -> None:
        """The process dies as it is and another starts, from what was committed."""
        del self.story.told[self.story.kept :]
        self.clock.set(self.clock.now() + after)
        self.executor = self._executor()
        now, price = self.clock.now(), float(self.stage.price)
        bar = structs.replace(bar_at(0, price, price), open_time=now, end=now + QUARTER)
        self.executor.begin(bar, missed_bars=0)
        self.executor.commit()

    @property
    def state(self) -> ExecutorState:
        return self.executor.state

    def _executor(self) -> Executor:
        settings = StrategySettings()
        settings = structs.replace(settings, rebalance=structs.replace(settings.rebalance, cooldown=0))
        fresh = ScriptedState.fresh("test", settings, self.risk, None)
        fresh.strategy = Script(list(self.wishes))
        info = RunInfo(mode="testnet", base="ETH", symbol="ETH/BTC", exchange="stage", clock=self.machine)
        return Executor(fresh, self.story, lambda: NO_BARS, info, self.stage, self.orders)
