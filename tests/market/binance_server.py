"""A small stand-in for Binance's public REST interface on loopback: klines, exchangeInfo and time, over given bars."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from livestory.clock import SECOND, ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.trading.market.bar import Bar

_MARKET = {
    "symbol": "ETHBTC",
    "status": "TRADING",
    "baseAsset": "ETH",
    "quoteAsset": "BTC",
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "orderTypes": ["LIMIT", "MARKET"],
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False,
    "permissions": ["SPOT"],
    "permissionSets": [["SPOT"]],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.00001", "maxPrice": "1000", "tickSize": "0.00001"},
        {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "100000", "stepSize": "0.0001"},
    ],
}

Answer = tuple[int, str, dict[str, str]]
SICK: Answer = (503, "{}", {})
GARBLED: Answer = (200, "<html>Welcome to the hotel</html>", {})
IMPOSSIBLE: Answer = (200, '[[1643713200000,"0","0","0","0","0",1643714099999,"0",0,"0","0","0"]]', {})
REFUSED: Answer = (400, '{"code":-1121,"msg":"Invalid symbol."}', {})
BANNED: Answer = (429, '{"code":-1003,"msg":"Too many requests."}', {"Retry-After": "90"})


class BinanceServer:
    """The exchange, whose clock stands ``ahead`` microseconds ahead of the machine's.

    Like the real one it shows the open bar, with numbers that are not its last. ``answers`` are given, one each, in
    the place of the next answers.
    """

    def __init__(self, bars: Sequence[Bar], clock: ManualClock, port: int = 0) -> None:
        """Trade ``bars`` as ``clock`` moves over them; listen at ``port``, or at any."""
        self.bars = list(bars)
        self.clock = clock
        self.ahead = 0
        self.most = 1000  # bars in a page
        self.copies = 1  # of each bar
        self.answers: list[Answer] = []
        self.asked: list[dict[str, str]] = []  # for klines

        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                status, text, headers = exchange.answer(address.path, dict(parse_qsl(address.query)))
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Listen."""
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close, if that has not been done."""
        if self._thread.is_alive():
            self.close()

    def close(self) -> None:
        """Answer nothing any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def now(self) -> int:
        """What its own clock shows."""
        return self.clock.now() + self.ahead

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        """The answer to one question: status, text, headers."""
        if self.answers:
            return self.answers.pop(0)
        known: dict[str, Any] = {
            "/api/v3/time": lambda: {"serverTime": self.now // 1000},
            "/api/v3/exchangeInfo": lambda: {"symbols": [_MARKET]},
            "/api/v3/klines": lambda: self._klines(query),
        }
        return (200, json.dumps(known[path]()), {}) if path in known else (404, "{}", {})

    def _klines(self, query: dict[str, str]) -> list[list[object]]:
        self.asked.append(query)
        since, most = int(query["startTime"]) * 1000, min(int(query["limit"]), self.most)
        shown = [bar for bar in self.bars if since <= bar.open_time <= self.now][:most]
        return [self._kline(bar) for bar in shown for _ in range(self.copies)]

    def _kline(self, bar: Bar) -> list[object]:
        low, high, volume = (bar.low, bar.high, bar.volume) if bar.end <= self.now else (bar.open, bar.open, 0.001)
        close = bar.close if bar.end <= self.now else bar.open
        numbers = [f"{number:.8f}" for number in (bar.open, high, low, close, volume or 0)]
        return [bar.open_time // 1000, *numbers, bar.end // 1000 - 1, "1.0", 7, "0.5", "0.05", "0"]


class MovingStop(Event):
    """A stop whose waiting moves the clock instead of the world, and which is set at ``end``."""

    def __init__(self, clock: ManualClock, end: int) -> None:
        """Not set yet."""
        super().__init__()
        self.clock = clock
        self.end = end
        self.waits: list[float] = []  # seconds
        self.meanwhile: Callable[[], object] = lambda: None  # happens in each wait

    def wait(self, timeout: float | None = None) -> bool:
        """Move the clock by ``timeout`` seconds, and say whether the end has come."""
        assert timeout is not None
        self.waits.append(timeout)
        self.clock.set(self.clock.now() + round(timeout * SECOND))
        self.meanwhile()
        if self.clock.now() >= self.end:
            self.set()
        return self.is_set()
