"""An exchange outside the bot's process, and everything that goes wrong on the way to it: seeded, no time of its own.

It keeps the truth (orders, trades, balances) apart from what it shows, which may be late, doubled, or nothing at all.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import MINUTE, SECOND, ManualClock
from livestory.story.reason import Reason
from livestory.trading.exchange.protocol import checked
from livestory.trading.exchange.records import (
    Accepted,
    AccountFlow,
    Answer,
    Balances,
    Book,
    Execution,
    Filters,
    OpenOrder,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    Side,
    Trouble,
    Unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.trading.market.bar import Bar
    from livestory.trading.risk import Approved

FEE = Decimal("0.001")
TICK, STEP = Decimal("0.00001"), Decimal("0.0001")
_ZERO = Decimal(0)
_LATEST = 20 * SECOND  # the longest that a balance is shown late
_HIDDEN = 90 * SECOND  # the longest that an order and its trades are: longer than it takes to be called absent
_STEPPED = 5 * MINUTE  # the most that the machine's clock is wrong by
_RECEIVED = 5 * SECOND  # how old a request may be when it comes; one from the future is turned away at a second
_WINDOW = 5 * SECOND  # how long after it was sent an order may still be taken


class Placed(Struct):
    """An order as the exchange has it."""

    request: OrderRequest
    sent_at: int
    acts_at: int  # a request may be on its way for a while
    shown_at: int  # to those who ask
    executed: Decimal = _ZERO
    done: bool = False
    taken: bool = False


class Executed(Struct):
    """A trade, and from when on it is shown."""

    trade: Execution
    shown_at: int


class Faults(Struct, frozen=True, kw_only=True):
    """How often what goes wrong, as shares of the calls concerned; 0 to 1."""

    rate: float = 0.3  # of calls that meet any fault
    outages: float = 0.002  # of calls that begin one of up to two minutes
    foreign: float = 0.01  # of looks at which the owner has traded by hand
    flows: float = 0.003  # of looks at which something was paid in or out
    unexplained: float = 0.0  # of looks at which a balance changed that no history explains
    steps: float = 0.0  # of looks at which the machine's clock is set to another time
    locks: float = 0.0  # of looks at which an order on another market keeps more or less of the account


NONE = Faults(rate=0.0, outages=0.0, foreign=0.0, flows=0.0)


class World:
    """The exchange, as the protocol has it; ``die`` is called at each step of a conversation."""

    outside = True
    has_flows = True
    closed: str | None = None
    clock_ahead = 0  # as the adapter knows it: since a request was last turned away

    def __init__(self, seed: int, clock: ManualClock, faults: Faults, price: Decimal = Decimal("0.05")) -> None:
        """Draw everything from ``seed``; 10 of the quote asset, nothing of the base."""
        self.random = Random(seed)  # noqa: S311  nothing secret is drawn
        self.clock = clock
        self.faults = faults
        self.price = price
        self.base, self.quote = _ZERO, Decimal(10)
        self.kept = _ZERO  # by others' orders, as a share of each asset
        self.off = 0  # by how much the machine's clock is ahead
        self.orders: dict[str, Placed] = {}
        self.active: list[Placed] = []
        self.trades_done: list[Executed] = []
        self.flows_done: list[tuple[int, AccountFlow]] = []  # with the instant from which the history shows each
        self.before: list[tuple[int, Balances]] = []  # how the account was, for those who see it late
        self.trouble: Trouble | None = None
        self.down_until = 0
        self.breaches: list[str] = []
        self.die: Callable[[str], object] = lambda _step: None
        self.check_intent: Callable[[OrderRequest], object] = lambda _attempt: None

    # What the world does by itself.

    def look(self) -> None:
        """Let everything happen that is due by now."""
        now = self.clock.now()
        for placed in self.active:
            if not placed.done and now >= placed.acts_at:
                self._work(placed, now)
        self.active = [placed for placed in self.active if not placed.done]

    def live(self) -> None:
        """Let the owner trade by hand and move money, as often as the faults say."""
        draw = self.random.random()
        if draw < self.faults.foreign:
            side: Side = self.random.choice(("buy", "sell"))
            self._execute("web-1", side, STEP * self.random.randint(1, 50), self.price, at=self.clock.now())
        elif draw < self.faults.foreign + self.faults.flows:
            self._pay(self.random.choice((-1, 1)) * Decimal(self.random.randint(1, 9)) / 100)
        elif draw < self.faults.foreign + self.faults.flows + self.faults.unexplained:
            self._change(_ZERO, Decimal(self.random.randint(-9, 9)) / 50)
        elif (draw := 1 - draw) < self.faults.steps:
            self.off = self.random.choice((0, self.random.randint(-_STEPPED, _STEPPED)))
        elif draw < self.faults.steps + self.faults.locks:
            self.kept = self.random.choice((_ZERO, Decimal("0.1"), Decimal("0.3")))

    def _pay(self, amount: Decimal) -> None:
        now = self.clock.now()
        flow = AccountFlow(flow_id=f"f{len(self.flows_done)}", time=now, asset="quote", amount=amount)
        self.flows_done.append((now + self._late(), flow))
        self._change(_ZERO, amount)

    def _work(self, placed: Placed, now: int) -> None:
        request, rng = placed.request, self.random
        if not placed.taken:
            placed.taken = True
            if request.limit is None and not self._affordable(request):
                placed.done = True  # expired: too little there by then
                return
        if request.limit is not None:
            through = self.price < request.limit if request.side == "buy" else self.price > request.limit
            if not through:
                return
        faulty = rng.random() < self.faults.rate
        rest = request.quantity - placed.executed
        if faulty and rest > STEP:
            rest = max((rest * rng.randint(1, 9) / 10).quantize(STEP), STEP)
        price = request.limit or self.price + TICK * rng.randint(0, 3) * (1 if request.side == "buy" else -1)
        self._execute(request.client_order_id, request.side, rest, price, at=now)
        placed.executed += rest
        if placed.executed == request.quantity or (faulty and request.limit is None and rng.random() < 0.3):
            placed.done = True

    def _affordable(self, request: OrderRequest) -> bool:
        if request.side == "sell":
            return request.quantity <= self.base * (1 - self.kept)
        return request.quantity * (self.price + 3 * TICK) <= self.quote * (1 - self.kept)

    def _execute(self, name: str, side: Side, quantity: Decimal, price: Decimal, at: int) -> None:
        fee_in_base = side == "buy" and not name.startswith("web")
        value = _rounded(quantity * price)
        fee = _rounded(quantity * FEE if fee_in_base else value * FEE)
        trade = Execution(
            trade_id=f"t{len(self.trades_done)}",
            client_order_id=name,
            time=at,
            side=side,
            quantity=quantity,
            price=price,
            fee=fee * price if fee_in_base else fee,
            base_fee=fee if fee_in_base else _ZERO,
            quote_fee=_ZERO if fee_in_base else fee,
        )
        self.trades_done.append(Executed(trade, at + self._late(_LATEST if name.startswith("web") else _HIDDEN)))
        self._change(trade.base_change, (-value if side == "buy" else value) - trade.quote_fee)

    def _change(self, base: Decimal, quote: Decimal) -> None:
        now = self.clock.now()
        self.before = [(time, was) for time, was in self.before if time > now - _LATEST][-20:]
        self.before.append((now, self.account()))
        self.base += base
        self.quote += quote

    def _late(self, at_most: int = _LATEST) -> int:
        return self.random.randint(0, at_most) if self.random.random() < self.faults.rate / 3 else 0

    def account(self) -> Balances:
        """What there is, and how much of it the open orders keep."""
        open_ = [(each.request, each.request.quantity - each.executed) for each in self.active if each.taken]
        base = sum((rest for request, rest in open_ if request.side == "sell"), _ZERO)
        quote = sum((rest * (request.limit or _ZERO) for request, rest in open_ if request.side == "buy"), _ZERO)
        return Balances(
            self.base,
            self.quote,
            min(base + _rounded(self.base * self.kept), self.base),
            min(quote + _rounded(self.quote * self.kept), self.quote),
        )

    # What it is asked. A call may be answered with nothing, having acted or not.

    def _fails(self) -> bool:
        now, rng = self.clock.now(), self.random
        self.look()
        if now < self.down_until or rng.random() < self.faults.outages:
            if now >= self.down_until:
                self.down_until = now + rng.randint(1, 2 * MINUTE)
            self._trouble(now)
            return True
        if rng.random() < self.faults.rate / 3:
            self._trouble(now)
            return True
        self.trouble = None
        self._set_clock()
        return False

    def _set_clock(self) -> None:
        """A request whose time is too far off is turned away; the adapter asks for the time, and sends it again."""
        if not -_RECEIVED <= self.off - self.clock_ahead <= SECOND:
            self.clock_ahead = self.off

    def _trouble(self, now: int) -> None:
        before = self.trouble
        self.trouble = Trouble(
            since=before.since if before else now + self.off,
            problem="no answer",
            tries=before.tries + 1 if before else 1,
        )

    def refresh(self, now: int) -> None:
        """Nothing changes here."""

    def filters(self) -> Filters:
        return Filters(TICK, STEP, Decimal("0.0001"), FEE)

    def balances(self) -> Balances | None:
        if self._fails():
            return None
        if self.before and self.random.random() < self.faults.rate / 10:
            time, was = self.random.choice(self.before)
            if time > self.clock.now() - _LATEST:
                return was
        return self.account()

    def book(self) -> Book | None:
        return None if self._fails() else Book(self.price, self.price + TICK)

    def submit(self, approved: Approved, request: OrderRequest) -> Answer:
        request = checked(approved, request)
        name, now, rng = request.client_order_id, self.clock.now(), self.random
        self.check_intent(request)
        self.die("before the send")
        self.look()
        self._set_clock()
        if name in self.orders:
            self.breaches.append(f"{name} was sent twice")
        for other in self.active:
            if not (name.split("-")[3] == "e" and now - other.sent_at >= MINUTE):  # a leg that sells everything
                self.breaches.append(f"{name} is sent while {other.request.client_order_id} lives")
        fault = rng.random() < self.faults.rate
        fate = rng.choice(("lost before", "lost after", "late", "refused")) if fault else "taken"
        if now < self.down_until:
            fate = rng.choice(("lost before", "refused"))
        if fate == "lost before":
            self.die("before the reply")
            return Unanswered("timed out")
        if fate == "refused":
            return Rejected(Reason("rejected", text="for no reason"))
        if request.limit is not None and (
            request.limit > self.price if request.side == "buy" else request.limit <= self.price
        ):
            return Rejected(Reason("would_take"))
        acts_at = now + (rng.randint(0, _WINDOW) if fate == "late" else 0)
        placed = self.orders[name] = Placed(request, now, acts_at, acts_at + self._late(_HIDDEN))
        self.active.append(placed)
        self.look()
        self.die("before the reply")
        return Accepted() if fate == "taken" else Unanswered("connection closed")

    def cancel(self, client_order_id: str) -> OrderReport | None:
        self.die("before the cancel")
        if self.random.random() < self.faults.rate / 3:  # lost before anything was done
            self._trouble(self.clock.now())
            return None
        self.look()
        placed = self.orders.get(client_order_id)
        if placed is None or self.clock.now() < max(placed.acts_at, placed.shown_at):
            return None if self._fails() else OrderReport(OrderStatus.NOT_FOUND)
        placed.done = True
        if self._fails():
            return None
        return self._report(placed)

    def query(self, client_order_id: str) -> OrderReport | None:
        if self._fails():
            return None
        placed = self.orders.get(client_order_id)
        if placed is None or self.clock.now() < max(placed.shown_at, placed.acts_at):
            return OrderReport(OrderStatus.NOT_FOUND)
        return self._report(placed)

    @staticmethod
    def _report(placed: Placed) -> OrderReport:
        if not placed.done:
            return OrderReport(OrderStatus.OPEN, placed.executed)
        whole = placed.executed == placed.request.quantity
        return OrderReport(OrderStatus.FILLED if whole else OrderStatus.CANCELLED, placed.executed)

    def executions(self, since: int, bar: Bar | None = None) -> list[Execution] | None:  # noqa: ARG002  for paper
        if self._fails():
            return None
        now, found = self.clock.now(), []
        for executed in reversed(self.trades_done):
            if executed.trade.time < since - MINUTE:  # some that nobody asked for
                break
            if executed.shown_at <= now:
                found.append(executed.trade)
        found.reverse()
        return found * 2 if self.random.random() < self.faults.rate / 3 else found

    def open_orders(self) -> list[OpenOrder] | None:
        if self._fails():
            return None
        now = self.clock.now()
        return [
            OpenOrder(
                client_order_id=placed.request.client_order_id,
                side=placed.request.side,
                quantity=placed.request.quantity,
                filled=placed.executed,
                limit=placed.request.limit,
            )
            for placed in self.active
            if not placed.done and placed.taken and placed.shown_at <= now
        ]

    def flows(self, since: int) -> list[AccountFlow] | None:
        if self._fails():
            return None
        now = self.clock.now()
        return [flow for shown_at, flow in self.flows_done if flow.time >= since and shown_at <= now]

    def close(self) -> None:
        """Nothing is held open."""


class Machine:
    """The clock of the bot's machine, which is set to a wrong time now and then."""

    def __init__(self, world: World) -> None:
        """The exchange's is right."""
        self._world = world

    def now(self) -> int:
        """The present, as the machine has it."""
        return self._world.clock.now() + self._world.off


def _rounded(amount: Decimal) -> Decimal:
    """Money as the exchange keeps it: to eight decimals."""
    return amount.quantize(Decimal("1E-8"), ROUND_DOWN)
