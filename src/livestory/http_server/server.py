"""An application as a server: run, and stopped within a second whoever listens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from livestory.http_server.connections import WAITING, Acceptor, Connections, room
from livestory.http_server.gate import LONGEST_HEADERS
from livestory.http_server.sparing_log import SparingLog

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

FAREWELL = 0.3  # seconds that a client has to take the end of its stream when the server stops


class _Protocol(H11Protocol):
    """A connection's protocol, which gives its requests what the gate and a stream need to know of it."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self._unasked = self.conn.our_state  # as it is again between two requests

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

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless it was answered already; whoever still answers has nobody to answer."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        if cycle is None or not cycle.response_started or self.conn.our_state is self._unasked:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _should_upgrade(self) -> bool:
        return False  # to anything: such a request is answered as any other


class Served(Protocol):
    """What a server serves."""

    app: ASGIApp

    @property
    def most_listeners(self) -> int:
        """The number of streams that may be open at once."""
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
