"""The executor: bar by bar it asks the strategy, then risk, then the exchange, and tells the story.

It orders the calls and does no arithmetic of its own. `LiveExecutor.on_bar` is synchronous and complete in itself;
`livestory.trading.run` is the loop around it.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field, msgpack

from livestory.clock import Clock
from livestory.story.observation import Begin, End, Observation, Reason, Skip
from livestory.trading.exchange import Balances, Exchange, Rejected, Unanswered
from livestory.trading.exchange.paper import PaperExchange, PaperSettings
from livestory.trading.orders import FINAL, OrderEvent, OrderLedger, OrderState
from livestory.trading.risk import HALTED, Approved, Refused, Risk, RiskSettings
from livestory.trading.rules import rules_in_force
from livestory.trading.sizing import order_for
from livestory.trading.strategy.choice import Strategy, StrategySettings, strategy_of
from livestory.trading.strategy.rebalance import Proposal, rebalance
from livestory.trading.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.story.events import Rules
    from livestory.trading.market.bar import Bar
    from livestory.trading.orders import Order
    from livestory.trading.story_port import Story
    from livestory.trading.strategy.signal import Signal

STATE = "executor"
"""The name under which the executor's state is kept with the story."""

_ORDER_OPEN = Reason("order_open")


class Scene(Struct, frozen=True, kw_only=True):
    """What the executor tells of its run without needing it itself."""

    mode: str = "paper"  # "simulated", "replay" or "paper"
    market: str | None = None  # where the bars come from, in a few words
    base: str | None = None  # the base asset's name
    ath_min_gain: float | None = None  # the story's own rule for records
    clock: Clock | None = None  # when a stop is told; None: with the last bar, as in a replay


class ExecutorState(Struct, kw_only=True):
    """Everything about the executor that survives a restart."""

    bot: str
    settings: StrategySettings
    strategy: Strategy
    risk: Risk
    exchange: PaperExchange
    orders: OrderLedger = field(default_factory=OrderLedger)
    summary: Summary = field(default_factory=Summary)
    bars_since_trade: int | None = None
    put_off: str = ""  # the side and reason of the put-off trade that was told last
    ended: bool = False  # the bars ran out, and that was told

    @classmethod
    def fresh(cls, bot: str, strategy: StrategySettings, risk: RiskSettings, paper: PaperSettings) -> Self:
        """A paper-trading executor of the name ``bot``, before its first bar."""
        return cls(
            bot=bot,
            settings=strategy,
            strategy=strategy_of(strategy, risk.max_weight),
            risk=Risk(risk),
            exchange=PaperExchange.opened(paper),
        )

    def warm_up(self, bars: Iterable[Bar]) -> None:
        """Show the strategy ``bars`` that came before the first one it decides at."""
        weight = self.exchange.balances().weight(self.summary.price)
        for bar in bars:
            self.strategy.on_bar(bar, weight)

    def resume(self, saved: bytes, history: Callable[[], Iterable[Bar]]) -> Self:
        """The state ``saved`` under the settings of this one, which must be fresh.

        Where what the strategy is set by has changed, its indicators are built anew from the bars of ``history`` (from
        the first one on) that had been heard; money, orders and risk stay as they were.
        """
        state = msgpack.decode(saved, type=type(self))
        rebuilt = state.settings != self.settings or state.risk.settings.max_weight != self.risk.settings.max_weight
        state.settings, state.risk.settings = self.settings, self.risk.settings
        state.exchange.settings = self.exchange.settings
        if rebuilt:
            heard = state.summary.last_time or 0
            state.strategy = self.strategy
            state.warm_up(takewhile(lambda bar: bar.end <= heard, history()))
        return state


class LiveExecutor:
    """One bot on one symbol: the only one who moves its `ExecutorState`."""

    def __init__(
        self,
        fresh: ExecutorState,
        story: Story,
        history: Callable[[], Iterable[Bar]],
        scene: Scene = Scene(),  # noqa: B008  it is frozen
    ) -> None:
        """Go on from the state kept with ``story``, under the settings of ``fresh``; else begin with ``fresh``.

        ``history`` gives the bars from the first one on; it is called only if indicators must be built anew. An order
        whose send may have been cut short counts as unknown until the exchange has been asked.
        """
        saved = story.state(STATE)
        state = fresh if saved is None else fresh.resume(saved, history)
        self.state = state
        self.begun = False
        self._exchange: Exchange = state.exchange
        self._filters = self._exchange.filters()
        self._story = story
        self._scene = scene
        for entry in state.orders.in_state(OrderState.INTENDED, OrderState.SENT):
            entry.happen(OrderEvent.LOSE)

    def begin(self, bar: Bar, missed_bars: int | None = None) -> None:
        """Tell the start or the return at the open of ``bar``, the next to be heard, and the rules in force.

        ``missed_bars`` is how many of the coming bars are older than the return; None in a replay.
        """
        state, balances = self.state, self._exchange.balances()
        wealth = balances.wealth(bar.open)
        if state.summary.first_time is None:
            state.summary.begin(bar, wealth)
        self._story.begin(
            Begin(
                time=bar.open_time,
                mode=self._scene.mode,
                market=self._scene.market,
                interval=bar.end - bar.open_time,
                wealth=wealth,
                position=float(balances.base),
                cash=float(balances.quote),
                price=bar.open,
                missed_bars=missed_bars,
            )
        )
        self._story.rules(bar.open_time, self._rules())
        state.ended = False
        self.begun = True

    def on_bar(self, bar: Bar) -> None:
        """Hear one bar: fills at its open, then the decision at its end. One that isn't newer changes nothing."""
        state = self.state
        summary = state.summary
        if summary.last_time is not None and bar.open_time < summary.last_time:
            return
        if not self.begun:
            self.begin(bar)
        if state.orders:
            self._hear(bar)
        balances = self._exchange.balances()
        wealth, weight = balances.wealth(bar.close), balances.weight(bar.close)
        signal = state.strategy.on_bar(bar, weight)
        state.risk.assess(bar.end, wealth, signal.score)
        summary.on_bar(bar, wealth)
        if state.bars_since_trade is not None:
            state.bars_since_trade += 1
        decision = self._decide(bar, signal, balances, weight)
        reason = None if isinstance(decision, Approved) else decision
        self._story.observe(self._observation(bar, signal, balances, weight, reason))
        if isinstance(decision, Approved):
            self._send(decision)

    def end(self, by: str) -> None:
        """Tell the stop: by "you", by "bars" that ran out, or by an "error"."""
        summary, clock = self.state.summary, self._scene.clock
        time = summary.last_time if clock is None else clock.now()
        if time is None:
            return
        self.state.ended = by == "bars"
        position = float(self._exchange.balances().base)
        self._story.end(End(time=time, by=by, wealth=summary.wealth, position=position))

    def commit(self) -> None:
        """Keep what was told and the state, in one transaction."""
        self._story.commit({STATE: msgpack.encode(self.state)})

    def _hear(self, bar: Bar) -> None:
        orders = self.state.orders
        for trade in self._exchange.trades(orders.since(), bar):
            orders.trade(trade)
        for client_order_id, entry in orders.entries.items():
            if entry.state not in FINAL:
                standing = self._exchange.query(client_order_id)
                if standing is not None:
                    entry.stand(standing)
        for entry in orders.take_finished():
            fill = entry.fill(self._exchange.balances())
            if fill is None:
                self._put_off(entry.order, bar.open_time, Reason("unfilled"))
            else:
                self.state.summary.on_fill(fill)
                self._story.fill(fill)

    def _decide(self, bar: Bar, signal: Signal, balances: Balances, weight: float) -> Approved | Reason:
        state = self.state
        risk = state.risk
        if state.orders:
            return _ORDER_OPEN
        proposal: Proposal | Reason
        if not risk.halted:
            proposal = rebalance(risk.cap(signal), weight, state.bars_since_trade, state.settings.rebalance)
        elif self._filters.quantity(balances.base):
            proposal = risk.sell_all()
        else:
            proposal = HALTED
        if isinstance(proposal, Reason):
            return proposal
        order = order_for(proposal, bar, balances, self._filters, state.bot)
        verdict = risk.approve(order)
        if isinstance(verdict, Refused):
            return verdict.reason
        problem = self._filters.problem(order.quantity, order.reference)
        if problem is not None:
            self._put_off(order, bar.end, problem)
            return problem
        return verdict

    def _send(self, approved: Approved) -> None:
        state, order = self.state, approved.order
        entry = state.orders.intend(order)
        if self._exchange.outside:
            self.commit()  # the intent is kept before anything leaves
        entry.happen(OrderEvent.SEND)
        answer = self._exchange.submit(approved)
        if isinstance(answer, Rejected):
            entry.happen(OrderEvent.REJECT)
            for _ in state.orders.take_finished():
                self._put_off(order, order.time, answer.reason)
            return
        entry.happen(OrderEvent.LOSE if isinstance(answer, Unanswered) else OrderEvent.ACCEPT)
        state.bars_since_trade = 0
        state.put_off = ""

    def _put_off(self, order: Order, time: int, reason: Reason) -> None:
        told = f"{order.side} {reason.key}"
        if told != self.state.put_off:
            self.state.put_off = told
            self._story.skip(Skip(time=time, reason=reason, side=order.side, quantity=order.quantity or None))

    def _observation(
        self, bar: Bar, signal: Signal, balances: Balances, weight: float, no_trade_reason: Reason | None
    ) -> Observation:
        state = self.state
        risk = state.risk
        return Observation(
            time=bar.end,
            wealth=state.summary.wealth,
            price=bar.close,
            position=float(balances.base),
            weight=weight,
            target_weight=0.0 if risk.halted else signal.target_weight,
            regime=signal.regime,
            score=signal.score,
            threshold=state.settings.regime.threshold,
            drawdown=risk.drawdown,
            halted=risk.halted,
            halt_reason="breaker" if risk.halted else None,
            resume_at=risk.resume_at,
            resume_score=risk.settings.resume_score,
            daily_loss_hit=risk.daily_loss_hit,
            day_return=risk.day_return,
            no_trade_reason=no_trade_reason,
            next_due=bar.end + (bar.end - bar.open_time),
        )

    def _rules(self) -> Rules:
        state, scene = self.state, self._scene
        return rules_in_force(
            state.risk.settings,
            state.settings,
            state.exchange.settings,
            base=scene.base,
            ath_min_gain=scene.ath_min_gain,
        )
