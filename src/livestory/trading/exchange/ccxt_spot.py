"""An account at a real exchange's spot market, through ccxt; Binance's is the reference."""

# ruff: noqa: D102 - what a method of an exchange does stands in `Exchange`
from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.clock import HOUR, MINUTE
from livestory.errors import InputError
from livestory.story.reasons import EXCHANGE_DOWN, INSUFFICIENT_FUNDS, MARKET_HALTED, REJECTED, STEP_SIZE
from livestory.trading.exchange.ccxt_errors import Failed, Meaning
from livestory.trading.exchange.ccxt_history import FlowHistory, TradeHistory
from livestory.trading.exchange.ccxt_market import filters_of, load_market, taker_fee
from livestory.trading.exchange.protocol import checked
from livestory.trading.exchange.records import (
    Accepted,
    Answer,
    Balances,
    Book,
    Filters,
    OpenOrder,
    OrderReport,
    OrderStatus,
    Rejected,
    Unanswered,
)
from livestory.trading.exchange.request_limits import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from livestory.story.reason import Reason
    from livestory.trading.exchange.ccxt_client import CcxtClient
    from livestory.trading.exchange.records import AccountFlow, Execution, OrderRequest, Trouble
    from livestory.trading.market.bar import Bar
    from livestory.trading.risk import Approved

    Given = TypeVar("Given")

_FRESH = HOUR
_STANDINGS = {
    "open": OrderStatus.OPEN,
    "canceling": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.CANCELLED,
    "rejected": OrderStatus.CANCELLED,
}


class CcxtSpot:
    """One symbol's orders and balances at one exchange. Satisfies `livestory.trading.exchange.Exchange`.

    Every amount is read from the text that the exchange sent. What is asked is bounded in time; whatever is not
    proven to be refused, unsent or turned away counts as unanswered. `refresh` comes before everything else.
    """

    def __init__(self, client: CcxtClient, symbol: str) -> None:
        """The account that ``client`` has the keys of. Nothing is asked yet."""
        self.client = client
        self.symbol = symbol
        self.history = TradeHistory(client, symbol)
        self._flows = FlowHistory(client, symbol)
        self._base, _, self._quote = symbol.partition("/")
        self._filters: Filters | None = None
        self._closed: str | None = None
        self._refreshed = self._tried = -_FRESH

    @property
    def outside(self) -> bool:
        return True

    @property
    def trouble(self) -> Trouble | None:
        return self.client.trouble

    @property
    def closed(self) -> str | None:
        return self._closed

    @property
    def has_flows(self) -> bool:
        """Whether the account's deposits and withdrawals can be read; not on a testnet."""
        return self._flows.offered

    @property
    def clock_ahead(self) -> int:
        return self.client.ahead

    def refresh(self, now: int) -> None:
        """Read clock, filters, fee and the market's status anew where they are older than an hour; else nothing.

        Once a minute where the market is closed, no longer listed, or the last try failed.
        """
        wait = MINUTE if self._closed is not None or self._tried > self._refreshed else _FRESH
        if 0 <= now - self._tried < wait:  # a clock that was set back makes nothing fresh
            return
        self._tried = now
        try:
            self.load()
            self._refreshed = now
        except Failed:  # what was known before stands; `trouble` says why
            pass
        except InputError:
            self._closed = "not listed"

    def load(self) -> Mapping[str, Any]:
        """Read clock, filters, fee and status now; ccxt's description of the market. Raises Failed and InputError."""
        self.client.synchronize()
        with self.client.reading():
            market = load_market(self.client, self.symbol, anew=True)
            self._filters = filters_of(self.client, market, taker_fee(self.client, market))
            status = str((market.get("info") or {}).get("status") or "closed")
            self._closed = status if market.get("active") is False else None
        return market

    def filters(self) -> Filters:
        """The rules for an order's numbers, as of the last refresh; there must have been one."""
        if self._filters is None:
            message = "no refresh has succeeded yet"
            raise RuntimeError(message)
        return self._filters

    def balances(self) -> Balances | None:
        return _answered(self.read_balances)

    def read_balances(self) -> Balances:
        """What the account holds now. Raises Failed."""
        # Whatever is left of the weight: what the breaker may sell is known by it.
        answer = self.client.ask("fetch_balance", need=Need.ORDER, signed=True)
        with self.client.reading():
            total, used = answer["total"], answer["used"]
            if not total:  # an account lists the assets it has; one without any is an answer about something else
                raise LookupError
            if self.client.id.startswith("binance"):  # it lists all there are: one that is left out is not known
                total = {asset: total[asset] for asset in (self._base, self._quote)}
            held = (Decimal(total.get(asset, 0)) for asset in (self._base, self._quote))
            locked = (Decimal(used.get(asset) or 0) for asset in (self._base, self._quote))
            return Balances(*held, *locked)

    def book(self) -> Book | None:
        return _answered(self._read_book)

    def submit(self, approved: Approved, request: OrderRequest) -> Answer:
        """Place a market order, or a limit order that is only ever the maker. Raises as `Exchange.submit` does.

        Rejects what the filters forbid, unsent: ccxt would cut it to their steps, and another order would be placed.
        """
        checked(approved, request)
        problem = self._problem(request, approved.order.reference)
        if problem is not None:
            return Rejected(problem)
        price = None if request.limit is None else f"{request.limit:f}"
        terms = (self.symbol, "market" if price is None else "limit", request.side, f"{request.quantity:f}", price)
        params = {"clientOrderId": request.client_order_id} | ({} if price is None else {"postOnly": True})
        try:
            order = self.client.ask("create_order", *terms, params, need=Need.ORDER, signed=True)
            with self.client.reading():
                if order["clientOrderId"] != request.client_order_id:
                    raise ValueError
                self.history.learn(order)
        except Failed as failed:
            return self._answer(failed, approved, request)
        return Accepted()

    def cancel(self, client_order_id: str) -> OrderReport | None:
        try:
            order = self.client.ask(
                "cancel_order", "", self.symbol, {"clientOrderId": client_order_id}, need=Need.ORDER, signed=True
            )
            return self._report(order, client_order_id)
        except Failed as failed:
            # Filled or gone already; only the order itself tells which.
            known = {Meaning.NOT_FOUND, Meaning.REFUSED}
            return _answered(lambda: self.read_order(client_order_id, Need.ORDER)) if failed.meaning in known else None

    def query(self, client_order_id: str) -> OrderReport | None:
        return _answered(lambda: self.read_order(client_order_id))

    def read_order(self, client_order_id: str, need: Need = Need.SOON) -> OrderReport:
        """What is known of an order. Raises Failed."""
        params = {"clientOrderId": client_order_id}
        try:
            order = self.client.ask("fetch_order", "", self.symbol, params, need=need, signed=True)
        except Failed as failed:
            if failed.meaning is Meaning.NOT_FOUND:
                return OrderReport(OrderStatus.NOT_FOUND)
            raise
        return self._report(order, client_order_id)

    def executions(self, since: int, bar: Bar | None = None) -> Sequence[Execution] | None:
        del bar
        ahead = self.client.ahead
        found = _answered(lambda: self.history.read(self._theirs(since)))
        late = self.client.ahead - ahead
        if found is not None and late > 0:  # the answer told that ``since`` was reckoned by a clock that had run ahead
            found = _answered(lambda: self.history.read(self._theirs(since - late)))
        return found

    def open_orders(self) -> Sequence[OpenOrder] | None:
        return _answered(self.read_open_orders)

    def read_open_orders(self) -> list[OpenOrder]:
        """Every order of the account that stands open for the symbol. Raises Failed."""
        orders = self.client.ask("fetch_open_orders", self.symbol, signed=True)
        with self.client.reading():
            return [self._open_order(order) for order in orders]

    def flows(self, since: int) -> Sequence[AccountFlow] | None:
        """Deposits and withdrawals from the instant ``since``, oldest first; None: no answer.

        Some from the two days before may be among them: a transfer can count later than it was entered.
        """
        return _answered(lambda: self.read_flows(since)) if self.has_flows else ()

    def read_flows(self, since: int) -> list[AccountFlow]:
        """Deposits and withdrawals as `flows` gives them. Raises Failed."""
        return self._flows.read(self._theirs(since))

    def close(self) -> None:
        self.client.close()

    def _theirs(self, since: int) -> int:
        """An instant of the machine's on the exchange's clock, rather too early than too late."""
        return since - max(self.client.ahead, 0)

    def _problem(self, request: OrderRequest, reference: Decimal) -> Reason | None:
        filters, limit = self._filters, request.limit
        if filters is None:
            return EXCHANGE_DOWN()
        if limit is not None and limit % filters.tick:
            return STEP_SIZE(value=float(limit), limit=float(filters.tick))
        return filters.problem(request.quantity, reference if limit is None else limit)

    def _answer(self, failed: Failed, approved: Approved, request: OrderRequest) -> Answer:
        meaning = failed.meaning
        if meaning is Meaning.DUPLICATE:
            # Sent before: what became of that one is what counts.
            report = self.query(request.client_order_id)
            found = report is not None and report.status is not OrderStatus.NOT_FOUND
            return Accepted() if found else Unanswered(failed.problem)
        if meaning is Meaning.NO_ANSWER:
            return Unanswered(failed.problem)
        if failed.reason is MARKET_HALTED:
            self._closed, self._tried = failed.problem, 0
        return Rejected(self._reason(failed, approved, request))

    def _reason(self, failed: Failed, approved: Approved, request: OrderRequest) -> Reason:
        if failed.reason is INSUFFICIENT_FUNDS:
            held, buys = self.balances(), request.side == "buy"
            price = request.limit or approved.order.reference
            needed = request.quantity * price if buys else request.quantity
            there = None if held is None else float(held.quote_free if buys else held.base_free)
            return failed.reason(value=float(needed), limit=there)
        return failed.reason(text=failed.problem if failed.reason is REJECTED else "")

    def _report(self, order: Any, client_order_id: str) -> OrderReport:
        with self.client.reading():
            self.history.learn(order, client_order_id)
            return OrderReport(_STANDINGS[order["status"]], Decimal(order["filled"]))

    def _open_order(self, order: Mapping[str, Any]) -> OpenOrder:
        self.history.learn(order)
        return OpenOrder(
            client_order_id=order.get("clientOrderId") or "",
            side=order["side"],
            quantity=Decimal(order["amount"]),
            filled=Decimal(order.get("filled") or 0),
            limit=Decimal(order["price"]) if order.get("price") else None,
        )

    def _read_book(self) -> Book | None:
        if self.client.has("fetchBidsAsks"):
            tickers = self.client.ask("fetch_bids_asks", [self.symbol])
        else:
            tickers = {self.symbol: self.client.ask("fetch_ticker", self.symbol)}
        with self.client.reading():
            ticker = tickers[self.symbol]
            bid, ask = Decimal(ticker["bid"] or 0), Decimal(ticker["ask"] or 0)
        return Book(bid, ask) if 0 < bid < ask else None


def _answered(read: Callable[[], Given]) -> Given | None:
    try:
        return read()
    except Failed:
        return None
