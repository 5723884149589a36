"""One bot at one simulated exchange, bar by bar and pulse by pulse, with deaths in between: all of it from one seed."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from livestory.clock import HOUR, MINUTE, SECOND, ManualClock
from livestory.story.commands import Halt, Resume
from livestory.story.files.inbox import Posted
from livestory.story.reason import Reason
from livestory.trading.exchange.records import Balances
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.executor import Executor, TimePassed
from livestory.trading.market.bar import Bar
from livestory.trading.reconciliation.expected_balances import ROUNDED_BY
from livestory.trading.risk import RiskSettings
from livestory.trading.session import STATE, RunInfo
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from livestory.trading.strategy.rebalance import Signal
from tests.simulation.notebook import Notebook
from tests.simulation.world import NONE, TICK, Faults, Machine, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.trading.exchange.records import OrderRequest

START = 19_000 * 24 * HOUR
QUARTER = 15 * MINUTE
_BEAT = 5 * SECOND
_SETTINGS = structs.replace(StrategySettings(), rebalance=structs.replace(StrategySettings().rebalance, cooldown=0))


class Killed(BaseException):
    """The process is no more."""


class Fickle(Struct):
    """A strategy that wants something else at every bar."""

    seed: int

    def on_bar(self, bar: Bar, weight: float) -> Signal:  # noqa: ARG002  whatever there is, it wants something else
        drawn = Random(f"{self.seed} {bar.end}")  # noqa: S311  nothing secret is drawn
        wanted = drawn.choice((0.0, 0.2, 0.4, 0.6, 0.8))
        return Signal(wanted, Reason("fickle"))


class State(ExecutorState, kw_only=True):
    """An executor's state with that strategy in it."""

    strategy: Fickle  # type: ignore[assignment]  # a test's own


class Plan(Struct, frozen=True, kw_only=True):
    """What a run is made of."""

    seed: int = 1
    bars: int = 1_000_000
    orders_sent: int = 1_000_000
    orders: OrderSettings = OrderSettings()
    faults: Faults = Faults()
    deaths: float = 0.0  # share of the steps at which the process dies
    full_disk: float = 0.0  # share of the bars from which on nothing can be kept for a while
    words: float = 0.003  # share of the bars at which the owner halts the bot, or lets it go on
    crashes: float = 0.01  # share of the bars at which the price falls by a seventh


class Run:
    """Plays a plan, and knows what must hold at every moment of it."""

    def __init__(self, plan: Plan, story: Notebook | None = None, dies_at: int | None = None) -> None:
        """Before the first bar."""
        self.plan = plan
        self.random = Random(plan.seed + 1)  # noqa: S311  as above
        self.clock = ManualClock(START)
        self.world = World(plan.seed, self.clock, plan.faults)
        self.machine = Machine(self.world)
        self.story = story or Notebook()
        self.full_until = 0
        self.deaths: defaultdict[str, int] = defaultdict(int)
        self.accepted = 0  # times that the owner had to take the balance as it was
        self.uncommitted: set[str] = set()  # reducing orders sent without a ledger
        self.steps = 0  # at which the process might have died
        self.dies_at = dies_at  # the number of the step at which it does
        self.world.die = self._may_die
        self.world.check_intent = self._check_intent
        self.story.fails = self._full
        self.story.kept = lambda: self._may_die("after the commit")
        self.executor = self._born()

    def play(self) -> Run:
        """All the bars, or as many as it takes to send the orders; then quiet until everything has settled."""
        for number in count():
            if number >= self.plan.bars or len(self.world.orders) >= self.plan.orders_sent:
                break
            self._bar(number)
        self._settle(number)
        return self

    def _settle(self, number: int) -> None:
        """Bars without a fault, and time enough for whatever was under way."""
        self.world.faults, self.world.down_until, self.full_until = NONE, 0, 0
        self.plan = structs.replace(self.plan, deaths=0.0, full_disk=0.0, words=0.0)
        if self.executor.state.risk.hold is not None:
            self._say(Resume())
        for more in range(3):
            self._bar(number + more)
            for _ in range(60):
                self._pulse(_BEAT)

    def _bar(self, number: int) -> None:
        rng, world = self.random, self.world
        opened = world.price
        if rng.random() < self.plan.crashes:
            world.price = (world.price * 6 / 7).quantize(TICK)
        elif rng.random() < self.plan.crashes:
            world.price = (world.price * 7 / 6).quantize(TICK)
        self._drift(40)
        end = START + (number + 1) * QUARTER
        self.clock.set(end + 2 * SECOND)
        if rng.random() < self.plan.full_disk:
            self.full_until = end + rng.randint(1, 40) * MINUTE
        if rng.random() < self.plan.words:
            self._say(Resume() if self.executor.state.risk.hold else Halt(sell=rng.random() < 0.5))
        elif self.executor.state.risk.hold and rng.random() < 0.2:
            self._say(Resume())
        o, c = float(opened), float(world.price)
        bar = Bar(end - QUARTER, end, o, max(o, c), min(o, c), c, 1.0)
        self._guarded(lambda: self._hear(bar))
        world.live()
        for beat in range(QUARTER // _BEAT - 2):
            if beat > 3 and not (self.executor.state.orders or self.executor.state.orders.strays):
                break
            self._drift(3)
            self._pulse(_BEAT)
        self._owner_helps()

    def _hear(self, bar: Bar) -> None:
        self.executor.process(bar)
        self.executor.commit()

    def _pulse(self, after: int) -> None:
        self.clock.set(self.clock.now() + after)
        self.world.look()
        self._guarded(lambda: self.executor.process(TimePassed(self.machine.now())))

    def _drift(self, ticks: int) -> None:
        moved = self.world.price + TICK * self.random.randint(-ticks, ticks)
        self.world.price = max(moved, Decimal("0.01"))

    def _say(self, word: Halt | Resume) -> None:
        now = self.clock.now()
        self.story.posted.append(Posted(f"{now}-{len(self.story.posted)}", now, word))

    def _owner_helps(self) -> None:
        """An order that stays unknown for an hour is beyond proof: the owner looks, and accepts the balance."""
        for _, child in self.executor.state.orders.living():
            if child.lost_at is not None and self.clock.now() - child.lost_at > HOUR:
                self.accepted += 1
                self._say(Resume())
                return

    def _guarded(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Killed:
            self.world.trouble = None
            self.story.after_a_death()
            self.executor = self._born()
            self._guarded(self._return)

    def _return(self) -> None:
        now, price = self.clock.now(), float(self.world.price)
        if self.executor.state.summary.last_time is None:
            return  # killed before anything was kept: the next bar begins
        self.executor.begin(Bar(now, now + QUARTER, price, price, price, price, None), missed_bars=0)
        self.executor.commit()

    def _born(self) -> Executor:
        fresh = State.fresh("sim", _SETTINGS, RiskSettings(breaker=0.1, cooldown=HOUR), None)
        fresh.strategy = Fickle(self.plan.seed)
        info = RunInfo(mode="testnet", base="ETH", exchange="simulated", clock=self.machine)
        return Executor(fresh, self.story, lambda: (), info, self.world, self.plan.orders)

    def _may_die(self, step: str) -> None:
        self.steps += 1
        if self.steps == self.dies_at or self.random.random() < self.plan.deaths:
            self.deaths[step] += 1
            raise Killed(step)

    def _full(self) -> str:
        self._may_die("before the commit")
        if self.clock.now() < self.full_until:
            return self.random.choice(("before", "after"))
        return ""

    def _check_intent(self, request: OrderRequest) -> None:
        if request.client_order_id.encode() not in self.story.states.get(STATE, b""):
            self.uncommitted.add(request.client_order_id)
            if request.side == "buy":
                self.world.breaches.append(f"{request.client_order_id} buys without a ledger")

    # What must have held.

    def check(self) -> None:
        """Raise AssertionError unless the story, the ledger and the books are what happened at the exchange."""
        world, state, story = self.world, self.executor.state, self.story
        assert world.breaches == []
        if not self.plan.faults.steps:  # what a wrong clock has told before a death stays told
            assert story.backwards == []
        assert [name for name, placed in world.orders.items() if not placed.done] == []
        assert not state.orders
        assert state.orders.strays == {}
        _agree(told(story), traded(world))
        # A trade of an order that was called absent, cancelled or rejected could only be told on its own, as that of an
        # order that the ledger never had.
        alone = {"-".join(name.split("-")[:5]) for fill in story.fills if (name := fill.trade_id or "").count("-") > 4}
        assert alone <= self.uncommitted
        if not self.plan.faults.unexplained:
            difference = state.expected.difference(Balances(world.base, world.quote))
            assert not difference.base
            assert abs(difference.quote) <= ROUNDED_BY * len(world.trades_done)


def stem_of(name: str) -> str:
    """What all the children of one order have in common in their ids."""
    return "-".join(name.split("-")[:4])


def traded(world: World) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """What was traded of each of the bot's orders: quantity, value, fees."""
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for executed in world.trades_done:
        trade = executed.trade
        if trade.client_order_id.startswith("ls-"):
            _add(sums[stem_of(trade.client_order_id)], trade.quantity, trade.price, trade.fee or Decimal(0))
    return _rounded(sums)


def told(story: Notebook) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """What the story tells of each order."""
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    ids = [fill.trade_id for fill in story.fills]
    assert len(ids) == len(set(ids)), "a fill was told twice"
    for fill in story.fills:
        _add(sums[stem_of(fill.trade_id or "")], fill.quantity, fill.price, fill.fee or Decimal(0))
    return _rounded(sums)


def _add(sums: list[Decimal], quantity: Decimal, price: Decimal, fee: Decimal) -> None:
    sums[0] += quantity
    sums[1] += quantity * price
    sums[2] += fee


def _rounded(sums: dict[str, list[Decimal]]) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    return {
        name: (each[0].normalize(), round(each[1], 18).normalize(), round(each[2], 18).normalize())
        for name, each in sums.items()
    }


def _agree(
    told: dict[str, tuple[Decimal, Decimal, Decimal]], done: dict[str, tuple[Decimal, Decimal, Decimal]]
) -> None:
    """Quantities and fees to the last digit; values as far as an average price tells: to half a hundredth of a tick."""
    assert told.keys() == done.keys()
    for name, (quantity, value, fees) in done.items():
        assert (told[name][0], told[name][2]) == (quantity, fees)
        assert abs(told[name][1] - value) <= quantity * TICK / 200
