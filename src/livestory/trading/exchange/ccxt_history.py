"""What happened to the account as the exchange tells it: executions of one symbol, deposits and withdrawals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from livestory.clock import DAY, MINUTE
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.exchange.ccxt_errors import Failed
from livestory.trading.exchange.records import AccountFlow, Execution
from livestory.trading.exchange.request_limits import Need

_MILLIS = 1000
_LEAST_PAGE = 50  # trades; where an exchange does not say how many it gives at once
_REMEMBERED = 2000  # orders whose client order id is kept
_FEW = 5  # windows that are read one by one
_PRICE_AGE = MINUTE  # that the price of an asset in which fees are taken may have


class TradeHistory:
    """Reads executions in windows of time, halving each that has more of them than a page.

    What lies too far back for that is read by the numbers of the trades where they are in sequence, as Binance's are.
    """

    def __init__(self, client: CcxtClient, symbol: str) -> None:
        self._client = client
        self._symbol = symbol
        self._base, _, self._quote = symbol.partition("/")
        self._names: dict[str, str] = {}  # client order id by the exchange's own
        self._prices: dict[str, tuple[int, Decimal | None]] = {}
        features = ((client.ccxt.features or {}).get("spot") or {}).get("fetchMyTrades") or {}
        self._window = int((features.get("untilDays") or 7) * DAY)
        self._reach = int((features.get("daysBack") or 365) * DAY)
        self._page = max(int(features.get("limit") or _LEAST_PAGE), _LEAST_PAGE)

    def learn(self, order: Mapping[str, Any], client_order_id: str | None = None) -> None:
        """Remember which client order id an order of the exchange has; ``client_order_id`` where that is known."""
        name = client_order_id if client_order_id is not None else order.get("clientOrderId")
        if order.get("id") is not None:
            self._names[str(order["id"])] = str(name or "")
            if len(self._names) > _REMEMBERED:
                del self._names[next(iter(self._names))]

    def read(self, since: int) -> list[Execution]:
        """Every execution from the instant ``since``, oldest first. Raises Failed, also for an order not yet known."""
        with self._client.reading():
            found = {str(trade["id"]): trade for trade in self._all(since)}
            kept = sorted(found.values(), key=lambda trade: (trade["timestamp"], _number_or_text(trade["id"])))
            return [self._trade(trade) for trade in kept]

    def _all(self, start: int) -> Iterator[Any]:
        now = self._client.now()
        if now - start > _FEW * self._window and self._client.id.startswith("binance"):
            yield from self._since_the_first(start)
            return
        start = min(max(start, now - self._reach), now)
        while start <= (now := self._client.now()):  # which the first answer may have set right
            end = min(start + self._window - _MILLIS, now + MINUTE)
            yield from self._between(start, end)
            start = end + _MILLIS

    def _since_the_first(self, start: int) -> Iterator[Any]:
        """From the account's first trade on, by id: a window holds a day at most (rest-api.md, myTrades)."""
        first, page = 1, [None] * self._page
        while len(page) == self._page:
            page = self._client.ask("fetch_my_trades", self._symbol, None, self._page, {"fromId": first}, signed=True)
            yield from (trade for trade in page if trade["timestamp"] * _MILLIS >= start)
            first = max((int(trade["id"]) for trade in page), default=0) + 1

    def _between(self, start: int, end: int) -> Iterator[Any]:
        page = self._client.ask(
            "fetch_my_trades", self._symbol, start // _MILLIS, self._page, {"until": end // _MILLIS}, signed=True
        )
        if len(page) < self._page or end - start < 2 * _MILLIS:
            yield from page
            return
        middle = (start + end) // 2 // _MILLIS * _MILLIS
        yield from self._between(start, middle)
        yield from self._between(middle + _MILLIS, end)

    def _trade(self, found: Mapping[str, Any]) -> Execution:
        quantity, price = Decimal(found["amount"]), Decimal(found["price"])
        fees = [fee for fee in found.get("fees") or [found.get("fee")] if fee and fee.get("cost") is not None]
        taken: dict[str, Decimal] = {}
        for fee in fees:
            asset = str(fee["currency"])
            taken[asset] = taken.get(asset, Decimal(0)) + Decimal(str(fee["cost"]))
        worth = [self._worth(asset, amount, price) for asset, amount in taken.items()]
        known = [each for each in worth if each is not None]
        return Execution(
            trade_id=str(found["id"]),
            client_order_id=self._name(str(found["order"])),
            time=int(found["timestamp"]) * _MILLIS,
            side=found["side"],
            quantity=quantity,
            price=price,
            fee=sum(known, Decimal(0)) if len(known) == len(worth) else None,
            base_fee=taken.get(self._base, Decimal(0)),
            quote_fee=taken.get(self._quote, Decimal(0)),
        )

    def _name(self, order_id: str) -> str:
        if order_id not in self._names:
            order = self._client.ask("fetch_order", order_id, self._symbol, signed=True)
            if str(order["id"]) != order_id:
                raise ValueError
            self.learn(order)
        return self._names[order_id]

    def _worth(self, asset: str, amount: Decimal, price: Decimal) -> Decimal | None:
        if asset == self._quote or not amount:
            return amount
        if asset == self._base:
            return amount * price
        rate = self._price(asset)
        return None if rate is None else amount * rate

    def _price(self, asset: str) -> Decimal | None:
        """What one of ``asset`` is worth in the quote asset by its last trade; None where that is not known."""
        now = self._client.now()
        asked, price = self._prices.get(asset, (0, None))
        if not 0 <= now - asked <= _PRICE_AGE:
            price = self._last(f"{asset}/{self._quote}")
            if price is None:
                inverse = self._last(f"{self._quote}/{asset}")
                price = 1 / inverse if inverse else None
            self._prices[asset] = now, price
        return price

    def _last(self, symbol: str) -> Decimal | None:
        if symbol not in (self._client.ccxt.markets or {}):
            return None
        try:
            last = self._client.ask("fetch_ticker", symbol)["last"]
        except (Failed, KeyError, TypeError):
            return None
        return Decimal(str(last)) if last is not None else None


def _number_or_text(trade_id: Any) -> tuple[int, str]:
    text = str(trade_id)
    return (int(text), "") if text.isdigit() else (0, text)


_MILLIS = 1000
_WINDOW = 90 * DAY  # Binance: "the time between startTime and endTime must be less than 90 days"
_LATE = 2 * DAY  # that a transfer may take from its first entry until it counts
_PAGE = 1000
_KINDS: Final = (("fetch_deposits", "deposit", 1), ("fetch_withdrawals", "withdrawal", -1))
_VOID: Final = {"canceled", "failed"}


class FlowHistory:
    """Reads both histories, page by page."""

    def __init__(self, client: CcxtClient, symbol: str) -> None:
        self._client = client
        base, _, quote = symbol.partition("/")
        self._assets: Final = ((base, "base"), (quote, "quote"))

    @property
    def offered(self) -> bool:
        """Whether there is such a history; a testnet has none."""
        client = self._client
        wallet = not client.id.startswith("binance") or client.reaches("sapi")
        return wallet and client.has("fetchDeposits") and client.has("fetchWithdrawals")

    def read(self, since: int) -> list[AccountFlow]:
        """What was completed from ``since`` on, oldest first; a little from before may be among it. Raises Failed."""
        with self._client.reading():
            found = {flow.flow_id: flow for flow in self._entries(since - _LATE)}
        return sorted(found.values(), key=lambda flow: (flow.time, flow.flow_id))

    def _entries(self, start: int) -> Iterator[AccountFlow]:
        while start <= self._client.now():
            for asset, part in self._assets:
                for method, kind, sign in _KINDS:
                    # The newest thousand of 90 days; ccxt hands no earlier end on for withdrawals.
                    page = self._client.ask(method, asset, start // _MILLIS, _PAGE, need=Need.CAN_WAIT, signed=True)
                    yield from (flow for entry in page if (flow := _flow(entry, kind, sign, part)) is not None)
            start += _WINDOW


def _flow(entry: Any, kind: str, sign: int, part: Any) -> AccountFlow | None:
    # A withdrawal leaves the account when it is asked for; a deposit is there once it has been credited.
    status = entry.get("status")
    if status in _VOID or (sign > 0 and status != "ok") or entry.get("amount") is None:
        return None
    amount = Decimal(str(entry["amount"]))
    fee = entry.get("fee") or {}
    if sign < 0 and fee.get("cost") is not None:
        amount += Decimal(str(fee["cost"]))
    return AccountFlow(
        flow_id=f"{kind}-{entry['id']}", time=int(entry["timestamp"]) * _MILLIS, asset=part, amount=sign * amount
    )
