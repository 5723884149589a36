"""What must be fine before an order is placed at an exchange, subject by subject; no order is placed to find out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from livestory.clock import DAY, SECOND, as_datetime
from livestory.trading.exchange.ccxt_errors import Failed, Meaning
from livestory.trading.exchange.ccxt_market import least_quantity
from livestory.trading.exchange.ccxt_spot import CcxtSpot
from livestory.trading.exchange.records import OrderStatus
from livestory.trading.exchange.request_limits import Need

_NEEDED = {
    "fetchBalance": "does not tell its balances",
    "createOrder": "takes no orders",
    "cancelOrder": "withdraws no orders",
    "fetchOrder": "does not tell what became of an order",
    "fetchOpenOrders": "does not tell which orders stand open",
    "fetchMyTrades": "does not tell the account's trades",
}
_NO_ORDER = "ls-no-such-order"
_OFF = 60 * SECOND  # a clock that is set right by itself, but that its owner should hear of


class Finding(NamedTuple):
    """One line of the check."""

    subject: str
    words: str
    good: bool | None = True  # None: the exchange does not tell
    passing: bool = False  # not good now; patience may help


def lacks(exchange: CcxtSpot, *, post_only: bool) -> str | None:
    """What ccxt's interface to the exchange lacks that orders can't be placed without; None if nothing."""
    client = exchange.client
    for method, words in _NEEDED.items():
        if not client.has(method):
            return f"{client.id} {words}, as far as ccxt knows"
    if not client.has("spot"):
        return f"{client.id} has no spot market"
    made = ((client.ccxt.features or {}).get("spot") or {}).get("createOrder") or {}
    if made.get("marketBuyRequiresPrice"):
        return f"{client.id} takes market buys by what they cost only, not by quantity"
    if post_only and not client.has("createPostOnlyOrder"):
        return f'{client.id} has no post-only orders; set kind = "market" in [orders]'
    return None


def preflight(exchange: CcxtSpot, *, post_only: bool = False) -> Iterator[Finding]:
    """Ask and judge, subject by subject; ends at the first one that makes the rest pointless.

    Raises InputError where the exchange does not have the symbol.
    """
    lacking = lacks(exchange, post_only=post_only)
    if lacking is not None:
        yield Finding("exchange", lacking, good=False)
        return
    yield Finding("exchange", f"{exchange.client.id} at {_host(exchange.client.ccxt)}")
    for subjects in (_market, _account, _keys, _orders, _histories):
        try:
            yield from subjects(exchange)
        except Failed as failed:
            yield _failure(exchange, failed)
            return


def _market(exchange: CcxtSpot) -> Iterator[Finding]:
    client = exchange.client
    market = exchange.load()
    ahead = client.ahead / SECOND
    off = "" if abs(client.ahead) < _OFF else "; orders are signed with the exchange's time, but set yours right"
    yield Finding("clock", f"this machine is {abs(ahead):.2f}s {'ahead of' if ahead >= 0 else 'behind'} it{off}")
    if exchange.closed is not None:
        yield Finding("symbol", f"{exchange.symbol} takes no orders now: {exchange.closed}", good=None)
    else:
        yield Finding("symbol", f"{exchange.symbol} trades")
    base, _, quote = exchange.symbol.partition("/")
    filters = exchange.filters()
    least = least_quantity(market)
    parts = [f"price step {filters.tick.normalize():f} {quote}", f"quantity step {filters.step.normalize():f} {base}"]
    parts += [f"at least {least.normalize():f} {base}"] if least > filters.step else []
    parts += [f"at least {filters.min_notional.normalize():f} {quote} an order"]
    yield Finding("filters", ", ".join(parts))
    yield Finding("fee", f"{filters.fee * 100:.3g}% of a trade's value")


def _account(exchange: CcxtSpot) -> Iterator[Finding]:
    held = exchange.read_balances()
    base, _, quote = exchange.symbol.partition("/")
    words = f"{held.base.normalize():f} {base}, {held.quote.normalize():f} {quote}"
    if held.base_locked or held.quote_locked:
        words += (
            f"; open orders keep {held.base_locked.normalize():f} {base}, {held.quote_locked.normalize():f} {quote}"
        )
    if not held.base and not held.quote:
        yield Finding("balance", f"{words}: nothing to trade with", good=None)
    else:
        yield Finding("balance", words)


def _keys(exchange: CcxtSpot) -> Iterator[Finding]:
    """Permissions. Binance: GET /sapi/v1/account/apiRestrictions (developers.binance.com/docs/wallet); no testnet."""
    client = exchange.client
    if not client.id.startswith("binance") or not client.reaches("sapi"):
        yield Finding("keys", "accepted; what they may do is not told here", good=None)
        return
    may: dict[str, Any] = client.ask("sapi_get_account_apirestrictions", need=Need.CAN_WAIT, signed=True)
    if may.get("enableWithdrawals") is not False:
        words = "these keys may withdraw\nMake keys without that permission, and delete these."
        yield Finding("keys", words, good=False)
    elif may.get("enableSpotAndMarginTrading") is not True:
        yield Finding("keys", "these keys may not trade\nEnable spot trading for them, and nothing more.", good=False)
    else:
        anywhere = "" if may.get("ipRestrict") else "; from any address: restrict them to this machine's"
        yield Finding("keys", f"may trade, may not withdraw{anywhere}")


def _orders(exchange: CcxtSpot) -> Iterator[Finding]:
    try:
        found = exchange.read_order(_NO_ORDER)
    except Failed as failed:
        if failed.meaning is not Meaning.REFUSED:
            raise
        words = f"{exchange.client.id} can't be asked for an order by its client order id: {failed.problem}"
        yield Finding("orders", words, good=False)
        return
    if found.status is not OrderStatus.NOT_FOUND:
        yield Finding("orders", "an unknown client order id was answered with an order", good=False)
        return
    standing = exchange.read_open_orders()
    count = f"{len(standing)} open" if standing else "none open"
    yield Finding("orders", f"asked for by client order id; {count}")


def _histories(exchange: CcxtSpot) -> Iterator[Finding]:
    since = exchange.client.now() - DAY
    trades = exchange.history.read(since)
    yield Finding("trades", f"{len(trades)} in the last day")
    if not exchange.has_flows:
        yield Finding("flows", "deposits and withdrawals are not told here; say them with livestory flow", good=None)
        return
    exchange.read_flows(since)
    yield Finding("flows", "deposits and withdrawals can be read")


def _failure(exchange: CcxtSpot, failed: Failed) -> Finding:
    passing = failed.meaning in {Meaning.NO_ANSWER, Meaning.UNSENT}
    trouble = exchange.trouble
    words = trouble.problem if trouble is not None else failed.problem
    remedy = {Meaning.DENIED: "\nCheck the key, its secret, its permissions and its addresses."}.get(failed.meaning, "")
    if failed.retry_at is not None:
        words += f" (asked again at {as_datetime(failed.retry_at):%H:%M:%S} UTC)" if "until" not in words else ""
    subject = "answer" if passing else "keys" if failed.meaning is Meaning.DENIED else "exchange"
    return Finding(subject, words + remedy, good=False, passing=passing)


def _host(client: Any) -> str:
    found: Any = client.urls["api"]
    while isinstance(found, dict):
        found = found.get("public") or found.get("rest") or next(iter(found.values()))
    host: Callable[..., str] = client.implode_hostname
    return host(str(found)).partition("//")[2].partition("/")[0]
