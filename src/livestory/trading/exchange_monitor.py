"""What is looked at now and then and is no order of ours: filters, clock, others' orders, an exchange's silences."""

from __future__ import annotations

from livestory.clock import MINUTE, SECOND
from livestory.story.kinds.exchange import ClockSkew, ExchangeBack, ExchangeDown, FiltersChanged, ForeignOrders
from livestory.trading.exchange.records import Trouble, changes
from livestory.trading.execution.order_manager import OrderManager
from livestory.trading.session import Session

_LOOKED_AT_EVERY = 5 * MINUTE
_WATCHED_EVERY = 10 * SECOND
_TRIED_AGAIN_AFTER = 30 * SECOND
_SKEW_TOLD_FROM = SECOND


class ExchangeMonitor:
    """Reports what it finds each time that it looks; the story knows what of it is news.

    The account's side and the candles' side of an exchange that is down are one trouble to the reader.
    """

    def __init__(self, session: Session, manager: OrderManager) -> None:
        self._session = session
        self._manager = manager
        self._looked_at = 0
        self._skew = 0
        self._candles: Trouble | None = None
        self._since: int | None = None  # since when the exchange is down
        self._price: float | None = None  # as it went down
        self._missed = 0  # bars since the last look that went by without being decided at

    def refresh(self, now: int) -> None:
        """Bring the rules for orders up to the exchange's, and report how they and its clock have changed."""
        session = self._session
        session.refresh_filters(now)
        before, session.state.filters = session.state.filters, session.filters
        if before is not None and before != session.filters:
            told = FiltersChanged(symbol=session.info.symbol, **changes(before, session.filters))
            session.story.report(now, told)
        skew = session.exchange.clock_ahead
        if abs(skew - self._skew) >= _SKEW_TOLD_FROM:
            self._skew = skew
            session.story.report(now, ClockSkew(skew=skew))

    def count_orders(self, now: int) -> None:
        """Every five minutes: how many orders are there that are not ours.

        More often where one of ours may come that the owner has given up, and anew where a clock was set back.
        """
        session = self._session
        every = _WATCHED_EVERY if now < session.state.watched_until else _LOOKED_AT_EVERY
        if 0 <= now - self._looked_at < every:
            return
        foreign = self._manager.find_strays()
        self._looked_at = now
        if foreign is None:
            self._looked_at += _TRIED_AGAIN_AFTER - _LOOKED_AT_EVERY
        else:
            session.story.report(now, ForeignOrders(count=foreign, symbol=session.info.symbol))

    def candles_down(self, since: int, problem: str) -> None:
        """The candles have not come since the instant ``since``."""
        tries = 1 if self._candles is None else self._candles.tries + 1
        self._candles = Trouble(since=since, problem=problem, tries=tries)

    def candles_back(self) -> None:
        """The candles come again; the missed ones are heard next."""
        self._candles = None

    def count_missed(self) -> None:
        """Count a bar that went by without being decided at."""
        self._missed += 1

    def check(self, now: int, price: float | None = None) -> None:
        """Report that the exchange is down, once that lasts, or that it is back; ``price`` where there is a new one."""
        session, trouble = self._session, self._session.exchange.trouble or self._candles
        if trouble is None:
            since, self._since = self._since, None
            missed, self._missed = self._missed, 0
            if since is not None:
                self.report_back(now, price, missed)
            return
        if self._since is None:
            # Whoever met the trouble has only the machine's clock; what is told is told by the exchange's.
            self._since = trouble.since - session.exchange.clock_ahead
            self._price = price or session.state.summary.price or None
        if trouble.lasting or now - self._since >= session.info.patience:
            self._report_down(now, trouble, self._since, price or session.state.summary.price)

    def report_back(self, now: int, price: float | None, missed: int | None = None) -> None:
        """Report that the exchange answers; the story knows whether it had told that it did not."""
        info = self._session.info
        told = ExchangeBack(
            exchange=info.exchange or info.market,
            missed_bars=missed,
            price_before=self._price,
            price_after=price or self._session.state.summary.price or None,
            unit=info.unit,
        )
        self._session.story.report(now, told)
        self._price = None

    def _report_down(self, now: int, trouble: Trouble, since: int, price: float) -> None:
        session, held = self._session, self._session.state.held()
        told = ExchangeDown(
            exchange=session.info.exchange or session.info.market,
            problem=trouble.problem,
            since=since,
            tries=trouble.tries,
            lasting=trouble.lasting,
            orders_open=session.orders_open,
            position=None if held is None else float(held.base),
            base=session.info.base,
            weight=None if held is None else held.weight(price),
        )
        session.story.report(now, told)
