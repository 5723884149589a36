"""The executor: bar by bar it asks the strategy, then risk, then the exchange, and tells the story.

It orders the calls and does no arithmetic of its own. `LiveExecutor.on_bar` and `LiveExecutor.on_pulse` are synchronous
and complete in themselves: `livestory.trading.run` is the loop around the first, and `livestory.trading.pulse` calls
the second while the loop waits for a bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import msgpack, structs

from livestory.clock import MINUTE, SECOND
from livestory.errors import JournalError
from livestory.story.inputs import End, Statement
from livestory.story.kinds.risk import Halted
from livestory.story.reason import Reason
from livestory.trading.dealing import Dealer
from livestory.trading.deciding import order_wanted, proposed
from livestory.trading.exchange import exact
from livestory.trading.executor_state import ExecutorState
from livestory.trading.hand import Hand
from livestory.trading.in_order import InOrder
from livestory.trading.observing import beginning_of, observation_of
from livestory.trading.outcomes import Outcomes
from livestory.trading.present import Present
from livestory.trading.pursuit import OrderSettings, Send
from livestory.trading.reckoning import Accountant
from livestory.trading.risk import Hold
from livestory.trading.rules import rules_of
from livestory.trading.scene import Scene
from livestory.trading.selling_out import SellingOut
from livestory.trading.strategy.rebalance import Proposal
from livestory.trading.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.story.commands import Command
    from livestory.story.kinds.base import Facts
    from livestory.trading.exchange import Balances, Exchange
    from livestory.trading.market.bar import Bar
    from livestory.trading.orders import Order
    from livestory.trading.story_port import Story
    from livestory.trading.strategy.signal import Signal

__all__ = ["STATE", "ExecutorState", "LiveExecutor", "Scene"]

STATE = "executor"
"""The name under which the executor's state is kept with the story."""

_ACCOUNT_ASKED_EVERY = 5 * SECOND  # for a bar that waits for it
_BALANCES_LAG = MINUTE // 2  # after a trade, before a difference means anything

Decision = tuple["Order", Send] | Reason | None


class LiveExecutor:
    """One bot on one symbol: the only one who moves its `ExecutorState`."""

    def __init__(  # noqa: PLR0913, PLR0917 - who it is, to whom it tells, where it trades and how
        self,
        fresh: ExecutorState,
        story: Story,
        history: Callable[[], Iterable[Bar]],
        scene: Scene = Scene(),  # noqa: B008  it is frozen
        exchange: Exchange | None = None,
        orders: OrderSettings = OrderSettings(),  # noqa: B008  it is frozen
    ) -> None:
        """Go on from the state kept with ``story``, under the settings of ``fresh``; else begin with ``fresh``.

        ``history`` gives the bars from the first one on; it is called only if indicators must be built anew.
        ``exchange`` is where the account is; None: on paper, in the state itself. ``orders`` says how orders are sent
        to an exchange outside; on paper each is filled at the next open.
        """
        saved = story.state(STATE)
        state = fresh if saved is None else fresh.resume(saved, history)
        account = exchange or state.paper
        if account is None:
            message = "an executor needs an exchange or a paper account"
            raise ValueError(message)
        self.state = state
        self.begun = False
        self.in_a_pulse = False  # and still so after a pulse that raised
        self.ledger_trouble: str | None = None  # why the ledger can't be kept now
        self._exchange = account
        self._outside = account.outside
        self._present = Present(account, scene.clock)
        self._live = account.outside or scene.clock is not None  # somebody may say something, or something happen
        self._filters = account.filters()
        self._orders = orders
        self._in_order = InOrder(story)
        self._story = story = self._in_order if self._live else story
        self._scene = scene
        self._outcomes = Outcomes(state, account, story, scene)
        self._accountant = Accountant(account, state.books, state.risk, story, scene)
        self._dealer = Dealer(
            account,
            state.orders,
            state.books,
            orders,
            state.bot,
            self.commit,
            state.risk.approve,
            lambda now: self._accountant.read_history(now, state.summary.price),
            lambda: self._hand.halt_waits,
        )
        self._surroundings = Surroundings(state, account, self._dealer, story, scene)
        self._selling_out = SellingOut(state, account, self._dealer, self._outcomes, self._hear)
        self._hand = Hand(state, account, self._dealer, self._accountant, self._hear, story, scene)
        self._saved = saved
        self._news = False  # something may have been told that is not committed
        self._due = 0  # the end of the next bar
        self._waiting: Bar | None = None  # the newest bar, while nobody knows what the account holds
        self._retry_at = 0  # when the account is asked for it again

    def begin(self, bar: Bar, missed_bars: int | None = None) -> None:
        """Tell the start or the return at the open of ``bar``, the next to be heard, and the rules in force.

        Whatever happened at an exchange meanwhile is found out first and told after it. ``missed_bars`` is how many of
        the coming bars are older than the return; None: none is known of, or a replay.
        """
        if missed_bars is None and self._saved is not None and self._scene.clock is not None:
            missed_bars = 0
        if self._outside:
            self._exchange.refresh(self._present.now(bar.open_time))
            self._filters = self._exchange.filters()
        state, now = self.state, self._present.confirm(self._present.now(bar.open_time))
        time = max(min(now, bar.open_time), state.summary.last_time or 0)  # a clock may have been set back meanwhile
        self._outcomes.began = now if self._outside else None
        self._dealer.after_a_restart(now)
        if self._outside:
            self._dealer.hear(now)
            self._dealer.pursue(now, self._filters)
        expected, balances = state.held(), self._read(now, bar.open)
        wealth = None if balances is None else balances.wealth(bar.open)
        if state.summary.first_time is None and wealth is not None:
            state.summary.begin(bar, wealth)
        found = sum(1 for pursuit in state.orders.pursuits if pursuit.over and pursuit.filled)
        begin = beginning_of(self._scene, bar, time, balances, expected if self._outside else None)
        self._story.take(structs.replace(begin, missed_bars=missed_bars, fills_found=found or None))
        self._due = (time // (interval := bar.end - bar.open_time) + 1) * interval
        self._story.take(Statement(time, (rules_of(state, self._scene, self._orders, float(self._filters.fee)),)))
        state.ended = False
        self.begun = True
        if self._outside:
            self._after_the_start(now, bar.open, balances)
        elif self._live:
            self._surroundings.fine(now, bar.open)
        if self._live:
            self._take_words(now)

    def on_bar(self, bar: Bar) -> None:
        """Hear one bar: fills at its open, then the decision at its end. One that isn't newer changes nothing.

        Where the present is known and orders go outside, a bar that is older than the last closed one is only shown to
        the strategy. So is one at whose end nobody knows the balance, but not before the next one comes: until then the
        account is asked again.
        """
        heard = self.state.summary.last_time if self._waiting is None else self._waiting.end
        if heard is not None and bar.open_time < heard:
            return
        if not self.begun:
            self.begin(bar)
        self._due = bar.end + (bar.end - bar.open_time)
        if self._outside:
            if self._waiting is not None:
                self._pass_over(self._waiting)
            self._judge_once_answered(bar)
            return
        if self._live:
            self._in_order.between_bars(bar.end, self._due)
            self._take_words(bar.end)
        balances = self._on_paper(bar)
        if balances is not None:
            self._judge(bar, balances)

    def _judge(self, bar: Bar, balances: Balances) -> None:
        """Risk, the strategy, the decision, and the order that comes of it."""
        state, summary = self.state, self.state.summary
        wealth, weight = balances.wealth(bar.close), balances.weight(bar.close)
        signal = state.strategy.on_bar(bar, weight)
        state.risk.assess(bar.end, wealth, signal.score)
        summary.on_bar(bar, wealth)
        if state.bars_since_trade is not None:
            state.bars_since_trade += 1
        if state.risk.hold is not None:
            state.risk.hold.bars += 1
        decision = self._decide(bar, signal, balances, weight)
        reason = decision if isinstance(decision, Reason) else None
        self._story.take(observation_of(state, bar, signal, balances, weight, reason))
        if isinstance(decision, tuple):
            self._place(*decision, self._present.now(bar.end))
        elif self._outside:
            self._selling_out.look(self._present.now(bar.end))

    def on_pulse(self, now: int) -> None:
        """Between bars: the owner's words, orders that live, a sale that is due, troubles. Keeps what it told.

        ``now`` is this machine's present; outside, everything is reckoned and told by the exchange's.
        """
        if not self.begun:
            return
        now = self._present.confirm(now - self._exchange.clock_ahead)
        self.in_a_pulse = True
        self._in_order.between_bars(now, self._due)
        self._take_words(now)
        if self._outside:
            if self._waiting is not None and not now < self._retry_at <= now + _ACCOUNT_ASKED_EVERY:
                self._judge_once_answered(self._waiting)
                self._in_order.between_bars(now, self._due)
            if self.state.orders or self.state.orders.strays:
                self._hear(now)
            self._news |= self._hand.look(now)
            self._selling_out.look(now)
            self._news |= self._surroundings.look(now)
        self._news |= self._surroundings.troubles(now)
        self._commit_news()
        self.in_a_pulse = False

    def hear(self, word: Command, now: int) -> None:
        """Do what the owner says, and tell it."""
        self._hand.hear(word, now)
        self._news = True

    def candles_down(self, since: int, problem: str) -> None:
        """The bars have not come since the instant ``since``; told with the next pulse, once it lasts."""
        self._surroundings.outages.candles_down(since, problem)

    def candles_back(self) -> None:
        """The bars come again, those that were missed first."""
        self._surroundings.outages.candles_back()

    def tell(self, now: int, facts: Facts) -> None:
        """Tell what somebody else has found at the instant ``now``, this machine's; kept with the next commit."""
        self._story.take(Statement(now - self._exchange.clock_ahead, (facts,)))
        self._news = True

    def end(self, by: str) -> None:
        """Tell the stop: by "you", the "system", the "bars" or an "error". What follows a book is withdrawn."""
        summary, clock, orders = self.state.summary, self._scene.clock, self.state.orders
        time = summary.last_time if clock is None else clock.now() - self._exchange.clock_ahead
        if time is None:
            return
        if self._outside:
            for pursuit in orders.pursuits:
                pursuit.withdrawn = pursuit.withdrawn or pursuit.patience_ends is not None
            self._hear(time)
        self.state.ended = by == "bars"
        held, living = self.state.held(), sum(1 for _ in orders.living())
        position = None if held is None else float(held.base)
        left = living or None if self._outside else None
        self._story.take(End(time=time, by=by, wealth=self.state.wealth, position=position, orders_open=left))

    def commit(self) -> bool:
        """Keep what was told and the state, in one transaction.

        False, with the reason in `ledger_trouble`, where the journal can't be written now and orders go outside: then
        nothing is lost, and the next commit keeps it. Else raises JournalError.
        """
        saved = msgpack.encode(self.state)
        try:
            self._story.commit({STATE: saved})
        except JournalError as error:
            if not self._outside or type(error) is not JournalError:  # another kind doesn't pass
                raise
            self.ledger_trouble, self._news = str(error), True
            return False
        self.ledger_trouble, self._news, self._saved = None, False, saved
        return True

    def _hear(self, now: int, bar: Bar | None = None) -> None:
        """What became of the orders that live: asked, followed up, told."""
        self._dealer.hear(now, bar)
        self._dealer.pursue(now, self._filters)
        time = now if self._outside or bar is None else bar.open_time
        self._news |= self._outcomes.tell_over(time)
        if self._outside:
            self._outcomes.tell_unknown(now)
            self._outcomes.tell_strays(self._dealer.take_strays(), now)

    def _on_paper(self, bar: Bar) -> Balances | None:
        """In a replay: what the account holds after the fills at the open of ``bar``."""
        if self.state.orders:
            self._hear(bar.end, bar)
        return self._exchange.balances()

    def _judge_once_answered(self, bar: Bar) -> None:
        """Outside: judge the bar if it is the newest; it waits while the account is not answered."""
        interval, self._waiting = bar.end - bar.open_time, None
        now = self._present.now(bar.end)
        if now - bar.end < interval:
            now = self._present.confirm(now)
        if now - bar.end >= interval:
            self._pass_over(bar)
            return
        balances = self._account_at(bar, now)
        if balances is None:
            self._waiting, self._retry_at = bar, now + _ACCOUNT_ASKED_EVERY
        else:
            self._judge(bar, balances)

    def _account_at(self, bar: Bar, now: int) -> Balances | None:
        """Outside: what the account holds, once everything that happened until now is known; None: no answer."""
        self._in_order.with_bar(bar.end, self._due)
        self._take_words(now)
        self._news |= self._surroundings.look(now)
        self._hear(now, bar)
        now = self._present.now(bar.end)  # an answer may have shown that this machine's clock is wrong
        balances = self._read(now, bar.close)
        if balances is not None:
            self._before_deciding(now, bar, balances)
        return balances

    def _before_deciding(self, now: int, bar: Bar, balances: Balances) -> None:
        """Outside: the books brought up to the account, the filters to the exchange's, troubles told as over."""
        state = self.state
        if not state.orders and state.books.settled(now, _BALANCES_LAG):
            self._accountant.reckon(balances, now, bar.close)
        self._filters = self._surroundings.refresh(now)
        self._surroundings.troubles(now, bar.close)
        if state.summary.first_time is None:
            state.summary.begin(bar, balances.wealth(bar.open))

    def _decide(self, bar: Bar, signal: Signal, balances: Balances, weight: float) -> Decision:
        """The order to be placed, or why there is none; None where everything is being sold outside."""
        proposal = proposed(self.state, self._filters, bar, signal, balances, weight)
        return self._order(proposal, bar, balances) if isinstance(proposal, Proposal) else proposal

    def _order(self, proposal: Proposal, bar: Bar, balances: Balances) -> Decision:
        """The order for a proposal with its first attempt, or what stands against it."""
        found = order_wanted(self.state, self._exchange, self._filters, self._orders, proposal, bar, balances)
        if isinstance(found, Reason):
            return found
        order, step = found
        if isinstance(step, Reason):
            self._outcomes.put_off(order.side, order.quantity, bar.end, step)
            return step
        return order, step

    def _place(self, order: Order, step: Send, now: int) -> None:
        state = self.state
        patience_ends = None if step.limit is None else now + self._orders.patience
        pursuit = state.orders.pursue(order, patience_ends)
        before, state.bars_since_trade = state.bars_since_trade, 0  # which is kept with the intent
        self._dealer.send(pursuit, step, now)
        self._dealer.pursue(now, self._filters)
        if pursuit.over:
            state.bars_since_trade = before
        else:
            state.put_off = ""
        self._outcomes.tell_over(order.time)

    def _read(self, now: int, price: float) -> Balances | None:
        """What the account holds. The first reading opens the books; a position of unknown origin halts the bot."""
        balances = self._exchange.balances()
        books = self.state.books
        if self._outside and balances is not None and books.expected is None:
            books.open(balances, now)
            if self._filters.problem(self._filters.quantity(balances.base), exact(price)) is None:
                self.state.risk.hold = self.state.risk.hold or Hold("journal", now)
                if self.begun:
                    self._tell_halted(now, balances)
        return balances

    def _after_the_start(self, now: int, price: float, balances: Balances | None) -> None:
        """What was found at the start, after it is told: a halt, fills, orders, a balance that differs."""
        self._tell_halted(now, balances)
        self._outcomes.tell_over(now)
        self._surroundings.refresh(now)
        self._surroundings.look(now)
        self._outcomes.tell_strays(self._dealer.take_strays(), now)
        if balances is not None:
            if not self.state.orders:
                self._accountant.reckon(balances, now, price)
            self._surroundings.fine(now, price)

    def _tell_halted(self, now: int, balances: Balances | None) -> None:
        hold, position = self.state.risk.hold, None if balances is None else float(balances.base)
        if hold is not None:
            self._story.take(Statement(now, (Halted(reason=hold.reason, position=position, base=self._scene.base),)))
            self._news = True

    def _pass_over(self, bar: Bar) -> None:
        """Show the strategy a bar that nothing is decided at."""
        held = self.state.held()
        self.state.strategy.on_bar(bar, 0.0 if held is None else held.weight(bar.close))
        self.state.summary.pass_over(bar)
        if self.state.bars_since_trade is not None:
            self.state.bars_since_trade += 1
        self._surroundings.outages.missed()

    def _take_words(self, now: int) -> None:
        """Do what the owner has said since."""
        for posted in self._story.commands():
            self.hear(posted.command, now)
            self._story.settle(posted)

    def _commit_news(self) -> None:
        if self._news or self.ledger_trouble is not None or msgpack.encode(self.state) != self._saved:
            self.commit()
