"""An exchange's public candles, a page at a time, through ccxt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livestory.clock import SECOND
from livestory.errors import InputError
from livestory.trading.exchange.ccxt_errors import Failed, Meaning
from livestory.trading.exchange.market_rules import load_market
from livestory.trading.exchange.request_limits import Need
from livestory.trading.market.row import Row, is_possible

if TYPE_CHECKING:
    from livestory.trading.exchange.ccxt_client import CcxtClient

_PAGE = 1000  # candles asked for at once; an exchange may give fewer
_MILLIS = 1000


class ExchangeDownError(Exception):
    """The exchange can't be reached, or gives no sense, now; told to nobody, asked again."""

    def __init__(self, problem: str, retry_after: int = 0, *, malformed: bool = False) -> None:
        """``retry_after`` is how long the exchange asks to be left alone; ``malformed`` says that candles came."""
        super().__init__(problem)
        self.retry_after = retry_after
        self.malformed = malformed


class CandleClient:
    """One symbol's candles at the exchange that a client asks; needs no account."""

    def __init__(self, client: CcxtClient, symbol: str, interval: int) -> None:
        """Candles of ``interval`` microseconds. Raises InputError where the exchange has no such interval."""
        self._client = client
        self._symbol = symbol
        self._timeframe = self._timeframe_of(interval)
        self._heard = False  # any page

    def _timeframe_of(self, interval: int) -> str:
        client = self._client.ccxt
        names: dict[str, Any] = client.timeframes or {}
        for name in names:
            if client.parse_timeframe(name) * SECOND == interval:
                return name
        message = f"{self._client.id} has no candles of {interval // SECOND} s; it has {', '.join(names) or 'none'}"
        raise InputError(message)

    def page(self, since: int) -> tuple[int | None, list[Row]]:
        """The exchange's clock (None where it shows none), and then candles that open at ``since`` or later.

        They ascend, begin with the earliest that the exchange gives, and the last may still be open.

        Raises ExchangeDownError for a failure that may pass; InputError for one that can't, before the first page.
        """
        client = self._client
        try:
            load_market(client, self._symbol)  # asks once
            with client.reading(signed=False):
                now = client.time(Need.CAN_WAIT) if client.has("fetchTime") else None
                start = -(-since // _MILLIS)
                candles = client.ask("fetch_ohlcv", self._symbol, self._timeframe, start, _PAGE, need=Need.CAN_WAIT)
                rows: list[Row] = [(candle[0] * _MILLIS, *map(float, candle[1:6])) for candle in candles]
        except Failed as failed:
            if failed.meaning in {Meaning.REFUSED, Meaning.DENIED} and not self._heard:
                message = f"{client.id} refuses to give candles of {self._symbol}: {failed.problem}"
                raise InputError(message) from None
            retry_after = 0 if failed.retry_at is None else failed.retry_at - client.now()
            raise ExchangeDownError(failed.problem, retry_after) from None
        if not all(map(is_possible, rows)):
            problem = "candles with impossible prices"
            raise ExchangeDownError(problem, malformed=True)
        self._heard = True
        return now, sorted(rows)
