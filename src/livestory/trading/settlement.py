"""The account before a decision: brought up to what happened there, on paper or at an exchange outside."""

from __future__ import annotations

from livestory.clock import MINUTE, SECOND
from livestory.story.halt_reasons import JOURNAL
from livestory.story.kinds.risk import Halted
from livestory.trading.commands import OperatorCommands
from livestory.trading.exchange.records import Balances, exact
from livestory.trading.exchange_monitor import ExchangeMonitor
from livestory.trading.execution.liquidation import Liquidation
from livestory.trading.execution.order_manager import OrderManager
from livestory.trading.execution.order_reporter import OrderReporter
from livestory.trading.market.bar import Bar
from livestory.trading.reconciliation.reconciler import Reconciler
from livestory.trading.risk import Hold
from livestory.trading.session import Session

_ACCOUNT_ASKED_EVERY = 5 * SECOND  # for a bar that waits for it
_BALANCES_LAG = MINUTE // 2  # after a trade, before a difference means anything


class PaperAccount:
    """An account in the executor's own state: it always answers, and has nothing to tell but fills."""

    waiting: Bar | None = None  # never any

    def __init__(
        self, session: Session, manager: OrderManager, monitor: ExchangeMonitor, commands: OperatorCommands
    ) -> None:
        self._session = session
        self._manager = manager
        self._monitor = monitor
        self._commands = commands

    def catch_up(self, now: int) -> None:
        """Nothing can have happened on paper meanwhile."""

    def read(self, now: int, price: float) -> Balances | None:  # noqa: ARG002  it is read the same at any time
        """What the account holds."""
        return self._session.exchange.balances()

    def report_start(self, now: int, price: float, balances: Balances | None) -> None:  # noqa: ARG002  nothing to tell
        """Tell what was found at the start, after the start itself: that candles come."""
        if self._session.has_operator:
            self._monitor.report_back(now, price)
        else:
            self._session.story.between_bars(now, self._session.due)

    def settle(self, bar: Bar) -> Balances | None:
        """What the account holds once what was open is filled at the open of ``bar``."""
        session = self._session
        if session.has_operator:
            session.story.between_bars(bar.end, session.due)
            self._commands.take(bar.end)
        if session.state.orders:
            self._manager.fill_on_paper(bar.end, bar.open_time, bar)
        return session.exchange.balances()

    def retry(self, now: int) -> Balances | None:  # noqa: ARG002  no bar ever waits
        """None: no bar waits for an answer."""
        return None

    def look_after(self, now: int) -> None:
        """Nothing happens here between bars."""

    def liquidate(self, bar: Bar) -> None:
        """The decision itself sells everything, at the next open."""

    def stop(self, now: int) -> None:
        """Nothing is withdrawn: what is open is saved with the account."""


class ExchangeAccount:
    """An account at an exchange outside, which may not answer, and where things happen without us."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that looks after an account
        self,
        session: Session,
        manager: OrderManager,
        reporter: OrderReporter,
        reconciler: Reconciler,
        monitor: ExchangeMonitor,
        commands: OperatorCommands,
    ) -> None:
        self._session = session
        self._manager = manager
        self._reporter = reporter
        self._reconciler = reconciler
        self._monitor = monitor
        self._commands = commands
        self._liquidation = Liquidation(session, manager, reporter)
        self.waiting: Bar | None = None  # the newest bar, while nobody knows what the account holds
        self._retry_at = 0  # when the account is asked for it again

    def catch_up(self, now: int) -> None:
        """At the start: find out what became of the orders that were left there."""
        self._reporter.began = now
        self._manager.refresh(now)
        self._manager.work(now)

    def report_start(self, now: int, price: float, balances: Balances | None) -> None:
        """Tell what was found at the start, after the start itself: a halt, fills, orders, a balance that differs."""
        self._report_halt(now, balances)
        self._reporter.report_finished(now)
        self._monitor.refresh(now)
        self._monitor.count_orders(now)
        self._reporter.report_strays(self._manager.close_strays(), now)
        if balances is not None:
            if not self._session.state.orders:
                self._reconciler.reconcile(balances, now, price)
            self._monitor.report_back(now, price)

    def settle(self, bar: Bar) -> Balances | None:
        """What the account holds, once everything that has happened is known; None: nothing is decided at ``bar`` now.

        A bar that is older than the last closed one is only shown to the strategy. So is one at whose end nobody knows
        the balance, but not before the next one comes: until then the account is asked again, see `retry`.
        """
        if self.waiting is not None:
            self._pass_over(self.waiting)
        interval, self.waiting = bar.end - bar.open_time, None
        now = self._session.clock.confirm(self._session.clock.now(bar.end))
        if now - bar.end >= interval:
            self._pass_over(bar)
            return None
        balances = self._settle_newest(bar, now)
        if balances is None:
            self.waiting, self._retry_at = bar, now + _ACCOUNT_ASKED_EVERY
        return balances

    def retry(self, now: int) -> Balances | None:
        """What the account holds, for the bar that is `waiting`; None where none is, or it is not asked again yet."""
        bar = self.waiting
        if bar is None or now < self._retry_at <= now + _ACCOUNT_ASKED_EVERY:
            return None
        self.waiting = None
        return self.settle(bar)

    def look_after(self, now: int) -> None:
        """Between bars: orders that live, a resume or a sale of everything that is due, others' orders."""
        orders = self._session.state.orders
        if orders or orders.strays:
            self._manager.follow_up(now)
        self._commands.finish_resume(now)
        self._liquidation.proceed(now)
        self._monitor.count_orders(now)

    def liquidate(self, bar: Bar) -> None:
        """Sell everything after ``bar``, if that is wanted and can be done."""
        self._liquidation.proceed(self._session.clock.now(bar.end))

    def stop(self, now: int) -> None:
        """Withdraw what follows a book: nobody would follow it."""
        for order in self._session.state.orders.working:
            order.stop_waiting()
        self._manager.follow_up(now)

    def _settle_newest(self, bar: Bar, now: int) -> Balances | None:
        session = self._session
        session.story.with_bar(bar.end, session.due)
        self._commands.take(now)
        self._monitor.count_orders(now)
        self._manager.follow_up(now, bar)
        now = session.clock.now(bar.end)  # an answer may have shown that this machine's clock is wrong
        balances = self.read(now, bar.close)
        if balances is None:
            return None
        if not session.state.orders and session.state.expected.settled(now, _BALANCES_LAG):
            self._reconciler.reconcile(balances, now, bar.close)
        self._monitor.refresh(now)
        self._monitor.check(now, bar.close)
        if session.state.summary.first_time is None:
            session.state.summary.begin(bar, balances.wealth(bar.open))
        return balances

    def read(self, now: int, price: float) -> Balances | None:
        """What the account holds; None: no answer.

        The first reading is what is expected from then on, and a position of unknown origin in it halts the bot.
        """
        state, filters = self._session.state, self._session.filters
        balances = self._session.exchange.balances()
        if balances is not None and state.expected.balances is None:
            state.expected.open(balances, now)
            if filters.problem(filters.quantity(balances.base), exact(price)) is None:
                state.risk.hold = state.risk.hold or Hold(JOURNAL, now)
                if self._session.begun:
                    self._report_halt(now, balances)
        return balances

    def _report_halt(self, now: int, balances: Balances | None) -> None:
        hold, position = self._session.state.risk.hold, None if balances is None else float(balances.base)
        if hold is not None:
            told = Halted(reason=hold.reason, position=position, base=self._session.info.base)
            self._session.story.report(now, told)

    def _pass_over(self, bar: Bar) -> None:
        """Show the strategy a bar that nothing is decided at."""
        self._session.state.pass_over(bar)
        self._monitor.count_missed()
