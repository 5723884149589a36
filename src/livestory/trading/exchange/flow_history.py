"""The account's deposits and withdrawals of the two assets, where the exchange offers their history."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from livestory.clock import DAY
from livestory.trading.exchange import AccountFlow
from livestory.trading.exchange.request_limits import Need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.exchange.ccxt_client import CcxtClient

_MILLIS = 1000
_WINDOW = 90 * DAY  # Binance: "the time between startTime and endTime must be less than 90 days"
_LATE = 2 * DAY  # that a transfer may take from its first entry until it counts
_PAGE = 1000
_KINDS: Final = (("fetch_deposits", "deposit", 1), ("fetch_withdrawals", "withdrawal", -1))
_VOID: Final = {"canceled", "failed"}


class FlowHistory:
    """Reads both histories, page by page."""

    def __init__(self, client: CcxtClient, symbol: str) -> None:
        """Nothing is asked yet."""
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
