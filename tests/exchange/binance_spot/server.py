"""The exchange on loopback: HTTP/1.1 with kept connections, in a thread of its own.

Written on asyncio's streams of bytes and not on a web framework, since faults need the connection itself: to drop it
without an answer, to reset it, to leave it hanging, to send half an answer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from livestory.clock import SECOND
from tests.exchange.binance_spot.access import Access, Credentials
from tests.exchange.binance_spot.faults import Answer, Fault, Faults, Request
from tests.exchange.binance_spot.matching import Exchange
from tests.exchange.binance_spot.rest import Rest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.clock import Clock
    from livestory.trading.market.bar import Bar

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105 - rest-api.md's own example
_OPTIONS = {"fetchMargins": False, "fetchCurrencies": False, "fetchMarkets": {"types": ["spot"]}}
_KEPT = 50_000  # requests that `BinanceSpot.asked` remembers


class BinanceSpot:
    """An exchange that can be asked over HTTP, with what a test needs to know and to move.

    ``account`` is what `Exchange` takes. It listens from the start of the ``with`` until its end, and between
    `close` and `open` not.
    """

    def __init__(self, bars: Sequence[Bar], clock: Clock, port: int = 0, **account: Any) -> None:
        self.exchange = Exchange(bars, clock, **account)
        self.access = Access(self.exchange, Credentials(KEY, SECRET))
        self.rest = Rest(self.exchange, self.access)
        self.data = self.rest.data
        self.faults = Faults()
        self.asked: list[Request] = []
        self.error: Exception | None = None  # its own, raised again at the end
        self.port = port
        self._under_way: list[tuple[int, _Asked]] = []
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The account's API key."""
        return self.access.credentials.key

    @property
    def secret(self) -> str:
        """The account's secret."""
        return self.access.credentials.secret

    def __enter__(self) -> Self:
        """Listen."""
        self._thread = Thread(target=self._loop.run_forever, name="binance-spot", daemon=True)
        self._thread.start()
        try:
            self.open()
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self.error is not None:
            raise self.error

    def open(self) -> None:
        """Listen, at the port of before if there was one."""

        async def listen() -> asyncio.Server:
            return await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)

        self._server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse connections, and drop those there are; everything is kept."""

        async def drop() -> None:
            if self._server is not None:
                self._server.close()
                self._server = None
            for connection in list(self._connections):
                connection.transport.abort()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(drop(), self._loop).result()

    def client(self, *, asynchronous: bool = False, **config: Any) -> Any:
        """A client of this account, ccxt's own; its clock is the exchange's, without the exchange's error (`ahead`)."""
        import ccxt  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import, and not needed to serve

        if asynchronous:
            import ccxt.async_support as ccxt  # type: ignore[import-untyped]  # noqa: PLC0415 - as above
        settings = {"apiKey": self.key, "secret": self.secret, "enableRateLimit": False, "options": dict(_OPTIONS)}
        client = ccxt.binance(settings | config)
        api = client.urls["api"]
        client.urls["api"] = {
            name: urlsplit(url)._replace(scheme="http", netloc=f"127.0.0.1:{self.port}").geturl()
            for name, url in api.items()
        }
        client.timeout_on_exit = 0  # ms that the asynchronous one waits for goodbyes when it is closed
        client.milliseconds = lambda: self.exchange.clock.now() // 1000
        return client

    def times(self, what: str) -> int:
        """How often was asked what begins with ``what``."""
        return sum(request.what.startswith(what) for request in self.asked)

    def serve(self, connection: _Connection, asked: _Asked) -> None:
        """Answer one request, or do what its fault does."""
        if len(self.asked) < _KEPT:
            self.asked.append(asked.request)
        self._receive_late()
        fault = self.faults.meet(asked.request)
        if fault is not None and fault.delay:
            self._loop.call_later(fault.delay, self._finish, connection, asked, fault)
        else:
            self._finish(connection, asked, fault)

    def _finish(self, connection: _Connection, asked: _Asked, fault: Fault | None) -> None:
        answer = Answer(500, b"{}")
        if fault is None or fault.acts:
            answer = self._act(asked)
        elif fault.arrives is not None:
            self._under_way.append((self.exchange.now + round(fault.arrives * SECOND), asked))
        if fault is None:
            connection.send(answer)
        elif fault.connection == "frozen":
            pass
        elif fault.connection in {"closed", "reset"}:
            connection.drop(reset=fault.connection == "reset")
        elif fault.late:
            self._loop.call_later(fault.late, connection.send, answer)
        else:
            connection.send(fault.answer or answer, cut=fault.connection == "cut")

    def _act(self, asked: _Asked) -> Answer:
        try:
            return self.rest.answer(asked.request, asked.key, asked.signed)
        except Exception as error:  # noqa: BLE001 - a mistake of the exchange's own must fail the test that met it
            self.error = error
            return Answer(500, b"{}")

    def _receive_late(self) -> None:
        """Act on the requests that were under way, each at the time when it arrived."""
        exchange = self.exchange
        with exchange.lock:
            for arrived in sorted(self._under_way, key=lambda entry: entry[0]):
                due, asked = arrived
                passed = exchange.now - due
                if passed >= 0:
                    self._under_way.remove(arrived)
                    exchange.ahead -= passed
                    self._act(asked)
                    exchange.ahead += passed


class _Asked(NamedTuple):
    """A request as it came."""

    request: Request
    key: str | None
    signed: str  # its query and body


class _Connection(asyncio.Protocol):
    """One customer's connection: requests one after the other."""

    transport: asyncio.Transport

    def __init__(self, server: BinanceSpot) -> None:
        self._server = server
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server._connections.add(self)  # noqa: SLF001 - its own

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._server._connections.discard(self)  # noqa: SLF001 - its own

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._heard[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = end + 4 + int(headers.get("content-length", 0))
            if len(self._heard) < length:
                return
            body, self._heard = self._heard[end + 4 : length].decode(), self._heard[length:]
            method, target, _ = first.split(" ", 2)
            path, _, query = target.partition("?")
            params = dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(query, keep_blank_values=True))
            # What is signed is the query and then the body, with nothing between them (rest-api.md, HMAC Keys).
            key, signed = headers.get("x-mbx-apikey"), query + body
            self._server.serve(self, _Asked(Request(method, path, params), key, signed))

    def send(self, answer: Answer, *, cut: bool = False) -> None:
        if self.transport.is_closing():
            return  # the customer did not wait
        headers = {"Content-Type": "application/json;charset=UTF-8", **answer.headers}
        reason = HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, f"Content-Length: {len(answer.body)}", "", ""]).encode()
        if not cut:
            self.transport.write(head + answer.body)
            return
        self.transport.write(head + answer.body[: len(answer.body) // 2])
        self.transport.close()

    def drop(self, *, reset: bool) -> None:
        if reset:
            linger = struct.pack("ii", 1, 0)  # no time to linger: the peer is sent a reset
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()
