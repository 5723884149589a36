"""Who may ask, and how often: keys, signatures, timestamps, weights and bans, as rest-api.md has them."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import DAY, MINUTE, SECOND
from tests.exchange.binance_spot.records import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.exchange.binance_spot.matching import Exchange

_MILLIS = 1000
_MANY_ORDERS = 200_000  # a day


class Limits(Struct):
    """How much may be asked; None: as much as anybody wants."""

    weight: int | None = 6000  # a minute
    orders: int | None = 100  # in ten seconds
    patience: int = 20  # requests after the first 429 of a minute until the ban


class Credentials(Struct):
    """The account's key, and what it may be used for."""

    key: str
    secret: str
    trades: bool = True
    withdraws: bool = False
    ip_restricted: bool = True


class Access:
    """The doorkeeper. Everything goes by the exchange's clock."""

    def __init__(self, exchange: Exchange, credentials: Credentials) -> None:
        self.credentials = credentials
        self.limits = Limits()
        self.banned_until = 0
        self.used_weight = 0
        self._exchange = exchange
        self._ban_status = 418
        self._minute = self._ten_seconds = self._day = -1
        self._violations = self._bans = self._orders = self._orders_today = 0

    def ban(self, seconds: int, status: int = 418) -> None:
        """Refuse everything for ``seconds``."""
        self.banned_until = self._exchange.now + seconds * SECOND
        self._ban_status = status

    def count(self, weight: int) -> None:
        """Count a request; raises `Refusal` where it is one too many."""
        now = self._exchange.now
        if now < self.banned_until:
            until = self.banned_until // _MILLIS
            message = (
                f"Way too much request weight used; IP banned until {until}. "
                "Please use WebSocket Streams for live updates to avoid bans."
            )
            raise Refusal(-1003, message, self._ban_status, Retry_After=_seconds(self.banned_until - now))
        if now // MINUTE != self._minute:
            self._minute, self.used_weight, self._violations = now // MINUTE, 0, 0
        self.used_weight += weight
        limit = self.limits.weight
        if limit is None or self.used_weight <= limit:
            return
        self._violations += 1
        if self._violations > self.limits.patience:
            self._bans += 1
            self.ban(120 * 2 ** (self._bans - 1))
        message = (
            f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        raise Refusal(-1003, message, 429, Retry_After=_seconds(MINUTE - now % MINUTE))

    def count_order(self) -> None:
        """Count a new order; raises `Refusal` where it is one too many."""
        now = self._exchange.now
        if now // (10 * SECOND) != self._ten_seconds:
            self._ten_seconds, self._orders = now // (10 * SECOND), 0
        if now // DAY != self._day:
            self._day, self._orders_today = now // DAY, 0
        limit = self.limits.orders
        if limit is not None and self._orders >= limit:
            message = f"Too many new orders; current limit is {limit} orders per 10 SECOND."
            raise Refusal(-1015, message, 429, Retry_After=_seconds(10 * SECOND - now % (10 * SECOND)))
        self._orders += 1
        self._orders_today += 1

    @property
    def order_headers(self) -> dict[str, str]:
        """What every answer to a new order carries."""
        return {"X-MBX-ORDER-COUNT-10S": str(self._orders), "X-MBX-ORDER-COUNT-1D": str(self._orders_today)}

    @property
    def rate_limits(self) -> list[dict[str, object]]:
        """As exchangeInfo tells them."""
        kinds = (
            ("REQUEST_WEIGHT", "MINUTE", 1, self.limits.weight or 10**9),
            ("ORDERS", "SECOND", 10, self.limits.orders or 10**9),
            ("ORDERS", "DAY", 1, _MANY_ORDERS),
        )
        return [
            {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
            for kind, interval, number, limit in kinds
        ]

    def verify(self, key: str | None, signed: str, params: Mapping[str, str], *, trades: bool) -> None:
        """Check a signed request, whose query and body together are ``signed``; raises `Refusal`."""
        if not key:
            raise Refusal(-2014, "API-key format invalid.", 401)
        if key != self.credentials.key or (trades and not self.credentials.trades):
            raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        payload, found, signature = signed.rpartition("&signature=")
        if not found:
            raise Refusal(-1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.")
        self._check_time(params)
        expected = hmac.new(self.credentials.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature.lower()):
            raise Refusal(-1022, "Signature for this request is not valid.")

    def _check_time(self, params: Mapping[str, str]) -> None:
        if not params.get("timestamp", "").isdigit():
            raise Refusal(-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
        window = float(params.get("recvWindow", 5000))
        if window > 60_000:
            raise Refusal(-1131, "recvWindow must be less than 60000.")
        behind = self._exchange.now // _MILLIS - int(params["timestamp"])
        if behind <= -1000:
            raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if behind > window:
            raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _seconds(micros: int) -> str:
    return str(-(-micros // SECOND))
