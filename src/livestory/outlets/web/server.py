"""The page as a server: bound, run, and stopped within a second whoever listens."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from livestory.errors import InputError
from livestory.outlets.web.gate import LONGEST_HEADERS, is_loopback

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import Receive, Scope, Send

    from livestory.outlets.web.app import Web

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
        return f"port {port} of {host} is in use, perhaps by another livestory serve\nChoose another with --port."
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not for this user\nChoose one above 1023 with --port."
    return f"can't listen at {host} port {port}: {error.strerror}\nChoose an address of this machine with --host."


def require_token(host: str, token: str | None) -> None:
    """Raises InputError where others could reach the page without a token."""
    if token is None and not is_loopback(host):
        message = (
            f"{host} can be reached from other machines, and no token is set\n"
            "Set LIVESTORY_TOKEN or --token-file, or stay on 127.0.0.1 and use a tunnel (docs/web.md)."
        )
        raise InputError(message)


class _Connection(H11Protocol):
    """Shows the app its connection, so that a stream can watch what its client takes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let every request of it carry it."""
        super().connection_made(transport)
        app = self.app

        async def shown(scope: Scope, receive: Receive, send: Send) -> None:
            scope["transport"] = transport
            await app(scope, receive, send)

        self.app = shown


class Server(uvicorn.Server):
    """Ends every stream before it waits for connections to end."""

    def __init__(
        self,
        web: Web,
        root_path: str = "",
        ready: Callable[[], object] = lambda: None,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        """Serve that page; ``ready`` is called once it can be reached, ``alive`` ten times a second from then on."""
        super().__init__(
            uvicorn.Config(
                web.app,
                http=_Connection,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                root_path=root_path,
                timeout_keep_alive=20,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=LONGEST_HEADERS,
            )
        )
        self._web = web
        self._ready = ready
        self._alive = alive

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Say that the loop turns."""
        self._alive()
        return await super().on_tick(counter)

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        self._web.close_streams()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's own signature
        """A signal asks for the end, which is then an orderly one; the second is not waited for."""
        self.force_exit = self.should_exit
        self.stop()
