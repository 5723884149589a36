"""The only one who moves orders at the exchange: asks what became of them, sends, follows, withdraws.

It works on the order ledger and the books, and tells nobody; what is over lies in the ledger until it is taken.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.clock import HOUR, SECOND
from livestory.story.reason import Reason
from livestory.trading.books import SLACK
from livestory.trading.exchange import Accepted, Attempt, Rejected, Standing, Unanswered
from livestory.trading.orders import FINAL, OrderEvent, OrderState, id_prefix
from livestory.trading.pursuit import Cancel, Over, Send, next_step
from livestory.trading.risk import Approved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from livestory.trading.books import Books
    from livestory.trading.exchange import Balances, Exchange, Filters, OpenOrder, Report, Trade
    from livestory.trading.market.bar import Bar
    from livestory.trading.orders import LedgerEntry, Order, OrderLedger, Pursuit
    from livestory.trading.pursuit import OrderSettings
    from livestory.trading.risk import Refused

_ASKED_AGAIN, _ASKED_AGAIN_MOST = SECOND, 10 * SECOND  # the wait doubles from the one to the other
_MISSES = 5  # answers that must not find an order before it can count as absent, whatever a clock says
_SHORT = 30 * SECOND  # that an order's trades may come later than what the exchange says of it
_LOOKED_BACK = HOUR  # from when an order was sent, for trades that are missing
_STEPS = 4  # that one look at a pursuit may lead to: cancelled, its rest sent, rejected, over


class Dealer:
    """Deals with one exchange for one bot."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works on, and the two whose consent it needs
        self,
        exchange: Exchange,
        ledger: OrderLedger,
        books: Books,
        settings: OrderSettings,
        bot: str,
        commit: Callable[[], bool],
        approve: Callable[[Order], Approved | Refused],
        read_history: Callable[[int], object],
        halt_waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """``commit`` keeps the ledger before anything is sent, and says whether it could; ``approve`` is risk's.

        ``read_history`` counts the deposits and withdrawals up to an instant, for what is proven by the balances.
        ``halt_waits`` says whether the owner's word to halt lies there and is not heard yet.
        """
        self._exchange = exchange
        self._ledger = ledger
        self._books = books
        self._settings = settings
        self._prefix = id_prefix(bot)
        self._commit = commit
        self._approve = approve
        self._read_history = read_history
        self._halt_waits = halt_waits
        self._failures = self._ask_at = 0
        self._ahead = exchange.clock_ahead
        self._looked = not exchange.outside  # whether it was said since the start which orders stand open

    def hear(self, now: int, bar: Bar | None = None) -> bool:
        """Take in what was traded, and ask for the orders that still live. False if the trades could not be read.

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
        for pursuit, entry in list(self._ledger.living()):
            if now < entry.ask_at:
                continue
            report = self._exchange.query(entry.attempt.client_order_id)
            if report is None:
                self._ask_later(entry, now)
                continue
            entry.stand(report)
            if report.standing is Standing.NOT_FOUND:
                self._not_found(pursuit, entry, now)
            else:
                entry.asks = entry.misses = 0
                self._look_back(entry, report, now)
        if self._exchange.outside:
            self._books.read_until(min(now, self._ledger.since() or now) - SLACK)
        return True

    def pursue(self, now: int, filters: Filters) -> None:
        """Do for each pursuit what is due now; those that have come to their end are `over`."""
        for pursuit in self._ledger.pursuits:
            for _ in range(_STEPS):
                if pursuit.over:
                    break
                step = next_step(pursuit, now, self._exchange.book, filters, self._settings)
                if isinstance(step, Over):
                    pursuit.over, pursuit.rest = True, pursuit.rest or step.rest
                elif isinstance(step, Send):
                    self.send(pursuit, step, now)
                elif isinstance(step, Cancel):
                    self._cancel(pursuit.last)
                    if pursuit.living is not None:
                        break
                else:
                    break

    def send(self, pursuit: Pursuit, step: Send, now: int) -> None:
        """Send the next attempt of a pursuit, once risk approves and the ledger has its intent.

        Without a ledger only what reduces the position is sent; and only a sale of everything before the exchange has
        said since the start what stands open, or while an order of ours stands that the ledger does not have.
        """
        order = pursuit.order
        if self._exchange.outside and self._halt_waits():
            pursuit.over = pursuit.withdrawn = True
            return
        if not (pursuit.exit or self._looked) and self.look_around() is None:
            pursuit.over, pursuit.rest = True, Reason("exchange_down")
            return
        if self._ledger.strays and not pursuit.exit:
            pursuit.over, pursuit.rest = True, Reason("order_open")
            return
        verdict = self._approve(order)
        if not isinstance(verdict, Approved):
            pursuit.over, pursuit.rest = True, verdict.reason
            return
        attempt = Attempt(client_order_id=pursuit.next_id(), side=order.side, quantity=step.quantity, limit=step.limit)
        entry = pursuit.intend(attempt, now)
        if self._exchange.outside and not self._commit() and order.side == "buy":
            entry.happen(OrderEvent.CANCEL)
            pursuit.over, pursuit.rest = True, Reason("ledger")
            return
        entry.happen(OrderEvent.SEND)
        answer = self._exchange.submit(verdict, attempt)
        if isinstance(answer, Accepted):
            entry.happen(OrderEvent.ACCEPT)
        elif isinstance(answer, Rejected):
            entry.reject(answer.reason)
        elif isinstance(answer, Unanswered):
            self._lose(pursuit, entry, now, answer.problem)

    def after_a_restart(self, now: int) -> None:
        """What lives went on without us: what was being sent is unknown, what follows a book is withdrawn."""
        for pursuit, entry in self._ledger.living():
            pursuit.withdrawn = pursuit.withdrawn or pursuit.patience_ends is not None
            entry.asks, entry.ask_at = 0, 0
            if entry.state in {OrderState.INTENDED, OrderState.SENT}:
                self._lose(pursuit, entry, now, "")
        for pursuit in self._ledger.pursuits:
            if not pursuit.entries:
                pursuit.over = True

    def out_of_the_way(self, now: int, since: int, after: int) -> bool:
        """Whether a sale of everything may be sent: nothing lives but what could not be withdrawn for ``after``.

        ``since`` is when the sale was first wanted. An order that is unknown, or that stands open and can't be
        withdrawn, is cancelled each time, and lives until the exchange has said what became of it; what it keeps of the
        balance is not free. Another sale of everything is always waited for, but for one that is unknown.
        """
        living = list(self._ledger.living())
        for pursuit, entry in living:
            unknown = entry.state is OrderState.UNKNOWN
            if pursuit.exit and not unknown:
                return False
            if now - (max(entry.lost_at or now, since) if unknown else since) < after:
                return False
        for _, entry in living:
            self._cancel(entry)
        return True

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows what became of an order."""
        return any(entry.state is OrderState.UNKNOWN for _, entry in self._ledger.living())

    def accept_as_absent(self, now: int) -> bool:
        """The owner takes the balance as it is: nothing came of the unknown orders. False while one may still come.

        That is before the grace has passed, and while an order stands open or nobody says which do. Each is cancelled
        by its id first.
        """
        unknown = [pair for pair in self._ledger.living() if pair[1].state is OrderState.UNKNOWN]
        if any(now - (entry.lost_at or now) < self._settings.unknown_grace for _, entry in unknown):
            return False
        for _, entry in unknown:
            self._cancel(entry)
        standing = self._exchange.open_orders()
        if standing is None:
            return False
        there = {each.client_order_id for each in standing}
        unknown = [pair for pair in unknown if pair[1].state is OrderState.UNKNOWN]
        if any(entry.attempt.client_order_id in there for _, entry in unknown):
            return False
        for pursuit, entry in unknown:
            entry.happen(OrderEvent.CANCEL)
            pursuit.over, pursuit.outcome = True, "owner"
        return not self.in_doubt

    def look_around(self) -> int | None:
        """Find orders of ours that the ledger does not have; how many others' stand open, None if nobody answers."""
        found = self._exchange.open_orders()
        if found is None:
            return None
        self._looked = True
        known = {entry.attempt.client_order_id for _, entry in self._ledger.living()}
        ours = [each for each in found if each.client_order_id.startswith(self._prefix)]
        for each in ours:
            if each.client_order_id not in known:
                self._ledger.strays.setdefault(each.client_order_id, [])
        return len(found) - len(ours)

    def take_strays(self) -> Iterator[list[Trade]]:
        """End the orders of ours that the ledger does not have, and give the trades of those that are at their end."""
        for client_order_id, trades in list(self._ledger.strays.items()):
            report = self._exchange.query(client_order_id)
            if report is not None and report.standing is Standing.OPEN:
                report = self._exchange.cancel(client_order_id)
            if report is not None and report.standing is not Standing.OPEN:
                del self._ledger.strays[client_order_id]
                if trades:
                    yield trades

    def _read_trades(self, now: int, bar: Bar | None = None) -> bool:
        exchange, ledger, books = self._exchange, self._ledger, self._books
        if not exchange.outside:
            for trade in exchange.trades(ledger.since() or now, bar) or ():
                ledger.trade(trade)
            return True
        since = books.since or min(now, books.opened or now) - SLACK  # a first start: what is older is in the balances
        trades = exchange.trades(since, bar)
        if trades is None:
            return False
        for trade in trades:
            if not books.count_trade(trade, now) or ledger.trade(trade) or books.expected is None:
                continue
            if trade.client_order_id.startswith(self._prefix):
                ledger.strays.setdefault(trade.client_order_id, []).append(trade)
        return True

    def _set_right(self, now: int) -> None:
        """No timer lies further ahead than the longest that it waits."""
        if not self._exchange.outside:
            return
        for pursuit, entry in self._ledger.living():
            entry.present_is(now, _ASKED_AGAIN_MOST)
            if pursuit.patience_ends is not None:
                pursuit.patience_ends = min(pursuit.patience_ends, now + self._settings.patience)

    def _look_back(self, entry: LedgerEntry, report: Report, now: int) -> None:
        """Read again what the books have left behind, where an order's trades don't come up to what it has filled."""
        if entry.state in FINAL or report.filled <= entry.filled:
            entry.short_at = None
            return
        if entry.short_at is None:
            entry.short_at = now
        if now - entry.short_at < _SHORT:
            return
        entry.short_at = now
        for trade in self._exchange.trades(entry.since - _LOOKED_BACK) or ():
            ours = trade.client_order_id == entry.attempt.client_order_id and trade.trade_id not in entry.trades
            if ours and self._ledger.trade(trade):
                self._books.recover_trade(trade, now)
        entry.stand(report)

    def _not_found(self, pursuit: Pursuit, entry: LedgerEntry, now: int) -> None:
        """Not there, which proves nothing yet: it may be late, or be shown late."""
        grace = self._settings.unknown_grace
        if entry.missed_at is None:
            entry.missed_at, entry.asks = now, 0
        entry.misses += 1
        if not self._exchange.outside:
            if entry.state is OrderState.UNKNOWN:
                entry.happen(OrderEvent.CANCEL)
            return
        if entry.state is not OrderState.UNKNOWN:
            if now - entry.since >= grace:
                self._lose(pursuit, entry, now, "not found")
            return
        looked = entry.misses >= _MISSES and now - entry.missed_at >= grace
        if looked and not entry.seen and self._is_absent(entry, now):
            entry.happen(OrderEvent.CANCEL)
            pursuit.outcome = "absent"
        else:
            self._ask_later(entry, now)

    def _is_absent(self, entry: LedgerEntry, now: int) -> bool:
        """Whether trades, open orders and balances prove that nothing came of an order."""
        exchange, books = self._exchange, self._books
        if not self._read_trades(now) or entry.state is not OrderState.UNKNOWN:
            return False
        standing, balances = exchange.open_orders(), exchange.balances()
        if standing is None or balances is None or books.expected is None:
            return False
        if any(each.client_order_id == entry.attempt.client_order_id for each in standing):
            return False
        if self._keeps(balances, standing):
            return False
        if not books.agree(balances):
            self._read_history(now)
        return books.agree(balances)

    def _keeps(self, balances: Balances, standing: Sequence[OpenOrder]) -> bool:
        """Whether more is locked than the orders that are shown to stand open account for.

        What others' orders kept at the last look they may keep still, shown or not: those on another market, or of a
        kind that the list of open orders doesn't have.
        """
        base, quote = _kept(standing)
        our_base, our_quote = _kept([each for each in standing if each.client_order_id.startswith(self._prefix)])
        other_base, other_quote = self._books.locked
        return balances.base_locked > max(base, our_base + other_base) or balances.quote_locked > max(
            quote, our_quote + other_quote
        )

    def _cancel(self, entry: LedgerEntry) -> None:
        report = self._exchange.cancel(entry.attempt.client_order_id)
        if report is not None and entry.state not in FINAL:
            entry.stand(report)

    def _lose(self, pursuit: Pursuit, entry: LedgerEntry, now: int, problem: str) -> None:
        entry.lose(now, problem)
        pursuit.found = pursuit.found or "asked"

    @staticmethod
    def _ask_later(entry: LedgerEntry, now: int) -> None:
        entry.asks += 1
        entry.ask_at = now + _wait(entry.asks)


def _wait(asked: int) -> int:
    """How long after so many questions in vain the next one is asked."""
    return min(_ASKED_AGAIN << min(asked - 1, 8), _ASKED_AGAIN_MOST)


def _kept(standing: Sequence[OpenOrder]) -> tuple[Decimal, Decimal]:
    """How much of the base and of the quote asset the orders keep."""
    rests = [(each, each.quantity - each.filled) for each in standing]
    base = sum((rest for each, rest in rests if each.side == "sell"), Decimal(0))
    quote = sum((rest * (each.limit or 0) for each, rest in rests if each.side == "buy"), Decimal(0))
    return base, quote
