"""An exchange's public candles, a page at a time, through ccxt."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlsplit

from livestory.clock import SECOND
from livestory.errors import InputError
from livestory.trading.market.row import Row, is_possible

_PAGE = 1000  # candles asked for at once; an exchange may give fewer
_MILLIS = 1000
_OPTIONS: Final = {"fetchMargins": False, "fetchCurrencies": False, "fetchMarkets": {"types": ["spot"]}}


class ExchangeDownError(Exception):
    """The exchange can't be reached, or gives no sense, now; told to nobody, asked again."""

    def __init__(self, problem: str, retry_after: int = 0) -> None:
        """``retry_after`` is how long the exchange asks to be left alone, microseconds."""
        super().__init__(problem)
        self.retry_after = retry_after


class CandleClient:
    """One symbol's candles at one exchange. Needs no account, and talks to the network at the first page only."""

    def __init__(self, exchange: str, symbol: str, interval: int, base_url: str | None = None) -> None:
        """Candles of ``interval`` microseconds; ``base_url`` puts another host in the place of the exchange's own.

        Raises InputError where ccxt is not installed, or does not know the exchange or such an interval there.
        """
        try:
            import ccxt  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and heavy: imported only when used
        except ImportError:
            message = "an exchange's candles need a package that is not installed: pip install 'livestory[exchange]'"
            raise InputError(message) from None
        for name in ("ccxt", "urllib3"):  # they log every request
            logging.getLogger(name).setLevel(logging.WARNING)
        if exchange not in ccxt.exchanges:
            message = f"no exchange {exchange!r} is known to ccxt{_nearest(exchange, ccxt.exchanges)}"
            raise InputError(message)
        self._errors: Any = ccxt
        self._client: Any = getattr(ccxt, exchange)({"options": _OPTIONS})
        self._symbol = symbol
        self._timeframe = self._timeframe_of(interval)
        if base_url is not None:
            self._move_to(base_url)

    def _timeframe_of(self, interval: int) -> str:
        names: dict[str, Any] = self._client.timeframes or {}
        for name in names:
            if self._client.parse_timeframe(name) * SECOND == interval:
                return name
        message = f"{self._client.id} has no candles of {interval // SECOND} s; it has {', '.join(names) or 'none'}"
        raise InputError(message)

    def _move_to(self, base_url: str) -> None:
        host = urlsplit(base_url)
        api: dict[str, str] = self._client.urls["api"]
        self._client.urls["api"] = {
            name: urlsplit(url)._replace(scheme=host.scheme, netloc=host.netloc).geturl() for name, url in api.items()
        }

    def page(self, since: int) -> tuple[int | None, list[Row]]:
        """The exchange's clock (None where it shows none), and then candles that open at ``since`` or later.

        They ascend, begin with the earliest that the exchange gives, and the last may still be open.

        Raises ExchangeDownError for a failure that may pass, InputError for one that can't.
        """
        client, errors = self._client, self._errors
        lasting = errors.BadRequest, errors.NotSupported, errors.AuthenticationError, errors.RestrictedLocation
        try:
            self._check_symbol()
            now = client.fetch_time() * _MILLIS if client.has["fetchTime"] else None
            candles = client.fetch_ohlcv(self._symbol, self._timeframe, since=-(-since // _MILLIS), limit=_PAGE)
            rows: list[Row] = [(candle[0] * _MILLIS, *candle[1:6]) for candle in candles]
            possible = all(map(is_possible, rows))
        except lasting as error:
            message = f"{client.id} refuses to give candles of {self._symbol}: {_first_line(error)}"
            raise InputError(message) from None
        except errors.BaseError as error:
            raise ExchangeDownError(_first_line(error), self._retry_after()) from error
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            # What ccxt makes of an answer that is no JSON of the exchange: a proxy's or a hotel's page.
            problem = f"{client.id} gave an answer that can't be read"
            raise ExchangeDownError(problem) from error
        if not possible:
            problem = f"{client.id} gave candles with impossible prices"
            raise ExchangeDownError(problem)
        return now, sorted(rows)

    def _check_symbol(self) -> None:
        markets = self._client.load_markets()  # asks once
        if not markets:
            message = "no list of markets in the answer"
            raise ValueError(message)
        if self._symbol not in markets:
            message = f"{self._client.id} has no market {self._symbol!r}{_nearest(self._symbol, list(markets))}"
            raise InputError(message)

    def _retry_after(self) -> int:
        text = str((self._client.last_response_headers or {}).get("Retry-After", ""))
        return int(text) * SECOND if text.isdigit() else 0


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""
