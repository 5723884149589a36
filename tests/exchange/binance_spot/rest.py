"""The REST interface: which address asks what of the exchange, and the shape of the answer.

Paths, parameters, weights, answers and errors are those of rest-api.md and errors.md of binance/binance-spot-api-docs;
those under /sapi are those of developers.binance.com/docs/wallet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tests.exchange.binance_spot.faults import Answer, Request
from tests.exchange.binance_spot.market_data import MarketData
from tests.exchange.binance_spot.parameters import check_symbol, given, number, page, span
from tests.exchange.binance_spot.records import ZERO, Order, Refusal, Trade
from tests.exchange.binance_spot.wallet import Wallet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from tests.exchange.binance_spot.access import Access
    from tests.exchange.binance_spot.matching import Exchange

_MILLIS = 1000
_encode = msgspec.json.encode


class _Route(NamedTuple):
    answer: Callable[[Mapping[str, str]], Any]
    weight: int
    security: str = ""  # "", "read" or "trade"


class Rest:
    """Answers to requests."""

    def __init__(self, exchange: Exchange, access: Access) -> None:
        self.exchange = exchange
        self.access = access
        self.data = MarketData(exchange, access)
        data, wallet = self.data, Wallet(exchange, access)
        self._routes = {
            "GET /api/v3/ping": _Route(lambda _: {}, 1),
            "GET /api/v3/time": _Route(lambda _: {"serverTime": exchange.now // _MILLIS}, 1),
            "GET /api/v3/exchangeInfo": _Route(data.exchange_info, 20),
            "GET /api/v3/klines": _Route(data.klines, 2),
            "GET /api/v3/depth": _Route(data.depth, 5),
            "GET /api/v3/ticker/bookTicker": _Route(data.book_ticker, 2),
            "GET /api/v3/ticker/price": _Route(data.price_ticker, 2),
            "GET /api/v3/ticker/24hr": _Route(data.day_ticker, 2),
            "GET /api/v3/account": _Route(wallet.account, 20, "read"),
            "GET /api/v3/account/commission": _Route(wallet.commission, 20, "read"),
            "POST /api/v3/order": _Route(self._new_order, 1, "trade"),
            "POST /api/v3/order/test": _Route(self._test_order, 1, "trade"),
            "GET /api/v3/order": _Route(self._get_order, 4, "read"),
            "DELETE /api/v3/order": _Route(self._cancel_order, 1, "trade"),
            "GET /api/v3/openOrders": _Route(self._open_orders, 6, "read"),
            "DELETE /api/v3/openOrders": _Route(self._cancel_all, 1, "trade"),
            "GET /api/v3/allOrders": _Route(self._all_orders, 20, "read"),
            "GET /api/v3/myTrades": _Route(self._my_trades, 20, "read"),
            "GET /sapi/v1/system/status": _Route(lambda _: {"status": 0, "msg": "normal"}, 0),
            "GET /sapi/v1/account/apiRestrictions": _Route(wallet.restrictions, 0, "read"),
            "GET /sapi/v1/asset/tradeFee": _Route(wallet.trade_fee, 0, "read"),
            "GET /sapi/v1/capital/deposit/hisrec": _Route(wallet.deposits, 0, "read"),
            "GET /sapi/v1/capital/withdraw/history": _Route(wallet.withdrawals, 0, "read"),
        }

    def answer(self, request: Request, key: str | None, signed: str) -> Answer:
        """Act on a request: ``key`` is its API key, ``signed`` its query and body."""
        with self.exchange.lock:
            route = self._routes.get(request.what)
            try:
                if route is None:
                    return Answer(404, b"<html><body>404 Not Found</body></html>", {"Content-Type": "text/html"})
                self.access.count(route.weight)
                if route.security:
                    self.access.verify(key, signed, request.params, trades=route.security == "trade")
                self.exchange.catch_up()
                body, status, headers = _encode(route.answer(request.params)), 200, {}
            except Refusal as refusal:
                body = _encode({"code": refusal.code, "msg": refusal.message})
                status, headers = refusal.status, refusal.headers
            used = str(self.access.used_weight)
            headers = {**headers, "X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
            if request.what == "POST /api/v3/order":
                headers |= self.access.order_headers
            return Answer(status, body, headers)

    # Trading.

    def _new_order(self, params: Mapping[str, str]) -> dict[str, Any]:
        order_type = params.get("type", "")
        terms = self._terms(params)
        self.access.count_order()
        order = self.exchange.place(*terms)
        result: dict[str, Any] = {
            **self._ids(order),
            "transactTime": self.exchange.now // _MILLIS,
        }
        kind = params.get("newOrderRespType", "ACK" if order_type == "LIMIT_MAKER" else "FULL")
        if kind == "ACK":
            return result
        result |= self._numbers(order) | {"workingTime": order.time // _MILLIS}
        if kind == "FULL":
            result["fills"] = [
                {
                    "price": self.exchange.rules.text(trade.price),
                    "qty": self.exchange.rules.text(trade.quantity),
                    "commission": self.exchange.rules.text(trade.fee),
                    "commissionAsset": trade.fee_asset,
                    "tradeId": trade.id,
                }
                for trade in order.trades
            ]
        return result

    def _test_order(self, params: Mapping[str, str]) -> dict[str, Any]:
        self._terms(params)
        return {}

    def _terms(self, params: Mapping[str, str]) -> tuple[Any, Decimal, str, Decimal, str, str]:
        """What an order asks for, its form checked."""
        check_symbol(self.exchange.rules, params)
        side, order_type = given(params, "side"), given(params, "type")
        if side not in {"BUY", "SELL"}:
            raise Refusal(-1117, "Invalid side.")
        if order_type not in self.exchange.rules.order_types:
            raise Refusal(-1116, "Invalid orderType.")
        if "quoteOrderQty" in params:
            raise Refusal(-2010, "Quote order qty market orders are not support for this symbol.")
        quantity = number(self.exchange.rules, params, "quantity")
        if quantity <= 0:
            raise Refusal(-1013, "Invalid quantity.")
        in_force = params.get("timeInForce", "GTC")
        if order_type == "MARKET":
            if "price" in params:
                raise Refusal(-1106, "Parameter 'price' sent when not required.")
            return side, quantity, order_type, ZERO, params.get("newClientOrderId", ""), in_force
        if order_type == "LIMIT":
            in_force = given(params, "timeInForce")
        elif "timeInForce" in params:
            raise Refusal(-1106, "Parameter 'timeInForce' sent when not required.")
        if in_force not in {"GTC", "IOC", "FOK"}:
            raise Refusal(-1115, "Invalid timeInForce.")
        price = number(self.exchange.rules, params, "price")
        return side, quantity, order_type, price, params.get("newClientOrderId", ""), in_force

    def _find(self, params: Mapping[str, str]) -> Order | None:
        check_symbol(self.exchange.rules, params)
        order_id, client_order_id = params.get("orderId"), params.get("origClientOrderId")
        if not order_id and not client_order_id:
            message = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            raise Refusal(-1102, message)
        if order_id and not order_id.isdigit():
            message = "Illegal characters found in parameter 'orderId'; legal range is '^[0-9]{1,20}$'."
            raise Refusal(-1100, message)
        return self.exchange.find(int(order_id) if order_id else None, client_order_id or None)

    def _get_order(self, params: Mapping[str, str]) -> dict[str, Any]:
        order = self._find(params)
        if order is None or not self.exchange.shows(order):
            raise Refusal(-2013, "Order does not exist.")
        return self._order(order)

    def _cancel_order(self, params: Mapping[str, str]) -> dict[str, Any]:
        return self._cancelled(self.exchange.cancel(self._find(params)))

    def _cancelled(self, order: Order) -> dict[str, Any]:
        return {
            **self._ids(order),
            "origClientOrderId": order.client_order_id,
            "clientOrderId": f"cancel-{order.order_id}",
            "transactTime": order.update_time // _MILLIS,
            **self._numbers(order),
        }

    def _cancel_all(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        check_symbol(self.exchange.rules, params)
        live = list(self.exchange.live.values())
        if not live:
            raise Refusal(-2011, "Unknown order sent.")
        return [self._cancelled(self.exchange.cancel(order)) for order in live]

    def _open_orders(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        if "symbol" in params:
            check_symbol(self.exchange.rules, params)
        return [self._order(order) for order in self.exchange.live.values() if self.exchange.shows(order)]

    def _all_orders(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        check_symbol(self.exchange.rules, params)
        since, until = span(params)
        first = int(params.get("orderId", 0))
        shown = [
            order
            for order in self.exchange.orders.values()
            if order.order_id >= first and since <= order.time <= until and self.exchange.shows(order)
        ]
        return [self._order(order) for order in page(shown, params, forwards=bool(first or since))]

    def _my_trades(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        check_symbol(self.exchange.rules, params)
        exchange = self.exchange
        since, until = span(params)
        if "fromId" in params and ("startTime" in params or "endTime" in params):
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        first = int(params.get("fromId", 0))
        if "orderId" in params:
            order = exchange.orders.get(int(params["orderId"]))
            among = [trade for trade in order.trades if trade.id >= first] if order else []
        elif since:
            among = [trade for trade in exchange.trades_since(since) if trade.time <= until]
        else:
            among = [trade for trade in exchange.trades[max(first - 1, 0) :] if trade.time <= until]
        forwards = bool(first or since)
        return [self._trade(trade) for trade in page(exchange.shown_trades(among), params, forwards=forwards)]

    # Shapes.

    def _ids(self, order: Order) -> dict[str, Any]:
        symbol, client_order_id = self.exchange.rules.symbol, order.client_order_id
        return {"symbol": symbol, "orderId": order.order_id, "orderListId": -1, "clientOrderId": client_order_id}

    def _numbers(self, order: Order) -> dict[str, Any]:
        return {
            "price": self.exchange.rules.text(order.price),
            "origQty": self.exchange.rules.text(order.quantity),
            "executedQty": self.exchange.rules.text(order.executed),
            "origQuoteOrderQty": self.exchange.rules.text(ZERO),
            "cummulativeQuoteQty": self.exchange.rules.text(order.value),
            "status": order.status,
            "timeInForce": order.time_in_force,
            "type": order.type,
            "side": order.side,
            "selfTradePreventionMode": "NONE",
        }

    def _order(self, order: Order) -> dict[str, Any]:
        time = order.time // _MILLIS
        return {
            **self._ids(order),
            **self._numbers(order),
            "stopPrice": self.exchange.rules.text(ZERO),
            "icebergQty": self.exchange.rules.text(ZERO),
            "time": time,
            "workingTime": time,
            "updateTime": order.update_time // _MILLIS,
            "isWorking": True,
        }

    def _trade(self, trade: Trade) -> dict[str, Any]:
        return {
            "symbol": self.exchange.rules.symbol,
            "id": trade.id,
            "orderId": trade.order_id,
            "orderListId": -1,
            "price": self.exchange.rules.text(trade.price),
            "qty": self.exchange.rules.text(trade.quantity),
            "quoteQty": self.exchange.rules.text(trade.value),
            "commission": self.exchange.rules.text(trade.fee),
            "commissionAsset": trade.fee_asset,
            "time": trade.time // _MILLIS,
            "isBuyer": trade.side == "BUY",
            "isMaker": trade.maker,
            "isBestMatch": True,
        }
