"""An application as a server: bound, run, and stopped within a second whoever listens."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from livestory.errors import InputError
from livestory.http_server.connections import WAITING, Acceptor, Connections, room
from livestory.http_server.gate import LONGEST_HEADERS, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp, Receive, Scope, Send

FAREWELL = 0.3  # seconds that a client has to take the end of its stream when the server stops
LOGGERS = ("livestory.web", "uvicorn.error", "asyncio")
INTERVAL = 60.0  # seconds
_MOST_KINDS = 100


class _Seen:
    def __init__(self, record: logging.LogRecord, since: float) -> None:
        self.record = record
        self.since = since
        self.more = 0


class SparingLog(logging.Filter):
    """Lets the first line of a kind through, and counts those that follow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Attach it to loggers with addFilter, or use it as a context for the server's own."""
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[object, ...], _Seen] = {}

    def __enter__(self) -> None:
        """Spare the server's loggers."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def __exit__(self, *_: object) -> None:
        """Let them be, with what is left to tell."""
        self.summarise(after=0.0)
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is the first of its kind: the same words, whatever is put into them."""
        kind = record.name, record.levelno, str(record.msg).partition("\n")[0], record.exc_info and record.exc_info[0]
        seen = self._seen.get(kind)
        if seen is not None:
            seen.more += 1
        elif len(self._seen) < _MOST_KINDS:
            self._seen[kind] = _Seen(record, self._clock())
        return seen is None

    def summarise(self, after: float = INTERVAL) -> None:
        """Tell how many more there were of each kind that was told ``after`` seconds ago or earlier."""
        now = self._clock()
        for kind, seen in list(self._seen.items()):
            if now - seen.since < after:
                continue
            if not seen.more:
                del self._seen[kind]
                continue
            first = seen.record.getMessage().partition("\n")[0]
            record = logging.makeLogRecord(
                {
                    "name": seen.record.name,
                    "levelno": seen.record.levelno,
                    "levelname": seen.record.levelname,
                    "msg": "%s (%d more times in %.0f s)",
                    "args": (first, seen.more, now - seen.since),
                }
            )
            logging.getLogger(record.name).callHandlers(record)
            seen.more, seen.since = 0, now


_UNANSWERED = 20_000  # milliseconds that the system waits for a vanished client to acknowledge anything


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to that address. Raises InputError where it can't be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED)
        server.bind((host, port))
        server.listen(512)
    except OSError as error:
        server.close()
        raise InputError(_problem(error, host, port)) from error
    return server


def address_of(host: str) -> str:
    """The numeric address of a host's name. Raises InputError where it has none."""
    try:
        return str(socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        message = f"no address is known for {host}\nName an address of this machine with --host."
        raise InputError(message) from error


def _problem(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use, perhaps by another livestory\nChoose another with --port."
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not for this user\nChoose one above 1023 with --port."
    return f"can't listen at {host} port {port}: {error.strerror}\nChoose an address of this machine with --host."


def require_token(host: str, token: str | None, variable: str = "LIVESTORY_TOKEN") -> None:
    """Raises InputError where others could reach the server without a token, which ``variable`` would hold."""
    if token is None and not is_loopback(host):
        message = (
            f"{host} can be reached from other machines, and no token is set\n"
            f"Set {variable} or --token-file, or stay on 127.0.0.1 and use a tunnel (docs/web.md)."
        )
        raise InputError(message)


class _Protocol(H11Protocol):
    """A connection's protocol, which gives its requests what the gate and a stream need to know of it."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connections, app = self._connections, self.app
        connection = self._connection = connections.enter(transport)

        async def shown(scope: Scope, receive: Receive, send: Send) -> None:
            connections.asks(connection)
            scope["transport"] = transport
            scope["invite"] = partial(connections.invite, connection)
            try:
                with suppress(asyncio.CancelledError):  # the server ends, and the connection is closed
                    await app(scope, receive, send)
            finally:
                connections.is_answered(connection)

        self.app = shown

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.leave(self._connection)
        super().connection_lost(exc)

    def _should_upgrade(self) -> bool:
        return False  # to anything: such a request is answered as any other


class Served(Protocol):
    """What a server serves."""

    app: ASGIApp

    @property
    def most_listeners(self) -> int:
        """How many streams it may have open at once."""
        ...

    def close_streams(self) -> None:
        """End every stream. From any thread, and from a signal's handler."""
        ...


class Server(uvicorn.Server):
    """Ends every stream before it waits for connections to end."""

    def __init__(
        self,
        served: Served,
        root_path: str = "",
        ready: Callable[[], object] = lambda: None,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        """Serve that; ``ready`` is called once it can be reached, ``alive`` ten times a second from then on."""
        waiting, invited = room(served.most_listeners)
        self._connections = Connections(waiting, invited)
        super().__init__(
            uvicorn.Config(
                served.app,
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                root_path=root_path,
                timeout_keep_alive=int(WAITING),
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=LONGEST_HEADERS,
            )
        )
        self._acceptor = Acceptor(self._connections, self._protocol)
        self._served = served
        self._ready = ready
        self._alive = alive
        self._log = SparingLog()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until it is stopped."""
        with self._log:
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup([])  # nothing is left to asyncio's own way of taking connections
        self._acceptor.start(sockets or [])
        if not self.should_exit:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Say that the loop turns, and see to the connections."""
        self._alive()
        self._connections.sweep()
        self._log.summarise()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order those who take the end of what they are sent, and then the others."""
        self._acceptor.stop()
        asyncio.get_running_loop().call_later(FAREWELL, self._cut_all)
        await super().shutdown(sockets)

    def _protocol(self) -> _Protocol:
        return _Protocol(
            self._connections,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )

    def _cut_all(self) -> None:
        self._connections.close()
        for task in self.server_state.tasks:
            task.cancel()

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        self._served.close_streams()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's own signature
        """A signal asks for the end, which is then an orderly one; the second is not waited for."""
        self.force_exit = self.should_exit
        self.stop()
