"""What the exchange tells everybody: its markets, candles, book and tickers."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from livestory.clock import DAY, HOUR, MINUTE, SECOND
from livestory.trading.market.bar import Bar
from tests.exchange.binance_spot.records import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from tests.exchange.binance_spot.access import Access
    from tests.exchange.binance_spot.matching import Exchange

_MILLIS = 1000
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_INTERVALS = {
    name: int(name[:-1]) * _UNITS[name[-1]]
    for name in ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d")
}


class MarketData:
    """The public half of the interface.

    ``copies``, ``candles_until`` and ``page`` make the candles as bad as a test wants: each so often, none that opens
    later, at most so many at once.
    """

    def __init__(self, exchange: Exchange, access: Access) -> None:
        self.exchange = exchange
        self.access = access
        self.copies = 1
        self.candles_until: int | None = None
        self.page = 1000

    def _knows(self, symbol: str) -> bool:
        if symbol not in {self.exchange.rules.symbol, self.exchange.rules.discount_symbol}:
            raise Refusal(-1121, "Invalid symbol.")
        return symbol == self.exchange.rules.symbol

    def exchange_info(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Markets, filters and limits."""
        rules = self.exchange.rules
        if "symbol" in params:
            self._knows(params["symbol"])
        markets = [self._market(rules.base), self._market("BNB")]
        return {
            "timezone": "UTC",
            "serverTime": self.exchange.now // _MILLIS,
            "rateLimits": self.access.rate_limits,
            "exchangeFilters": [],
            "symbols": [market for market in markets if params.get("symbol", market["symbol"]) == market["symbol"]],
        }

    def _market(self, base: str) -> dict[str, Any]:
        rules = self.exchange.rules
        precisions = ("baseAsset", "quote", "quoteAsset", "baseCommission", "quoteCommission")
        features = ("iceberg", "oco", "oto", "opo", "quoteOrderQtyMarket", "cancelReplace", "amend", "pegInstructions")
        return {
            "symbol": base + rules.quote,
            "status": self.exchange.status if base == rules.base else "TRADING",
            "baseAsset": base,
            "quoteAsset": rules.quote,
            **{f"{name}Precision": rules.precision for name in precisions},
            "orderTypes": list(rules.order_types),
            **{f"{name}Allowed": False for name in features},
            "allowTrailingStop": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": self._filters(),
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": ["NONE"],
        }

    def _filters(self) -> list[dict[str, Any]]:
        rules, text = self.exchange.rules, self.exchange.rules.text
        up, down = str(rules.multiplier_up), str(rules.multiplier_down)
        sides = {f"{side}Multiplier{way}": by for side in ("bid", "ask") for way, by in (("Up", up), ("Down", down))}
        numbers: dict[str, dict[str, Any]] = {
            "PRICE_FILTER": {"minPrice": text(rules.tick), "maxPrice": "922327.00000000", "tickSize": text(rules.tick)},
            "LOT_SIZE": {
                "minQty": text(rules.min_quantity),
                "maxQty": text(rules.max_quantity),
                "stepSize": text(rules.step),
            },
            "MARKET_LOT_SIZE": {
                "minQty": "0.00000000",
                "maxQty": text(rules.market_max_quantity),
                "stepSize": "0.00000000",
            },
            "PERCENT_PRICE_BY_SIDE": {**sides, "avgPriceMins": 0},
            "NOTIONAL": {
                "minNotional": text(rules.min_notional),
                "applyMinToMarket": True,
                "maxNotional": text(rules.max_notional),
                "applyMaxToMarket": True,
                "avgPriceMins": 0,
            },
            "MAX_NUM_ORDERS": {"maxNumOrders": rules.max_orders},
        }
        return [{"filterType": name, **values} for name, values in numbers.items()]

    # Candles.

    def klines(self, params: Mapping[str, str]) -> list[list[object]]:
        """Candles, the open one with what is known of it."""
        interval = _INTERVALS.get(params.get("interval", ""))
        exchange = self.exchange
        if not self._knows(params.get("symbol", "")):
            return []
        bars = exchange.bars
        length = bars[0].end - bars[0].open_time
        if interval is None or interval % length:
            raise Refusal(-1120, "Invalid interval.")
        until = min(int(params.get("endTime", 10**13)) * _MILLIS, exchange.now, self.candles_until or exchange.now)
        most = min(int(params.get("limit", 500)), self.page)
        per = interval // length
        if "startTime" in params:
            since = -(-int(params["startTime"]) * _MILLIS // interval) * interval
            first = exchange.prices.index(since - 1) + 1
            chosen = bars[first : exchange.prices.index(until) + 1][: most * per + per]
            shown = list(self._joined(chosen, interval))[:most]
        else:
            end = exchange.prices.index(until) + 1
            shown = list(self._joined(bars[max(end - most * per - per, 0) : end], interval))[-most:]
        return [self._kline(bar) for bar in shown for _ in range(self.copies)]

    def _joined(self, bars: list[Bar], interval: int) -> Iterator[Bar]:
        """Bars of ``interval``, each as far as it is known by now; a market without trades makes none."""
        now = self.exchange.now
        for start, parts in groupby(bars, key=lambda bar: bar.open_time - bar.open_time % interval):
            known = [self._known(bar, now) for bar in parts]
            high, low = max(bar.high for bar in known), min(bar.low for bar in known)
            volume = sum(bar.volume or 0.0 for bar in known)
            yield Bar(start, start + interval, known[0].open, high, low, known[-1].close, volume)

    def _known(self, bar: Bar, now: int) -> Bar:
        if bar.end <= now:
            return bar
        high, low, last = self.exchange.prices.so_far(bar, now)
        volume = (bar.volume or 0.0) * (now - bar.open_time) / (bar.end - bar.open_time)
        return Bar(bar.open_time, bar.end, bar.open, max(high, bar.open), min(low, bar.open), last, volume)

    @staticmethod
    def _kline(bar: Bar) -> list[object]:
        numbers = [f"{number:.8f}" for number in (bar.open, bar.high, bar.low, bar.close, bar.volume or 0)]
        return [bar.open_time // _MILLIS, *numbers, bar.end // _MILLIS - 1, "1.0", 7, "0.5", "0.05", "0"]

    # The present.

    def depth(self, params: Mapping[str, str]) -> dict[str, Any]:
        """The book."""
        if not self._knows(params.get("symbol", "")):
            return {"lastUpdateId": 1, "bids": [], "asks": []}
        exchange, most = self.exchange, int(params.get("limit", 100))
        sides = {"bids": exchange.fills.levels(exchange, "SELL"), "asks": exchange.fills.levels(exchange, "BUY")}
        shown = {
            name: [
                [self.exchange.rules.text(level.price), self.exchange.rules.text(level.quantity)]
                for level in levels[:most]
            ]
            for name, levels in sides.items()
        }
        return {"lastUpdateId": exchange.now // _MILLIS, **shown}

    def book_ticker(self, params: Mapping[str, str]) -> Any:
        """The best prices."""
        return self._each(params, self._best)

    def price_ticker(self, params: Mapping[str, str]) -> Any:
        """The last price."""
        return self._each(
            params, lambda symbol: {"symbol": symbol, "price": self.exchange.rules.text(self._last(symbol))}
        )

    def day_ticker(self, params: Mapping[str, str]) -> Any:
        """The last 24 hours; of them only what the tests need."""
        return self._each(params, self._day)

    def _each(self, params: Mapping[str, str], ticker: Any) -> Any:
        if "symbol" in params:
            self._knows(params["symbol"])
            return ticker(params["symbol"])
        return [ticker(symbol) for symbol in (self.exchange.rules.symbol, self.exchange.rules.discount_symbol)]

    def _last(self, symbol: str) -> Decimal:
        return self.exchange.price if symbol == self.exchange.rules.symbol else self.exchange.fees.bnb_price

    def _best(self, symbol: str) -> dict[str, Any]:
        exchange = self.exchange
        if symbol != exchange.rules.symbol:
            price = self.exchange.rules.text(exchange.fees.bnb_price)
            return {"symbol": symbol, "bidPrice": price, "bidQty": "1", "askPrice": price, "askQty": "1"}
        bid, ask = (exchange.fills.levels(exchange, side)[0] for side in ("SELL", "BUY"))
        return {
            "symbol": symbol,
            "bidPrice": self.exchange.rules.text(bid.price),
            "bidQty": self.exchange.rules.text(bid.quantity),
            "askPrice": self.exchange.rules.text(ask.price),
            "askQty": self.exchange.rules.text(ask.quantity),
        }

    def _day(self, symbol: str) -> dict[str, Any]:
        now, last = self.exchange.now, self.exchange.rules.text(self._last(symbol))
        return {
            **self._best(symbol),
            **dict.fromkeys(("lastPrice", "openPrice", "highPrice", "lowPrice", "weightedAvgPrice"), last),
            "priceChange": "0",
            "priceChangePercent": "0",
            "volume": "1",
            "quoteVolume": "1",
            "count": 1,
            "openTime": (now - DAY) // _MILLIS,
            "closeTime": now // _MILLIS,
            "firstId": 1,
            "lastId": 1,
        }
