"""The executor: a bar, an instant or a command goes in, and orders and a story come of it.

A bar goes one way: the account is settled, the decision made and approved by risk, told, carried out, and its outcome
told. `Executor.process` is synchronous and complete in itself; `livestory.trading.bar_loop` has
the loop around it, `livestory.trading.joining` joins a moving market and gives it the time between bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from livestory.story.commands import Command
from livestory.story.inputs import Begin, End
from livestory.story.kinds.base import Facts
from livestory.trading.commands import OperatorCommands
from livestory.trading.decision import Placement, PutOff, decide
from livestory.trading.exchange.protocol import Exchange
from livestory.trading.exchange.records import Balances
from livestory.trading.exchange_monitor import ExchangeMonitor
from livestory.trading.execution.order_manager import OrderManager
from livestory.trading.execution.order_reporter import OrderReporter
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.market.bar import Bar
from livestory.trading.reconciliation.reconciler import Reconciler
from livestory.trading.rules import rules_of
from livestory.trading.session import STATE, RunInfo, Session
from livestory.trading.settlement import ExchangeAccount, PaperAccount
from livestory.trading.state import ExecutorState
from livestory.trading.story_port import Story


class TimePassed(Struct, frozen=True):
    """It is ``now``, by this machine's clock; between bars, orders and troubles are looked after."""

    now: int


class OperatorCommand(Struct, frozen=True):
    """What the operator says at the instant ``now``."""

    command: Command
    now: int


Input = Bar | TimePassed | OperatorCommand


class Executor:
    """One bot on one symbol: the only one who moves its `ExecutorState`."""

    def __init__(  # noqa: PLR0913, PLR0917 - who it is, to whom it tells, where it trades and how
        self,
        fresh: ExecutorState,
        story: Story,
        history: Callable[[], Iterable[Bar]],
        info: RunInfo = RunInfo(),  # noqa: B008  it is frozen
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
        self.in_between = False  # between bars, something is being done; and still so after it has raised
        self._session = session = Session(state, account, story, info, orders, saved)
        self._reporter = reporter = OrderReporter(session)
        reconciler = Reconciler(session)
        self._manager = manager = OrderManager(session, reconciler, reporter)
        self._monitor = monitor = ExchangeMonitor(session, manager)
        self._commands = commands = OperatorCommands(session, manager, reconciler)
        self._account = (
            ExchangeAccount(session, manager, reporter, reconciler, monitor, commands)
            if session.outside
            else PaperAccount(session, manager, monitor, commands)
        )

    @property
    def begun(self) -> bool:
        """Whether the start was told."""
        return self._session.begun

    @property
    def ledger_trouble(self) -> str | None:
        """The trouble that keeps the ledger from being written now; None if it can be."""
        return self._session.ledger_trouble

    def begin(self, bar: Bar, missed_bars: int | None = None) -> None:
        """Tell the start or the return at the open of ``bar``, the next to be heard, and the rules in force.

        Whatever happened at an exchange meanwhile is found out first and told after it. ``missed_bars`` is how many of
        the coming bars are older than the return; None: none is known of, or a replay.
        """
        session, state, info = self._session, self.state, self._session.info
        if missed_bars is None and session.resumed and info.clock is not None:
            missed_bars = 0
        session.refresh_filters(session.clock.now(bar.open_time))
        now = session.clock.confirm(session.clock.now(bar.open_time))
        time = max(min(now, bar.open_time), state.summary.last_time or 0)  # a clock may have been set back meanwhile
        self._manager.after_a_restart(now)
        self._account.catch_up(now)
        expected = state.expected.balances
        balances = self._account.read(now, bar.open)
        wealth = None if balances is None else balances.wealth(bar.open)
        if state.summary.first_time is None and wealth is not None:
            state.summary.begin(bar, wealth)
        begin = Begin(
            time=time,
            mode=info.mode,
            market=info.market,
            interval=bar.end - bar.open_time,
            wealth=wealth,
            position=None if balances is None else float(balances.base),
            cash=None if balances is None else float(balances.quote),
            price=bar.open,
            expected=None if expected is None else expected.wealth(bar.open),
            missed_bars=missed_bars,
            fills_found=sum(1 for order in state.orders.working if order.over and order.filled) or None,
        )
        session.story.take(begin)
        session.due = (time // (interval := bar.end - bar.open_time) + 1) * interval
        session.story.report(time, rules_of(session))
        state.ended = False
        session.begun = True
        self._account.report_start(now, bar.open, balances)
        if session.has_operator:
            self._commands.take(now)

    def process(self, event: Input) -> None:
        """Take in what comes next, and do all that it leads to.

        A bar: the orders before it are settled at the account, then comes the decision at its end. One that isn't newer
        than the last changes nothing. The start is told first, if it was not.
        """
        if isinstance(event, Bar):
            self._on_bar(event)
        elif isinstance(event, TimePassed):
            self._on_time(event.now)
        else:
            self._commands.carry_out(event.command, event.now)

    def candles_down(self, since: int, problem: str) -> None:
        """The bars have not come since the instant ``since``; told once it lasts."""
        self._monitor.candles_down(since, problem)

    def candles_back(self) -> None:
        """The bars come again, those that were missed first."""
        self._monitor.candles_back()

    def report(self, now: int, facts: Facts) -> None:
        """Tell what somebody else has found at the instant ``now``, this machine's; kept with the next commit."""
        self._session.story.report(now - self._session.exchange.clock_ahead, facts)

    def end(self, by: str) -> None:
        """Tell the stop: by "you", the "system", the "bars" or an "error". What follows a book is withdrawn."""
        session, summary, clock = self._session, self.state.summary, self._session.info.clock
        time = summary.last_time if clock is None else clock.now() - session.exchange.clock_ahead
        if time is None:
            return
        self._account.stop(time)
        self.state.ended = by == "bars"
        held = self.state.held()
        position = None if held is None else float(held.base)
        left = session.orders_open or None
        session.story.take(End(time=time, by=by, wealth=self.state.wealth, position=position, orders_open=left))

    def commit(self) -> bool:
        """Keep what was told and the state, in one transaction; see `Session.commit`."""
        return self._session.commit()

    def _on_bar(self, bar: Bar) -> None:
        waiting = self._account.waiting
        heard = self.state.summary.last_time if waiting is None else waiting.end
        if heard is not None and bar.open_time < heard:
            return
        if not self._session.begun:
            self.begin(bar)
        self._session.due = bar.end + (bar.end - bar.open_time)
        balances = self._account.settle(bar)
        if balances is not None:
            self._trade(bar, balances)

    def _trade(self, bar: Bar, balances: Balances) -> None:
        """Decide at the end of ``bar``, tell it, and carry it out."""
        session = self._session
        observation, outcome = decide(session, bar, balances)
        if isinstance(outcome, PutOff):
            self._reporter.put_off(outcome.order.side, outcome.order.quantity, bar.end, outcome.reason)
        session.story.take(observation)
        if isinstance(outcome, Placement):
            self._manager.place(outcome.approved, outcome.step, session.clock.now(bar.end))
            self._reporter.report_finished(bar.end)
        else:
            self._account.liquidate(bar)

    def _on_time(self, now: int) -> None:
        """Look after what lives and waits between bars, and keep what was told."""
        session = self._session
        if not session.begun:
            return
        now = session.clock.confirm(now - session.exchange.clock_ahead)
        self.in_between = True
        session.story.between_bars(now, session.due)
        self._commands.take(now)
        waiting = self._account.waiting
        balances = self._account.retry(now)
        if waiting is not None and balances is not None:
            self._trade(waiting, balances)
        session.story.between_bars(now, session.due)
        self._account.look_after(now)
        self._monitor.check(now)
        session.commit_news()
        self.in_between = False
