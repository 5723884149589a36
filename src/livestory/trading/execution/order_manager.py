"""The only one who moves orders at the exchange: asks what became of them, sends, follows, withdraws.

An order that is over lies in the order table until it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from livestory.clock import HOUR, SECOND
from livestory.story.reasons import EXCHANGE_DOWN, LEDGER, ORDER_OPEN
from livestory.trading.exchange.records import (
    Accepted,
    Balances,
    Execution,
    OpenOrder,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    Unanswered,
)
from livestory.trading.execution.order_reporter import OrderReporter
from livestory.trading.execution.tactics import Cancel, Over, Send, next_step
from livestory.trading.execution.working_order import FINAL, ChildOrder, OrderEvent, OrderState, WorkingOrder, id_prefix
from livestory.trading.market.bar import Bar
from livestory.trading.reconciliation.expected_balances import SLACK
from livestory.trading.reconciliation.reconciler import Reconciler
from livestory.trading.risk import Approved, Refused
from livestory.trading.session import Session

_ASKED_AGAIN, _ASKED_AGAIN_MOST = SECOND, 10 * SECOND  # the wait doubles from the one to the other
_MISSES = 5  # answers that must not find an order before it can count as absent, whatever a clock says
_SHORT = 30 * SECOND  # that an order's trades may come later than what the exchange says of it
_LOOKED_BACK = HOUR  # from when an order was sent, for trades that are missing
_STEPS = 4  # that one look at a working order may lead to: cancelled, its rest sent, rejected, over


class OrderManager:
    """Deals with one exchange for one bot."""

    def __init__(self, session: Session, reconciler: Reconciler, reporter: OrderReporter) -> None:
        self._session = session
        self._exchange = session.exchange
        self._table = session.state.orders
        self._expected = session.state.expected
        self._reconciler = reconciler
        self._reporter = reporter
        self._prefix = id_prefix(session.state.bot)
        self._failures = self._ask_at = 0
        self._ahead = session.exchange.clock_ahead
        self._looked = not session.outside  # whether it was said since the start which orders stand open

    def place(self, approved: Approved, step: Send, now: int, *, exits: bool = False) -> None:
        """Begin to carry out an order that risk has approved; ``exits`` says that it is the sale of everything.

        Until it is clear that nothing comes of it, the bar counts as that of the last trade; that is kept with the
        intent.
        """
        state, settings = self._session.state, self._session.settings
        order = self._table.add(approved.order, None if step.limit is None else now + settings.patience)
        order.exit = exits
        before, state.bars_since_trade = state.bars_since_trade, 0
        self._send(order, step, now, approved)
        self._work_on(order, now)
        if order.over:
            state.bars_since_trade = before
        else:
            state.put_off = ""

    def follow_up(self, now: int, bar: Bar | None = None) -> None:
        """Find out what became of the orders that live, do what is due about them, and report it."""
        if not self._session.outside:
            self.fill_on_paper(now, now)
            return
        self.refresh(now, bar)
        self.work(now)
        self._reporter.report_finished(now)
        self._reporter.report_unknown(now)
        self._reporter.report_strays(self.close_strays(), now)

    def fill_on_paper(self, now: int, told_at: int, bar: Bar | None = None) -> None:
        """On paper: fill what is open at the open of ``bar``, if any, and report at ``told_at`` what is over."""
        for trade in self._exchange.executions(self._table.since() or now, bar) or ():
            self._table.add_execution(trade)
        for _, child in list(self._table.living()):
            report = self._exchange.query(child.request.client_order_id)
            if report is not None:
                child.apply_report(report)
                if report.status is OrderStatus.NOT_FOUND and child.state is OrderState.UNKNOWN:
                    child.apply(OrderEvent.CANCEL)  # on paper that proves it: it was intended, and not sent
        self.work(now)
        self._reporter.report_finished(told_at)

    def refresh(self, now: int, bar: Bar | None = None) -> bool:
        """Outside: take in what was traded, and ask for the orders that live. False if the trades could not be read.

        An exchange that does not answer is asked ever less often, but at each ``bar``.
        """
        if bar is None and now < self._ask_at <= now + _ASKED_AGAIN_MOST:
            return False
        if not self._read_trades(now, bar):
            self._failures += 1
            self._ask_at = now + _wait(self._failures)
            return False
        self._failures = self._ask_at = 0
        ahead, self._ahead = self._ahead, self._exchange.clock_ahead
        if abs(self._ahead - ahead) > SECOND:
            return True  # the clock was just set right: ``now`` may be from before that, and moves nothing
        self._set_right(now)
        for working, child in list(self._table.living()):
            if now < child.ask_at:
                continue
            report = self._exchange.query(child.request.client_order_id)
            if report is None:
                self._ask_later(child, now)
                continue
            child.apply_report(report)
            if report.status is OrderStatus.NOT_FOUND:
                self._not_found(working, child, now)
            else:
                child.asks = child.misses = 0
                self._look_back(child, report, now)
        self._expected.read_until(min(now, self._table.since() or now) - SLACK)
        return True

    def work(self, now: int) -> None:
        """Do for each working order what is due now; those that have come to their end are `over`."""
        for order in self._table.working:
            self._work_on(order, now)

    def _work_on(self, order: WorkingOrder, now: int) -> None:
        session = self._session
        for _ in range(_STEPS):
            if order.over:
                return
            step = next_step(order, now, self._exchange.book, session.filters, session.settings)
            if isinstance(step, Over):
                order.end(step.rest)
            elif isinstance(step, Send):
                self._send(order, step, now)
            elif isinstance(step, Cancel):
                self._cancel(order.last)
                if order.living is not None:
                    return
            else:
                return

    def _send(self, order: WorkingOrder, step: Send, now: int, approved: Approved | None = None) -> None:
        """Send the next child of an order, once the table with its intent is kept.

        Each child has risk's approval: the first that of the decision, every further one is asked for here.

        Without an intent that is kept only sales go out. Until the exchange has said since the start what stands open,
        and while an order of ours stands that the table lacks, only a sale of everything does.
        """
        if self._session.halt_waits:
            order.withdrawn = True
            order.end()
            return
        if not (order.exit or self._looked) and self.find_strays() is None:
            order.end(EXCHANGE_DOWN())
            return
        if self._table.strays and not order.exit:
            order.end(ORDER_OPEN())
            return
        verdict = approved or self._session.state.risk.approve(order.order)
        if isinstance(verdict, Refused):
            order.end(verdict.reason)
            return
        side = order.order.side
        request = OrderRequest(client_order_id=order.next_id(), side=side, quantity=step.quantity, limit=step.limit)
        child = order.intend(request, now)
        if self._session.outside and not self._session.commit() and side == "buy":
            child.apply(OrderEvent.CANCEL)
            order.end(LEDGER())
            return
        child.apply(OrderEvent.SEND)
        answer = self._exchange.submit(verdict, request)
        if isinstance(answer, Accepted):
            child.apply(OrderEvent.ACCEPT)
        elif isinstance(answer, Rejected):
            child.reject(answer.reason)
        elif isinstance(answer, Unanswered):
            self._lose(order, child, child.since, answer.problem)

    def after_a_restart(self, now: int) -> None:
        """What lives went on without us: what was being sent is unknown, what follows a book is withdrawn."""
        for working, child in self._table.living():
            working.stop_waiting()
            child.asks, child.ask_at = 0, 0
            if child.state in {OrderState.INTENDED, OrderState.SENT}:
                self._lose(working, child, now, "")
        for working in self._table.working:
            if not working.children:
                working.end()

    def clear_the_way(self, now: int, since: int, after: int) -> bool:
        """Whether a sale of everything may be sent: nothing lives but what could not be withdrawn for ``after``.

        ``since`` is when the sale was first wanted. An order that is unknown, or that stands open and can't be
        withdrawn, is cancelled each time, and lives until the exchange has said what became of it; what it keeps of the
        balance is not free. Another sale of everything is always waited for, but for one that is unknown.
        """
        living = list(self._table.living())
        for working, child in living:
            unknown = child.state is OrderState.UNKNOWN
            if working.exit and not unknown:
                return False
            if now - (max(child.lost_at or now, since) if unknown else since) < after:
                return False
        for _, child in living:
            self._cancel(child)
        return True

    @property
    def in_doubt(self) -> bool:
        """Return True if the fate of any order is unknown."""
        return any(child.state is OrderState.UNKNOWN for _, child in self._table.living())

    def accept_as_absent(self, now: int) -> bool:
        """The owner takes the balance as it is: nothing came of the unknown orders. False while one may still come.

        That is before the grace has passed, and while an order stands open or nobody says which do. Each is cancelled
        by its id first.
        """
        unknown = [pair for pair in self._table.living() if pair[1].state is OrderState.UNKNOWN]
        if any(now - (child.lost_at or now) < self._session.settings.unknown_grace for _, child in unknown):
            return False
        for _, child in unknown:
            self._cancel(child)
        standing = self._exchange.open_orders()
        if standing is None:
            return False
        there = {each.client_order_id for each in standing}
        unknown = [pair for pair in unknown if pair[1].state is OrderState.UNKNOWN]
        if any(child.request.client_order_id in there for _, child in unknown):
            return False
        for working, child in unknown:
            child.apply(OrderEvent.CANCEL)
            working.outcome = "owner"
            working.end()
        return not self.in_doubt

    def find_strays(self) -> int | None:
        """Find orders of ours that the table does not have; how many others' stand open, None if nobody answers."""
        found = self._exchange.open_orders()
        if found is None:
            return None
        self._looked = True
        known = {child.request.client_order_id for _, child in self._table.living()}
        ours = [each for each in found if each.client_order_id.startswith(self._prefix)]
        for each in ours:
            if each.client_order_id not in known:
                self._table.strays.setdefault(each.client_order_id, [])
        return len(found) - len(ours)

    def close_strays(self) -> Iterator[list[Execution]]:
        """End the orders of ours that the table does not have, and give the trades of those that are at their end."""
        for client_order_id, trades in list(self._table.strays.items()):
            report = self._exchange.query(client_order_id)
            if report is not None and report.status is OrderStatus.OPEN:
                report = self._exchange.cancel(client_order_id)
            if report is not None and report.status is not OrderStatus.OPEN:
                del self._table.strays[client_order_id]
                if trades:
                    yield trades

    def _read_trades(self, now: int, bar: Bar | None = None) -> bool:
        table, expected = self._table, self._expected
        at_first = min(now, expected.opened or now) - SLACK  # what is older is in the balances
        trades = self._exchange.executions(expected.since or at_first, bar)
        if trades is None:
            return False
        for trade in trades:
            if not expected.count_execution(trade, now) or table.add_execution(trade) or expected.balances is None:
                continue
            if trade.client_order_id.startswith(self._prefix):
                table.strays.setdefault(trade.client_order_id, []).append(trade)
        return True

    def _set_right(self, now: int) -> None:
        """No timer lies further ahead than the longest that it waits."""
        for working, child in self._table.living():
            child.correct_clock(now, _ASKED_AGAIN_MOST)
            if working.patience_ends is not None:
                working.patience_ends = min(working.patience_ends, now + self._session.settings.patience)

    def _look_back(self, child: ChildOrder, report: OrderReport, now: int) -> None:
        """Read again what was left behind, where an order's trades don't come up to what it has filled."""
        if child.state in FINAL or report.filled <= child.filled:
            child.short_at = None
            return
        if child.short_at is None:
            child.short_at = now
        if now - child.short_at < _SHORT:
            return
        child.short_at = now
        for trade in self._exchange.executions(child.since - _LOOKED_BACK) or ():
            ours = trade.client_order_id == child.request.client_order_id and trade.trade_id not in child.trades
            if ours and self._table.add_execution(trade):
                self._expected.recover_execution(trade, now)
        child.apply_report(report)

    def _not_found(self, working: WorkingOrder, child: ChildOrder, now: int) -> None:
        """Not there, which proves nothing yet: it may be late, or be shown late."""
        grace = self._session.settings.unknown_grace
        if child.missed_at is None:
            child.missed_at, child.asks = now, 0
        child.misses += 1
        if child.state is not OrderState.UNKNOWN:
            if now - child.since >= grace:
                self._lose(working, child, now, "not found")
            return
        looked = child.misses >= _MISSES and now - child.missed_at >= grace
        if looked and not child.seen and self._is_absent(child, now):
            child.apply(OrderEvent.CANCEL)
            working.outcome = "absent"
        else:
            self._ask_later(child, now)

    def _is_absent(self, child: ChildOrder, now: int) -> bool:
        """Whether trades, open orders and balances prove that nothing came of an order."""
        exchange, expected = self._exchange, self._expected
        if not self._read_trades(now) or child.state is not OrderState.UNKNOWN:
            return False
        standing, balances = exchange.open_orders(), exchange.balances()
        if standing is None or balances is None or expected.balances is None:
            return False
        if any(each.client_order_id == child.request.client_order_id for each in standing):
            return False
        if self._keeps(balances, standing):
            return False
        if not expected.agree(balances):
            self._reconciler.read_history(now, self._session.state.summary.price)
        return expected.agree(balances)

    def _keeps(self, balances: Balances, standing: Sequence[OpenOrder]) -> bool:
        """Return True if more is locked than the open orders which the exchange shows can account for.

        What others' orders kept at the last look they may keep still, shown or not: those on another market, or of a
        kind that the list of open orders doesn't have.
        """
        base, quote = _kept(standing)
        our_base, our_quote = _kept([each for each in standing if each.client_order_id.startswith(self._prefix)])
        other_base, other_quote = self._expected.locked
        return balances.base_locked > max(base, our_base + other_base) or balances.quote_locked > max(
            quote, our_quote + other_quote
        )

    def _cancel(self, child: ChildOrder) -> None:
        report = self._exchange.cancel(child.request.client_order_id)
        if report is not None and child.state not in FINAL:
            child.apply_report(report)

    def _lose(self, working: WorkingOrder, child: ChildOrder, now: int, problem: str) -> None:
        child.lose(now, problem)
        working.found = working.found or "asked"

    @staticmethod
    def _ask_later(child: ChildOrder, now: int) -> None:
        child.asks += 1
        child.ask_at = now + _wait(child.asks)


def _wait(asked: int) -> int:
    """The time until the next question, after that many without an answer."""
    return min(_ASKED_AGAIN << min(asked - 1, 8), _ASKED_AGAIN_MOST)


def _kept(standing: Sequence[OpenOrder]) -> tuple[Decimal, Decimal]:
    """The amounts of the base and of the quote asset that open orders lock."""
    rests = [(each, each.quantity - each.filled) for each in standing]
    base = sum((rest for each, rest in rests if each.side == "sell"), Decimal(0))
    quote = sum((rest * (each.limit or 0) for each, rest in rests if each.side == "buy"), Decimal(0))
    return base, quote
